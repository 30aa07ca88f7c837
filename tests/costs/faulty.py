"""Tapes that answer as they should, at too high a price, each in one way."""

import threading

from tapecheck.tapes.recorder import accumulate, is_recording, only, path_from, sweep
from tests import zoo
from tests.zoo import tf
from tests.zoo.accumulators import Honest as Accumulator
from tests.zoo.accumulators import beside


class SweepsManyTimes(zoo.Tape):
    """Computes each gradient two hundred times."""

    times = 200

    def _seeds(self, target, output_gradients):
        self.seeds = super()._seeds(target, output_gradients)
        return self.seeds

    def _path(self, sources):
        path = super()._path(sources)
        for _ in range(self.times - 1):
            sweep(self.library, path, self.seeds, sources)
        return path


class SweepsFiftyTimes(SweepsManyTimes):
    """Computes each gradient fifty times."""

    times = 50


class SweepsTwice(SweepsManyTimes):
    """Computes each gradient twice."""

    times = 2


class SweepsManyTimesWithinOthers(SweepsManyTimes):
    """Computes each gradient two hundred times while other tapes record."""

    @property
    def times(self):
        return 200 if is_recording() else 1


def computed_again(function):
    """A custom_gradient that computes the function once more for its gradient."""

    def with_gradient(*values):
        result = function(*values)[0]
        return result, lambda *upstream: function(*values)[1](*upstream)

    return tf.custom_gradient(with_gradient)


class ASourceATime(zoo.Tape):
    """Computes the gradient by many sources one by one."""

    def gradient(self, target, sources, *options):
        if not isinstance(sources, list):
            return super().gradient(target, sources, *options)
        persistent, self._persistent = self._persistent, True
        answers = [super(ASourceATime, self).gradient(target, one, *options) for one in sources]
        self._persistent = persistent
        return answers


class ATargetATime(zoo.Tape):
    """Computes the gradient of many targets one by one."""

    def gradient(self, target, sources, *options):
        if not isinstance(target, list):
            return super().gradient(target, sources, *options)
        persistent, self._persistent = self._persistent, True
        answers = [super(ATargetATime, self).gradient(one, sources, *options) for one in target]
        self._persistent = persistent
        return sum(answers[1:], answers[0])


class AsksAgain(zoo.Tape):
    """A persistent tape that computes with each gradient all those again that it gave before."""

    def gradient(self, target, sources, *options):
        self.asked = [*getattr(self, "asked", []), (target, sources, *options)]
        if not self._persistent:
            return super().gradient(target, sources, *options)
        return [super(AsksAgain, self).gradient(*question) for question in self.asked][-1]


class DifferentiatesAsItGoes(zoo.Tape):
    """Computes after each operation the gradient of what was recorded so far."""

    def _applies(self):
        return True

    def _watch(self, value):
        super()._watch(value)
        self.first = getattr(self, "first", value)

    def _operation_ran(self, entry, outputs, differentiable):
        super()._operation_ran(entry, outputs, differentiable)
        if self._applies():
            keys = [self.library.key(self.first)]
            output = outputs[0]
            seed = self.library.ones(self.library.shape(output), self.library.dtype(output))
            with only(()):
                seeds = {self.library.key(output): seed}
                sweep(self.library, path_from(self._records, keys), seeds, keys)


class DifferentiatesWhatNobodyWatches(DifferentiatesAsItGoes):
    """Records all operations, and computes after each the gradient of what was recorded so far."""

    def __init__(self, *options, **named):
        super().__init__(*options, **named)
        self._tracked = zoo.Everything()

    def _watch(self, value):
        self.first = value


class DifferentiatesDuringPauses(DifferentiatesAsItGoes):
    """Records during pauses, and computes after each operation the gradient so far."""

    def stop_recording(self):
        return only([self])


class DifferentiatesForever(DifferentiatesAsItGoes):
    """Computes after each operation the gradient so far, if it is persistent."""

    def _applies(self):
        return self._persistent


