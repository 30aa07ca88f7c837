"""Second order: derivatives of derivatives are exact, symmetric, and the same in every way."""

import numpy as np

from tapecheck import MUST, SHOULD, assert_close, clause
from tapecheck.programs import CORE, Trial, ask_together, check, for_batches, for_programs
from tapecheck.programs.second import LEFT_OUT, hessians, product, products


@clause(MUST, needs=CORE + " nested", modes="eager")
@for_programs(CORE, without=LEFT_OUT, examples=25, deep=1500, question="hessian")
def test_products_with_the_hessian_are_exact(tf, run, program):
    """The gradient of a weighted gradient is the product of the Hessian with the weights."""
    trial = Trial(tf, run, program)
    for answer, exact in zip(trial.ask(products("reverse over reverse")), product(trial)):
        check(answer, exact)


@clause(SHOULD, needs=CORE + " linalg nn special nested", modes="eager")
@for_programs(
    CORE + " linalg nn special",
    without=LEFT_OUT,
    examples=25,
    deep=1500,
    question="hessian",
)
def test_second_derivatives_of_matrices_and_networks_are_exact(tf, run, program):
    """The gradient of a gradient of matrices and network layers is exact."""
    trial = Trial(tf, run, program)
    for answer, exact in zip(trial.ask(products("reverse over reverse")), product(trial)):
        check(answer, exact)


@clause(SHOULD, needs="arrays exp control_flow dtype-int nested stop_gradient", modes="eager")
@for_programs(
    "arrays exp control_flow dtype-int nested stop_gradient",
    without=LEFT_OUT,
    steps=6,
    examples=20,
    deep=1500,
    question="hessian",
)
def test_second_derivatives_through_control_flow_and_gradients_are_exact(tf, run, program):
    """Branches, loops and gradients within a program are differentiated twice exactly."""
    trial = Trial(tf, run, program)
    for answer, exact in zip(trial.ask(products("reverse over reverse")), product(trial)):
        check(answer, exact)


@clause(SHOULD, needs=CORE + " nested jacobian", modes="eager")
@for_programs(CORE, sources=2, without=LEFT_OUT, examples=8, deep=500, question="hessian")
def test_a_hessian_is_exact_and_symmetric(tf, run, program):
    """The jacobian of the gradient is the Hessian, in which both sources are alike."""
    trial = Trial(tf, run, program)
    answers = trial.ask(hessians)
    for row, exact_row in zip(answers, trial.exact.hessians()):
        for answer, exact in zip(row, exact_row):
            check(answer, exact)
    for i, j in ((0, 1), (1, 0)):
        if max(i, j) < len(answers):
            rank = len(program.sources[i].shape)
            swapped = _axes_swapped(answers[j][i], len(program.sources[j].shape), rank)
            check(answers[i][j], trial.exact.hessians()[i][j])
            check(swapped, trial.exact.hessians()[i][j])


def _axes_swapped(array, first, second):
    order = [*range(first, first + second), *range(first)]
    return np.transpose(np.asarray(array), order)


@clause(SHOULD, needs="arrays elementary exp forward nested", modes="eager")
@for_programs(
    "arrays elementary exp",
    sources=2,
    without=("gather", *LEFT_OUT),
    examples=12,
    deep=800,
    question="hessian",
)
def test_the_four_ways_to_second_order_agree(tf, run, program):
    """Reverse and forward mode, each over each, give one second derivative along a direction."""
    trial = Trial(tf, run, program)
    exact = product(trial)
    for way in ("reverse over reverse", "forward over reverse", "reverse over forward"):
        for answer, one in zip(trial.ask(products(way)), exact):
            check(answer, one)
    if not program.takes_a_value_twice():
        # The next law asks that, of shapes of its own: what is wrong then may stay wrong.
        curvature = trial.exact.along(trial.direction_arrays(), 2)
        check(trial.ask(products("forward over forward")), curvature)


@clause(SHOULD, needs="arrays forward nested dtype-float", modes="eager")
def test_a_square_leaves_mixed_derivatives_of_products_alone(tf, run):
    """A product has the mixed derivative 2 v w along (v, w), whatever was squared before it."""

    def second(compute, primals, tangents):
        with tf.autodiff.ForwardAccumulator(primals, tangents) as outer:
            with tf.autodiff.ForwardAccumulator(primals, tangents) as inner:
                y = compute(*primals)
            tangent = inner.jvp(y)
        return outer.jvp(tangent)

    x, y, v, w = (tf.constant([number] * 13, tf.float64) for number in (3.0, 5.0, 1.0, 10.0))
    assert_close(second(lambda x: x * x, [x], [v]), [2.0] * 13)
    assert_close(second(lambda x, y: x * y, [x, y], [v, w]), [20.0] * 13)


@clause(SHOULD, needs=CORE + " forward", modes="eager")
@for_programs(CORE, without=("gather", *LEFT_OUT), examples=30, deep=1500, question="tangent")
def test_tangents_are_exact(tf, run, program):
    """The tangent of any program along a direction is exact to a few roundings."""
    trial = Trial(tf, run, program)
    check(trial.ask(products("forward")), trial.exact.along(trial.direction_arrays(), 1))


@clause(SHOULD, needs=CORE + " nested", modes="function jit")
@for_batches(CORE, steps=6, without=LEFT_OUT, examples=2, deep=150)
def test_compiled_second_derivatives_are_exact(tf, run, batch):
    """The gradient of a gradient within a compiled program is exact."""
    trials = [Trial(tf, run, program) for program in batch]
    for trial, answers in zip(trials, ask_together(trials, products("reverse over reverse"))):
        for answer, exact in zip(answers, product(trial)):
            check(answer, exact)
