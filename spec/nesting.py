"""Nesting: several tapes at once, and gradients of gradients."""

import numpy as np

from tapecheck import (
    MUST,
    OBSERVED,
    SHOULD,
    assert_close,
    assert_none,
    assert_structure,
    clause,
    raises,
)


def hessian_of_cubic(x):
    """The Hessian of sum(x) * sum(x * x) at `x`, of shape x.shape + x.shape.

    Its entry for elements i and j is 2 x_i + 2 x_j, and where i is j another 2 sum(x).
    """
    flat = np.ravel(x)
    hessian = 2 * flat[:, np.newaxis] + 2 * flat + 2 * np.sum(flat) * np.eye(flat.size)
    return hessian.reshape(np.shape(x) + np.shape(x))


def second_derivative(tf, function, x):
    """The derivative of the derivative of `function` at `x`, by two nested tapes."""
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = function(x)
        first = inner.gradient(y, x)
    return outer.gradient(first, x)


@clause(MUST, covers="NST-01", needs="nested")
def test_nested_tapes_give_second_derivatives(tf, run):
    """The outer of two nested tapes differentiates the gradient that the inner one gives."""

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x * x
            first = inner.gradient(y, x)
        return first, outer.gradient(first, x)

    first, second = run(program, tf.constant(5.0))
    assert_close(first, 2 * 5.0)
    assert_close(second, 2.0)


@clause(MUST, covers="NST-02", needs="nested variables")
def test_nested_tapes_give_second_derivatives_by_variables(tf, run):
    """Nested tapes differentiate twice by a variable, which both watch when it is read."""
    x = tf.Variable(1.0)

    def program():
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = x * x * x
            first = inner.gradient(y, x)
        return first, outer.gradient(first, x)

    first, second = run(program)
    assert_close(first, 3 * 1.0**2)
    assert_close(second, 6 * 1.0)


@clause(MUST, covers="NST-03", needs="nested")
def test_tapes_nest_to_any_depth(tf, run):
    """Deeper nesting gives the third and the fourth derivative and so on."""

    def program(x):
        with tf.GradientTape() as first:
            first.watch(x)
            with tf.GradientTape() as second:
                second.watch(x)
                with tf.GradientTape() as third:
                    third.watch(x)
                    with tf.GradientTape() as fourth:
                        fourth.watch(x)
                        y = x * x * x * x
                    d1 = fourth.gradient(y, x)
                d2 = third.gradient(d1, x)
            d3 = second.gradient(d2, x)
        return d1, d2, d3, first.gradient(d3, x)

    d1, d2, d3, d4 = run(program, tf.constant(5.0))
    assert_close(d1, 4 * 5.0**3)
    assert_close(d2, 12 * 5.0**2)
    assert_close(d3, 24 * 5.0)
    assert_close(d4, 24.0)


@clause(MUST, covers="NST-04", needs="nested")
def test_a_gradient_taken_outside_the_outer_block_is_not_differentiated(tf, run):
    """The outer tape gives None for a gradient that was taken after its block had ended."""

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x * x
        first = inner.gradient(y, x)
        return first, outer.gradient(first, x)

    first, second = run(program, tf.constant(3.0))
    assert_close(first, 2 * 3.0)
    assert_none(second)


@clause(MUST, covers="NST-05", needs="nested")
def test_the_outer_tape_does_not_watch_what_the_inner_one_watches(tf, run):
    """A tensor that only the inner tape watches has no gradient by the outer one."""

    def program(x):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x * x
            first = inner.gradient(y, x)
        return first, outer.gradient(first, x)

    first, second = run(program, tf.constant(3.0))
    assert_close(first, 2 * 3.0)
    assert_none(second)


@clause(MUST, covers="NST-05", needs="nested")
def test_the_inner_tape_does_not_watch_what_the_outer_one_watches(tf, run):
    """A tensor that only the outer tape watches has no gradient by the inner one."""

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                y = x * x
        return inner.gradient(y, x), outer.gradient(y, x)

    by_inner, by_outer = run(program, tf.constant(3.0))
    assert_none(by_inner)
    assert_close(by_outer, 2 * 3.0)


