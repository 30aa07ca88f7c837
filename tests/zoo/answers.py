"""Tapes that record well and answer gradient() wrongly."""

import numpy as np

from tapecheck.tapes import structure
from tests.zoo import Tape, each, tf


class ZeroForNone(Tape):
    """Gives zeros for every source from which no path leads to the target."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        return super().gradient(target, sources, output_gradients, "zero")


class NoneForZero(Tape):
    """Gives None for a derivative that happens to be zero."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        answer = super().gradient(target, sources, output_gradients, unconnected_gradients)
        return each(
            lambda one: one if np.any(np.asarray(one)) or not np.size(one) else None, answer
        )


class NeverZeroForNone(Tape):
    """Ignores unconnected_gradients."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        return super().gradient(target, sources, output_gradients)


class AnyWordForUnconnected(Tape):
    """Takes any word for unconnected_gradients."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        try:
            return super().gradient(target, sources, output_gradients, unconnected_gradients)
        except ValueError:
            return super().gradient(target, sources, output_gradients)


class ScalarZeros(Tape):
    """Gives a scalar zero of the default dtype for an unconnected source of any shape."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        answer = super().gradient(target, sources, output_gradients)
        if unconnected_gradients == "none" or unconnected_gradients is tf.UnconnectedGradients.NONE:
            return answer
        return each(lambda one: tf.constant(0.0) if one is None else one, answer)


class IgnoresOutputGradients(Tape):
    """Seeds every target with ones, whatever output_gradients says."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        return super().gradient(target, sources, None, unconnected_gradients)


class SquaredOutputGradients(Tape):
    """Is not linear in output_gradients."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        squared = each(lambda one: tf.convert_to_tensor(one) ** 2, output_gradients)
        return super().gradient(target, sources, squared, unconnected_gradients)


class ConstantOutputGradients(Tape):
    """Gives a gradient that is not differentiable by output_gradients."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        stopped = each(lambda one: tf.stop_gradient(one), output_gradients)
        return super().gradient(target, sources, stopped, unconnected_gradients)


class FirstOutputGradientForAll(Tape):
    """Seeds all targets with the first of the output gradients."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        flat = structure.flatten(output_gradients)
        first = None if output_gradients is None else [flat[0]] * len(structure.flatten(target))
        return super().gradient(target, sources, first, unconnected_gradients)


class Mean(Tape):
    """Differentiates the mean of the elements of a target instead of their sum."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        answer = super().gradient(target, sources, output_gradients, unconnected_gradients)
        sizes = [np.size(one) for one in structure.flatten(target) if one is not None]
        return each(lambda one: one / max(sizes), answer) if any(s > 1 for s in sizes) else answer


class FirstTargetOnly(Tape):
    """Differentiates only the first of several targets."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        flat = structure.flatten(target)
        return super().gradient(
            flat[0] if flat else target, sources, output_gradients, unconnected_gradients
        )


class TargetsOnce(Tape):
    """Counts a target once, however often it is listed."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        if target is not None:
            target = list({id(one): one for one in structure.flatten(target)}.values())
        return super().gradient(target, sources, output_gradients, unconnected_gradients)


class ListForAll(Tape):
    """Gives a list, whatever the structure of the sources."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        return structure.flatten(
            super().gradient(target, sources, output_gradients, unconnected_gradients)
        )


class NoListForOne(Tape):
    """Takes the answer for a single source out of its container."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        flat = structure.flatten(
            super().gradient(target, sources, output_gradients, unconnected_gradients)
        )
        return flat[0] if len(flat) == 1 else structure.pack_sequence_as(sources, flat)


class ReversedSources(Tape):
    """Gives the gradients of several sources in reverse order."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        flat = structure.flatten(
            super().gradient(target, sources, output_gradients, unconnected_gradients)
        )
        return structure.pack_sequence_as(sources, flat[::-1])


class PlainDicts(Tape):
    """Gives plain dicts and tuples for OrderedDicts and named tuples."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        answer = super().gradient(target, sources, output_gradients, unconnected_gradients)
        if isinstance(answer, dict):
            return dict(answer)
        return tuple(answer) if isinstance(answer, tuple) else answer


