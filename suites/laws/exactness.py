"""Exactness: whatever a program is made of, its gradients are those of the oracle."""

from tapecheck import MUST, SHOULD, clause
from tapecheck.programs import CORE, Trial, ask_together, check, for_batches, for_programs

NOT_COMPILED = ("cholesky", "det", "inv", "log_abs_det", "solve")
"""What no promise says that an optimising compiler knows."""


def gradients(trial, sources):
    tape, targets = trial.record(sources)
    return tape.gradient(targets, sources)


def are_exact(tf, run, program):
    trial = Trial(tf, run, program)
    trial.check_gradients(trial.ask(gradients))


@clause(MUST, needs=CORE, modes="eager")
@for_programs(CORE, examples=60, deep=4000)
def test_gradients_are_exact(tf, run, program):
    """The gradient of any program by its sources is exact to a few roundings, or None."""
    are_exact(tf, run, program)


@clause(SHOULD, needs=CORE + " linalg nn special", modes="eager")
@for_programs(CORE + " linalg nn special", examples=60, deep=4000)
def test_gradients_of_matrices_and_networks_are_exact(tf, run, program):
    """The gradient of any program of matrices and network layers is exact to a few roundings."""
    are_exact(tf, run, program)


@clause(
    SHOULD, needs="arrays exp control_flow dtype-int nested stop_gradient variables", modes="eager"
)
@for_programs(
    "arrays exp control_flow dtype-int nested stop_gradient variables", examples=50, deep=4000
)
def test_gradients_through_control_flow_and_gradients_are_exact(tf, run, program):
    """Branches, loops, and gradients that are part of the program are differentiated exactly."""
    are_exact(tf, run, program)


@clause(SHOULD, needs="arrays exp recompute_grad variables", modes="eager")
@for_programs("arrays exp recompute_grad variables", examples=30, deep=2000)
def test_gradients_of_what_is_computed_again_are_exact(tf, run, program):
    """What is computed again in the backward pass has the gradient of what is kept."""
    are_exact(tf, run, program)


@clause(SHOULD, needs="arrays exp graph variables", modes="eager")
@for_programs("arrays exp graph variables", steps=4, examples=10, deep=600)
def test_gradients_of_compiled_parts_are_exact(tf, run, program):
    """What a compiled function computes has the gradient of what is computed step by step."""
    are_exact(tf, run, program)


@clause(MUST, needs=CORE + " output_gradients", modes="eager")
@for_programs(CORE, examples=30, deep=2000)
def test_gradients_with_cotangents_are_exact(tf, run, program):
    """With output_gradients every target counts as often as they say."""
    trial = Trial(tf, run, program)

    def weighted(trial, sources):
        tape, targets = trial.record(sources)
        return tape.gradient(targets, sources, output_gradients=trial.weights())

    trial.check_gradients(trial.ask(weighted), cotangents=trial.weight_arrays())


@clause(SHOULD, needs=CORE + " jacobian", modes="eager")
@for_programs(CORE, examples=12, deep=800)
def test_jacobians_are_exact(tf, run, program):
    """The jacobian of any program is exact to a few roundings."""
    trial = Trial(tf, run, program)

    def jacobians(trial, sources):
        tape, targets = trial.record(sources)
        return tape.jacobian(targets[0], sources)

    answers = trial.ask(jacobians)
    for answer, exact, path in zip(answers, trial.exact.jacobians(), trial.exact.paths([0])):
        check(answer, exact, path)


@clause(MUST, needs=CORE + " unconnected_zero", modes="eager")
@for_programs(CORE, examples=30, deep=2000)
def test_zeros_are_given_in_place_of_none(tf, run, program):
    """On request a gradient that would be None is zeros of the shape of its source."""
    trial = Trial(tf, run, program)

    def with_zeros(trial, sources):
        tape, targets = trial.record(sources)
        return tape.gradient(targets, sources, unconnected_gradients="zero")

    for answer, exact in zip(trial.ask(with_zeros), trial.exact.gradients()):
        check(answer, exact)


@clause(SHOULD, needs=CORE + " jacobian unconnected_zero", modes="eager")
@for_programs(CORE, examples=8, deep=800)
def test_zeros_are_given_in_place_of_jacobians_that_are_none(tf, run, program):
    """On request a jacobian that would be None is zeros of its usual shape."""
    trial = Trial(tf, run, program)

    def with_zeros(trial, sources):
        tape, targets = trial.record(sources)
        return tape.jacobian(targets[0], sources, unconnected_gradients="zero")

    for answer, exact in zip(trial.ask(with_zeros), trial.exact.jacobians()):
        check(answer, exact)


@clause(SHOULD, needs=CORE + " nested", modes="function jit")
@for_batches(CORE + " nested", examples=3, deep=300)
def test_compiled_gradients_are_exact(tf, run, batch):
    """The gradient within a compiled program is exact to a few roundings."""
    check_together(tf, run, batch)


@clause(SHOULD, needs=CORE + " linalg nn special stop_gradient", modes="function jit")
@for_batches(CORE + " linalg nn special stop_gradient", without=NOT_COMPILED, examples=3, deep=300)
def test_compiled_gradients_of_matrices_and_networks_are_exact(tf, run, batch):
    """The gradient within a compiled program of matrices and network layers is exact."""
    check_together(tf, run, batch)


@clause(SHOULD, needs="arrays exp control_flow dtype-int variables", modes="function jit")
@for_batches("arrays exp control_flow dtype-int variables", examples=3, deep=300)
def test_compiled_gradients_through_control_flow_are_exact(tf, run, batch):
    """Branches and loops of a compiled program are differentiated exactly."""
    check_together(tf, run, batch)


def check_together(tf, run, batch):
    trials = [Trial(tf, run, program) for program in batch]
    for trial, answers in zip(trials, ask_together(trials, gradients)):
        trial.check_gradients(answers)