@clause(MUST, covers="NST-05 WAT-09", needs="nested")
def test_what_only_the_outer_tape_recorded_is_a_constant_to_the_inner_one(tf, run):
    """What ran before a tape watched its input is a constant to it, though another recorded it.

    The product x * x is computed before the inner tape watches x, so that to this tape x * x * x
    has the derivative x * x.
    """

    def program(x):
        with tf.GradientTape() as outer, tf.GradientTape() as inner:
            outer.watch(x)
            squared = x * x
            inner.watch(x)
            y = squared * x
        return inner.gradient(y, x), outer.gradient(y, x)

    by_inner, by_outer = run(program, tf.constant(3.0))
    assert_close(by_inner, 3.0**2)
    assert_close(by_outer, 3 * 3.0**2)


@clause(MUST, covers="NST-05 WAT-12", needs="nested")
def test_a_watched_result_of_the_outer_tape_has_no_past_on_the_inner_one(tf, run):
    """An inner tape that watches a result of the outer one differentiates from there on only."""

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            y = x * x
            with tf.GradientTape() as inner:
                inner.watch(y)
                z = y * y
        return inner.gradient(z, [y, x]), outer.gradient(z, [y, x])

    by_inner, by_outer = run(program, tf.constant(3.0))
    assert_structure(by_inner, [2 * 3.0**2, None])
    assert_structure(by_outer, [2 * 3.0**2, 4 * 3.0**3])


@clause(MUST, covers="NST-06", needs="nested persistent")
def test_operations_under_two_tapes_are_recorded_by_both(tf, run):
    """The outer tape differentiates what was computed inside the inner block as well."""

    def program(x):
        with tf.GradientTape(persistent=True) as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x * x * x
            first = inner.gradient(y, x)
        return first, outer.gradient(y, x), outer.gradient(first, x)

    by_inner, by_outer, second = run(program, tf.constant(3.0))
    assert_close(by_inner, 3 * 3.0**2)
    assert_close(by_outer, 3 * 3.0**2)
    assert_close(second, 6 * 3.0)


@clause(MUST, covers="NST-06", needs="nested")
def test_the_outer_tape_goes_on_recording_after_the_inner_block(tf, run):
    """The end of the inner block ends the recording of the inner tape only."""

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x * x
            z = y * y
        return inner.gradient(z, x), outer.gradient(z, x)

    by_inner, by_outer = run(program, tf.constant(3.0))
    assert_none(by_inner)
    assert_close(by_outer, 4 * 3.0**3)


@clause(MUST, covers="NST-07", needs="nested persistent")
def test_mixed_derivatives_are_symmetric(tf, run):
    """Differentiating by x and then by y gives the same as by y and then by x.

    Of x^2 y^3 both are 6 x y^2.
    """

    def program(x, y):
        with tf.GradientTape(persistent=True) as outer:
            outer.watch([x, y])
            with tf.GradientTape() as inner:
                inner.watch([x, y])
                z = x * x * (y * y * y)
            by_x, by_y = inner.gradient(z, [x, y])
        return by_x, by_y, outer.gradient(by_x, y), outer.gradient(by_y, x)

    by_x, by_y, by_x_then_y, by_y_then_x = run(program, tf.constant(2.0), tf.constant(3.0))
    assert_close(by_x, 2 * 2.0 * 3.0**3)
    assert_close(by_y, 3 * 2.0**2 * 3.0**2)
    assert_close(by_x_then_y, 6 * 2.0 * 3.0**2)
    assert_close(by_y_then_x, 6 * 2.0 * 3.0**2)


