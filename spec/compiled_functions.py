"""Compiled functions: tapes around, inside and across programs that are traced."""

import numpy as np

from tapecheck import (
    MUST,
    OBSERVED,
    SHOULD,
    assert_close,
    assert_equal,
    assert_structure,
    clause,
    raises,
)


def derivative(tf, function):
    """The function that gives the derivative of a function of one tensor."""

    def differentiated(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return tape.gradient(y, x)

    return differentiated


@clause(MUST, covers="FUN-01", needs="arrays graph", modes="eager")
def test_a_compiled_function_is_differentiated_like_eager_code(tf, run):
    """A compiled function that is called in the block is differentiated like eager code."""
    x, w = np.array([[1.0, 2.0, 3.0]]), np.array([[2.0], [5.0], [7.0]])
    compiled = tf.function(lambda x, w: tf.matmul(x, w) * 3.0, autograph=False)

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = compiled(x, w)
            z = y * y
        return tape.gradient(z, [x, w])

    gradients = run(program, tf.constant(x, tf.float32), tf.constant(w, tf.float32))
    factor = 2 * 9.0 * (x @ w)
    assert_structure(gradients, [factor * w.T, factor * x.T])


@clause(MUST, covers="FUN-01", needs="graph", modes="eager")
def test_each_call_of_a_compiled_function_counts(tf, run):
    """A compiled function that is called several times in a block contributes each time."""
    compiled = tf.function(lambda x, y: x * x * y, autograph=False)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = compiled(x, x)
            z = compiled(y, 5.0 * x)
        return tape.gradient(z, x)

    # z = 5 x^7
    assert_close(run(program, tf.constant(2.0)), 5 * 7 * 2.0**6)


@clause(MUST, covers="FUN-01", needs="arrays graph", modes="eager")
def test_a_compiled_function_is_differentiated_at_each_shape(tf, run):
    """A compiled function that is traced again for another shape is differentiated there, too."""
    compiled = tf.function(lambda x: tf.reduce_sum(x * x * x), autograph=False)
    gradient = derivative(tf, compiled)

    def program(x, y):
        return gradient(x), gradient(y), gradient(x)

    x, y = tf.constant([2.0, 3.0]), tf.constant([[1.0], [4.0], [5.0]])
    of_x = np.array([12.0, 27.0])
    assert_structure(run(program, x, y), (of_x, np.array([[3.0], [48.0], [75.0]]), of_x))


@clause(MUST, covers="FUN-01", needs="arrays graph variables", modes="eager")
def test_variables_that_a_compiled_function_reads_are_watched(tf, run):
    """A variable that a compiled function captures is watched, and has its gradient."""
    v, w = tf.Variable(3.0), tf.Variable([5.0, 7.0])
    compiled = tf.function(lambda x: x * v * w, autograph=False)

    def program(x):
        with tf.GradientTape() as tape:
            y = compiled(x)
        return tape.gradient(y, [v, w])

    gradients = run(program, tf.constant(2.0))
    assert_structure(gradients, [2.0 * (5.0 + 7.0), np.array([6.0, 6.0])])


@clause(MUST, covers="FUN-01", needs="graph", modes="eager")
def test_tensors_that_a_compiled_function_captures_have_gradients(tf, run):
    """A watched tensor that a compiled function takes from around it has its gradient."""

    def program(x, w):
        compiled = tf.function(lambda x: x * w * w, autograph=False)
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = compiled(x)
        return tape.gradient(y, [x, w])

    gradients = run(program, tf.constant(2.0), tf.constant(5.0))
    assert_structure(gradients, [5.0**2, 2.0 * 2 * 5.0])


@clause(MUST, covers="FUN-01", needs="unconnected_zero graph persistent", modes="eager")
def test_each_output_of_a_compiled_function_is_a_target(tf, run):
    """Each output of a compiled function, in whatever structure, is a target of its own."""

    @tf.function(autograph=False)
    def compiled(x, w):
        return {"product": x * w, "others": (x * x, [w * w * w])}

    def program(x, w):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, w])
            y = compiled(x, w)
        squared, (cubed,) = y["others"]
        targets = (y["product"], squared, cubed)
        return tuple(
            tape.gradient(target, [x, w], unconnected_gradients="zero") for target in targets
        )

    gradients = run(program, tf.constant(2.0), tf.constant(5.0))
    assert_structure(gradients, ([5.0, 2.0], [4.0, 0.0], [0.0, 75.0]))


