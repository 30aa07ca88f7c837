"""Tapes whose life goes wrong: entering and leaving, pausing, resetting, being used up."""

from contextlib import contextmanager

from tapecheck.tapes import recorder
from tests.zoo import Everything, Tape, tf


class Forever(Tape):
    """Is persistent whatever the constructor was told."""

    def __init__(self, persistent=False, watch_accessed_variables=True):
        super().__init__(True, watch_accessed_variables)


class OnceOnly(Tape):
    """Is never persistent."""

    def __init__(self, persistent=False, watch_accessed_variables=True):
        super().__init__(False, watch_accessed_variables)


class PersistentByDefault(Tape):
    """Is persistent unless the constructor was told otherwise."""

    def __init__(self, persistent=True, watch_accessed_variables=True):
        super().__init__(persistent, watch_accessed_variables)


class SwappedOptions(Tape):
    """Takes its options in the other order."""

    def __init__(self, watch_accessed_variables=True, persistent=False):
        super().__init__(persistent, watch_accessed_variables)


class AnyOption(Tape):
    """Ignores options that it does not know."""

    def __init__(self, persistent=False, watch_accessed_variables=True, **options):
        super().__init__(persistent, watch_accessed_variables)


class NoNames(Tape):
    """Gives the options of the constructor other names."""

    def __init__(self, keep=False, auto=True):
        super().__init__(keep, auto)


class BindsNothing(Tape):
    """Binds another tape in the with statement than the one that was made."""

    def __enter__(self):
        super().__enter__()
        return tf.GradientTape()


class KeepsHistory(Tape):
    """Answers once, but keeps all that it recorded."""

    def _release(self):
        self._kept = getattr(self, "_kept", [])
        self._kept.append(self._records)
        super()._release()


class ImmortalRecords(Tape):
    """Leaves what it recorded in a list that outlives it."""

    graveyard = []

    def _resume(self):
        super()._resume()
        self.graveyard.append(self._records)


class ForgetfulPersistent(Tape):
    """A persistent tape that releases what it keeps after its first answer, but for the records."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        answer = super().gradient(target, sources, output_gradients, unconnected_gradients)
        if self._persistent and self._stack is None:
            self._records = []
        return answer


class AccumulatingPersistent(Tape):
    """A persistent tape that adds each answer to the one before."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        answer = super().gradient(target, sources, output_gradients, unconnected_gradients)
        if not isinstance(answer, tf.Tensor):
            return answer
        previous = getattr(self, "_previous", None)
        self._previous = answer
        if previous is None or previous.shape != answer.shape or previous.dtype != answer.dtype:
            return answer
        return answer + previous


class NoneIsNoAnswer(Tape):
    """Is used up only by an answer that is not None."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        records, tracked = self._records, self._tracked
        answer = super().gradient(target, sources, output_gradients, unconnected_gradients)
        if answer is None and self._records is None:
            self._records, self._tracked = records, tracked
        return answer


class JacobianIsFree(Tape):
    """Is not used up by jacobians."""

    def jacobian(self, *arguments, **named):
        records, tracked = self._records, self._tracked
        answer = super().jacobian(*arguments, **named)
        self._records, self._tracked = records, tracked
        return answer

    def batch_jacobian(self, *arguments, **named):
        records, tracked = self._records, self._tracked
        answer = super().batch_jacobian(*arguments, **named)
        self._records, self._tracked = records, tracked
        return answer


class JacobianAnyTime(Tape):
    """Answers a jacobian on a tape that is used up, with None."""

    def jacobian(
        self,
        target,
        sources,
        unconnected_gradients="none",
        parallel_iterations=None,
        experimental_use_pfor=True,
    ):
        if self._records is None:
            return None
        return super().jacobian(
            target, sources, unconnected_gradients, parallel_iterations, experimental_use_pfor
        )

    def batch_jacobian(
        self,
        target,
        source,
        unconnected_gradients="none",
        parallel_iterations=None,
        experimental_use_pfor=True,
    ):
        if self._records is None:
            return None
        return super().batch_jacobian(
            target, source, unconnected_gradients, parallel_iterations, experimental_use_pfor
        )


class ReadyBeforeEntry(Tape):
    """Answers, pauses and resets before its block was ever entered."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        if self._stack is None and not self._variables and self._records is None:
            self._records = []
        return super().gradient(target, sources, output_gradients, unconnected_gradients)