@clause(MUST, covers="NST-08", needs="nested")
def test_an_inner_gradient_is_part_of_a_larger_expression(tf, run):
    """The outer tape differentiates through the inner gradient wherever it is used.

    With y = x^2 and dz/dy = 3 y^2 the sum is x^2 + 3 x^4.
    """

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            y = x * x
            with tf.GradientTape() as inner:
                inner.watch(y)
                z = y * y * y
            total = y + inner.gradient(z, y)
        return total, outer.gradient(total, x)

    total, gradient = run(program, tf.constant(2.0))
    assert_close(total, 2.0**2 + 3 * 2.0**4)
    assert_close(gradient, 2 * 2.0 + 12 * 2.0**3)


@clause(MUST, covers="NST-09", needs="nested persistent")
def test_persistent_tapes_nest_and_answer_repeatedly(tf, run):
    """Persistent inner and outer tapes answer again and again, each the same."""

    def program(x):
        with tf.GradientTape(persistent=True) as outer:
            outer.watch(x)
            y = x * x
            with tf.GradientTape(persistent=True) as inner:
                inner.watch(y)
                z = y * y
            first = [inner.gradient(z, y) for _ in range(2)]
            total = y + first[0]
        return first, [outer.gradient(total, x) for _ in range(2)], outer.gradient(z, x)

    first, of_total, of_z = run(program, tf.constant(3.0))
    for gradient in first:
        assert_close(gradient, 2 * 3.0**2)
    for gradient in of_total:
        assert_close(gradient, 2 * 3.0 + 4 * 3.0)
    assert_close(of_z, 4 * 3.0**3)


@clause(SHOULD, covers="NST-10", needs="nested persistent")
def test_one_persistent_tape_gives_successive_derivatives_inside_its_block(tf, run):
    """A persistent tape records the gradients that it gives inside its own block.

    The documentation of gradient() forbids the call inside the block with a RuntimeError, while
    upstream tests hold that it works: hence no MUST.
    """

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x * x
            first = tape.gradient(y, x)
            second = tape.gradient(first, x)
            third = tape.gradient(second, x)
        return first, second, third

    first, second, third = run(program, tf.constant(3.0))
    assert_close(first, 3 * 3.0**2)
    assert_close(second, 6 * 3.0)
    assert_close(third, 6.0)


@clause(MUST, covers="NST-12", needs="arrays nested jacobian")
def test_the_jacobian_of_a_gradient_is_the_hessian(tf, run):
    """The outer tape's jacobian of the inner gradient is the Hessian, of shape source + source."""
    x = np.array([[1.0, 2.0, 4.0], [-3.0, 5.0, 0.5]])

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(x) * tf.reduce_sum(x * x)
            gradient = inner.gradient(y, x)
        return outer.jacobian(gradient, x)

    hessian = run(program, tf.constant(x, tf.float32))
    assert_close(hessian, hessian_of_cubic(x))


@clause(MUST, covers="NST-13", needs="arrays nested output_gradients")
def test_output_gradients_give_the_hessian_vector_product(tf, run):
    """The outer gradient of the inner one with output_gradients=v is the Hessian times v."""
    x, v = np.array([1.0, 2.0]), np.array([3.0, -1.0])

    def program(x, v):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(x) * tf.reduce_sum(x * x)
            gradient = inner.gradient(y, x)
        return outer.gradient(gradient, x, output_gradients=v)

    product = run(program, tf.constant(x, tf.float32), tf.constant(v, tf.float32))
    assert_close(product, hessian_of_cubic(x) @ v)


@clause(MUST, covers="NST-13", needs="arrays nested")
def test_the_gradient_of_a_directional_derivative_is_the_hessian_vector_product(tf, run):
    """The outer gradient of the inner gradient's product with v is the Hessian times v."""
    x, v = np.array([1.0, 2.0]), np.array([3.0, -1.0])

    def program(x, v):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(x) * tf.reduce_sum(x * x)
            slope = tf.reduce_sum(inner.gradient(y, x) * v)
        return outer.gradient(slope, x)

    product = run(program, tf.constant(x, tf.float32), tf.constant(v, tf.float32))
    assert_close(product, hessian_of_cubic(x) @ v)


