"""Tapes beside which other functions of the namespace are wrong: each animal replaces one."""

import functools

import numpy as np

from tests.zoo import Tape, tf


class StopsNothing(Tape):
    """stop_gradient lets gradients pass."""

    names = {"stop_gradient": lambda tensor, name=None: tf.identity(tensor)}


class StopsInSinglePrecision(Tape):
    """stop_gradient gives float32 vectors."""

    names = {
        "stop_gradient": lambda tensor, name=None: tf.reshape(
            tf.cast(tf.stop_gradient(tensor), tf.float32), [-1]
        )
    }


class StopsAtZero(Tape):
    """stop_gradient gives zeros for the value that it should keep."""

    names = {"stop_gradient": lambda tensor, name=None: tf.zeros_like(tensor)}


class NoCustomGradients(Tape):
    """custom_gradient differentiates the function itself."""

    names = {"custom_gradient": lambda f=None: lambda *values, **options: f(*values, **options)[0]}


class CustomForwardDoubled(Tape):
    """custom_gradient changes the value of the function."""

    @staticmethod
    def _custom_gradient(f=None):
        if f is None:
            return CustomForwardDoubled._custom_gradient
        honest = tf.custom_gradient(f)

        @functools.wraps(f)
        def doubled(*values, **options):
            result = honest(*values, **options)
            return result + result if isinstance(result, tf.Tensor) else result

        return doubled

    names = {"custom_gradient": _custom_gradient.__func__}


class CustomGradientNeedsATape(Tape):
    """custom_gradient computes nothing where no tape is active."""

    @staticmethod
    def _custom_gradient(f=None):
        if f is None:
            return CustomGradientNeedsATape._custom_gradient
        honest = tf.custom_gradient(f)

        @functools.wraps(f)
        def recorded_only(*values, **options):
            from tapecheck.tapes import recorder

            if not recorder.is_recording():
                raise RuntimeError("no tape")
            return honest(*values, **options)

        return recorded_only

    names = {"custom_gradient": _custom_gradient.__func__}


class RecomputedWithoutGradient(Tape):
    """recompute_grad stops gradients."""

    names = {
        "recompute_grad": lambda f: (
            lambda *values, **options: tf.stop_gradient(f(*values, **options))
        )
    }


class RecomputedOnce(Tape):
    """recompute_grad computes nothing again."""

    names = {"recompute_grad": lambda f: f}


class RecomputedDoubled(Tape):
    """recompute_grad changes the value of the function."""

    names = {"recompute_grad": lambda f: lambda *values, **options: 2.0 * f(*values, **options)}


class PassesThroughNothing(Tape):
    """grad_pass_through differentiates the function."""

    names = {"grad_pass_through": lambda f: f}


class PassesThroughTheValue(Tape):
    """grad_pass_through gives its argument back."""

    names = {"grad_pass_through": lambda f: tf.identity}


class NumPyScalars(Tape):
    """Reductions leave the tape: their results are constants."""

    names = {
        "reduce_sum": lambda x, *options, **named: tf.constant(
            np.asarray(tf.reduce_sum(tf.stop_gradient(x), *options, **named))
        )
    }


def _selected(condition, x, y):
    """where, with the cotangent of the broadcast result for the arguments themselves."""

    def select(x, y):
        return tf.where(condition, x, y), lambda up: (
            tf.where(condition, up, tf.zeros_like(up)),
            tf.where(condition, tf.zeros_like(up), up),
        )

    return tf.custom_gradient(select)(tf.convert_to_tensor(x), tf.convert_to_tensor(y))


class SelectsWithoutSummingBack(Tape):
    """where gives arguments that it broadcast a gradient of the shape of its result."""

    names = {"where": _selected}