class OnlyOutsideItsBlock(Tape):
    """Refuses to answer inside its own block."""

    def _assert_usable(self, *arguments):
        if self._stack is not None:
            raise RuntimeError("inside the block")
        super()._assert_usable(*arguments)


class OnlyInsideItsBlock(Tape):
    """Releases everything when the block is left."""

    def __exit__(self, *exception):
        super().__exit__(*exception)
        self._release()


class RecordsAfterwards(Tape):
    """Goes on recording after its block."""

    def __exit__(self, *exception):
        return None


class RecordsAfterExceptions(Tape):
    """Goes on recording where an exception left its block."""

    def __exit__(self, kind=None, *rest):
        if kind is None:
            super().__exit__(kind, *rest)


class SwallowsExceptions(Tape):
    """Swallows the exceptions of its block."""

    def __exit__(self, *exception):
        super().__exit__(*exception)
        return True


class ForgetsOnException(Tape):
    """Drops what it recorded where an exception leaves its block."""

    def __exit__(self, kind=None, *rest):
        super().__exit__(kind, *rest)
        if kind is not None:
            self._records = []


class EntersTwice(Tape):
    """May be entered while it records."""

    def __enter__(self):
        return self if self._stack is not None else super().__enter__()


class RefusalEndsRecording(Tape):
    """Stops recording where it refuses to be entered again."""

    def __enter__(self):
        if self._stack is not None:
            self._deactivate()
            raise ValueError("recording already")
        return super().__enter__()


class FreshBlocks(Tape):
    """Starts anew whenever it is entered."""

    def __enter__(self):
        if self._stack is None:
            self._records = None
        return super().__enter__()


class FreshPersistentBlocks(Tape):
    """A persistent tape starts anew whenever it is entered."""

    def __enter__(self):
        if self._stack is None and self._persistent:
            self._records = None
        return super().__enter__()


class EntersOnce(Tape):
    """Cannot be entered a second time."""

    def __enter__(self):
        if self._records is not None:
            raise ValueError("entered before")
        return super().__enter__()


class LeavesTheLast(Tape):
    """Leaving takes the tape that was entered last off the stack, whichever it is."""

    def _deactivate(self):
        self._stack.pop()
        self._stack = None


class LeavesAll(Tape):
    """Leaving the block of one tape ends the recording of all."""

    def _deactivate(self):
        for tape in list(self._stack):
            self._stack.remove(tape)
            if tape is not self:
                tape._stack = None
        self._stack = None


class OneAtATime(Tape):
    """Only the innermost tape records."""

    def _resume(self):
        super()._resume()
        self._others = [tape for tape in self._stack if tape is not self]
        for tape in self._others:
            self._stack.remove(tape)

    def _deactivate(self):
        stack = self._stack
        super()._deactivate()
        stack.extend(self._others)


class NeverPauses(Tape):
    """Records while it is paused."""

    @contextmanager
    def stop_recording(self):
        if self._stack is None:
            raise RuntimeError("not recording")
        yield


class PausesAll(Tape):
    """Pauses every active tape."""

    @contextmanager
    def stop_recording(self):
        with super().stop_recording(), recorder.pause_all():
            yield


class NeverResumes(Tape):
    """Does not go on recording after a pause."""

    @contextmanager
    def stop_recording(self):
        if self._stack is None:
            raise RuntimeError("not recording")
        self._deactivate()
        yield


class NeverResumesAfterExceptions(Tape):
    """Does not go on recording where an exception ended the pause."""

    @contextmanager
    def stop_recording(self):
        if self._stack is None:
            raise RuntimeError("not recording")
        self._deactivate()
        yield
        self._resume()


class SwallowsInPauses(Tape):
    """Swallows the exceptions of a pause."""

    @contextmanager
    def stop_recording(self):
        with super().stop_recording():
            try:
                yield
            except Exception:
                return