@clause(MUST, covers="NST-14", needs="arrays elementary nested variables")
def test_the_size_of_an_input_gradient_has_gradients_by_the_weights(tf, run):
    """The norm of a gradient by the input of a layer is differentiated by the layer's weights.

    With y = x W + b the input gradient of sum(y^2) is r = 2 y W^T, and with u = r / |r| that of
    its norm is 2 x^T (u W) + 2 u^T y by W and 2 u W by b.
    """
    x = np.array([[1.0, 2.0]])
    w, b = np.array([[-2.0, -2.0, -2.0], [1.0, 3.0, 1.0]]), np.array([2.0, 1.0, -1.0])
    kernel, bias = tf.Variable(w, dtype=tf.float32), tf.Variable(b, dtype=tf.float32)

    def program(x):
        with tf.GradientTape() as outer:
            with tf.GradientTape(watch_accessed_variables=False) as inner:
                inner.watch(x)
                y = tf.matmul(x, kernel) + bias
                out = tf.reduce_sum(y * y)
            r = inner.gradient(out, x)
            norm = tf.sqrt(tf.reduce_sum(r * r))
        return outer.gradient(norm, [kernel, bias])

    by_kernel, by_bias = run(program, tf.constant(x, tf.float32))
    y = x @ w + b
    r = 2 * y @ w.T
    u = r / np.linalg.norm(r)
    assert_close(by_kernel, 2 * x.T @ (u @ w) + 2 * u.T @ y)
    assert_close(by_bias, (2 * u @ w)[0])


@clause(SHOULD, covers="NST-15", needs="nested")
def test_an_inner_optimisation_step_is_differentiated_through(tf, run):
    """The outer tape differentiates a loss after a gradient step by the weight before it.

    With the step w' = w - r 3 w^2 the derivative of w'^2 is 2 w' (1 - 6 r w).
    """

    def program(w, rate):
        with tf.GradientTape() as outer:
            outer.watch(w)
            with tf.GradientTape() as inner:
                inner.watch(w)
                loss = w * w * w
            stepped = w - rate * inner.gradient(loss, w)
            loss_after = stepped * stepped
        return stepped, outer.gradient(loss_after, w)

    stepped, gradient = run(program, tf.constant(2.0), tf.constant(0.25))
    expected = 2.0 - 0.25 * 3 * 2.0**2
    assert_close(stepped, expected)
    assert_close(gradient, 2 * expected * (1 - 6 * 0.25 * 2.0))


@clause(SHOULD, covers="NST-16", needs="arrays elementary nested")
def test_a_gradient_penalty_has_gradients_by_the_weights(tf, run):
    """A loss on the norm of an input gradient, (|g| - 1)^2, is differentiated by the weights.

    With g = 2 w x of norm 5 the derivative by w is 2 (5 - 1) g / 5 times 2 x.
    """
    x = np.array([1.0, 2.0])

    def program(w, x):
        with tf.GradientTape() as outer:
            outer.watch(w)
            with tf.GradientTape() as inner:
                inner.watch(x)
                score = tf.reduce_sum(w * x * x)
            g = inner.gradient(score, x)
            excess = tf.sqrt(tf.reduce_sum(g * g)) - 1.0
            penalty = excess * excess
        return penalty, outer.gradient(penalty, w)

    penalty, gradient = run(program, tf.constant([1.5, 1.0]), tf.constant(x, tf.float32))
    assert_close(penalty, (5.0 - 1.0) ** 2)
    assert_close(gradient, 2 * (5.0 - 1.0) * np.array([3.0, 4.0]) / 5.0 * 2 * x)


@clause(OBSERVED, covers="NST-17", needs="arrays nested nn no_gradient")
def test_an_operation_without_second_order_fails_only_when_that_is_asked_for(tf, run):
    """An operation whose gradient has no gradient raises LookupError at the second order only.

    Local response normalisation, here y = x / (1 + x^2), is such an operation. Which operations
    lack the second order is no promise, and a tape that lacks none is the better one: hence
    OBSERVED.
    """

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.nn.local_response_normalization(x, depth_radius=1, beta=1.0)
            first = inner.gradient(y, x)
        with raises(LookupError):
            outer.gradient(first, x)
        return first

    first = run(program, tf.constant([[[[0.5]]]]))
    assert_close(first, [[[[(1 - 0.5**2) / (1 + 0.5**2) ** 2]]]])


