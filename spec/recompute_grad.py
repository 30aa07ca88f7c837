"""Recomputed and passed-through gradients: functions wrapped for the backward pass."""

import numpy as np

from tapecheck import (
    MUST,
    OBSERVED,
    SHOULD,
    assert_close,
    assert_equal,
    assert_none,
    assert_same,
    assert_structure,
    clause,
    raises,
)


@clause(MUST, covers="CUS-25", needs="arrays recompute_grad")
def test_a_recomputed_function_has_the_same_value_and_gradient(tf, run):
    """recompute_grad(f) has the values of f and the gradients of f."""
    recomputed = tf.recompute_grad(lambda x, w: x * x * w)

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = recomputed(x * 2.0, w) * 7.0
        return y, tape.gradient(y, [x, w])

    value, gradients = run(program, tf.constant(3.0), tf.constant([5.0, 11.0]))
    assert_close(value, [7 * 36.0 * 5, 7 * 36.0 * 11])
    assert_structure(gradients, [7 * 2 * 6.0 * 2 * (5 + 11), np.array([7 * 36.0, 7 * 36.0])])


@clause(MUST, covers="CUS-25", needs="arrays recompute_grad variables")
def test_a_recomputed_function_has_gradients_of_its_variables(tf, run):
    """Variables that a recomputed function reads have the gradients of the plain function."""
    scale, offset = tf.Variable(3.0), tf.Variable([5.0, 7.0])
    recomputed = tf.recompute_grad(lambda x: x * scale * scale + offset)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = recomputed(x) * [2.0, 3.0]
        return y, tape.gradient(y, [x, scale, offset])

    value, gradients = run(program, tf.constant([1.0, 2.0]))
    assert_close(value, [2 * 14.0, 3 * 25.0])
    expected = [np.array([18.0, 27.0]), (2 * 1.0 + 3 * 2.0) * 2 * 3.0, np.array([2.0, 3.0])]
    assert_structure(gradients, expected)


@clause(MUST, covers="CUS-25", needs="recompute_grad variables")
def test_recomputed_functions_form_chains(tf, run):
    """A recomputed function that is applied to its own result is differentiated each time."""
    factor = tf.Variable(3.0)
    recomputed = tf.recompute_grad(lambda x: x * factor)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x
            for _ in range(4):
                y = recomputed(y)
        return y, tape.gradient(y, [x, factor])

    answers = run(program, tf.constant(2.0))
    assert_structure(answers, (2 * 3.0**4, [3.0**4, 2 * 4 * 3.0**3]))


@clause(MUST, covers="CUS-25", needs="recompute_grad")
def test_a_recomputed_function_has_several_outputs(tf, run):
    """A recomputed function may return a sequence; the gradients of all outputs are summed."""
    recomputed = tf.recompute_grad(lambda x, w: (x * w, x * x))

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            product, square = recomputed(x, w)
            y = product * 7.0 + square * 11.0
        return product, square, tape.gradient(y, [x, w])

    answers = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_structure(answers, (15.0, 9.0, [7 * 5.0 + 11 * 2 * 3.0, 7 * 3.0]))


@clause(MUST, covers="CUS-25", needs="recompute_grad persistent")
def test_an_unused_output_of_a_recomputed_function_adds_nothing(tf, run):
    """The gradient of one output of a recomputed function is that of this output alone."""
    recomputed = tf.recompute_grad(lambda x: (x * x, x * 5.0))

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            square, multiple = recomputed(x)
        return tape.gradient(square, x), tape.gradient(multiple, x)

    assert_structure(run(program, tf.constant(3.0)), (6.0, 5.0))


@clause(MUST, covers="CUS-25", needs="arrays recompute_grad")
def test_a_recomputed_function_is_plain_without_a_tape(tf, run):
    """Outside of any tape a recomputed function returns the value of the function."""
    recomputed = tf.recompute_grad(lambda x: x * x)
    assert_close(run(recomputed, tf.constant([2.0, 3.0])), [4.0, 9.0])


