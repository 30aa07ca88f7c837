"""Own gradients: what functions say of their derivatives is believed, whatever they compute."""

import numpy as np

from tapecheck import MUST, SHOULD, clause
from tapecheck.programs import CORE, Trial, check, for_programs

FACTOR = 3.0
"""By what a gradient that a function brings differs from the one that a tape finds."""


def tensors_of(program, sources):
    """The sources that are tensors: what a function is given. It reads those that are variables."""
    return [one for source, one in zip(program.sources, sources) if not source.is_variable]


def gradients_of(trial, sources, make_function):
    """The gradients, with zeros for None, of what a function computes that is made as told.

    Args:
        make_function: from a function that computes the program from its tensors, and finds its
            variables, to one that is called in its place.
    """
    program = trial.program

    def compute(*given):
        tensors = iter(given)
        pairs = zip(program.sources, sources)
        return trial.compute(
            [one if source.is_variable else next(tensors) for source, one in pairs]
        )

    given = tensors_of(program, sources)
    with trial.tf.GradientTape() as tape:
        tape.watch(given)
        targets = make_function(compute)(*given)
    return tape.gradient(targets, sources, unconnected_gradients="zero")


def check_all(trial, answers, factor=1.0):
    weights = [np.full(target.shape, factor) for target in trial.exact.targets()]
    for answer, exact in zip(answers, trial.exact.gradients(cotangents=weights)):
        check(answer, exact)


@clause(MUST, needs=CORE + " custom_gradient nested unconnected_zero", modes="eager")
@for_programs(CORE, examples=25, deep=1500)
def test_a_function_brings_its_own_gradient(tf, run, program):
    """A function's own gradient counts, by its arguments and by the variables that it reads."""
    trial = Trial(tf, run, program)

    def with_own_gradient(compute):
        @tf.custom_gradient
        def function(*given):
            def gradient(*upstream, variables=()):
                inner = [*given, *variables]
                with tf.GradientTape() as tape:
                    tape.watch(inner)
                    targets = compute(*given)
                weights = [FACTOR * one for one in upstream]
                answers = tape.gradient(targets, inner, weights, unconnected_gradients="zero")
                answers = [tf.convert_to_tensor(one) for one in answers]
                by_given, by_variables = answers[: len(given)], answers[len(given) :]
                return (by_given, by_variables) if variables else by_given

            return compute(*given), gradient

        return function

    check_all(
        trial,
        trial.ask(lambda trial, sources: gradients_of(trial, sources, with_own_gradient)),
        FACTOR,
    )


@clause(SHOULD, needs=CORE + " recompute_grad unconnected_zero", modes="eager")
@for_programs(CORE, examples=15, deep=1500)
def test_what_is_computed_again_reads_its_variables_again(tf, run, program):
    """What is computed again in the backward pass has gradients by the variables that it reads."""
    trial = Trial(tf, run, program)
    check_all(
        trial, trial.ask(lambda trial, sources: gradients_of(trial, sources, tf.recompute_grad))
    )
