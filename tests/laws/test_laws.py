"""Every law can fail: for each there is a faulty tape that it rejects; the honest one passes."""

import contextlib
import importlib.util
import inspect
import types

import hypothesis
import pytest

import tapecheck.tapes.numpy as tf
from tapecheck.clause import clause_of
from tapecheck.modes import EAGER
from tapecheck.sampling import set_up_hypothesis
from tapecheck.standard import chapters, folder_of
from tapecheck.tapes import recorder, structure
from tests import zoo
from tests.zoo import accumulators, answers, jacobians, life


class CountsRecords(zoo.Tape):
    """Gives gradients that grow with the number of recorded operations."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        count = len(self._records or ())
        answer = super().gradient(target, sources, output_gradients, unconnected_gradients)
        return zoo.each(lambda one: one * float(count), answer)


class TrustsTheLastRecord(zoo.Tape):
    """Knows targets only as long as nothing was recorded after them."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        last = self._records[-1].outputs[-1] if self._records else None
        keys = [self.library.key(one) for one in target]
        answer = super().gradient(target, sources, output_gradients, unconnected_gradients)
        return answer if keys[0] == last else zoo.each(lambda one: one + one, answer)


class AddsToTheLastAnswer(zoo.Tape):
    """Adds each answer to the one before."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        answer = super().gradient(target, sources, output_gradients, unconnected_gradients)
        last, self._last = getattr(self, "_last", None), answer
        if last is None:
            return answer
        return structure.map_structure(
            lambda one, other: one if one is None else one + other, answer, last
        )


class LoopsNegated(zoo.Tape):
    """Gives a jacobian with the wrong sign where it is not vectorised."""

    def jacobian(self, target, sources, *options, experimental_use_pfor=True):
        answer = super().jacobian(target, sources, *options)
        return answer if experimental_use_pfor else zoo.each(lambda one: -one, answer)


class OverwritesSources(zoo.Tape):
    """Computes the gradient in the memory of its source."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        answer = super().gradient(target, sources, output_gradients, unconnected_gradients)
        for source in sources:
            if isinstance(source, tf.Tensor):
                source.array = 0.0 * source.array
        return answer


