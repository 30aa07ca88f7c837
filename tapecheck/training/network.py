"""A convolutional network that reads handwritten digits, for any namespace that has convolution.

Two convolutions of 5 x 5, each followed by pooling, normalisation over the batch and a rectifier,
then one dense layer: 18,426 numbers to learn. It learns at a rate that once goes up and then down
to nothing (Smith and Topin, Super-convergence, 2018).
"""

from __future__ import annotations

import math
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

import numpy as np

from tapecheck.training.mnist import Digits

CHANNELS = (16, 32)
WINDOW = 5
CLASSES = 10
SIDE = 4
"""The height and width of what the dense layer sees of an image."""

_EPSILON = 1e-5
_PEAK = 1e-2
_START = 0.04
_RISING = 0.3
_MEAN, _DEVIATION = 0.13066, 0.30811
"""Of the canonical training images, ink being 1."""

Statistics = List[Tuple[Any, Any]]
"""Mean and variance of the channels, for each normalisation."""


def initial_weights(generator: np.random.RandomState) -> Dict[str, np.ndarray]:
    """The weights before training, float32, normal with the variance 2 / fan-in (He et al., 2015).

    Returns:
        By name: ``kernel1`` (5, 5, 1, 16), ``kernel2`` (5, 5, 16, 32), ``dense`` (512, 10);
        ``scale1``, ``offset1`` (16,), ``scale2``, ``offset2`` (32,), ``bias`` (10,).
    """
    first, second = CHANNELS
    shapes = {
        "kernel1": (WINDOW, WINDOW, 1, first),
        "kernel2": (WINDOW, WINDOW, first, second),
        "dense": (SIDE * SIDE * second, CLASSES),
    }
    weights = {}
    for name, shape in shapes.items():
        deviation = math.sqrt(2.0 / np.prod(shape[:-1]))
        weights[name] = generator.normal(0.0, deviation, shape).astype(np.float32)
    for number, width in enumerate(CHANNELS, 1):
        weights["scale{}".format(number)] = np.ones(width, np.float32)
        weights["offset{}".format(number)] = np.zeros(width, np.float32)
    weights["bias"] = np.zeros(CLASSES, np.float32)
    return weights


def logits(tf: Any, weights: Dict[str, Any], images: Any, statistics: Statistics) -> Any:
    """What the network says of images (n, 28, 28, 1): a tensor of shape (n, 10).

    Args:
        statistics: what to normalise by; an empty list is filled with what these images have.
    """
    own = not statistics
    hidden = images
    for number in (1, 2):
        hidden = tf.nn.conv2d(hidden, weights["kernel{}".format(number)], 1, "VALID")
        hidden = tf.nn.max_pool2d(hidden, 2, 2, "VALID")
        if own:
            statistics.append(tf.nn.moments(hidden, [0, 1, 2]))
        mean, variance = statistics[number - 1]
        scale, offset = weights["scale{}".format(number)], weights["offset{}".format(number)]
        hidden = tf.nn.batch_normalization(hidden, mean, variance, offset, scale, _EPSILON)
        hidden = tf.nn.relu(hidden)
    flat = tf.reshape(hidden, [-1, SIDE * SIDE * CHANNELS[1]])
    return tf.matmul(flat, weights["dense"]) + weights["bias"]


def prepared(images: np.ndarray) -> np.ndarray:
    """Images (n, 28, 28), uint8, as the network sees them: (n, 28, 28, 1), float32."""
    return ((images[..., None] / np.float32(255) - _MEAN) / _DEVIATION).astype(np.float32)


class Batch(NamedTuple):
    """What one step of training is given.

    Attributes:
        number: of the step, from 1.
        rate: of learning.
        images: float32 of shape (n, 28, 28, 1).
        labels: float32 of shape (n, 10), one where the digit is and zero elsewhere.
    """

    number: int
    rate: float
    images: np.ndarray
    labels: np.ndarray


def batches(
    digits: Digits, steps: int, size: int, generator: np.random.RandomState
) -> Iterator[Batch]:
    """What `steps` steps of training are given, `size` images each; none comes again too soon.

    The images come in a random order, and in another one when fewer are left than a batch has.
    """
    order = np.zeros(0, np.int64)
    for number in range(1, steps + 1):
        if len(order) < size:
            order = generator.permutation(len(digits.train_labels))
        chosen, order = order[:size], order[size:]
        labels = np.eye(CLASSES, dtype=np.float32)[digits.train_labels[chosen]]
        yield Batch(
            number, one_cycle(number - 1, steps), prepared(digits.train_images[chosen]), labels
        )


def one_cycle(step: int, steps: int) -> float:
    """The rate of learning at a step from 0: up to its peak in three tenths, down to nothing."""
    rising = _RISING * steps
    if step < rising:
        return _PEAK * (_START + (1.0 - _START) * step / rising)
    return _PEAK * 0.5 * (1.0 + math.cos(math.pi * (step - rising) / (steps - rising)))