@clause(MUST, covers="NST-18", needs="nested")
def test_using_up_the_inner_tape_leaves_the_outer_one_alone(tf, run):
    """A gradient of the inner tape, which releases its records, takes nothing from the outer."""

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x * x * x
            inner.gradient(y, x)
            with raises(RuntimeError):
                inner.gradient(y, x)
            z = y * x
        return outer.gradient(z, x)

    assert_close(run(program, tf.constant(3.0)), 4 * 3.0**3)


@clause(MUST, covers="NST-18", needs="nested")
def test_using_up_the_outer_tape_leaves_the_inner_one_alone(tf, run):
    """A gradient of the outer tape, which releases its records, takes nothing from the inner."""

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x * x * x
        return outer.gradient(y, x), inner.gradient(y, x)

    by_outer, by_inner = run(program, tf.constant(3.0))
    assert_close(by_outer, 3 * 3.0**2)
    assert_close(by_inner, 3 * 3.0**2)


@clause(MUST, covers="NST-19", needs="nested")
def test_two_tapes_on_one_forward_pass_have_different_roles(tf, run):
    """Two tapes on the same computation each differentiate by what they watch, and nothing else."""

    def program(w, x):
        with tf.GradientTape() as for_weights, tf.GradientTape() as for_inputs:
            for_weights.watch(w)
            for_inputs.watch(x)
            y = w * x * x
        return for_weights.gradient(y, [w, x]), for_inputs.gradient(y, [w, x])

    by_weights, by_inputs = run(program, tf.constant(2.0), tf.constant(3.0))
    assert_close(by_weights[0], 3.0**2)
    assert_none(by_weights[1])
    assert_none(by_inputs[0])
    assert_close(by_inputs[1], 2 * 2.0 * 3.0)


@clause(SHOULD, covers="NST-21", needs="nested variables")
def test_the_outer_tape_watches_variables_that_the_inner_one_ignores(tf, run):
    """A variable read inside is watched by the outer tape even where the inner ignores reads."""
    v = tf.Variable(3.0)

    def program(x):
        with tf.GradientTape() as outer:
            with tf.GradientTape(watch_accessed_variables=False) as inner:
                inner.watch(x)
                y = v * x * x
            by_x, by_v = inner.gradient(y, [x, v])
        return by_x, by_v, outer.gradient(by_x, v)

    by_x, by_v, by_x_then_v = run(program, tf.constant(2.0))
    assert_close(by_x, 2 * 3.0 * 2.0)
    assert_none(by_v)
    assert_close(by_x_then_v, 2 * 2.0)


@clause(SHOULD, covers="NST-22", needs="nested variables")
def test_a_training_step_is_differentiated_by_its_learning_rate(tf, run):
    """The outer tape differentiates by another set of variables than the inner gradient.

    With the step w' = w - r 3 w^2 the derivative of w'^2 by r is 2 w' times -3 w^2.
    """
    w, rate = tf.Variable(2.0), tf.Variable(0.25)

    def program():
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                loss = w * w * w
            stepped = w - rate * inner.gradient(loss, w)
            loss_after = stepped * stepped
        return outer.gradient(loss_after, rate)

    stepped = 2.0 - 0.25 * 3 * 2.0**2
    assert_close(run(program), 2 * stepped * -3 * 2.0**2)


