"""Tapes whose jacobians are wrong."""

import functools
import inspect

import numpy as np

from tapecheck.tapes import structure
from tests.zoo import Tape, each, tf


def changed(method, change):
    """A method whose answer is changed: ``change(answer, target, sources)``, None left alone."""

    @functools.wraps(method)
    def faulty(self, *arguments, **named):
        bound = inspect.signature(method).bind(self, *arguments, **named).arguments
        target, sources = list(bound.values())[1:3]
        answer = method(self, *arguments, **named)
        flat = [
            one if one is None else change(one, target, source)
            for one, source in zip(structure.flatten(answer), structure.flatten(sources))
        ]
        return structure.pack_sequence_as(answer, flat)

    return faulty


def _transposed(jacobian, target, source):
    order = [*range(len(target.shape), len(jacobian.shape)), *range(len(target.shape))]
    return tf.transpose(jacobian, order)


def _transposed_batch(jacobian, target, source):
    middle = len(target.shape)
    order = [0, *range(middle, len(jacobian.shape)), *range(1, middle)]
    return tf.transpose(jacobian, order)


class SourceFirst(Tape):
    """Puts the dimensions of the source before those of the target."""

    jacobian = changed(Tape.jacobian, _transposed)


class SourceFirstInBatch(Tape):
    """batch_jacobian puts the dimensions of the source before those of the target."""

    batch_jacobian = changed(Tape.batch_jacobian, _transposed_batch)


class FlatJacobian(Tape):
    """Gives a jacobian as a matrix."""

    jacobian = changed(
        Tape.jacobian, lambda j, target, source: tf.reshape(j, [np.size(target), np.size(source)])
    )


class FlatBatchJacobian(Tape):
    """Gives a batch jacobian as a matrix."""

    batch_jacobian = changed(
        Tape.batch_jacobian, lambda j, target, source: tf.reshape(j, [np.size(target), -1])
    )


class SummedJacobian(Tape):
    """Gives the gradient for the jacobian."""

    jacobian = changed(
        Tape.jacobian,
        lambda j, target, source: tf.reduce_sum(j, axis=list(range(len(target.shape)))),
    )


class FullBatchJacobian(Tape):
    """Gives the whole jacobian for the batch jacobian."""

    def batch_jacobian(
        self,
        target,
        source,
        unconnected_gradients="none",
        parallel_iterations=None,
        experimental_use_pfor=True,
    ):
        return self.jacobian(target, source, unconnected_gradients)


class SinglePrecisionJacobian(Tape):
    """Gives every jacobian as float32."""

    jacobian = changed(Tape.jacobian, lambda j, target, source: tf.cast(j, tf.float32))
    batch_jacobian = changed(Tape.batch_jacobian, lambda j, target, source: tf.cast(j, tf.float32))


class ConstantJacobian(Tape):
    """Gives a jacobian that no outer tape can differentiate."""

    jacobian = changed(Tape.jacobian, lambda j, target, source: tf.stop_gradient(j))
    batch_jacobian = changed(Tape.batch_jacobian, lambda j, target, source: tf.stop_gradient(j))


class DoubledJacobian(Tape):
    """Gives twice every jacobian."""

    jacobian = changed(Tape.jacobian, lambda j, target, source: j + j)
    batch_jacobian = changed(Tape.batch_jacobian, lambda j, target, source: j + j)


class ReversedBatch(Tape):
    """Gives the jacobians of a batch in reverse order."""

    batch_jacobian = changed(Tape.batch_jacobian, lambda j, target, source: tf.reverse(j, axis=[0]))


class FirstExampleForAll(Tape):
    """Gives the jacobian of the first example for the whole batch."""

    batch_jacobian = changed(
        Tape.batch_jacobian,
        lambda j, target, source: tf.repeat(j[:1], j.shape[0], axis=0) if j.shape[0] else j,
    )


class _Jacobians(Tape):
    """The signatures of both methods, and one place to change what they are asked."""

    def ask(self, method, target, sources, options):
        return method(target, sources, *options)

    def jacobian(
        self,
        target,
        sources,
        unconnected_gradients="none",
        parallel_iterations=None,
        experimental_use_pfor=True,
    ):
        options = (unconnected_gradients, parallel_iterations, experimental_use_pfor)
        return self.ask(super().jacobian, target, sources, options)

    def batch_jacobian(
        self,
        target,
        source,
        unconnected_gradients="none",
        parallel_iterations=None,
        experimental_use_pfor=True,
    ):
        options = (unconnected_gradients, parallel_iterations, experimental_use_pfor)
        return self.ask(super().batch_jacobian, target, source, options)


class JacobianListForAll(_Jacobians):
    """Gives jacobians in a list, whatever the structure of the sources."""

    def ask(self, method, target, sources, options):
        return structure.flatten(method(target, sources, *options))


class JacobianOfLists(_Jacobians):
    """Takes a list where one tensor is asked for, and uses its first."""

    def ask(self, method, target, sources, options):
        if isinstance(target, list):
            target = target[0]
        if isinstance(sources, list) and "batch" in method.__name__:
            sources = sources[0]
        return method(target, sources, *options)