@clause(MUST, covers="CUS-26", needs="recompute_grad")
def test_a_recomputed_function_runs_again_for_the_gradient(tf, run):
    """A recomputed function runs once more in the backward pass for each time it was called."""

    def program(x):
        calls = []
        recomputed = tf.recompute_grad(lambda x: calls.append("run") or x * 3.0)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x
            for _ in range(4):
                y = recomputed(y)
        assert_equal(len(calls), 4)
        gradient = tape.gradient(y, x)
        assert_equal(len(calls), 8)
        return gradient

    assert_close(run(program, tf.constant(2.0)), 3.0**4)


@clause(MUST, covers="CUS-26", needs="persistent recompute_grad")
def test_what_a_recomputed_function_computes_is_not_recorded(tf, run):
    """With recompute_grad a tape records the call and its inputs, not what happens inside."""

    def program(x):
        inside = []
        recomputed = tf.recompute_grad(lambda x: inside.append(x * x) or inside[-1] * 5.0)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = recomputed(x)
        return tape.gradient(inside[0], x), tape.gradient(y, x)

    of_inside, of_result = run(program, tf.constant(3.0))
    assert_none(of_inside)
    assert_close(of_result, 5 * 6.0)


@clause(SHOULD, covers="CUS-27", needs="recompute_grad", since="2.8", modes="eager")
def test_the_recomputed_function_is_known(tf, run):
    """The function that recompute_grad wraps is available as __wrapped__."""

    def square(x):
        return x * x

    recomputed = tf.recompute_grad(square)
    assert_same(recomputed.__wrapped__, square)
    assert_close(run(recomputed, tf.constant(3.0)), 9.0)


@clause(OBSERVED, covers="CUS-28", needs="arrays recompute_grad")
def test_an_unconnected_argument_of_a_recomputed_function_has_zeros(tf, run):
    """An argument that does not influence a recomputed function has zeros, not None."""
    recomputed = tf.recompute_grad(lambda x, w: x * 2.0)

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = recomputed(x, w)
        return tape.gradient(y, [x, w])

    gradients = run(program, tf.constant(3.0), tf.constant([5.0, 7.0]))
    assert_structure(gradients, [2.0, np.array([0.0, 0.0])])


@clause(OBSERVED, covers="CUS-25", needs="recompute_grad", modes="eager")
def test_a_recomputed_function_takes_keyword_arguments(tf, run):
    """Keyword arguments reach a recomputed function both times, and have no gradient."""
    recomputed = tf.recompute_grad(lambda x, factor=1.0: x * x * factor)

    def program(x, factor):
        with tf.GradientTape() as tape:
            tape.watch([x, factor])
            y = recomputed(x, factor=factor)
        return y, tape.gradient(y, [x, factor])

    answers = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_structure(answers, (45.0, [5 * 6.0, None]))


@clause(OBSERVED, covers="CUS-25", needs="persistent arrays recompute_grad output_gradients")
def test_recomputation_ignores_infinite_and_missing_upstream_values(tf, run):
    """Infinite, NaN and empty upstream gradients reach the function's gradient unchanged."""
    recomputed = tf.recompute_grad(lambda x: x * 2.0)

    def program(x, seed, nothing):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, nothing])
            y, empty = recomputed(x), recomputed(nothing)
        return tape.gradient(y, x, output_gradients=seed), tape.gradient(empty, nothing)

    seed = tf.constant([np.nan, 3.0, np.inf])
    gradient, empty = run(program, tf.constant([1.0, 1.0, 1.0]), seed, tf.zeros([0]))
    assert_close(gradient, [np.nan, 6.0, np.inf])
    assert_close(empty, np.zeros([0]))


