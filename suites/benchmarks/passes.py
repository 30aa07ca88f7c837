"""Passes: how often forward and backward passes run. They are counted, so that no time matters."""

from tapecheck import OBSERVED, SHOULD, assert_close, assert_equal, clause
from tapecheck.costs import Counted


@clause(SHOULD, needs="custom_gradient")
def test_a_gradient_runs_each_operation_back_once(tf, run):
    """A gradient runs each recorded operation back once, however many paths lead through it.

    There are two to the power of forty paths.
    """
    step = Counted(tf)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x
            for _ in range(40):
                y = step(y)
                y = 0.5 * (y + y)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 1.0)
    assert_equal(step.backward, 40)


@clause(SHOULD, needs="custom_gradient")
def test_a_gradient_does_not_run_the_forward_pass_again(tf, run):
    """What was computed while the tape recorded is not computed again for the gradient."""
    step = Counted(tf)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = step(step(x) * x)
        before = step.forward
        gradient = tape.gradient(y, x)
        assert_equal(step.forward, before)
        return gradient

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(SHOULD, needs="custom_gradient")
def test_many_sources_are_one_backward_pass(tf, run):
    """The gradient by many sources takes one backward pass, not one for each of them."""
    step = Counted(tf)

    def program(x):
        sources = [x * float(number) for number in range(10)]
        with tf.GradientTape() as tape:
            tape.watch(sources)
            total = sources[0]
            for source in sources[1:]:
                total = total + source
            y = step(total)
        return tape.gradient(y, sources)

    for gradient in run(program, tf.constant(3.0)):
        assert_close(gradient, 1.0)
    assert_equal(step.backward, 1)


@clause(SHOULD, needs="custom_gradient")
def test_many_targets_are_one_backward_pass(tf, run):
    """The gradient of many targets takes one backward pass, not one for each of them."""
    step = Counted(tf)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = step(x)
            targets = [y * float(number) for number in range(10)]
        return tape.gradient(targets, x)

    assert_close(run(program, tf.constant(3.0)), 45.0)
    assert_equal(step.backward, 1)


@clause(SHOULD, needs="custom_gradient persistent")
def test_a_question_is_one_backward_pass(tf, run):
    """A question to a persistent tape runs back once what it needs, whatever was asked before."""
    step = Counted(tf)

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = step(x)
            z = y * y
        counts, gradients = [], []
        for target in (z, y, z):
            gradients.append(tape.gradient(target, x))
            counts.append(step.backward)
        assert_equal(counts, [1, 2, 3])
        return gradients

    for gradient, expected in zip(run(program, tf.constant(3.0)), (6.0, 1.0, 6.0)):
        assert_close(gradient, expected)


@clause(SHOULD, needs="custom_gradient nested")
def test_a_derivative_of_third_order_is_three_backward_passes(tf, run):
    """Each of three nested tapes runs an operation of the innermost block back once."""
    step = Counted(tf)

    def program(x):
        with tf.GradientTape() as third:
            third.watch(x)
            with tf.GradientTape() as second:
                second.watch(x)
                with tf.GradientTape() as first:
                    first.watch(x)
                    y = step(x)
                    z = y * y * y * y
                slope = first.gradient(z, x)
            curvature = second.gradient(slope, x)
        return third.gradient(curvature, x)

    assert_close(run(program, tf.constant(3.0)), 72.0)
    assert_equal(step.backward, 3)


@clause(SHOULD, needs="arrays custom_gradient jacobian")
def test_a_jacobian_is_at_most_one_backward_pass_a_row(tf, run):
    """A jacobian takes no more backward passes than its target has elements."""
    step = Counted(tf)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = step(x) * x
        return tape.jacobian(y, x)

    answer = run(program, tf.constant([1.0, 2.0]))
    assert_close(answer, [[2.0, 0.0], [0.0, 4.0]])
    assert_equal(1 <= step.backward <= 2, True)


@clause(SHOULD, needs="arrays batch_jacobian custom_gradient")
def test_a_batch_jacobian_is_at_most_one_backward_pass_a_row_of_one_example(tf, run):
    """A batch jacobian takes no more backward passes than one example's target has elements."""
    step = Counted(tf)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = step(x) * x
        return tape.batch_jacobian(y, x)

    answer = run(program, tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    exact = [[[2.0, 0.0], [0.0, 4.0]], [[6.0, 0.0], [0.0, 8.0]], [[10.0, 0.0], [0.0, 12.0]]]
    assert_close(answer, exact)
    assert_equal(1 <= step.backward <= 2, True)


@clause(OBSERVED, needs="arrays custom_gradient jacobian")
def test_a_vectorised_jacobian_is_one_backward_pass(tf, run):
    """By default a jacobian takes one backward pass for all rows at once."""
    step = Counted(tf)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = step(x) * x
        return tape.jacobian(y, x)

    answer = run(program, tf.constant([1.0, 2.0, 3.0]))
    assert_close(answer, [[2.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 6.0]])
    assert_equal(step.backward, 1)