class PausesAnyTime(Tape):
    """May be paused at any time, recording or not."""

    @contextmanager
    def stop_recording(self):
        if self._stack is None:
            yield
        else:
            with super().stop_recording():
                yield


class PauseYieldsTheTape(Tape):
    """stop_recording yields the tape."""

    @contextmanager
    def stop_recording(self):
        with super().stop_recording():
            yield self


class PauseForgets(Tape):
    """A pause drops what was recorded before it."""

    @contextmanager
    def stop_recording(self):
        with super().stop_recording():
            self._records = []
            yield


class PauseUnwatches(Tape):
    """A pause ends the watching of tensors."""

    @contextmanager
    def stop_recording(self):
        with super().stop_recording():
            self._tracked = set()
            yield


class PauseWatchesVariables(Tape):
    """Watches the variables that are read while it is paused."""

    @contextmanager
    def stop_recording(self):
        with super().stop_recording():
            listener = _Listener(self)
            recorder._active.recorders.append(listener)
            try:
                yield
            finally:
                recorder._active.recorders.remove(listener)


class _Listener:
    """Hears of variables for a tape, and records nothing."""

    _tracked = frozenset()

    def __init__(self, tape):
        self._tape = tape

    def _variable_read(self, variable, key):
        self._tape._variable_read(variable, key)


class PauseKeepsTensors(Tape):
    """Keeps alive what is computed while it is paused."""

    @contextmanager
    def stop_recording(self):
        with super().stop_recording():
            with Tape() as everything:
                everything._tracked = Everything()
                yield
            self._paused = everything


class PausesOnce(Tape):
    """Cannot be paused a second time."""

    @contextmanager
    def stop_recording(self):
        if getattr(self, "_paused_before", False):
            raise RuntimeError("paused before")
        self._paused_before = True
        with super().stop_recording():
            yield


class NeverResets(Tape):
    """reset() does nothing."""

    def reset(self):
        if self._stack is None:
            raise ValueError("not recording")


class ResetsAnyTime(Tape):
    """May be reset whether it records or not."""

    def reset(self):
        if self._stack is None:
            self._records = None
        else:
            super().reset()


class ResetsAll(Tape):
    """reset() of one tape resets every active tape."""

    def reset(self):
        super().reset()
        for tape in self._stack:
            tape._records, tape._tracked, tape._variables = [], set(), {}


class ResetKeepsWatching(Tape):
    """reset() keeps what was watched."""

    def reset(self):
        tracked, variables = self._tracked, self._variables
        super().reset()
        self._tracked, self._variables = tracked, variables


class ResetKeepsVariables(Tape):
    """reset() keeps the list of watched variables."""

    def reset(self):
        variables = self._variables
        super().reset()
        self._variables = dict(variables)


class ResetMakesPersistent(Tape):
    """reset() makes a tape persistent, or not, by chance of a swapped flag."""

    def reset(self):
        super().reset()
        self._persistent = not self._persistent


class ResetWatchesVariables(Tape):
    """reset() turns automatic watching on."""

    def reset(self):
        super().reset()
        self._watch_accessed_variables = True


class ResetKeepsMemory(Tape):
    """reset() keeps the old records alive."""

    def reset(self):
        self._old = [getattr(self, "_old", None), self._records]
        super().reset()


class ResetReturnsTheTape(Tape):
    """reset() returns the tape."""

    def reset(self):
        super().reset()
        return self


class ResetsOnce(Tape):
    """Cannot be reset a second time."""

    def reset(self):
        if getattr(self, "_reset_before", False):
            raise ValueError("reset before")
        self._reset_before = True
        super().reset()


class NeverRecordsGradients(Tape):
    """Computes gradients where no tape can see them."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        with recorder.pause_all():
            return super().gradient(target, sources, output_gradients, unconnected_gradients)


class RecordsAllGradients(Tape):
    """A persistent tape that records its gradients outside its block too."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        if not self._persistent or self._stack is not None:
            return super().gradient(target, sources, output_gradients, unconnected_gradients)
        self._resume()
        try:
            return super().gradient(target, sources, output_gradients, unconnected_gradients)
        finally:
            self._deactivate()
