"""Tapes beside which the forward accumulator is wrong, each in one way."""

import types

from tapecheck.tapes import structure
from tapecheck.tapes.recorder import only
from tests.zoo import Tape, each, tf

Honest = tf.autodiff.ForwardAccumulator


def beside(accumulator):
    """The names of a namespace with that accumulator."""
    return {
        "autodiff": types.SimpleNamespace(ForwardAccumulator=accumulator, GradientTape=Tape),
    }


class ProductsAreDoubled(Tape):
    """jvp gives twice the product."""

    class Faulty(Honest):
        def jvp(self, primals, unconnected_gradients="none"):
            return each(lambda product: product + product, super().jvp(primals, "none"))

    names = beside(Faulty)


class ProductsAreSummed(Tape):
    """jvp gives the sum over the elements of the product."""

    class Faulty(Honest):
        def jvp(self, primals, unconnected_gradients="none"):
            return each(tf.reduce_sum, super().jvp(primals, unconnected_gradients))

    names = beside(Faulty)


class ProductsAreSingle(Tape):
    """jvp gives every product in float32."""

    class Faulty(Honest):
        def jvp(self, primals, unconnected_gradients="none"):
            answer = super().jvp(primals, unconnected_gradients)
            return each(lambda product: tf.cast(product, tf.float32), answer)

    names = beside(Faulty)


class ProductsAreFlat(Tape):
    """jvp gives a list, whatever it is asked for."""

    class Faulty(Honest):
        def jvp(self, primals, unconnected_gradients="none"):
            return structure.flatten(super().jvp(primals, unconnected_gradients))

    names = beside(Faulty)


class OnePathOnly(Tape):
    """Where several inputs of an operation have tangents, only that of the first counts."""

    class Faulty(Honest):
        def _operation_ran(self, entry, outputs, differentiable):
            keys = [key for key in entry.inputs if self._tangent(key) is not None]
            others = {key: self._tangents.pop(key) for key in keys[1:] if key != keys[0]}
            super()._operation_ran(entry, outputs, differentiable)
            self._tangents.update(others)

    names = beside(Faulty)


class OneOutputOnly(Tape):
    """Of several outputs of an operation only the first has a product."""

    class Faulty(Honest):
        def _operation_ran(self, entry, outputs, differentiable):
            super()._operation_ran(entry, outputs, differentiable)
            for output in outputs[1:]:
                self._tangents.pop(output.key, None)

    names = beside(Faulty)


class OneOperationOnly(Tape):
    """Products do not go on beyond the first operation."""

    class Faulty(Honest):
        def _operation_ran(self, entry, outputs, differentiable):
            super()._operation_ran(entry, outputs, differentiable)
            self._tracked.difference_update(output.key for output in outputs)

    names = beside(Faulty)


class CarriesOnAfterItsBlock(Tape):
    """The accumulator goes on after its block."""

    class Faulty(Honest):
        def __exit__(self, *exception):
            pass

    names = beside(Faulty)


class CarriesBeforeItsBlock(Tape):
    """The accumulator begins when it is made, not with its block."""

    class Faulty(Honest):
        def __init__(self, primals, tangents):
            super().__init__(primals, tangents)
            self._activate()

        def __enter__(self):
            return self

    names = beside(Faulty)


class AccumulatorEntersTwice(Tape):
    """The accumulator can be entered again inside its block."""

    class Faulty(Honest):
        def __enter__(self):
            return self if self._stack is not None else super().__enter__()

    names = beside(Faulty)


class AccumulatorEntersOnce(Tape):
    """The accumulator can be entered only once in its life."""

    class Faulty(Honest):
        _entered = False

        def __enter__(self):
            if self._entered:
                raise ValueError("once only")
            self._entered = True
            return super().__enter__()

    names = beside(Faulty)


class ForgetsAfterItsBlock(Tape):
    """After its block the accumulator has no products."""

    class Faulty(Honest):
        def __exit__(self, *exception):
            super().__exit__()
            self._tangents.clear()
            self._tracked.clear()

    names = beside(Faulty)