@clause(
    OBSERVED, covers="CUS-29", needs="arrays recompute_grad forward", since="2.1", modes="eager"
)
def test_a_recomputed_function_has_no_forward_derivative(tf, run):
    """A recomputed function called under a forward accumulator raises NotImplementedError."""
    recomputed = tf.recompute_grad(lambda x: x * x)

    def program(x):
        with tf.autodiff.ForwardAccumulator(x, tf.ones([])):
            with raises(NotImplementedError, "recompute_grad"):
                recomputed(x)

    run(program, tf.constant(3.0))


def _first_and_second_derivative(tf, recomputed, x):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = recomputed(x)
        first = inner.gradient(y, x)
    return first, outer.gradient(first, x)


@clause(OBSERVED, covers="CUS-30", needs="recompute_grad nested", modes="eager")
def test_nested_tapes_give_second_derivatives_of_recomputed_functions(tf, run):
    """Nested tapes give the second derivative of a recomputed function."""
    recomputed = tf.recompute_grad(lambda x: x * x * x)
    answers = run(lambda x: _first_and_second_derivative(tf, recomputed, x), tf.constant(2.0))
    assert_structure(answers, (3 * 2.0**2, 6 * 2.0))


@clause(OBSERVED, covers="CUS-30", needs="recompute_grad nested graph", modes="function jit")
def test_traced_programs_refuse_second_derivatives_of_recomputed_functions(tf, run):
    """In a traced program a second derivative of a recomputed function is NotImplementedError.

    The recomputation is made to wait for the upstream gradient, on which it so depends.
    """
    recomputed = tf.recompute_grad(lambda x: x * x * x)

    def program(x):
        with raises(NotImplementedError, "recompute_grad"):
            _first_and_second_derivative(tf, recomputed, x)

    run(program, tf.constant(2.0))


@clause(SHOULD, covers="CUS-31", needs="recompute_grad graph variables", modes="eager")
def test_a_compiled_function_recomputes(tf, run):
    """A tape outside of a compiled function differentiates a recomputed function inside of it."""
    factor = tf.Variable(3.0)
    recomputed = tf.recompute_grad(lambda x: x * x * factor)
    compiled = tf.function(lambda x: recomputed(x) * 7.0, autograph=False)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = compiled(x)
        return y, tape.gradient(y, [x, factor])

    answers = run(program, tf.constant(2.0))
    assert_structure(answers, (7 * 12.0, [7 * 3 * 4.0, 7 * 4.0]))


@clause(SHOULD, covers="CUS-31", needs="recompute_grad graph", modes="eager function")
def test_a_compiled_function_is_recomputed(tf, run):
    """recompute_grad wraps a compiled function."""
    recomputed = tf.recompute_grad(tf.function(lambda x: x * x, autograph=False))

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = recomputed(x * 2.0)
        return y, tape.gradient(y, x)

    assert_structure(run(program, tf.constant(3.0)), (36.0, 2 * 6.0 * 2))


@clause(
    SHOULD, covers="CUS-41 CUS-27", needs="arrays recompute_grad keras", since="2.8", modes="eager"
)
def test_a_model_is_recomputed(tf, run):
    """recompute_grad around a Keras model gives gradients of its variables, kept in __wrapped__."""
    runs = []
    dense = tf.keras.layers.Dense(2, kernel_initializer="ones")
    note = tf.keras.layers.Lambda(lambda x: runs.append("run") or x)
    recomputed = tf.recompute_grad(tf.keras.Sequential([note, dense]))

    def program(x):
        recomputed(x)
        runs.clear()
        with tf.GradientTape() as tape:
            y = recomputed(recomputed(x))
        assert_equal(len(runs), 2)
        gradients = tape.gradient(y, recomputed.__wrapped__.variables)
        assert_equal(len(runs), 4)
        return gradients

    kernel, bias = run(program, tf.constant([[1.0, 2.0]]))
    assert_close(kernel, [[3.0 + 2 * 1.0] * 2, [3.0 + 2 * 2.0] * 2])
    assert_close(bias, [1.0 + 2.0] * 2)