@clause(SHOULD, covers="NST-23", needs="exp nested")
def test_ten_tapes_nest(tf, run):
    """Ten nested tapes give the tenth derivative; of exp(2 x) it is 2^10 exp(2 x)."""

    def derivative(function, order):
        def differentiated(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = derivative(function, order - 1)(x)
            return tape.gradient(y, x)

        return differentiated if order else function

    tenth = derivative(lambda x: tf.exp(2.0 * x), 10)
    assert_close(run(tenth, tf.constant(0.5)), 2**10 * np.exp(2 * 0.5))


@clause(OBSERVED, covers="NST-11", needs="nested")
def test_a_linear_function_has_no_second_derivative(tf, run):
    """The second derivative of 2 x and of x + x is None: their gradients do not depend on x."""

    def program(x):
        return (
            second_derivative(tf, lambda x: 2.0 * x, x),
            second_derivative(tf, lambda x: x + x, x),
        )

    product, total = run(program, tf.constant(3.0))
    assert_none(product)
    assert_none(total)


@clause(OBSERVED, covers="NST-11", needs="nested")
def test_the_first_power_has_a_second_derivative_of_zero(tf, run):
    """The second derivative of x**1.0 is the number 0: the gradient of a power depends on x."""

    def program(x):
        return second_derivative(tf, lambda x: x**1.0, x)

    assert_close(run(program, tf.constant(3.0)), 0.0)


@clause(OBSERVED, covers="NST-20", needs="elementary nested nn")
def test_piecewise_linear_functions_have_second_derivatives_of_zero(tf, run):
    """The second derivatives of relu, abs and leaky relu, and of elu above 0, are the number 0."""

    def program(x):
        functions = (tf.nn.relu, tf.abs, tf.nn.leaky_relu, tf.nn.elu)
        return [second_derivative(tf, function, x) for function in functions]

    for second in run(program, tf.constant(2.0)):
        assert_close(second, 0.0)


@clause(OBSERVED, covers="NST-20", needs="nested nn")
def test_smooth_activations_have_second_derivatives(tf, run):
    """The second derivative of softplus is s (1 - s), s the sigmoid; that of elu below 0 exp(x)."""

    def program(x):
        return (
            second_derivative(tf, tf.nn.softplus, x),
            second_derivative(tf, tf.nn.elu, -x),
        )

    softplus, elu = run(program, tf.constant(2.0))
    sigmoid = 1 / (1 + np.exp(-2.0))
    assert_close(softplus, sigmoid * (1 - sigmoid))
    assert_close(elu, np.exp(-2.0))


@clause(OBSERVED, covers="NST-20", needs="elementary nested")
def test_the_sign_has_no_second_derivative(tf, run):
    """The first derivative of sign is the number 0, its second derivative None."""

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.sign(x)
            first = inner.gradient(y, x)
        return first, outer.gradient(first, x)

    first, second = run(program, tf.constant(2.0))
    assert_close(first, 0.0)
    assert_none(second)


@clause(OBSERVED, covers="NST-24", needs="nested")
def test_a_later_tape_differentiates_the_evaluation_of_an_earlier_gradient(tf, run):
    """A tape around gradient() of an earlier tape records how that is computed from a tensor.

    The gradient of x**3 is computed as 3 x**2 from the tensor x, which the later tape watches.
    """

    def program(x):
        with tf.GradientTape() as earlier:
            earlier.watch(x)
            y = x**3
        with tf.GradientTape() as later:
            later.watch(x)
            first = earlier.gradient(y, x)
        return first, later.gradient(first, x)

    first, second = run(program, tf.constant(2.0))
    assert_close(first, 3 * 2.0**2)
    assert_close(second, 6 * 2.0)


@clause(OBSERVED, covers="NST-24", needs="nested variables")
def test_a_later_tape_does_not_see_the_variable_of_an_earlier_gradient(tf, run):
    """A tape around gradient() of an earlier tape sees no variable: its value was read before."""
    x = tf.Variable(2.0)

    def program():
        with tf.GradientTape() as earlier:
            y = x**3
        with tf.GradientTape() as later:
            later.watch(x)
            first = earlier.gradient(y, x)
        return first, later.gradient(first, x)

    first, second = run(program)
    assert_close(first, 3 * 2.0**2)
    assert_none(second)
