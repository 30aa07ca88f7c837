"""Every clause on costs and endurance rejects a tape that costs too much, and no other.

The sizes are smaller than those of the suites, so that this takes seconds.
"""

import importlib.util
import inspect
import types

import pytest

from tapecheck.clause import OBSERVED, clause_of
from tapecheck.costs import Costs
from tapecheck.measuring import Measured
from tapecheck.standard import chapters, folder_of
from tapecheck.tapes import recorder
from tests import zoo
from tests.costs import faulty
from tests.zoo import jacobians

SMALL = {
    "DEPTH": 1500,
    "ELEMENTS": 2**20,
    "EXAMPLES": (4, 16, 64, 256),
    "LARGE": 50,
    "LEAST": 1500,
    "NUMBERS": (10, 20, 40, 80),
    "ORDERS": (1, 2),
    "PRODUCTS": 8,
    "ROWS": (4, 8, 16, 32),
    "SIZE": 64,
    "SIZES": (30, 60, 120, 240),
    "STEPS": 100,
    "TAPES": 14,
    "THREADS": 20,
    "TIMES": 60,
    "TRIAL": 100,
}

AGAIN = zoo.namespace_with(custom_gradient=faulty.computed_again)


def kept(program, kept=[]):  # noqa: B006
    """A compiler that keeps whatever it compiles, for as long as the process lives."""
    kept.append([object() for _ in range(500)])
    return program


REJECTED = {
    "deep_programs.a_deep_program_has_a_gradient": faulty.Recursive,
    "deep_programs.a_deep_program_has_a_second_derivative": faulty.Recursive,
    "deep_programs.a_deep_program_is_dropped_after_its_tape_was_asked": faulty.Recursive,
    "deep_programs.a_deep_program_is_forgotten_by_a_reset": faulty.Recursive,
    "deep_programs.a_deep_program_is_traced": faulty.Recursive,
    "deep_programs.a_sum_of_very_many_terms_has_a_gradient": faulty.Recursive,
    "deep_programs.a_variable_may_be_read_very_often": faulty.Recursive,
    "many_tapes.accumulators_leave_nothing": faulty.KeepsAccumulators,
    "many_tapes.calls_of_a_compiled_function_leave_nothing": faulty.KeepsAll,
    "many_tapes.compiled_functions_that_are_dropped_leave_next_to_nothing": kept,
    "many_tapes.custom_gradients_leave_nothing": faulty.KeepsAll,
    "many_tapes.exceptions_inside_tapes_leave_nothing": faulty.KeepsAll,
    "many_tapes.gradients_within_persistent_tapes_leave_nothing": faulty.KeepsAll,
    "many_tapes.jacobians_leave_nothing": faulty.KeepsAll,
    "many_tapes.large_arrays_of_many_tapes_are_released": faulty.KeepsAll,
    "many_tapes.nested_tapes_leave_nothing": faulty.KeepsAll,
    "many_tapes.pauses_leave_nothing": faulty.KeepsPauses,
    "many_tapes.persistent_tapes_that_are_dropped_leave_nothing": faulty.KeepsAll,
    "many_tapes.refused_questions_leave_nothing": faulty.KeepsAll,
    "many_tapes.resets_leave_nothing": faulty.HoldsWhatItRecorded,
    "many_tapes.steps_of_training_leave_nothing": faulty.KeepsAll,
    "many_tapes.tapes_that_answered_leave_nothing": faulty.KeepsAll,
    "many_tapes.tapes_that_were_never_asked_leave_nothing": faulty.KeepsAll,
    "many_tapes.variables_that_tapes_watched_are_released": faulty.KeepsAll,
    "many_threads.exceptions_in_hundreds_of_threads_concern_no_other": faulty.OneForAllThreads,
    "many_threads.hundreds_of_threads_ask_one_persistent_tape": faulty.NotForTwo,
    "many_threads.hundreds_of_threads_nest_tapes_at_once": faulty.OneForAllThreads,
    "many_threads.hundreds_of_threads_read_one_variable": faulty.OneForAllThreads,
    "many_threads.hundreds_of_threads_record_at_once": faulty.OneForAllThreads,
    "many_threads.threads_that_ended_leave_next_to_nothing": faulty.KeepsAll,
    "memory_held.a_dropped_tape_returns_its_memory_at_once": faulty.HoldsItself,
    "memory_held.a_used_tape_holds_nothing": faulty.HoldsWhatItRecorded,
    "memory_held.memory_grows_linearly_with_the_program": faulty.KeepsAllTracked,
    "memory_held.the_arrays_of_a_tape_are_free_for_the_next": faulty.KeepsAll,
    "passes.a_batch_jacobian_is_at_most_one_backward_pass_a_row_of_one_example": (
        faulty.ExampleByExample
    ),
    "passes.a_derivative_of_third_order_is_three_backward_passes": faulty.SweepsTwice,
    "passes.a_gradient_does_not_run_the_forward_pass_again": AGAIN,
    "passes.a_gradient_runs_each_operation_back_once": faulty.SweepsTwice,
    "passes.a_jacobian_is_at_most_one_backward_pass_a_row": faulty.JacobianTwice,
    "passes.a_question_is_one_backward_pass": faulty.AsksAgain,
    "passes.a_vectorised_jacobian_is_one_backward_pass": zoo.Tape,
    "passes.many_sources_are_one_backward_pass": faulty.ASourceATime,
    "passes.many_targets_are_one_backward_pass": faulty.ATargetATime,
    "shared_records.a_tape_answers_after_others_with_its_records_are_gone": (
        faulty.TakesRecordsAlong
    ),
    "shared_records.an_answer_lives_longer_than_the_tapes_that_recorded_it": (
        faulty.TakesRecordsAlong
    ),
    "shared_records.collected_tapes_leave_the_records_of_others": faulty.TakesRecordsAlong,
    "shared_records.shared_records_leave_nothing": faulty.KeepsAll,
    "shared_records.tapes_go_while_others_record": faulty.TakesRecordsAlong,
    "time_by_size.compiled_time_grows_linearly_with_the_program": faulty.DifferentiatesAsItGoes,
    "time_by_size.time_grows_linearly_with_the_program": faulty.DifferentiatesAsItGoes,
    "time_by_size.time_grows_linearly_with_the_questions": faulty.AsksAgain,
    "time_by_size.time_grows_linearly_with_the_variables": faulty.DifferentiatesAsItGoes,
    "time_of_gradients.a_gradient_costs_a_small_multiple_of_the_forward_pass": (
        faulty.SweepsFiftyTimes
    ),
    "time_of_gradients.each_order_of_derivatives_costs_a_multiple_of_the_one_below": (
        faulty.SweepsManyTimesWithinOthers
    ),
    "time_of_gradients.many_sources_cost_hardly_more_than_one": faulty.ASourceATime,
    "time_of_gradients.many_targets_cost_hardly_more_than_one": faulty.ATargetATime,
    "time_of_gradients.the_gradient_of_small_operations_costs_a_multiple_of_them": (
        faulty.SweepsManyTimes
    ),
    "time_of_gradients.what_leads_to_no_target_costs_hardly_anything": faulty.SweepsAside,
    "time_of_jacobians.a_vectorised_jacobian_beside_a_looped_one": jacobians.DoubledJacobian,
    "time_of_jacobians.time_grows_linearly_with_the_rows_of_a_jacobian": (
        faulty.WholeJacobianForEachRow
    ),
    "time_of_jacobians.time_hardly_grows_with_the_examples_of_a_batch_jacobian": (
        faulty.ExampleByExample
    ),
    "time_of_recording.a_persistent_tape_costs_no_more_than_another": faulty.DifferentiatesForever,
    "time_of_recording.recording_large_operations_costs_next_to_nothing": (
        faulty.DifferentiatesAsItGoes
    ),
    "time_of_recording.recording_small_operations_costs_a_multiple_of_them": (
        faulty.DifferentiatesAsItGoes
    ),
    "time_of_recording.recording_within_a_compiled_program_costs_nothing": (
        faulty.DifferentiatesAsItGoes
    ),
    "time_of_recording.the_twentieth_gradient_costs_as_much_as_the_first": faulty.AsksAgain,
    "time_of_recording.what_a_paused_tape_misses_costs_hardly_more_than_without_a_tape": (
        faulty.DifferentiatesDuringPauses
    ),
    "time_of_recording.what_no_tape_watches_costs_hardly_more_than_without_a_tape": (
        faulty.DifferentiatesWhatNobodyWatches
    ),
}
"""For each clause a tape, or a namespace, or a compiler, that it must reject."""