class DoublesVariables(zoo.Tape):
    """Counts variables twice."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        answer = super().gradient(target, sources, output_gradients, unconnected_gradients)
        return [
            one + one if isinstance(source, tf.Variable) and one is not None else one
            for one, source in zip(answer, sources)
        ]


class NoExamples(zoo.Tape):
    """batch_jacobian refuses a batch without examples."""

    def batch_jacobian(self, target, source, *options):
        if not target.shape[0]:
            raise ValueError("no examples")
        return super().batch_jacobian(target, source, *options)


class IntegersCount(zoo.Tape):
    """Gives zeros where a target is of integers."""

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        integers = [one for one in structure.flatten(target) if not one.dtype.is_floating]
        choice = "zero" if integers else unconnected_gradients
        return super().gradient(target, sources, output_gradients, choice)


class TakesAnyTangents(zoo.Tape):
    """The accumulator takes tangents that are nested in any way."""

    class Faulty(accumulators.Honest):
        def __init__(self, primals, tangents):
            pairs = zip(structure.flatten(primals), structure.flatten(tangents))
            super().__init__(*map(list, zip(*pairs)))

    names = accumulators.beside(Faulty)


class WrongElsewhere(zoo.Tape):
    """Gives another gradient on the second device."""

    here = ["CPU:0"]

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients="none"):
        answer = super().gradient(target, sources, output_gradients, unconnected_gradients)
        wrong = self.here[-1] == "CPU:1"
        return zoo.each(lambda one: one + one, answer) if wrong else answer

    @staticmethod
    @contextlib.contextmanager
    def device(name):
        WrongElsewhere.here.append(name)
        yield
        WrongElsewhere.here.pop()

    names = {"device": device.__func__}


def _stopped(function, **options):
    """A function whose result has no gradient."""
    return lambda *arguments: tf.stop_gradient(function(*arguments))


def _changed(program, *arguments):
    """A compiler of programs whose results are all a little off."""
    return zoo.each(lambda one: one * (1 + 1e-9), program(*arguments))


def _eagerly(program, *arguments):
    return program(*arguments)


def _believed_by_nobody(function):
    """A function whose own gradient is left alone."""
    return lambda *arguments: function(*arguments)[0]


class TakesListsForBatches(zoo.Tape):
    """batch_jacobian stacks a list of one source."""

    def batch_jacobian(self, target, source, *options):
        return super().batch_jacobian(target, source[0] if len(source) == 1 else source, *options)


class AnswersForAnything(zoo.Tape):
    """Gives None for a source that is no tensor."""

    def gradient(self, target, sources, *options):
        known = [one for one in sources if isinstance(one, (tf.Tensor, tf.Variable))]
        return [*super().gradient(target, known, *options), *[None] * (len(sources) - len(known))]


class FirstOfNested(zoo.Tape):
    """Watches the first of what is nested."""

    def watch(self, tensor):
        super().watch(structure.flatten(tensor)[0])


NO_OWN_GRADIENT = zoo.namespace_with(custom_gradient=_believed_by_nobody)
NO_RECOMPUTATION = zoo.namespace_with(recompute_grad=_stopped)
NO_COMPILATION = zoo.namespace_with(function=_stopped)

REJECTED = {
    "circumstances.second_derivatives_in_single_precision_are_exact": life.NeverRecordsGradients,
    "circumstances.single_precision_agrees_with_double": answers.Imprecise,
    "circumstances.the_device_does_not_matter": WrongElsewhere,
    "exactness.gradients_are_exact": answers.LastPathOnly,
    "exactness.gradients_of_compiled_parts_are_exact": NO_COMPILATION,
    "exactness.gradients_of_matrices_and_networks_are_exact": answers.Imprecise,
    "exactness.gradients_of_what_is_computed_again_are_exact": NO_RECOMPUTATION,
    "exactness.gradients_through_control_flow_and_gradients_are_exact": life.NeverRecordsGradients,
    "exactness.gradients_with_cotangents_are_exact": answers.FirstOutputGradientForAll,
    "exactness.jacobians_are_exact": jacobians.DoubledJacobian,
    "exactness.zeros_are_given_in_place_of_jacobians_that_are_none": jacobians.JacobianNeverZero,
    "exactness.zeros_are_given_in_place_of_none": answers.NeverZeroForNone,
    "jacobians.a_batch_jacobian_is_the_diagonal_of_the_jacobian": jacobians.FirstExampleForAll,
    "jacobians.a_batch_jacobian_is_refused_without_batches_of_one_size": jacobians.AnyBatch,
    "jacobians.a_batch_without_examples_has_derivatives_without_elements": (
        jacobians.VectorisesNotNothing
    ),
    "jacobians.a_vectorised_jacobian_equals_a_looped_one": LoopsNegated,
    "jacobians.the_rows_of_a_jacobian_are_gradients": jacobians.SourceFirst,
    "jacobians.vectorised_jacobians_of_matrices_and_networks_are_exact": jacobians.FlatJacobian,
    "linearity.a_gradient_continues_from_values_in_between": answers.IgnoresOutputGradients,
    "linearity.gradients_are_linear_in_their_cotangents": answers.SquaredOutputGradients,
    "linearity.one_question_for_many_sources_equals_many_questions": answers.ReversedSources,
    "linearity.the_gradient_of_a_list_is_the_sum": answers.FirstTargetOnly,
    "jacobians.the_batch_jacobian_of_no_examples_has_no_elements": NoExamples,
    "own_gradients.a_function_brings_its_own_gradient": NO_OWN_GRADIENT,
    "own_gradients.what_is_computed_again_reads_its_variables_again": NO_RECOMPUTATION,
    "repetition.a_pause_equals_stopped_gradients": life.NeverPauses,
    "repetition.a_persistent_tape_equals_a_fresh_one": AddsToTheLastAnswer,
    "repetition.a_variable_is_differentiated_like_a_tensor": DoublesVariables,
    "repetition.inputs_are_left_as_they_are": OverwritesSources,
    "repetition.the_order_of_independent_operations_does_not_matter": TrustsTheLastRecord,
    "repetition.two_tapes_record_the_same": life.OneAtATime,
    "repetition.what_is_recorded_twice_equals_what_is_recorded_once": CountsRecords,
    "repetition.what_no_target_needs_does_not_matter": CountsRecords,
    "refusals.a_refused_question_changes_nothing": answers.NoTargetIsNoAnswer,
    "refusals.a_tape_that_answers_once_computes_no_batch_jacobian_in_parts": (
        jacobians.ParallelOnAnyTape
    ),
    "refusals.a_tape_that_answers_once_computes_no_jacobian_row_by_row": jacobians.AnyTapeLoops,
    "refusals.integers_among_the_targets_have_no_part": IntegersCount,
    "refusals.sources_are_tensors_or_variables": AnswersForAnything,
    "refusals.the_source_of_a_batch_jacobian_is_one_tensor": TakesListsForBatches,
    "refusals.tangents_have_the_structure_of_what_they_belong_to": TakesAnyTangents,
    "structures.all_that_stands_in_a_structure_is_watched": FirstOfNested,
    "structures.answers_are_nested_as_their_sources": answers.ListForAll,
    "structures.answers_are_of_the_types_of_what_holds_their_sources": answers.PlainDicts,
    "structures.targets_and_cotangents_are_nested_alike": answers.TargetsOnce,
    "second_order.a_hessian_is_exact_and_symmetric": jacobians.DoubledJacobian,
    "second_order.a_square_leaves_mixed_derivatives_of_products_alone": accumulators.OnePathOnly,
    "second_order.products_with_the_hessian_are_exact": life.NeverRecordsGradients,
    "second_order.second_derivatives_of_matrices_and_networks_are_exact": (
        life.NeverRecordsGradients
    ),
    "second_order.second_derivatives_through_control_flow_and_gradients_are_exact": (
        life.NeverRecordsGradients
    ),
    "second_order.tangents_are_exact": accumulators.OnePathOnly,
    "second_order.the_four_ways_to_second_order_agree": accumulators.OneOperationOnly,
}
"""For each law that is asked step by step, a tape that it must reject."""


def _laws():
    set_up_hypothesis()
    for chapter in chapters("laws"):
        path = folder_of("laws") / (chapter + ".py")
        specification = importlib.util.spec_from_file_location("laws_" + chapter, path)
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        for function in vars(module).values():
            clause = clause_of(function)
            if clause is not None:
                yield clause, hypothesis.seed(0)(function)


LAWS = {clause.id: (clause, law) for clause, law in _laws()}
STEP_BY_STEP = sorted(name for name, (clause, _) in LAWS.items() if EAGER in clause.modes)
COMPILED = sorted(set(LAWS) - set(STEP_BY_STEP))


def _ask(name, namespace, run=_eagerly):
    """Call a law as pytest would."""
    fixtures = {"tf": namespace, "run": run, "devices": ["CPU:0", "CPU:1"]}
    law = LAWS[name][1]
    law(**{one: fixtures[one] for one in inspect.signature(law).parameters})


def _honest():
    """The NumPy tape, with a compiler that compiles nothing, and any number of devices."""
    return zoo.namespace_with(
        function=lambda program, **options: program,
        device=lambda name: contextlib.nullcontext(),
    )


def test_each_law_that_is_asked_step_by_step_names_what_it_rejects():
    assert sorted(REJECTED) == STEP_BY_STEP


@pytest.mark.parametrize("name", STEP_BY_STEP)
def test_a_law_rejects_a_faulty_tape(name):
    faulty = REJECTED[name]
    if not isinstance(faulty, types.ModuleType):
        faulty = zoo.namespace_of(faulty)
    with pytest.raises((AssertionError, RuntimeError, TypeError, ValueError)):
        _ask(name, faulty)


@pytest.mark.parametrize("name", [one for one in STEP_BY_STEP if one.startswith("own_gradients")])
def test_laws_on_own_gradients_reject_a_tape_that_does_not_see_what_functions_read(
    monkeypatch, name
):
    monkeypatch.setattr(recorder.VariableWatcher, "_variable_read", lambda *read: None)
    with pytest.raises(AssertionError):
        _ask(name, tf)


@pytest.mark.parametrize("name", COMPILED)
def test_a_law_rejects_a_compiler_that_computes_something_else(name):
    with pytest.raises(AssertionError):
        _ask(name, _honest(), run=_changed)


@pytest.mark.parametrize("name", sorted(LAWS))
def test_a_law_accepts_the_honest_tape(name):
    _ask(name, _honest())


def test_a_failure_shows_the_smallest_program():
    with pytest.raises(AssertionError) as caught:
        _ask("exactness.gradients_are_exact", zoo.namespace_of(answers.Doubled))
    (note,) = caught.value.__notes__
    program = note[note.index("def compute") : note.index("def derivatives")]
    assert len(program.strip().split("\n")) == 3
    assert "import tensorflow as tf" in note


@pytest.mark.parametrize("name", sorted(LAWS))
def test_a_law_needs_what_its_programs_are_made_of(name):
    clause, law = LAWS[name]
    assert set(getattr(law, "words", "").split()) <= set(clause.needs)