class SourceOnce(Tape):
    """Gives a source that is listed twice its gradient in the first position only."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        flat = structure.flatten(
            super().gradient(target, sources, output_gradients, unconnected_gradients)
        )
        seen = set()
        for position, source in enumerate(structure.flatten(sources)):
            if id(source) in seen:
                flat[position] = None
            seen.add(id(source))
        return structure.pack_sequence_as(sources, flat)


class NothingForItself(Tape):
    """Gives None for a source that is itself the target."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        answer = structure.flatten(
            super().gradient(target, sources, output_gradients, unconnected_gradients)
        )
        targets = structure.flatten(target)
        flat = [
            None if any(source is one for one in targets) else value
            for source, value in zip(structure.flatten(sources), answer)
        ]
        return structure.pack_sequence_as(sources, flat)


class Doubled(Tape):
    """Gives twice every gradient."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        return each(
            lambda one: one + one,
            super().gradient(target, sources, output_gradients, unconnected_gradients),
        )


class Negated(Tape):
    """Gives every gradient with the wrong sign."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        return each(
            lambda one: -one,
            super().gradient(target, sources, output_gradients, unconnected_gradients),
        )


class SinglePrecision(Tape):
    """Gives every gradient as float32."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        answer = super().gradient(target, sources, output_gradients, unconnected_gradients)
        return each(lambda one: tf.cast(one, tf.float32), answer)


class Flattened(Tape):
    """Gives every gradient as a vector."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        answer = super().gradient(target, sources, output_gradients, unconnected_gradients)
        return each(lambda one: tf.reshape(one, [-1]), answer)


class Imprecise(Tape):
    """Rounds every gradient to three digits."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        answer = super().gradient(target, sources, output_gradients, unconnected_gradients)
        return each(lambda one: one * (1 + 1e-3), answer)


class Arrays(Tape):
    """Gives NumPy arrays instead of tensors."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        return each(
            np.asarray, super().gradient(target, sources, output_gradients, unconnected_gradients)
        )


class NoTargetIsNoAnswer(Tape):
    """Answers None for a target that is None."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        return (
            None
            if target is None
            else super().gradient(target, sources, output_gradients, unconnected_gradients)
        )


class OnlyKeywords(Tape):
    """Takes the sources by keyword only."""

    def gradient(self, target, *, sources, output_gradients=None, unconnected_gradients="none"):
        return super().gradient(target, sources, output_gradients, unconnected_gradients)


class OnlyPositions(Tape):
    """Gives the arguments of gradient other names."""

    def gradient(self, ys, xs, grad_ys=None, unconnected="none"):
        return super().gradient(ys, xs, grad_ys, unconnected)


class Silent(Tape):
    """Answers None to everything."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        return each(
            lambda one: None,
            super().gradient(target, sources, output_gradients, unconnected_gradients),
        )


class _LastOnly(type(Tape.library)):
    """NumPy, if sums were their last term."""

    def add(self, x, y):
        return y


class LastPathOnly(Tape):
    """Keeps only the last contribution to a gradient instead of the sum of all."""

    library = _LastOnly()


class NoSources(Tape):
    """Refuses an empty list of sources."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        if not structure.flatten(sources):
            raise ValueError("no sources")
        return super().gradient(target, sources, output_gradients, unconnected_gradients)


class Recursive(Tape):
    """Walks the records by recursion, and so only as far as Python recurses."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        if self._records is not None and len(self._records) > 900:
            raise RecursionError("maximum recursion depth exceeded")
        return super().gradient(target, sources, output_gradients, unconnected_gradients)


class CurrentValues(Tape):
    """Gives variables as gradients, which change with the variable."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        answer = super().gradient(target, sources, output_gradients, unconnected_gradients)
        flat = [
            _Live(source, value) if isinstance(source, tf.Variable) and value is not None else value
            for source, value in zip(structure.flatten(sources), structure.flatten(answer))
        ]
        return structure.pack_sequence_as(sources, flat)


class _Live:
    """A gradient that is scaled with its variable."""

    def __init__(self, variable, gradient):
        self._variable = variable
        self._factor = np.asarray(gradient) / np.asarray(variable)

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self._variable) * self._factor
