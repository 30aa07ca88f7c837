"""Tapes that watch too much or too little."""

import enum

from tapecheck.tapes import recorder, structure
from tests.zoo import Everything, Tape, tf


class WatchesEverything(Tape):
    """Treats every tensor as watched."""

    def _resume(self):
        super()._resume()
        self._tracked = Everything(self._tracked)


class WatchesForAll(Tape):
    """watch() makes every active tape watch."""

    def watch(self, tensor):
        super().watch(tensor)
        for tape in list(recorder._active.recorders):
            if tape is not self:
                Tape.watch(tape, tensor)


class WatchesFirst(Tape):
    """watch() of a structure watches its first tensor."""

    def watch(self, tensor):
        flat = structure.flatten(tensor)
        for one in flat:
            super().watch(one) if one is flat[0] else self._refuse(one)

    def _refuse(self, one):
        if not isinstance(one, (tf.Tensor, tf.Variable)):
            raise ValueError("not a tensor")


class WatchesTensorsOnly(Tape):
    """watch() refuses structures."""

    def watch(self, tensor):
        if structure.is_nested(tensor):
            raise ValueError("one tensor at a time")
        super().watch(tensor)


class WatchesAnything(Tape):
    """watch() ignores what is no tensor."""

    def watch(self, tensor):
        for one in structure.flatten(tensor):
            if isinstance(one, (tf.Tensor, tf.Variable)):
                super().watch(one)


class ConvertsWhatItWatches(Tape):
    """watch() converts arrays and numbers to tensors."""

    def watch(self, tensor):
        for one in structure.flatten(tensor):
            if isinstance(one, str) or one is None:
                raise ValueError("not a tensor")
            if not isinstance(one, (tf.Tensor, tf.Variable)):
                one = tf.convert_to_tensor(one)
            super().watch(one)


class RefusesIntegers(Tape):
    """watch() refuses integers."""

    def watch(self, tensor):
        for one in structure.flatten(tensor):
            if (
                isinstance(one, tf.Tensor)
                and not one.dtype.is_floating
                and not one.dtype.is_complex
            ):
                raise ValueError("not differentiable")
        super().watch(tensor)


class RefusesVariables(Tape):
    """watch() refuses variables."""

    def watch(self, tensor):
        if any(isinstance(one, tf.Variable) for one in structure.flatten(tensor)):
            raise ValueError("not a tensor")
        super().watch(tensor)