@clause(MUST, covers="CUS-32", needs="grad_pass_through variables state")
def test_an_assignment_passes_the_gradient_through(tf, run):
    """grad_pass_through has the value of the wrapped function and the gradient of the identity.

    With z = 3 the assignment of z**2 has the value 9 and the gradient 2*z.
    """
    x, z = tf.Variable(1.0), tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            y = tf.grad_pass_through(x.assign)(z * z)
        return y, tape.gradient(y, z)

    assert_structure(run(program), (9.0, 6.0))
    assert_close(x, 9.0)


@clause(MUST, covers="CUS-32", needs="arrays grad_pass_through")
def test_the_gradient_of_the_wrapped_function_is_left_out(tf, run):
    """A wrapped function that multiplies has its value, and the gradient of the identity."""
    passed = tf.grad_pass_through(lambda x: x * x * 5.0)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = passed(x * 2.0) * [7.0, 11.0]
        return y, tape.gradient(y, x)

    value, gradient = run(program, tf.constant([1.0, 3.0]))
    assert_close(value, [5 * 4.0 * 7, 5 * 36.0 * 11])
    assert_close(gradient, [2 * 7.0, 2 * 11.0])


@clause(SHOULD, covers="CUS-32", needs="grad_pass_through")
def test_each_output_passes_its_gradient_to_its_input(tf, run):
    """With several inputs and as many outputs each input has the gradient of its output."""
    passed = tf.grad_pass_through(lambda x, w: (x * w, x + w))

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            product, total = passed(x, w)
            y = product * 7.0 + total * 11.0
        return product, total, tape.gradient(y, [x, w])

    answers = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_structure(answers, (15.0, 8.0, [7.0, 11.0]))


@clause(SHOULD, covers="CUS-33", needs="grad_pass_through variables persistent")
def test_variables_of_a_passed_through_function_have_no_gradient(tf, run):
    """A variable that only the wrapped function reads has no gradient."""
    factor, offset = tf.Variable(3.0), tf.Variable(5.0)
    passed = tf.grad_pass_through(lambda x: x * factor + offset)

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = passed(x)
            z = y * 7.0 + offset
        return y, tape.gradient(y, [x, factor]), tape.gradient(z, [x, factor, offset])

    answers = run(program, tf.constant(2.0))
    assert_structure(answers, (11.0, [1.0, None], [7.0, None, 1.0]))


@clause(SHOULD, covers="CUS-34", needs="arrays elementary grad_pass_through")
def test_rounding_is_made_straight_through(tf, run):
    """Rounding that is wrapped by grad_pass_through rounds, and has the gradient one."""
    rounded = tf.grad_pass_through(tf.round)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = rounded(x) * 3.0
        return y, tape.gradient(y, x)

    value, gradient = run(program, tf.constant([1.75, 0.25]))
    assert_close(value, [6.0, 0.0])
    assert_close(gradient, [3.0, 3.0])


@clause(SHOULD, covers="CUS-32", needs="grad_pass_through graph variables", modes="eager")
def test_a_compiled_function_passes_gradients_through(tf, run):
    """A tape outside of a compiled function sees gradients passed through inside of it."""
    factor = tf.Variable(3.0)
    passed = tf.grad_pass_through(lambda x: x * x * factor)
    compiled = tf.function(lambda x: passed(x) * 7.0, autograph=False)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = compiled(x)
        return y, tape.gradient(y, [x, factor])

    assert_structure(run(program, tf.constant(2.0)), (84.0, [7.0, None]))


@clause(OBSERVED, covers="CUS-32", needs="grad_pass_through", modes="eager")
def test_the_passed_through_function_is_known(tf, run):
    """grad_pass_through hands keyword arguments on and keeps the function as __wrapped__."""

    def scaled(x, factor=1.0):
        return x * factor

    passed = tf.grad_pass_through(scaled)
    assert_same(passed.__wrapped__, scaled)
    assert_close(run(lambda x: passed(x, factor=5.0), tf.constant(3.0)), 15.0)