@clause(MUST, covers="FUN-02", needs="graph", modes="eager")
def test_a_whole_tape_lives_in_a_compiled_function(tf, run):
    """Recording and gradient() may both happen in a compiled function, call after call."""

    @tf.function(autograph=False)
    def compiled(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = x * x * w
        return y, tape.gradient(y, [x, w])

    first = run(compiled, tf.constant(3.0), tf.constant(5.0))
    second = run(compiled, tf.constant(2.0), tf.constant(7.0))
    assert_structure(first, (45.0, [2 * 3.0 * 5.0, 9.0]))
    assert_structure(second, (28.0, [2 * 2.0 * 7.0, 4.0]))


@clause(MUST, covers="FUN-03", needs="graph variables", modes="eager")
def test_tapes_live_at_each_level_of_nested_functions(tf, run):
    """Compiled functions nest, and a tape may be opened at any level."""
    v = tf.Variable(3.0)
    innermost = tf.function(lambda x: x * v * v, autograph=False)

    @tf.function(autograph=False)
    def middle(x):
        with tf.GradientTape() as tape:
            y = innermost(x)
        return y, tape.gradient(y, v)

    @tf.function(autograph=False)
    def outermost(x):
        with tf.GradientTape() as tape:
            y, inner = middle(x)
        return y, inner, tape.gradient(y, v)

    def program(x):
        with tf.GradientTape() as tape:
            y, inner, outer = outermost(x)
        return y, inner, outer, tape.gradient(y, v)

    assert_structure(run(program, tf.constant(5.0)), (45.0, 30.0, 30.0, 30.0))


@clause(OBSERVED, covers="FUN-04", needs="graph", modes="eager")
def test_a_compiled_function_asks_a_tape_that_recorded_outside(tf, run):
    """A compiled function may call gradient() of a tape that recorded before, outside of it."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * x
        return tf.function(lambda: tape.gradient(y, x), autograph=False)()

    assert_close(run(program, tf.constant(3.0)), 27.0)


@clause(MUST, covers="FUN-05", needs="elementary graph nested", modes="eager")
def test_higher_orders_pass_a_compiled_function(tf, run):
    """Tapes around a compiled function give its derivatives up to the fourth."""
    compiled = tf.function(tf.cos, autograph=False)

    def program(x):
        functions = [compiled]
        for _ in range(4):
            functions.append(derivative(tf, functions[-1]))
        return [function(x) for function in functions[1:]]

    sine, cosine = np.sin(1.0), np.cos(1.0)
    assert_structure(run(program, tf.constant(1.0)), [-sine, -cosine, sine, cosine])


@clause(MUST, covers="FUN-05", needs="elementary graph nested", modes="eager")
def test_derivatives_are_compiled_and_differentiated_again(tf, run):
    """A compiled function that holds a tape is differentiated by a tape in another, and so on."""

    def program(x):
        functions = [tf.cos]
        for _ in range(4):
            functions.append(tf.function(derivative(tf, functions[-1]), autograph=False))
        return [function(x) for function in functions[1:]]

    sine, cosine = np.sin(1.0), np.cos(1.0)
    assert_structure(run(program, tf.constant(1.0)), [-sine, -cosine, sine, cosine])


@clause(MUST, covers="FUN-05", needs="persistent graph nested", modes="eager")
def test_mixed_derivatives_pass_a_compiled_function(tf, run):
    """The second derivatives of a compiled function of two arguments include the mixed ones."""
    compiled = tf.function(lambda x, y: x * x * x * y * y, autograph=False)

    def program(x, y):
        with tf.GradientTape(persistent=True) as outer:
            outer.watch([x, y])
            with tf.GradientTape() as inner:
                inner.watch([x, y])
                z = compiled(x, y)
            by_x, by_y = inner.gradient(z, [x, y])
        return outer.gradient(by_x, [x, y]), outer.gradient(by_y, [x, y])

    hessian = run(program, tf.constant(2.0), tf.constant(3.0))
    mixed = 6 * 2.0**2 * 3.0
    assert_structure(hessian, ([6 * 2.0 * 3.0**2, mixed], [mixed, 2 * 2.0**3]))


@clause(SHOULD, covers="FUN-06", needs="graph persistent", modes="eager")
def test_a_persistent_tape_iterates_derivatives_of_a_compiled_function(tf, run):
    """A persistent tape over a compiled function differentiates its own gradients in its block."""
    compiled = tf.function(lambda x: x * x * x * x, autograph=False)

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            first = tape.gradient(compiled(x), x)
            second = tape.gradient(first, x)
            third = tape.gradient(second, x)
        return first, second, third, tape.gradient(third, x)

    assert_structure(run(program, tf.constant(2.0)), (4 * 8.0, 12 * 4.0, 24 * 2.0, 24.0))


@clause(SHOULD, covers="FUN-07", needs="graph", modes="eager")
def test_a_compiled_function_may_return_none_beside_tensors(tf, run):
    """None among the outputs of a compiled function stays None and disturbs no gradient."""
    compiled = tf.function(lambda x: (None, x * x, None, x * 3.0), autograph=False)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = compiled(x)
        return outputs[0], outputs[2], tape.gradient([outputs[1], outputs[3]], x)

    assert_structure(run(program, tf.constant(5.0)), (None, None, 2 * 5.0 + 3.0))


@clause(SHOULD, covers="FUN-07", needs="graph", modes="eager")
def test_arguments_by_name_have_gradients(tf, run):
    """Arguments that a compiled function gets by name, or by default, have their gradients."""
    compiled = tf.function(lambda x, w, factor=3.0: x * x * w * factor, autograph=False)

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = compiled(w=w, x=x) + compiled(x, w=w, factor=7.0)
        return tape.gradient(y, [x, w])

    gradients = run(program, tf.constant(2.0), tf.constant(5.0))
    assert_structure(gradients, [10.0 * 2 * 2.0 * 5.0, 10.0 * 2.0**2])


@clause(MUST, covers="FUN-08", needs="persistent arrays graph unconnected_zero", modes="eager")
def test_an_unused_argument_has_no_gradient(tf, run):
    """An argument that a compiled function does not use has the gradient None, zero on request."""
    compiled = tf.function(lambda x, unused: x * x, autograph=False)

    def program(x, unused):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, unused])
            y = compiled(x, unused)
        sources = [x, unused]
        zero = tf.UnconnectedGradients.ZERO
        return tape.gradient(y, sources), tape.gradient(y, sources, unconnected_gradients=zero)

    default, zero = run(program, tf.constant(3.0), tf.constant([5.0, 7.0]))
    assert_structure(default, [6.0, None])
    assert_structure(zero, [6.0, np.zeros(2)])


@clause(
    MUST, covers="FUN-09", needs="persistent graph stop_gradient unconnected_zero", modes="eager"
)
def test_stop_gradient_in_nested_functions_has_no_gradient(tf, run):
    """stop_gradient within nested compiled functions gives None, zero on request."""
    stopped = tf.function(lambda x: tf.stop_gradient(x * 2.0), autograph=False)
    compiled = tf.function(lambda x, w: stopped(x) * w, autograph=False)

    def program(x, w):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, w])
            y = compiled(x, w)
        sources = [x, w]
        zero = tf.UnconnectedGradients.ZERO
        return tape.gradient(y, sources), tape.gradient(y, sources, unconnected_gradients=zero)

    default, zero = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_structure(default, [None, 6.0])
    assert_structure(zero, [0.0, 6.0])


@clause(SHOULD, covers="FUN-10", needs="graph dtype-int", modes="eager")
def test_integers_beside_floats_disturb_no_gradient(tf, run):
    """Integer outputs and arguments of a compiled function disturb no gradient of its floats."""

    @tf.function(autograph=False)
    def compiled(x, place):
        return tf.cast(x, tf.int32), x * x * tf.cast(place, tf.float32), place + 1

    def program(x, place):
        with tf.GradientTape() as tape:
            tape.watch(x)
            whole, y, next_place = compiled(x, place)
        return whole, next_place, tape.gradient(y, x)

    outputs = run(program, tf.constant(3.5), tf.constant(2))
    assert_structure(outputs, (3, 3, 2 * 3.5 * 2))


@clause(SHOULD, covers="FUN-10", needs="graph", modes="eager")
def test_python_values_beside_tensors_disturb_no_gradient(tf, run):
    """A Python number among the outputs of a compiled function disturbs no gradient."""
    compiled = tf.function(lambda x: (5, x * x, 2.5), autograph=False)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            five, y, other = compiled(x)
        return five, other, tape.gradient(y, x)

    assert_structure(run(program, tf.constant(3.0)), (5, 2.5, 6.0))


@clause(SHOULD, covers="FUN-11", needs="arrays graph", modes="eager")
def test_a_gradient_has_the_shape_of_the_moment(tf, run):
    """A function compiled for unknown shapes gives gradients in the shapes of its arguments."""
    signature = [tf.TensorSpec([None, 3]), tf.TensorSpec(None)]
    compiled = tf.function(lambda x, w: x * x * w, autograph=False, input_signature=signature)

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = compiled(x, w)
        return tape.gradient(y, [x, w])

    x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    by_x, by_w = run(program, tf.constant(x, tf.float32), tf.constant([[2.0], [10.0]]))
    assert_close(by_x, 2 * x * [[2.0], [10.0]])
    assert_close(by_w, np.sum(x * x, axis=1, keepdims=True))
    by_x, by_w = run(program, tf.constant(x[:1], tf.float32), tf.constant(7.0))
    assert_close(by_x, 2 * x[:1] * 7.0)
    assert_close(by_w, 1.0 + 4.0 + 9.0)


@clause(SHOULD, covers="FUN-11", needs="arrays graph", modes="eager")
def test_a_tape_in_a_function_of_unknown_shapes_answers(tf, run):
    """A tape in a function compiled for unknown shapes gives gradients of the actual shape."""
    signature = [tf.TensorSpec(None)]
    compiled = tf.function(
        derivative(tf, lambda x: tf.reduce_mean(x * x)), autograph=False, input_signature=signature
    )
    assert_close(run(compiled, tf.constant([[2.0, 3.0]])), [[2.0, 3.0]])
    assert_close(run(compiled, tf.constant([5.0])), [2 * 5.0])


@clause(MUST, covers="FUN-12", needs="graph variables state", modes="eager")
def test_a_compiled_gradient_sees_the_present_value_of_a_variable(tf, run):
    """A gradient in a compiled function sees the value that a variable has at each call."""
    v = tf.Variable(3.0)

    @tf.function(autograph=False)
    def compiled():
        with tf.GradientTape() as tape:
            y = v * v
        return tape.gradient(y, v)

    assert_close(run(compiled), 6.0)
    v.assign(5.0)
    assert_close(run(compiled), 10.0)


@clause(MUST, covers="FUN-12", needs="graph variables state", modes="eager")
def test_a_gradient_over_a_compiled_function_sees_the_present_value(tf, run):
    """A tape around a compiled function sees the value that a variable has at each call."""
    v = tf.Variable(3.0)
    compiled = tf.function(lambda x: x * v * v, autograph=False)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = compiled(x)
        return tape.gradient(y, [x, v])

    assert_structure(run(program, tf.constant(2.0)), [9.0, 12.0])
    v.assign(5.0)
    assert_structure(run(program, tf.constant(2.0)), [25.0, 20.0])


@clause(OBSERVED, covers="FUN-13", needs="graph", modes="eager")
def test_symbolic_gradients_exist_in_graphs_only(tf, run):
    """tf.gradients is refused in eager execution with a RuntimeError that speaks of the tape."""

    def program(x):
        with raises(RuntimeError, "GradientTape"):
            tf.gradients(x * x, x)

    run(program, tf.constant(3.0))


@clause(OBSERVED, covers="FUN-13 FUN-14", needs="elementary graph", modes="function jit")
def test_symbolic_gradients_agree_with_the_tape(tf, run):
    """In a trace tf.gradients agrees with the tape, and needs neither a tape nor watch."""

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = tf.sin(x) * w * w
        return tf.gradients(y, [x, w]), tape.gradient(y, [x, w])

    gradients = run(program, tf.constant(0.5), tf.constant(3.0))
    expected = [np.cos(0.5) * 9.0, np.sin(0.5) * 6.0]
    assert_structure(gradients, (expected, expected))


@clause(OBSERVED, covers="FUN-14", needs="graph", modes="function jit")
def test_symbolic_gradients_are_taken_by_any_tensor(tf, run):
    """In a trace tf.gradients answers for any tensor, intermediate results included."""

    def program(x):
        y = x * x
        z = y * y
        return tf.gradients(z, [y, x])

    assert_structure(run(program, tf.constant(3.0)), [2 * 9.0, 4 * 27.0])


@clause(OBSERVED, covers="FUN-15", needs="graph", modes="eager")
def test_a_tape_in_a_graph_of_old_builds_symbolic_gradients(tf, run):
    """A tape in a graph that is built by hand gives tensors of that graph, of any shape."""
    with tf.Graph().as_default():
        x = tf.compat.v1.placeholder(tf.float32, None)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * x
        gradient = tape.gradient(y, x)
        with tf.compat.v1.Session() as session:
            assert_close(session.run(gradient, {x: [2.0, 3.0]}), [12.0, 27.0])


@clause(SHOULD, covers="FUN-16", needs="graph variables", modes="eager")
def test_a_variable_made_in_the_first_call_is_watched(tf, run):
    """A variable that a compiled function creates at its first call is watched at each call."""
    made = []

    @tf.function(autograph=False)
    def compiled(x):
        if not made:
            made.append(tf.Variable(3.0))
        return x * made[0] * made[0]

    def program(x):
        with tf.GradientTape() as tape:
            y = compiled(x)
        return tape.gradient(y, made[0])

    assert_close(run(program, tf.constant(5.0)), 2 * 3.0 * 5.0)
    assert_close(run(program, tf.constant(7.0)), 2 * 3.0 * 7.0)


@clause(SHOULD, covers="FUN-17", needs="graph variables", modes="eager")
def test_captured_variables_are_watched_on_request_only(tf, run):
    """With watch_accessed_variables=False only watched variables of a compiled function count."""
    v, w = tf.Variable(3.0), tf.Variable(5.0)
    compiled = tf.function(lambda x: x * v * v * w, autograph=False)

    def program(x):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(v)
            y = compiled(x)
        assert_equal(len(tape.watched_variables()), 1)
        return tape.gradient(y, [v, w])

    assert_structure(run(program, tf.constant(2.0)), [2.0 * 6.0 * 5.0, None])


@clause(SHOULD, covers="FUN-18", needs="arrays graph xla variables", since="2.5", modes="eager")
def test_a_tape_around_an_optimised_function_answers_like_eager_code(tf, run):
    """A tape around a function that the optimising compiler compiles answers like eager code."""
    v = tf.Variable([2.0, 3.0])
    compiled = tf.function(lambda x: tf.reduce_sum(x * v * v), autograph=False, jit_compile=True)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = compiled(x)
        return tape.gradient(y, [x, v])

    gradients = run(program, tf.constant([5.0, 7.0]))
    assert_structure(gradients, [np.array([4.0, 9.0]), np.array([20.0, 42.0])])


@clause(SHOULD, covers="FUN-18", needs="arrays variables", modes="jit")
def test_a_tape_in_an_optimised_function_answers_like_eager_code(tf, run):
    """A tape in a function that the optimising compiler compiles answers like eager code."""
    v = tf.Variable([2.0, 3.0])

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(x * v * v)
        return tape.gradient(y, [x, v])

    gradients = run(program, tf.constant([5.0, 7.0]))
    assert_structure(gradients, [np.array([4.0, 9.0]), np.array([20.0, 42.0])])


@clause(SHOULD, covers="FUN-19", needs="arrays jacobian nested", modes="jit")
def test_second_orders_and_jacobians_are_optimised(tf, run):
    """The Hessian, as the jacobian of a gradient, is computed in an optimised function."""

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            gradient = derivative(tf, lambda x: x[0] * x[0] * x[1])(x)
        return outer.jacobian(gradient, x)

    hessian = run(program, tf.constant([2.0, 3.0]))
    assert_close(hessian, [[2 * 3.0, 2 * 2.0], [2 * 2.0, 0.0]])


@clause(SHOULD, covers="FUN-19", needs="comparison control_flow", modes="jit")
def test_a_loop_with_a_limit_is_optimised(tf, run):
    """A loop whose rounds are limited is differentiated in an optimised function."""

    def power(x):
        return tf.while_loop(
            lambda i, y: i < 4,
            lambda i, y: (i + 1, y * x),
            (tf.constant(0), x),
            maximum_iterations=4,
        )[1]

    assert_close(run(derivative(tf, power), tf.constant(2.0)), 5 * 2.0**4)


@clause(OBSERVED, covers="FUN-19", needs="comparison control_flow", modes="jit")
def test_a_loop_without_a_limit_is_not_optimised(tf, run):
    """A loop that runs as long as its data say is not differentiated in an optimised function."""

    def power(x):
        return tf.while_loop(lambda y: y < 9.0, lambda y: (y * x,), (x,))[0]

    with raises((ValueError, tf.errors.InvalidArgumentError), "XLA"):
        run(derivative(tf, power), tf.constant(2.0))


@clause(SHOULD, covers="FUN-20", needs="graph nested", since="2.3", modes="eager")
def test_functions_that_run_eagerly_have_the_same_gradients(tf, run):
    """With run_functions_eagerly(True) compiled functions have the same gradients."""
    runs = []

    @tf.function(autograph=False)
    def compiled(x):
        runs.append("run")
        return x * x * x

    first, second = derivative(tf, compiled), derivative(tf, derivative(tf, compiled))
    tf.config.run_functions_eagerly(True)
    try:
        gradients = run(lambda x: (first(x), second(x)), tf.constant(2.0))
        assert_close(run(first, tf.constant(3.0)), 3 * 3.0**2)
    finally:
        tf.config.run_functions_eagerly(False)
    assert_structure(gradients, (3 * 2.0**2, 6 * 2.0))
    assert_equal(len(runs), 3)


@clause(OBSERVED, covers="FUN-21", needs="elementary graph", modes="function")
def test_gradient_operations_have_a_name_scope_of_their_own(tf, run):
    """In a trace gradient operations are named gradient_tape/, then by the scope of the block."""

    def program(x):
        with tf.GradientTape() as tape, tf.name_scope("my_scope"):
            tape.watch(x)
            y = tf.cos(x)
        before = len(tf.compat.v1.get_default_graph().get_operations())
        gradient = tape.gradient(y, x)
        added = tf.compat.v1.get_default_graph().get_operations()[before:]
        sines = [operation.name for operation in added if operation.type == "Sin"]
        assert_equal(sines, ["gradient_tape/my_scope/Sin"])
        return gradient

    assert_close(run(program, tf.constant(0.5)), -np.sin(0.5))


@clause(SHOULD, covers="FUN-22", needs="graph variables", modes="eager")
def test_concrete_functions_are_differentiable(tf, run):
    """A concrete function, traced for one signature, is differentiated like its function."""
    v = tf.Variable(3.0)
    function = tf.function(lambda x: x * x * v, autograph=False)
    concrete = function.get_concrete_function(tf.TensorSpec([], tf.float32))

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = concrete(x)
        return tape.gradient(y, [x, v])

    assert_structure(run(program, tf.constant(5.0)), [2 * 5.0 * 3.0, 25.0])


@clause(SHOULD, covers="FUN-25", needs="arrays graph data", modes="eager")
def test_a_tape_lives_in_the_map_of_a_dataset(tf, run):
    """A tape may live in a function that is mapped over a dataset."""
    gradient = derivative(tf, lambda x: x * x * x)

    def program(values):
        mapped = tf.data.Dataset.from_tensor_slices(values).map(gradient)
        return list(mapped)

    assert_structure(run(program, tf.constant([1.0, 2.0, 3.0])), [3.0, 12.0, 27.0])


@clause(OBSERVED, covers="FUN-26", needs="state graph optimizer variables", modes="eager")
def test_a_compiled_step_serves_one_optimizer(tf, run):
    """A compiled step that gets a second optimizer is refused: that makes its variables too late.

    A function of its own for each optimizer, as the guide advises, is fine.
    """
    v = tf.Variable(3.0)

    def step(optimizer):
        with tf.GradientTape() as tape:
            loss = v * v
        optimizer.apply_gradients([(tape.gradient(loss, v), v)])

    shared = tf.function(step, autograph=False)
    shared(tf.keras.optimizers.SGD(0.25))
    assert_close(v, 3.0 - 0.25 * 6.0)
    with raises(ValueError, "variables"):
        shared(tf.keras.optimizers.Adam(0.1))
    v.assign(2.0)
    tf.function(step, autograph=False)(tf.keras.optimizers.SGD(0.125))
    assert_close(v, 2.0 - 0.125 * 4.0)


@clause(MUST, covers="FUN-27", needs="graph variables state", modes="eager")
def test_a_compiled_training_step_trains_like_an_eager_one(tf, run):
    """A compiled training step takes a variable through the same values as the eager step.

    Gradient descent on (x v - t)^2 with x = 2 and t = 6: v <- v - rate * 2 * 2 * (2 v - 6).
    """
    v = tf.Variable(0.0)

    def step(rate):
        with tf.GradientTape() as tape:
            residual = 2.0 * v - 6.0
            loss = residual * residual
        v.assign_sub(rate * tape.gradient(loss, v))
        return v + 0.0

    def trajectory(step):
        v.assign(0.0)
        return [step(tf.constant(rate)) for rate in (0.0625, 0.125, 0.03125)]

    # 0 -> 1.5 -> 3 -> 3
    by_hand = [1.5, 3.0, 3.0]
    assert_structure(run(trajectory, step), by_hand)
    assert_structure(run(trajectory, tf.function(step, autograph=False)), by_hand)


@clause(MUST, covers="FUN-27", needs="graph optimizer variables", modes="eager")
def test_a_compiled_step_of_an_optimizer_trains_like_an_eager_one(tf, run):
    """A compiled step with an optimizer that has a memory trains like the eager step.

    Momentum 0.5 and rate 0.25 on v^2: m <- 0.5 m - 0.25 * 2 v; v <- v + m.
    """

    def trajectory(compile_step):
        v = tf.Variable(4.0)
        optimizer = tf.keras.optimizers.SGD(0.25, momentum=0.5)

        def step():
            with tf.GradientTape() as tape:
                loss = v * v
            optimizer.apply_gradients([(tape.gradient(loss, v), v)])
            return v + 0.0

        step = compile_step(step)
        return [step() for _ in range(3)]

    # m: -2, -2, -1; v: 4 -> 2 -> 0 -> -1
    by_hand = [2.0, 0.0, -1.0]
    assert_structure(run(trajectory, lambda step: step), by_hand)
    assert_structure(run(trajectory, lambda step: tf.function(step, autograph=False)), by_hand)


@clause(SHOULD, covers="FUN-28", needs="graph", modes="eager")
def test_a_compiled_function_returns_gradients_of_none(tf, run):
    """A compiled function may return gradients among which some are None, and they stay None."""

    @tf.function(autograph=False)
    def compiled(x, z):
        with tf.GradientTape() as tape:
            tape.watch([x, z])
            y = x * x
        return tape.gradient(y, [z, x])

    assert_structure(run(compiled, tf.constant(3.0), tf.constant(5.0)), [None, 6.0])


@clause(OBSERVED, covers="FUN-29", needs="graph", modes="function jit")
def test_a_gradient_in_a_trace_has_no_value(tf, run):
    """A gradient in a trace is symbolic: to ask for its NumPy value is refused."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        gradient = tape.gradient(y, x)
        with raises((AttributeError, NotImplementedError)):
            gradient.numpy()
        return gradient

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(OBSERVED, covers="FUN-30", needs="graph", modes="eager")
def test_a_tape_entered_in_a_trace_alone_does_not_know_the_result(tf, run):
    """A tape that is entered only in a compiled function knows its symbols, not its result."""

    def program(x):
        tape = tf.GradientTape()

        @tf.function(autograph=False)
        def compiled(x):
            with tape:
                tape.watch(x)
                return x * x

        y = compiled(x)
        return y, tape.gradient(y, x)

    assert_structure(run(program, tf.constant(3.0)), (9.0, None))


@clause(SHOULD, covers="FUN-31", needs="graph", modes="eager")
def test_a_tape_in_a_compiled_function_answers_once(tf, run):
    """In a compiled function, too, a tape that is not persistent refuses a second question."""

    @tf.function(autograph=False)
    def compiled(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(y, x) + tape.gradient(y, x)

    with raises(RuntimeError, "persistent"):
        run(compiled, tf.constant(3.0))


@clause(SHOULD, covers="FUN-32", needs="graph variables", modes="eager")
def test_of_captured_variables_the_trainable_ones_are_watched(tf, run):
    """Of the variables that a compiled function captures only the trainable ones are watched."""
    first, last = tf.Variable(2.0), tf.Variable(7.0)
    frozen, other = tf.Variable(3.0, trainable=False), tf.Variable(5.0, trainable=False)
    compiled = tf.function(lambda: first * frozen * other * last, autograph=False)

    def program():
        with tf.GradientTape() as tape:
            y = compiled()
        watched = {id(variable) for variable in tape.watched_variables()}
        assert_equal(watched, {id(first), id(last)})
        return tape.gradient(y, [first, frozen, other, last])

    assert_structure(run(program), [105.0, None, None, 30.0])


@clause(OBSERVED, covers="FUN-33", needs="arrays graph nested jacobian", modes="function jit")
def test_symbolic_hessians_agree_with_the_tape(tf, run):
    """In a trace tf.hessians agrees with the Hessian that tapes give."""

    def program(x):
        def function(x):
            return x[0] * x[0] * x[1]

        with tf.GradientTape() as outer:
            outer.watch(x)
            gradient = derivative(tf, function)(x)
        return tf.hessians(function(x), x)[0], outer.jacobian(gradient, x)

    hessian = np.array([[6.0, 4.0], [4.0, 0.0]])
    assert_structure(run(program, tf.constant([2.0, 3.0])), (hessian, hessian))


@clause(OBSERVED, covers="FUN-34", needs="graph", modes="eager")
def test_a_captured_tensor_is_watched_in_a_compiled_function(tf, run):
    """A tensor from around a compiled function can be watched and differentiated by inside it."""
    captured = tf.constant(3.0)

    @tf.function(autograph=False)
    def compiled(x):
        with tf.GradientTape() as tape:
            tape.watch(captured)
            y = x * captured * captured
        return tape.gradient(y, captured)

    assert_close(run(compiled, tf.constant(5.0)), 2 * 3.0 * 5.0)


@clause(OBSERVED, covers="FUN-35", needs="elementary graph persistent", modes="eager")
def test_a_tape_of_one_trace_is_of_no_use_in_another(tf, run):
    """What a tape recorded in one compiled function is out of scope in another: a TypeError."""
    recorded = []

    @tf.function(autograph=False)
    def record(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = tf.sin(x)
        recorded.append((tape, y, x))
        return y

    @tf.function(autograph=False)
    def ask():
        tape, y, x = recorded[0]
        return tape.gradient(y, x)

    run(record, tf.constant(3.0))
    with raises(TypeError, "out of scope"):
        run(ask)


@clause(SHOULD, covers="FUN-01", needs="graph", modes="eager")
def test_a_tape_opened_after_a_compiled_function_does_not_see_it(tf, run):
    """What a compiled function computed before the block is a constant of the tape."""
    compiled = tf.function(lambda x: x * x, autograph=False)

    def program(x):
        early = compiled(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = early * x
        return tape.gradient(y, x), derivative(tf, compiled)(x)

    assert_structure(run(program, tf.constant(3.0)), (9.0, 6.0))


@clause(SHOULD, covers="FUN-01", needs="graph stop_recording", modes="eager")
def test_a_paused_tape_does_not_record_a_compiled_function(tf, run):
    """A compiled function that is called while the tape is paused is not recorded."""
    compiled = tf.function(lambda x: x * x, autograph=False)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            with tape.stop_recording():
                unseen = compiled(x)
            y = compiled(x) + unseen
        return y, tape.gradient(y, x)

    assert_structure(run(program, tf.constant(3.0)), (18.0, 6.0))