class WatchesByValue(Tape):
    """Takes tensors of equal value for one."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        flat = structure.flatten(sources)
        first = [next(other for other in flat if _equal(one, other)) for one in flat]
        return super().gradient(
            target,
            structure.pack_sequence_as(sources, first),
            output_gradients,
            unconnected_gradients,
        )


def _equal(one, other):
    if not (isinstance(one, tf.Tensor) and isinstance(other, tf.Tensor)):
        return one is other
    return (
        one.shape == other.shape and one.dtype == other.dtype and (one.array == other.array).all()
    )


class WatchReturnsTheTensor(Tape):
    """watch() returns what it watches."""

    def watch(self, tensor):
        super().watch(tensor)
        return tensor


class WatchHasAnotherName(Tape):
    """The argument of watch has another name."""

    def watch(self, tensors):
        super().watch(tensors)


class WatchingCounts(Tape):
    """Counts how often a tensor was watched into its gradient."""

    def watch(self, tensor):
        super().watch(tensor)
        for one in structure.flatten(tensor):
            key = self.library.key(one)
            counts = self.__dict__.setdefault("_counts", {})
            counts[key] = counts.get(key, 0) + 1

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        answer = super().gradient(target, sources, output_gradients, unconnected_gradients)
        counts = self.__dict__.get("_counts", {})
        flat = [
            value if value is None else value * counts.get(self.library.key(source), 1)
            for source, value in zip(structure.flatten(sources), structure.flatten(answer))
        ]
        return structure.pack_sequence_as(sources, flat)


class WatchCuts(Tape):
    """Watching a recorded result cuts it off from what it was computed from."""

    def watch(self, tensor):
        super().watch(tensor)
        keys = {self.library.key(one) for one in structure.flatten(tensor)}
        self._records = [one for one in self._records if keys.isdisjoint(one.outputs)]


class WatchesNoVariables(Tape):
    """Never watches a variable by itself."""

    def _variable_read(self, variable, key):
        return


class _AlwaysTrainable(tf.Variable):
    """A variable that is trainable, whatever it was made with."""

    @property
    def trainable(self):
        return True


class WatchesUntrainableVariables(Tape):
    """Watches variables that are not trainable when they are read."""

    names = {"Variable": _AlwaysTrainable}


class AlwaysWatchesVariables(Tape):
    """Ignores watch_accessed_variables=False."""

    def __init__(self, persistent=False, watch_accessed_variables=True):
        super().__init__(persistent, True)


class ChosenTapeDecides(Tape):
    """watch_accessed_variables=False of one tape counts for all active tapes."""

    def _variable_read(self, variable, key):
        if all(tape._watch_accessed_variables for tape in recorder._active.recorders):
            super()._variable_read(variable, key)


class InnermostWatches(Tape):
    """Only the innermost active tape hears of variables that are read."""

    def _variable_read(self, variable, key):
        if recorder._active.recorders[-1] is self:
            super()._variable_read(variable, key)


class FirstReadOnly(Tape):
    """Follows only the first read of a variable."""

    def _variable_read(self, variable, key):
        if key in self._variables:
            self._tracked.discard(key)
        else:
            super()._variable_read(variable, key)


class VariablesInOrderOfReading(Tape):
    """Lists its watched variables in the order in which they were read."""

    def watched_variables(self):
        return tuple(self._variables.values())


class ListsVariablesInAList(Tape):
    """watched_variables() gives a list."""

    def watched_variables(self):
        return list(super().watched_variables())


class LiveListOfVariables(Tape):
    """watched_variables() gives a tuple that grows."""

    def watched_variables(self):
        return _LiveTuple(self)


class _LiveTuple(tuple):
    """A tuple that always shows the present state of its tape."""

    def __new__(cls, tape):
        made = super().__new__(cls, Tape.watched_variables(tape))
        made.tape = tape
        return made

    def __len__(self):
        return len(Tape.watched_variables(self.tape))


class ListsCopies(Tape):
    """watched_variables() gives copies of the variables."""

    def watched_variables(self):
        return tuple(tf.Variable(one) for one in super().watched_variables())


class ListsVariablesByName(Tape):
    """Takes variables of one name for one."""

    def watched_variables(self):
        return tuple({one.name: one for one in super().watched_variables()}.values())


class ListsEveryRead(Tape):
    """Lists a variable as often as it was read."""

    def _watch(self, value):
        super()._watch(value)
        if isinstance(value, tf.Variable):
            self.__dict__.setdefault("_reads", []).append(value)

    def watched_variables(self):
        return tuple(self.__dict__.get("_reads", []))


class ListsTensors(Tape):
    """Lists watched tensors among the variables."""

    def watch(self, tensor):
        super().watch(tensor)
        for one in structure.flatten(tensor):
            self._variables[self.library.key(one)] = one


class ListsNoneWatchedByHand(Tape):
    """Does not list variables that were watched by hand."""

    def watch(self, tensor):
        before = dict(self._variables)
        super().watch(tensor)
        self._variables = before


class ListsForAllTapes(Tape):
    """All tapes share one list of watched variables."""

    def _resume(self):
        active = recorder._active.recorders
        super()._resume()
        if len(active) > 1:
            self._variables = active[0]._variables


class ListIsReleased(Tape):
    """Forgets its watched variables when it is used up."""

    def _release(self):
        super()._release()
        self._variables = {}


class ListOnlyAfterwards(Tape):
    """Lists its variables only once its block was left."""

    def watched_variables(self):
        return () if self._stack is not None else super().watched_variables()


class ListOnlyInside(Tape):
    """Lists its variables only inside its block."""

    def watched_variables(self):
        return () if self._stack is None else super().watched_variables()


class ListNeedsRecords(Tape):
    """Refuses to list variables before it was entered."""

    def watched_variables(self):
        if self._records is None and not self._variables:
            raise RuntimeError("never entered")
        return super().watched_variables()


class ListOfEverythingEver(Tape):
    """Keeps the variables of earlier recordings in its list."""

    def _resume(self):
        earlier = dict(self._variables)
        super()._resume()
        self._variables.update(earlier)


class ListOfWhatMatters(Tape):
    """Lists only the variables that a recorded operation used."""

    def watched_variables(self):
        used = {key for one in self._records or () for key in one.inputs}
        return tuple(one for one in super().watched_variables() if self.library.key(one) in used)


class AsksEndsRecording(Tape):
    """Asking for the watched variables ends the recording."""

    def watched_variables(self):
        if self._stack is not None:
            self._deactivate()
        return super().watched_variables()


class _ThreeChoices(enum.Enum):
    """A choice too many."""

    NONE = "none"
    ZERO = "zero"
    ONE = "one"


class AnotherChoice(Tape):
    """UnconnectedGradients has a member that is not documented."""

    names = {"UnconnectedGradients": _ThreeChoices}


class AsksForMore(Tape):
    """reset() and watched_variables() ask for an argument."""

    def reset(self, really):
        super().reset()

    def watched_variables(self, order):
        return super().watched_variables()