class ForgetsPrimals(Tape):
    """jvp of a primal itself is None."""

    class Faulty(Honest):
        def __init__(self, primals, tangents):
            super().__init__(primals, tangents)
            self._primals = set(self._tangents)

        def _jvp(self, value, unconnected):
            known = value.key in self._primals
            return None if known else super()._jvp(value, unconnected)

    names = beside(Faulty)


class KeepsProducts(Tape):
    """A product lives as long as the accumulator, not as its tensor."""

    class Faulty(Honest):
        def _keep(self, primal, tangent):
            self._tangents[primal.key] = (None, tangent)
            self._tracked.add(primal.key)

    names = beside(Faulty)


class HeardByAll(Tape):
    """Tapes inside of the block of an accumulator record its products."""

    class Faulty(Honest):
        def _operation_ran(self, entry, outputs, differentiable):
            stack = self._stack
            self._stack = [other for other in stack if other is not self] + [self]
            super()._operation_ran(entry, outputs, differentiable)
            self._stack = stack

    names = beside(Faulty)


class HeardByNone(Tape):
    """No outer tape or accumulator sees how products are computed."""

    class Faulty(Honest):
        def _operation_ran(self, entry, outputs, differentiable):
            stack, self._stack = self._stack, [self]
            with only(()):
                super()._operation_ran(entry, outputs, differentiable)
            self._stack = stack

    names = beside(Faulty)


class TakesPrimalsTwice(Tape):
    """A primal may be given several times; the last tangent counts."""

    class Faulty(Honest):
        def _watch(self, primal, tangent):
            self._tangents.pop(getattr(primal, "key", 0), None)
            super()._watch(primal, tangent)

    names = beside(Faulty)


class TakesAnyTangent(Tape):
    """Tangents of another shape or dtype are taken, as far as they can be cast and broadcast."""

    class Faulty(Honest):
        def _watch(self, primal, tangent):
            cast = tf.cast(tangent, primal.dtype)
            super()._watch(primal, tf.zeros(primal.shape, primal.dtype) + tf.reduce_sum(cast))

    names = beside(Faulty)


class TakesAnyStructure(Tape):
    """Primals and tangents may be nested differently."""

    class Faulty(Honest):
        def __init__(self, primals, tangents):
            super().__init__(structure.flatten(primals), structure.flatten(tangents))

    names = beside(Faulty)


class OtherNames(Tape):
    """The arguments have other names than primals and tangents."""

    class Faulty(Honest):
        def __init__(self, inputs, directions):
            super().__init__(inputs, directions)

        def jvp(self, value, unconnected="none"):
            return super().jvp(value, unconnected)

    names = beside(Faulty)


class AlwaysZero(Tape):
    """jvp gives zeros instead of None."""

    class Faulty(Honest):
        def jvp(self, primals, unconnected_gradients="none"):
            return super().jvp(primals, "zero")

    names = beside(Faulty)


class NeverZero(Tape):
    """jvp gives None also where zeros are asked for, and takes any word for what is asked."""

    class Faulty(Honest):
        def jvp(self, primals, unconnected_gradients="none"):
            return super().jvp(primals, "none")

    names = beside(Faulty)


class VariablesAreConstants(Tape):
    """A variable among the primals has no product."""

    class Faulty(Honest):
        def _watch(self, primal, tangent):
            if not isinstance(primal, tf.Variable):
                super()._watch(primal, tangent)

    names = beside(Faulty)


class ProductsOfShortVectors(Tape):
    """The product of more than thirty elements is zero."""

    class Faulty(Honest):
        def _keep(self, primal, tangent):
            many = primal.shape.num_elements() > 30
            super()._keep(primal, tangent * 0 if many else tangent)

    names = beside(Faulty)


class ProductsOutliveErrors(Tape):
    """An exception leaves the accumulator active."""

    class Faulty(Honest):
        def __exit__(self, kind=None, *exception):
            if kind is None:
                super().__exit__()

    names = beside(Faulty)


class SharesItsProducts(Tape):
    """All accumulators share their products."""

    class Faulty(Honest):
        shared = ({}, set())

        def __init__(self, primals, tangents):
            super().__init__(primals, tangents)
            self.shared[0].update(self._tangents)
            self.shared[1].update(self._tracked)
            self._tangents, self._tracked = self.shared

    names = beside(Faulty)
