"""Structures: sources, targets and cotangents may be nested in any way."""

import collections

from hypothesis import strategies as st

from tapecheck import MUST, SHOULD, Broken, clause
from tapecheck.programs import CORE, Path, Trial, check, for_programs

Pair = collections.namedtuple("Pair", ["second", "first"])

_KEYS = ("b", "a", "c")


def _containers(children):
    """A list, tuple or dict of structures."""
    several = st.lists(children, min_size=1, max_size=3)
    return several | several.map(tuple) | several.map(lambda found: dict(zip(_KEYS, found)))


def _named(children):
    """A structure whose entries have names, and whose type is not one of Python's own."""
    pairs = st.lists(children, min_size=2, max_size=2)
    return pairs.map(lambda found: Pair(*found)) | pairs.map(
        lambda found: collections.OrderedDict(zip(_KEYS, found))
    )


PLACES = st.integers(0, 11)
PLAIN = st.recursive(PLACES, _containers, max_leaves=5)
NAMED = st.recursive(_named(PLACES), lambda inner: _named(inner | PLACES), max_leaves=4)


def built(structure, values):
    """The structure with values, chosen by number, in the place of its numbers."""
    if isinstance(structure, int):
        return values[structure % len(values)]
    if isinstance(structure, dict):
        return type(structure)((key, built(one, values)) for key, one in structure.items())
    inner = [built(one, values) for one in structure]
    return Pair(*inner) if isinstance(structure, Pair) else type(structure)(inner)


def aligned(structure, answer):
    """The numbers of a structure, each with what stands in its place in an answer built alike."""
    if isinstance(structure, int):
        return [(structure, answer)]
    if type(answer) is not type(structure) or len(answer) != len(structure):
        raise Broken("built as {!r}".format(structure), repr(answer))
    keys = structure if isinstance(structure, dict) else range(len(structure))
    if isinstance(structure, dict) and set(answer) != set(structure):
        raise Broken("the keys of {!r}".format(structure), repr(answer))
    return [pair for key in keys for pair in aligned(structure[key], answer[key])]


def check_sources_in(structure, tf, run, program):
    trial = Trial(tf, run, program)
    tape, targets = trial.record(trial.sources)
    answer = tape.gradient(targets, built(structure, trial.sources))
    exact, paths = trial.exact.gradients(), trial.exact.paths()
    for number, one in aligned(structure, answer):
        number %= len(program.sources)
        check(trial.dense(one), exact[number], paths[number])


@clause(MUST, needs=CORE + " struct", modes="eager")
@for_programs(CORE, examples=20, deep=1000, beside={"structure": PLAIN})
def test_answers_are_nested_as_their_sources(tf, run, program, structure):
    """In lists, tuples and dicts within each other each source has its gradient in its place."""
    check_sources_in(structure, tf, run, program)


@clause(SHOULD, needs=CORE + " struct", modes="eager")
@for_programs(CORE, examples=15, deep=1000, beside={"structure": NAMED})
def test_answers_are_of_the_types_of_what_holds_their_sources(tf, run, program, structure):
    """Named tuples and ordered dicts of sources are answered by such of gradients."""
    check_sources_in(structure, tf, run, program)


@clause(SHOULD, needs=CORE + " output_gradients struct", modes="eager")
@for_programs(CORE, examples=20, deep=1000, beside={"structure": PLAIN})
def test_targets_and_cotangents_are_nested_alike(tf, run, program, structure):
    """Each target counts as often as it is named, with the cotangent that stands in its place."""
    trial = Trial(tf, run, program)
    tape, targets = trial.record(trial.sources)
    weights, arrays = trial.weights(), trial.weight_arrays()
    answers = tape.gradient(
        built(structure, targets), trial.sources, output_gradients=built(structure, weights)
    )
    named = [number % len(targets) for number, _ in aligned(structure, structure)]
    chosen = sorted(set(named))
    cotangents = [named.count(number) * arrays[number] for number in chosen]
    trial.check_gradients([trial.dense(one) for one in answers], chosen, cotangents)


@clause(SHOULD, needs=CORE + " struct", modes="eager")
@for_programs(CORE, examples=15, deep=1000, beside={"structure": PLAIN})
def test_all_that_stands_in_a_structure_is_watched(tf, run, program, structure):
    """Of sources that are nested in any way each is watched, and no other tensor."""
    program = program._replace(
        sources=tuple(one._replace(is_variable=False) for one in program.sources)
    )
    trial = Trial(tf, run, program)
    with tf.GradientTape() as tape:
        tape.watch(built(structure, trial.sources))
        targets = trial.compute(trial.sources)
    answers = tape.gradient(targets, trial.sources)
    watched = {number % len(program.sources) for number, _ in aligned(structure, structure)}
    exact, paths = trial.exact.gradients(), trial.exact.paths()
    for number, answer in enumerate(answers):
        path = paths[number] if number in watched else Path.NONE
        check(trial.dense(answer), exact[number], path)