class JacobianZeroForNone(_Jacobians):
    """Gives zeros for the jacobian of an unconnected source."""

    def ask(self, method, target, sources, options):
        return method(target, sources, "zero", *options[1:])


class JacobianNeverZero(_Jacobians):
    """Ignores unconnected_gradients in jacobians."""

    def ask(self, method, target, sources, options):
        return method(target, sources, "none", *options[1:])


class JacobianScalarZero(_Jacobians):
    """Gives zeros of the shape of the source for an unconnected jacobian."""

    def ask(self, method, target, sources, options):
        answer = method(target, sources, "none", *options[1:])
        if options[0] == "none" or options[0] is tf.UnconnectedGradients.NONE:
            return answer
        flat = [
            tf.zeros_like(source) if one is None else one
            for one, source in zip(structure.flatten(answer), structure.flatten(sources))
        ]
        return structure.pack_sequence_as(sources, flat)


class AnyTapeLoops(_Jacobians):
    """experimental_use_pfor=False asks for no persistent tape."""

    def ask(self, method, target, sources, options):
        return method(target, sources, options[0], None, True)


class LoopsTransposed(_Jacobians):
    """Without vectorisation the jacobian comes transposed."""

    def ask(self, method, target, sources, options):
        answer = method(target, sources, *options)
        if options[2] or structure.is_nested(sources) or answer is None:
            return answer
        change = _transposed_batch if "batch" in method.__name__ else _transposed
        return change(answer, target, sources)


class LoopsInSinglePrecision(_Jacobians):
    """Without vectorisation the jacobian is float32."""

    def ask(self, method, target, sources, options):
        answer = method(target, sources, *options)
        return answer if options[2] else each(lambda one: tf.cast(one, tf.float32), answer)


class LoopsNotOverNothing(_Jacobians):
    """Fails without vectorisation where the target has no elements."""

    def ask(self, method, target, sources, options):
        if not options[2] and isinstance(target, tf.Tensor) and not np.size(target):
            raise ValueError("nothing to loop over")
        return method(target, sources, *options)


class VectorisesNotNothing(_Jacobians):
    """Fails where the target has no elements."""

    def ask(self, method, target, sources, options):
        if isinstance(target, tf.Tensor) and not np.size(target):
            raise ValueError("nothing to vectorise")
        return method(target, sources, *options)


class ParallelDoubles(_Jacobians):
    """parallel_iterations changes the values."""

    def ask(self, method, target, sources, options):
        answer = method(target, sources, *options)
        return answer if options[1] is None else each(lambda one: one + one, answer)


class NoParallel(Tape):
    """Knows no parallel_iterations."""

    def jacobian(self, target, sources, unconnected_gradients="none", experimental_use_pfor=True):
        return super().jacobian(target, sources, unconnected_gradients, None, experimental_use_pfor)

    def batch_jacobian(
        self, target, source, unconnected_gradients="none", experimental_use_pfor=True
    ):
        return super().batch_jacobian(
            target, source, unconnected_gradients, None, experimental_use_pfor
        )


class ParallelOnAnyTape(Tape):
    """batch_jacobian takes parallel_iterations on a tape that is not persistent."""

    def batch_jacobian(
        self,
        target,
        source,
        unconnected_gradients="none",
        parallel_iterations=None,
        experimental_use_pfor=True,
    ):
        return super().batch_jacobian(
            target, source, unconnected_gradients, None, experimental_use_pfor
        )


class IntegersHaveJacobians(_Jacobians):
    """Gives zeros for the jacobian of or by integers."""

    def ask(self, method, target, sources, options):
        answer = method(target, sources, *options)
        if answer is None and any(
            not one.dtype.is_floating for one in [target, *structure.flatten(sources)]
        ):
            return tf.zeros([*target.shape, *sources.shape])
        return answer


class AnyBatch(Tape):
    """batch_jacobian takes any shapes."""

    def batch_jacobian(
        self,
        target,
        source,
        unconnected_gradients="none",
        parallel_iterations=None,
        experimental_use_pfor=True,
    ):
        shapes = [tuple(one.shape) for one in (target, source)]
        if min(map(len, shapes)) < 2 or shapes[0][0] != shapes[1][0]:
            self.gradient(target, source)
            return None
        return super().batch_jacobian(
            target, source, unconnected_gradients, parallel_iterations, experimental_use_pfor
        )


class TensorsOnly(_Jacobians):
    """Takes no variables as sources of jacobians."""

    def ask(self, method, target, sources, options):
        if any(isinstance(one, tf.Variable) for one in structure.flatten(sources)):
            raise TypeError("a variable is no tensor")
        return method(target, sources, *options)


class NoIntermediates(_Jacobians):
    """Knows jacobians by watched sources only."""

    def watch(self, tensor):
        super().watch(tensor)
        keys = self.__dict__.setdefault("_by_hand", set())
        keys.update(self.library.key(one) for one in structure.flatten(tensor))

    def ask(self, method, target, sources, options):
        known = self.__dict__.get("_by_hand", set()) | set(self._variables)
        answer = method(target, sources, *options)
        flat = [
            value if self.library.key(source) in known else None
            for source, value in zip(structure.flatten(sources), structure.flatten(answer))
        ]
        return structure.pack_sequence_as(sources, flat)