CRASHES = {"deep_programs.a_deep_program_is_dropped_with_its_tape"}
"""What only the end of a process can break; see ``test_crash.py``."""


def _clauses():
    for suite in ("benchmarks", "endurance"):
        for chapter in chapters(suite):
            path = folder_of(suite) / (chapter + ".py")
            specification = importlib.util.spec_from_file_location("costs_" + chapter, path)
            module = importlib.util.module_from_spec(specification)
            specification.loader.exec_module(module)
            vars(module).update({name: SMALL[name] for name in SMALL if name in vars(module)})
            for function in vars(module).values():
                clause = clause_of(function)
                if clause is not None:
                    yield clause, function


CLAUSES = {clause.id: (clause, function) for clause, function in _clauses()}


def _eagerly(program, *arguments):
    return program(*arguments)


def _ask(name, namespace, compiled=lambda program: program):
    """Call a clause as pytest would."""
    function, costs = CLAUSES[name][1], Costs(compiled, Measured(), seconds=0.05)
    fixtures = {"tf": namespace, "run": _eagerly, "costs": costs, "end": "answered"}
    if name.startswith("deep_programs"):
        fixtures["chain"] = function.__globals__["Chain"](zoo.namespace_with(), costs)
    # A faulty tape that another test left active would keep every variable of this one
    with recorder.pause_all():
        function(**{one: fixtures[one] for one in inspect.signature(function).parameters})


@pytest.fixture(autouse=True)
def forgotten():
    """What faulty tapes keep, they keep for one test."""
    yield
    faulty.KeepsAll.all.clear()
    faulty.KeepsAccumulators.Faulty.all.clear()
    faulty.OneForAllThreads.open.clear()


def test_each_clause_names_what_it_rejects():
    assert sorted([*REJECTED, *CRASHES]) == sorted(CLAUSES)


@pytest.mark.parametrize("name", sorted(REJECTED))
def test_a_clause_rejects_what_costs_too_much(name):
    culprit, compiled = REJECTED[name], lambda program: program
    if isinstance(culprit, types.FunctionType):
        culprit, compiled = zoo.Tape, culprit
    if not isinstance(culprit, types.ModuleType):
        culprit = zoo.namespace_of(culprit)
    with pytest.raises((AssertionError, RecursionError, RuntimeError, TypeError)):
        _ask(name, culprit, compiled)


@pytest.mark.parametrize(
    "name", sorted(name for name in CLAUSES if CLAUSES[name][0].level != OBSERVED)
)
def test_a_clause_accepts_the_honest_tape(name):
    _ask(name, zoo.namespace_with())
