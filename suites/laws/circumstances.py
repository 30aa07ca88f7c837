"""Circumstances: mode, device and precision do not change what is differentiated."""

from tapecheck import MUST, SHOULD, clause
from tapecheck.backends import Backend
from tapecheck.programs import CORE, Trial, agree, ask_together, check, for_batches, for_programs
from tapecheck.programs.second import LEFT_OUT, hessians, product, products


def gradients(trial, sources):
    tape, targets = trial.record(sources)
    return tape.gradient(targets, sources)


def at_once(program, *arguments):
    return program(*arguments)


@clause(MUST, needs=CORE, modes="function jit")
@for_batches(CORE, examples=3, deep=300)
def test_a_compiled_program_equals_an_eager_one(tf, run, batch):
    """A gradient within a compiled program is that of the same program run step by step."""
    compiled = ask_together([Trial(tf, run, program) for program in batch], gradients)
    for program, answers in zip(batch, compiled):
        trial = Trial(tf, at_once, program)
        others = trial.ask(gradients)
        for answer, other, exact in zip(answers, others, trial.exact.gradients()):
            agree(answer, other, exact)


@clause(SHOULD, needs=CORE + " jacobian nested", modes="function jit")
@for_batches(CORE, examples=2, deep=100, together=2, steps=5, sources=2, without=LEFT_OUT)
def test_a_compiled_hessian_equals_an_eager_one(tf, run, batch):
    """A Hessian within a compiled program is that of the same program run step by step."""
    trials = [Trial(tf, run, program) for program in batch]
    for trial, answers in zip(trials, ask_together(trials, hessians)):
        for row, exact_row in zip(answers, trial.exact.hessians()):
            for answer, exact in zip(row, exact_row):
                check(answer, exact)


@clause(MUST, needs=CORE, modes="eager", devices=2)
@for_programs(CORE, examples=15, deep=800)
def test_the_device_does_not_matter(tf, run, devices, program):
    """A gradient is the same wherever the program, or its backward pass, runs."""
    trial = Trial(tf, run, program)
    backend = Backend("", tf)

    def elsewhere(trial, sources):
        with backend.device(devices[0]):
            tape, targets = trial.record(sources)
        with backend.device(devices[1]):
            return tape.gradient(targets, sources)

    with backend.device(devices[1]):
        there = Trial(tf, run, program).ask(gradients)
    here, between = trial.ask(gradients), trial.ask(elsewhere)
    for answers in (there, between):
        for answer, other, exact in zip(answers, here, trial.exact.gradients()):
            agree(answer, other, exact)


@clause(MUST, needs=CORE + " dtype-float", modes="eager")
@for_programs(CORE, examples=40, deep=2500)
def test_single_precision_agrees_with_double(tf, run, program):
    """In float32 a gradient is that in float64, as far as float32 goes."""
    single, double = (Trial(tf, run, program, dtype) for dtype in ("float32", "float64"))
    answers, exact = single.ask(gradients), single.exact.gradients()
    single.check_gradients(answers)
    for answer, other, one in zip(answers, double.ask(gradients), exact):
        agree(answer, other, one)


@clause(SHOULD, needs=CORE + " dtype-float linalg nested nn", modes="eager")
@for_programs(CORE + " linalg nn", without=LEFT_OUT, examples=20, deep=1500)
def test_second_derivatives_in_single_precision_are_exact(tf, run, program):
    """In float32 a second derivative is exact as far as float32 goes."""
    trial = Trial(tf, run, program, "float32")
    for answer, exact in zip(trial.ask(products("reverse over reverse")), product(trial)):
        check(answer, exact)