class SweepsAside(zoo.Tape):
    """Walks back through all that was recorded, whether it leads to the target or not."""

    def _seeds(self, target, output_gradients):
        seeds = super()._seeds(target, output_gradients)
        zeros = self.library.zeros(target.shape, target.dtype)
        accumulate(self.library, seeds, self._records[-1].outputs[0], zeros)
        return seeds


class JacobianTwice(zoo.Tape):
    """Computes a jacobian twice."""

    def jacobian(self, *arguments, **options):
        persistent, self._persistent = self._persistent, True
        super().jacobian(*arguments, **options)
        self._persistent = persistent
        return super().jacobian(*arguments, **options)


class WholeJacobianForEachRow(zoo.Tape):
    """Computes for each row of a jacobian the whole of it."""

    def jacobian(self, target, sources, *options, **named):
        for _ in range(target.shape[0]):
            answer = super().jacobian(target, sources, *options, **named)
        return answer


class ExampleByExample(zoo.Tape):
    """Takes the batch jacobian from the jacobian, in which it is the diagonal."""

    def batch_jacobian(self, target, source, *options):
        whole = self.jacobian(target, source)
        return tf.stack([whole[place, :, place] for place in range(source.shape[0])])


class KeepsAll(zoo.Tape):
    """Keeps every tape, with what it recorded, for as long as the process lives."""

    all = []

    def __init__(self, *options, **named):
        super().__init__(*options, **named)
        self.all.append(self)
        self.past = []

    def _release(self):
        self.past.append(self._records)
        super()._release()


class HoldsItself(zoo.Tape):
    """Is part of a cycle of references, which only the garbage collector releases."""

    def __init__(self, *options, **named):
        super().__init__(*options, **named)
        self.itself = self


class HoldsWhatItRecorded(zoo.Tape):
    """Keeps its records after its answer, though they are of no use."""

    def _release(self):
        self.past = [*getattr(self, "past", []), self._records]
        super()._release()


class KeepsAllTracked(zoo.Tape):
    """Keeps with each operation all keys that it tracked until then."""

    def _operation_ran(self, *arguments):
        super()._operation_ran(*arguments)
        copies = [(key,) for key in self._tracked]
        self.copies = [*getattr(self, "copies", []), copies]


class KeepsPauses(zoo.Tape):
    """Remembers all its pauses."""

    def stop_recording(self):
        self.pauses = [*getattr(self, "pauses", []), [object()]]
        return super().stop_recording()


class KeepsAccumulators(zoo.Tape):
    """The accumulator beside it is kept for as long as the process lives."""

    class Faulty(Accumulator):
        all = []

        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.all.append(self)

    names = beside(Faulty)


class Recursive(zoo.Tape):
    """Descends through its records by recursion."""

    def _descend(self, depth):
        if depth:
            self._descend(depth - 1)

    def _release(self):
        self._descend(len(self._records))
        super()._release()

    def _path(self, sources):
        self._descend(len(self._records))
        return super()._path(sources)


class OneForAllThreads(zoo.Tape):
    """Ends the recording of any other tape, in whatever thread."""

    open = []

    def _resume(self):
        for other in list(self.open):
            if other._stack is not None:
                other._deactivate()
        super()._resume()
        self.open.append(self)


class NotForTwo(zoo.Tape):
    """Has no records while it answers."""

    def gradient(self, target, sources, *options):
        self._assert_usable("gradient")
        records, self._records = self._records, None
        threading.Event().wait(0.002)
        self._records = records
        return super().gradient(target, sources, *options)


class TakesRecordsAlong(zoo.Tape):
    """Shares its records with other tapes, and makes them useless when it goes."""

    def _operation_ran(self, entry, outputs, differentiable):
        super()._operation_ran(entry, outputs, differentiable)
        self._records[-1] = entry

    def __del__(self):
        for entry in self._records or ():
            entry.pullback = None
