"""Forward mode: accumulators that carry the product of jacobian and tangent along."""

import gc
import logging
import weakref

import numpy as np

from tapecheck import (
    MUST,
    OBSERVED,
    SHOULD,
    assert_close,
    assert_equal,
    assert_none,
    assert_structure,
    clause,
    raises,
)


@clause(MUST, covers="FWD-01", needs="arrays forward", since="2.1")
def test_a_product_of_jacobian_and_tangent_is_carried_along(tf, run):
    """ForwardAccumulator(primals, tangents) carries J v along; jvp(y) returns it."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = tf.stack([x[0] * x[1], x[0] * x[0], 3.0 * x[1]])
        return accumulator.jvp(y)

    jacobian = np.array([[5.0, 2.0], [2 * 2.0, 0.0], [0.0, 3.0]])
    product = run(program, tf.constant([2.0, 5.0]), tf.constant([7.0, 11.0]))
    assert_close(product, jacobian @ [7.0, 11.0], dtype="float32")


@clause(MUST, covers="FWD-01", needs="forward", since="2.1")
def test_primals_and_tangents_have_names(tf, run):
    """The arguments of the accumulator are named primals and tangents, those of jvp primals."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(tangents=v, primals=x) as accumulator:
            y = x * x
        return accumulator.jvp(primals=y)

    assert_close(run(program, tf.constant(3.0), tf.constant(5.0)), 2 * 3.0 * 5.0)


@clause(MUST, covers="FWD-01", needs="arrays elementary exp forward", since="2.1")
def test_a_chain_of_operations_multiplies_its_derivatives(tf, run):
    """Each operation passes the product on to the next, as the chain rule says."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = tf.exp(tf.sin(x) * 2.0)
        return accumulator.jvp(y)

    product = run(program, tf.constant([0.5, 1.5]), tf.constant([3.0, -5.0]))
    points = np.array([0.5, 1.5])
    assert_close(product, np.exp(2 * np.sin(points)) * 2 * np.cos(points) * [3.0, -5.0])


@clause(MUST, covers="FWD-01", needs="arrays forward", since="2.1")
def test_the_contributions_of_several_primals_are_added(tf, run):
    """With several primals jvp returns the sum of their contributions.

    d(A B) = dA B + A dB.
    """
    a, da = np.array([[1.0, 2.0, 3.0]]), np.array([[5.0, 7.0, 11.0]])
    b, db = np.array([[2.0], [4.0], [8.0]]), np.array([[1.0], [3.0], [9.0]])

    def program(a, b, da, db):
        with tf.autodiff.ForwardAccumulator([a, b], [da, db]) as accumulator:
            product = tf.matmul(a, b)
        return accumulator.jvp(product)

    tensors = [tf.constant(value, tf.float32) for value in (a, b, da, db)]
    assert_close(run(program, *tensors), da @ b + a @ db)


@clause(MUST, covers="FWD-01", needs="forward", since="2.1")
def test_contributions_of_all_paths_have_their_products_added(tf, run):
    """Where a value is used several times, the products along all paths are added."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = x * x
            z = y * x + 5.0 * y - x
        return accumulator.jvp(z)

    # z = x^3 + 5 x^2 - x
    derivative = 3 * 3.0**2 + 10 * 3.0 - 1.0
    assert_close(run(program, tf.constant(3.0), tf.constant(2.0)), derivative * 2.0)


@clause(MUST, covers="FWD-01", needs="arrays forward", since="2.1")
def test_a_product_has_the_shape_of_its_primal(tf, run):
    """The product has the shape of what jvp is asked for, whatever was broadcast or reduced."""

    def program(row, scale, d_row, d_scale):
        primals, tangents = [row, scale], [d_row, d_scale]
        with tf.autodiff.ForwardAccumulator(primals, tangents) as accumulator:
            table = tf.reshape(row, [2, 1]) * tf.constant([[1.0, 2.0, 4.0]])
            total = tf.reduce_sum(table * scale, axis=0)
        return accumulator.jvp(table), accumulator.jvp(total)

    row, scale = tf.constant([3.0, 5.0]), tf.constant(2.0)
    table, total = run(program, row, scale, tf.constant([10.0, 100.0]), tf.constant(7.0))
    columns = np.array([1.0, 2.0, 4.0])
    assert_close(table, np.outer([10.0, 100.0], columns))
    assert_close(total, columns * (110.0 * 2.0 + (3.0 + 5.0) * 7.0))


@clause(MUST, covers="FWD-01", needs="forward dtype-float", since="2.1")
def test_a_product_has_the_dtype_of_its_primal(tf, run):
    """The product has the dtype of what jvp is asked for, through casts, too."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = x * x
            z = tf.cast(y, tf.float32) * 2.0
        return accumulator.jvp(y), accumulator.jvp(z)

    x, v = tf.constant(3.0, tf.float64), tf.constant(5.0, tf.float64)
    wide, narrow = run(program, x, v)
    assert_close(wide, 2 * 3.0 * 5.0, dtype="float64")
    assert_close(narrow, 4 * 3.0 * 5.0, dtype="float32")


@clause(SHOULD, covers="FWD-01", needs="arrays forward", since="2.1")
def test_the_product_of_a_primal_is_its_tangent(tf, run):
    """jvp of a primal itself is its tangent, before, in and after the block."""

    def program(x, v):
        accumulator = tf.autodiff.ForwardAccumulator(x, v)
        before = accumulator.jvp(x)
        with accumulator:
            within = accumulator.jvp(x)
        return before, within, accumulator.jvp(x)

    products = run(program, tf.constant([3.0, 5.0]), tf.constant([7.0, 11.0]))
    assert_structure(products, (np.array([7.0, 11.0]),) * 3)


@clause(MUST, covers="FWD-01", needs="arrays forward", since="2.1")
def test_a_tensor_that_is_no_primal_has_a_tangent_of_zero(tf, run):
    """To leave a tensor out of the primals is to give it a tangent of zeros."""

    def program(x, w, v, nothing):
        with tf.autodiff.ForwardAccumulator(x, v) as without:
            y = x * w
        with tf.autodiff.ForwardAccumulator([x, w], [v, nothing]) as with_zeros:
            z = x * w
        return without.jvp(y), with_zeros.jvp(z)

    x, w = tf.constant([3.0, 5.0]), tf.constant([7.0, 11.0])
    products = run(program, x, w, tf.constant([2.0, 4.0]), tf.constant([0.0, 0.0]))
    assert_structure(products, (np.array([7.0 * 2.0, 11.0 * 4.0]),) * 2)


@clause(MUST, covers="FWD-01", needs="arrays forward dtype-int", since="2.1")
def test_integer_inputs_are_constants(tf, run):
    """An operation with inputs of integers is differentiated by its other inputs."""

    def program(x, places, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = tf.gather(x * x, places)
        return accumulator.jvp(y)

    x, v = tf.constant([2.0, 3.0, 5.0]), tf.constant([1.0, 10.0, 100.0])
    product = run(program, x, tf.constant([2, 0, 2]), v)
    assert_close(product, [10.0 * 100.0, 4.0 * 1.0, 10.0 * 100.0])


@clause(SHOULD, covers="FWD-01 FWD-14", needs="arrays forward dtype-int linalg", since="2.1")
def test_of_several_outputs_the_integers_have_no_product(tf, run):
    """Of an operation with several outputs those of floats have a product, integers have None."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            values, places = tf.math.top_k(x * x, k=2)
        return accumulator.jvp(values), accumulator.jvp(places)

    x, v = tf.constant([2.0, 5.0, 3.0]), tf.constant([1.0, 10.0, 100.0])
    of_values, of_places = run(program, x, v)
    assert_close(of_values, [2 * 5.0 * 10.0, 2 * 3.0 * 100.0])
    assert_none(of_places)


@clause(MUST, covers="FWD-01", needs="arrays forward", since="2.1")
def test_each_of_several_outputs_has_its_product(tf, run):
    """An operation with several outputs gives each its own product."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            first, second, third = tf.unstack(x * x)
        return accumulator.jvp(third), accumulator.jvp(first), accumulator.jvp(second)

    x, v = tf.constant([2.0, 5.0, 3.0]), tf.constant([1.0, 10.0, 100.0])
    assert_structure(run(program, x, v), (6.0 * 100.0, 4.0 * 1.0, 10.0 * 10.0))


@clause(MUST, covers="FWD-01", needs="forward", since="2.1")
def test_the_identity_hands_the_product_on(tf, run):
    """The identity of a tensor has the product of that tensor."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = tf.identity(x * x)
            z = y * 7.0
        return accumulator.jvp(y), accumulator.jvp(z)

    products = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_structure(products, (6.0 * 5.0, 7 * 6.0 * 5.0))


@clause(SHOULD, covers="FWD-01", needs="arrays elementary forward", since="2.1", modes="eager")
def test_an_operation_is_differentiated_at_many_shapes(tf, run):
    """One operation has right products for inputs of many different shapes, one after another.

    An implementation that compiles derivatives by shape must not lose count of them.
    """

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = tf.math.expm1(x)
        return accumulator.jvp(y)

    for length in range(1, 37):
        x = np.arange(length) / 8
        product = run(program, tf.constant(x, tf.float32), tf.constant(x + 1, tf.float32))
        assert_close(product, np.exp(x) * (x + 1))


@clause(
    OBSERVED, covers="FWD-01", needs="arrays elementary forward graph", since="2.1", modes="eager"
)
def test_derivatives_are_compiled_by_shape_up_to_a_limit(tf, run):
    """An operation's derivative is compiled for 32 shapes, and from then on for any shape.

    The names of the compiled functions say for which, and those for any shape are few.
    """

    def program():
        for length in range(1, 41):
            x = tf.ones([length])
            with tf.autodiff.ForwardAccumulator(x, x):
                tf.math.log1p(x)

    graph = tf.function(program, autograph=False).get_concrete_function().graph
    names = [function.signature.name for function in graph.as_graph_def().library.function]
    relaxed = [name for name in names if "__jvp_relaxed_shapes" in name]
    exact = [name for name in names if "__jvp_exact_shapes" in name]
    assert_equal((len(exact) <= 32, 0 < len(relaxed) < 40 - 32), (True, True))


@clause(MUST, covers="FWD-02", needs="arrays forward variables", since="2.1")
def test_variables_are_primals(tf, run):
    """A variable may be a primal; each read of it carries its tangent."""
    v = tf.Variable([2.0, 3.0])

    def program(tangent):
        with tf.autodiff.ForwardAccumulator(v, tangent) as accumulator:
            y = v * v * v
        return accumulator.jvp(y)

    product = run(program, tf.constant([5.0, 7.0]))
    assert_close(product, [3 * 2.0**2 * 5.0, 3 * 3.0**2 * 7.0])


@clause(MUST, covers="FWD-02", needs="arrays forward variables", since="2.1")
def test_forward_mode_gives_a_column_of_the_jacobian(tf, run):
    """The tangents [1, 0] and [0, 1] of a kernel give the parts of the gradient of the loss.

    The loss is that of a linear regression, sum of (x w + b - targets)^2; its gradient by w is
    2 x^T (x w + b - targets).
    """
    kernel, bias = tf.Variable([[0.5], [2.0]]), tf.Variable([0.25])
    x, targets = np.array([[2.0, 3.0], [1.0, 4.0]]), np.array([[1.0], [-1.0]])

    def program(x, targets):
        def product(primal, tangent):
            with tf.autodiff.ForwardAccumulator(primal, tf.constant(tangent)) as accumulator:
                residual = tf.matmul(x, kernel) + bias - targets
                loss = tf.reduce_sum(residual * residual)
            return accumulator.jvp(loss)

        return (
            product(kernel, [[1.0], [0.0]]),
            product(kernel, [[0.0], [1.0]]),
            product(bias, [1.0]),
        )

    products = run(program, tf.constant(x, tf.float32), tf.constant(targets, tf.float32))
    residual = x @ [[0.5], [2.0]] + 0.25 - targets
    by_kernel = 2 * x.T @ residual
    expected = (by_kernel[0, 0], by_kernel[1, 0], 2 * residual.sum())
    assert_structure(products, expected)


@clause(SHOULD, covers="FWD-02", needs="forward variables", since="2.1")
def test_the_product_of_a_variable_is_its_tangent(tf, run):
    """jvp of a variable that is a primal is its tangent; that of another variable is None."""
    v, w = tf.Variable(3.0), tf.Variable(5.0)

    def program(tangent):
        with tf.autodiff.ForwardAccumulator(v, tangent) as accumulator:
            y = v * w
        return accumulator.jvp(v), accumulator.jvp(w), accumulator.jvp(y)

    assert_structure(run(program, tf.constant(7.0)), (7.0, None, 5.0 * 7.0))


@clause(MUST, covers="FWD-02", needs="forward variables struct", since="2.1")
def test_variables_and_tensors_are_primals_together(tf, run):
    """Variables and tensors may be mixed among the primals."""
    v = tf.Variable(3.0)

    def program(x, tangents):
        with tf.autodiff.ForwardAccumulator([x, v], tangents) as accumulator:
            y = x * v * v
        return accumulator.jvp([y, v, x])

    tangents = [tf.constant(7.0), tf.constant(11.0)]
    product = 3.0**2 * 7.0 + 5.0 * 2 * 3.0 * 11.0
    assert_structure(run(program, tf.constant(5.0), tangents), [product, 11.0, 7.0])


@clause(MUST, covers="FWD-03", needs="arrays forward variables nested", since="2.1")
def test_forward_over_reverse_gives_a_hessian_vector_product(tf, run):
    """The jvp of a gradient that was taken in the accumulator's block is H v."""
    v = tf.Variable([1.0, 2.0])

    def program(vector):
        with tf.autodiff.ForwardAccumulator(v, vector) as accumulator:
            with tf.GradientTape() as tape:
                y = tf.reduce_sum(v * v * v)
            backward = tape.gradient(y, v)
        return backward, accumulator.jvp(backward)

    backward, product = run(program, tf.constant([1.0, 0.0]))
    assert_close(backward, [3 * 1.0**2, 3 * 2.0**2])
    assert_close(product, [6 * 1.0, 0.0])


@clause(MUST, covers="FWD-03", needs="arrays forward nested", since="2.1")
def test_forward_over_reverse_sees_mixed_derivatives(tf, run):
    """A Hessian-vector product of forward over reverse mode holds the mixed derivatives.

    For x^2 y z the Hessian is [[2yz, 2xz, 2xy], [2xz, 0, x^2], [2xy, x^2, 0]].
    """

    def program(x, vector):
        with tf.autodiff.ForwardAccumulator(x, vector) as accumulator:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = x[0] * x[0] * x[1] * x[2]
            gradient = tape.gradient(y, x)
        return accumulator.jvp(gradient)

    product = run(program, tf.constant([2.0, 3.0, 5.0]), tf.constant([1.0, 10.0, 100.0]))
    hessian = np.array([[30.0, 20.0, 12.0], [20.0, 0.0, 4.0], [12.0, 4.0, 0.0]])
    assert_close(product, hessian @ [1.0, 10.0, 100.0])


@clause(SHOULD, covers="FWD-04", needs="arrays forward nested", since="2.1")
def test_reverse_over_forward_gives_a_hessian_vector_product(tf, run):
    """A tape around an accumulator differentiates the product; its gradient is v^T H.

    For x^2 y z the Hessian is [[2yz, 2xz, 2xy], [2xz, 0, x^2], [2xy, x^2, 0]].
    """

    def program(x, vector):
        with tf.GradientTape() as tape:
            tape.watch(x)
            with tf.autodiff.ForwardAccumulator(x, vector) as accumulator:
                y = x[0] * x[0] * x[1] * x[2]
            product = accumulator.jvp(y)
        return product, tape.gradient(product, x)

    x, vector = tf.constant([2.0, 3.0, 5.0]), tf.constant([1.0, 10.0, 100.0])
    product, of_product = run(program, x, vector)
    hessian = np.array([[30.0, 20.0, 12.0], [20.0, 0.0, 4.0], [12.0, 4.0, 0.0]])
    assert_close(product, np.dot([60.0, 20.0, 12.0], [1.0, 10.0, 100.0]))
    assert_close(of_product, hessian @ [1.0, 10.0, 100.0])


@clause(SHOULD, covers="FWD-04", needs="arrays forward nested", since="2.1")
def test_a_product_is_differentiated_by_its_tangent(tf, run):
    """A tape around an accumulator differentiates the product J v by v, too: that is J^T."""

    def program(x, vector):
        with tf.GradientTape() as tape:
            tape.watch(vector)
            with tf.autodiff.ForwardAccumulator(x, vector) as accumulator:
                y = x[0] * x[0] * x[1]
            product = accumulator.jvp(y)
        return tape.gradient(product, vector)

    gradient = run(program, tf.constant([2.0, 3.0]), tf.constant([1.0, 10.0]))
    assert_close(gradient, [2 * 2.0 * 3.0, 2.0**2])


@clause(SHOULD, covers="FWD-04", needs="forward nested variables", since="2.1")
def test_reverse_over_forward_reaches_variables(tf, run):
    """A tape around an accumulator differentiates the product by variables."""
    v = tf.Variable(3.0)

    def program(tangent):
        with tf.GradientTape() as tape:
            with tf.autodiff.ForwardAccumulator(v, tangent) as accumulator:
                y = v * v * v
            product = accumulator.jvp(y)
        return tape.gradient(product, v)

    assert_close(run(program, tf.constant(5.0)), 6 * 3.0 * 5.0)


@clause(MUST, covers="FWD-05", needs="persistent forward nested", since="2.1")
def test_an_inner_tape_ignores_the_products_of_an_outer_accumulator(tf, run):
    """A tape in an accumulator's block does not record products: their gradient is None."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            with tf.GradientTape(persistent=True) as tape:
                tape.watch(x)
                y = x * x
                product = accumulator.jvp(y)
        return product, tape.gradient(y, x), tape.gradient(product, x)

    products = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_structure(products, (6.0 * 5.0, 6.0, None))


@clause(SHOULD, covers="FWD-05", needs="forward nested", since="2.1")
def test_a_tape_in_the_block_of_an_accumulator_answers_as_ever(tf, run):
    """A tape and an accumulator that are opened together both see what both of them watch."""

    def program(x, w, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator, tf.GradientTape() as tape:
            tape.watch(w)
            y = x * w * w
        return accumulator.jvp(y), tape.gradient(y, [x, w])

    forward, backward = run(program, tf.constant(3.0), tf.constant(5.0), tf.constant(7.0))
    assert_close(forward, 5.0**2 * 7.0)
    assert_structure(backward, [None, 2 * 3.0 * 5.0])


@clause(MUST, covers="FWD-06", needs="forward nested", since="2.1")
def test_forward_over_forward_gives_second_derivatives(tf, run):
    """The outer of two accumulators carries the product of the inner one: a second derivative."""

    def program(x, v, w):
        with tf.autodiff.ForwardAccumulator(x, v) as outer:
            with tf.autodiff.ForwardAccumulator(x, w) as inner:
                y = x**3.5
            first = inner.jvp(y)
        return first, outer.jvp(y), outer.jvp(first)

    products = run(program, tf.constant(1.1), tf.constant(2.0), tf.constant(5.0))
    slope, curvature = 3.5 * 1.1**2.5, 3.5 * 2.5 * 1.1**1.5
    assert_structure(products, (slope * 5.0, slope * 2.0, curvature * 2.0 * 5.0))


@clause(MUST, covers="FWD-06", needs="arrays forward nested", since="2.1")
def test_forward_over_forward_sees_mixed_derivatives(tf, run):
    """Nested accumulators of vectors give w^T H v, the mixed derivatives included.

    For x^2 y z the Hessian is [[2yz, 2xz, 2xy], [2xz, 0, x^2], [2xy, x^2, 0]].
    """

    def program(x, v, w):
        with tf.autodiff.ForwardAccumulator(x, v) as outer:
            with tf.autodiff.ForwardAccumulator(x, w) as inner:
                y = x[0] * x[0] * x[1] * x[2]
            first = inner.jvp(y)
        return outer.jvp(first)

    v, w = np.array([1.0, 10.0, 100.0]), np.array([7.0, 3.0, 2.0])
    x = tf.constant([2.0, 3.0, 5.0])
    product = run(program, x, tf.constant(v, tf.float32), tf.constant(w, tf.float32))
    hessian = np.array([[30.0, 20.0, 12.0], [20.0, 0.0, 4.0], [12.0, 4.0, 0.0]])
    assert_close(product, w @ hessian @ v)


@clause(MUST, covers="FWD-06", needs="forward nested", since="2.1")
def test_an_inner_accumulator_ignores_the_products_of_an_outer_one(tf, run):
    """The inner of two accumulators has no product of the outer one's products."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as outer:
            with tf.autodiff.ForwardAccumulator(x, v) as inner:
                y = x * x * x
                product = outer.jvp(y)
        return product, inner.jvp(product)

    assert_structure(run(program, tf.constant(2.0), tf.constant(5.0)), (12.0 * 5.0, None))


@clause(SHOULD, covers="FWD-06", needs="forward nested", since="2.1", modes="function jit")
def test_three_accumulators_give_third_derivatives(tf, run):
    """Accumulators nest to any depth; three of them give a third derivative.

    In eager execution, where each derivative of a derivative is compiled, that takes seconds.
    """

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as third:
            with tf.autodiff.ForwardAccumulator(x, v) as second:
                with tf.autodiff.ForwardAccumulator(x, v) as first:
                    y = x * x * x
                slope = first.jvp(y)
            curvature = second.jvp(slope)
        return curvature, third.jvp(curvature)

    products = run(program, tf.constant(2.0), tf.constant(3.0))
    assert_structure(products, (6 * 2.0 * 3.0**2, 6 * 3.0**3))


@clause(SHOULD, covers="FWD-03 FWD-04", needs="forward nested", since="2.1")
def test_forward_and_reverse_mode_alternate(tf, run):
    """Forward over reverse over forward gives third derivatives."""

    def program(x, v, w):
        with tf.autodiff.ForwardAccumulator(x, w) as outer:
            with tf.GradientTape() as tape:
                tape.watch(x)
                with tf.autodiff.ForwardAccumulator(x, v) as inner:
                    y = x * x * x
                slope = inner.jvp(y)
            curvature = tape.gradient(slope, x)
        return curvature, outer.jvp(curvature)

    products = run(program, tf.constant(2.0), tf.constant(3.0), tf.constant(5.0))
    assert_structure(products, (6 * 2.0 * 3.0, 6 * 3.0 * 5.0))


@clause(MUST, covers="FWD-07", needs="forward", since="2.1")
def test_an_unrelated_tensor_has_no_product(tf, run):
    """The product of a tensor that does not depend on the primals is None."""

    def program(x, z, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = z * z
        return accumulator.jvp(z), accumulator.jvp(y), accumulator.jvp(x)

    products = run(program, tf.constant(3.0), tf.constant(5.0), tf.constant(7.0))
    assert_structure(products, (None, None, 7.0))


@clause(MUST, covers="FWD-07", needs="arrays forward unconnected_zero struct", since="2.1")
def test_an_unrelated_tensor_has_a_product_of_zero_on_request(tf, run):
    """With unconnected_gradients="zero" or ZERO an unrelated tensor has zeros in its shape."""
    zero = tf.UnconnectedGradients.ZERO

    def program(x, z, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = z * z
            w = x * x
        by_name = accumulator.jvp([y, w], unconnected_gradients="zero")
        return by_name, accumulator.jvp([z, w], zero)

    z = tf.constant([[3.0, 5.0]])
    products = run(program, tf.constant(3.0), z, tf.constant(7.0))
    expected = [np.zeros([1, 2]), 6.0 * 7.0]
    assert_structure(products, (expected, expected))


@clause(MUST, covers="FWD-07", needs="forward unconnected_zero struct", since="2.1")
def test_none_is_the_default_for_unrelated_tensors(tf, run):
    """With unconnected_gradients="none" or NONE an unrelated tensor has None."""
    none = tf.UnconnectedGradients.NONE

    def program(x, z, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            w = x * x
        by_name = accumulator.jvp([z, w], unconnected_gradients="none")
        return by_name, accumulator.jvp([z, w], none)

    products = run(program, tf.constant(3.0), tf.constant(5.0), tf.constant(7.0))
    assert_structure(products, ([None, 42.0], [None, 42.0]))


@clause(SHOULD, covers="FWD-07", needs="arrays forward unconnected_zero variables", since="2.1")
def test_an_unrelated_variable_has_a_product_of_zero_on_request(tf, run):
    """With unconnected_gradients="zero" a variable that is no primal has zeros in its shape."""
    w = tf.Variable([[3.0, 5.0]])

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = x * w
        return accumulator.jvp(w, unconnected_gradients="zero"), accumulator.jvp(y)

    zeros, product = run(program, tf.constant(2.0), tf.constant(7.0))
    assert_close(zeros, [[0.0, 0.0]], dtype="float32")
    assert_close(product, [[3.0 * 7.0, 5.0 * 7.0]])


@clause(SHOULD, covers="FWD-07", needs="forward unconnected_zero", since="2.1")
def test_an_unknown_value_for_unrelated_tensors_is_refused(tf, run):
    """jvp refuses an unknown value of unconnected_gradients with a ValueError."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = x * x
        with raises(ValueError):
            accumulator.jvp(y, unconnected_gradients="nonsense")
        return accumulator.jvp(y)

    assert_close(run(program, tf.constant(3.0), tf.constant(7.0)), 6.0 * 7.0)


@clause(MUST, covers="FWD-08", needs="forward struct", since="2.1")
def test_a_tensor_is_a_primal_once(tf, run):
    """A tensor that stands twice among the primals is refused with a ValueError."""

    def program(x, w, v):
        with raises(ValueError, "multiple times"):
            tf.autodiff.ForwardAccumulator([x, w, x], [v, v, v])
        with raises(ValueError, "multiple times"):
            tf.autodiff.ForwardAccumulator({"a": x, "b": [x]}, {"a": v, "b": [v]})

    run(program, tf.constant(3.0), tf.constant(3.0), tf.constant(7.0))


@clause(MUST, covers="FWD-08", needs="forward variables", since="2.1")
def test_a_variable_is_a_primal_once(tf, run):
    """A variable that stands twice among the primals is refused with a ValueError."""
    v = tf.Variable(3.0)

    def program(tangent):
        with raises(ValueError, "multiple times"):
            tf.autodiff.ForwardAccumulator([v, v], [tangent, tangent])

    run(program, tf.constant(7.0))


@clause(MUST, covers="FWD-09", needs="forward", since="2.1")
def test_products_are_asked_for_repeatedly(tf, run):
    """jvp answers as often as it is asked, for any result, in the block and after it."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = x * x
            z = y * x
            within = accumulator.jvp(y)
        return within, accumulator.jvp(z), accumulator.jvp(y), accumulator.jvp(z)

    products = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_structure(products, (6.0 * 5.0, 27.0 * 5.0, 6.0 * 5.0, 27.0 * 5.0))


@clause(MUST, covers="FWD-09", needs="forward", since="2.1")
def test_operations_outside_the_block_have_no_product(tf, run):
    """What is computed before or after the block has no product."""

    def program(x, v):
        early = x * x
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = early * x
        late = y * y
        return accumulator.jvp(early), accumulator.jvp(y), accumulator.jvp(late)

    products = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_structure(products, (None, 9.0 * 5.0, None))


@clause(SHOULD, covers="FWD-09", needs="forward", since="2.1")
def test_an_exception_ends_an_accumulator(tf, run):
    """An exception in the block is handed on, and the accumulator stops."""

    def program(x, v):
        accumulator = tf.autodiff.ForwardAccumulator(x, v)
        with raises(ZeroDivisionError), accumulator:
            y = x * x
            raise ZeroDivisionError
        late = x * x
        return accumulator.jvp(y), accumulator.jvp(late)

    assert_structure(run(program, tf.constant(3.0), tf.constant(5.0)), (30.0, None))


@clause(SHOULD, covers="FWD-09", needs="forward", since="2.1")
def test_accumulators_do_not_disturb_each_other(tf, run):
    """Accumulators side by side, or one after another, keep their products apart."""

    def program(x, w, v):
        with tf.autodiff.ForwardAccumulator(x, v) as first:
            y = x * w
        with tf.autodiff.ForwardAccumulator(w, v) as second:
            z = y * w
        return first.jvp(y), first.jvp(z), second.jvp(y), second.jvp(z)

    products = run(program, tf.constant(3.0), tf.constant(5.0), tf.constant(7.0))
    assert_structure(products, (5.0 * 7.0, None, None, 15.0 * 7.0))


@clause(SHOULD, covers="FWD-10", needs="forward", since="2.1")
def test_an_active_accumulator_is_not_entered_again(tf, run):
    """To enter an accumulator in its own block raises a ValueError, and it goes on."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            with raises(ValueError, "already recording"):
                accumulator.__enter__()
            y = x * x
        late = x * x
        return accumulator.jvp(y), accumulator.jvp(late)

    assert_structure(run(program, tf.constant(3.0), tf.constant(5.0)), (30.0, None))


@clause(SHOULD, covers="FWD-10", needs="forward", since="2.1")
def test_an_accumulator_is_entered_again_after_its_block(tf, run):
    """An accumulator whose block was left goes on when it is entered again."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = x + x
        between = y * y
        with accumulator:
            z = y * y
        late = y * y
        with accumulator:
            last = z * x
        products = [accumulator.jvp(one) for one in (y, between, z, late, last)]
        return tuple(products)

    # z = 4 x^2, last = 4 x^3
    products = run(program, tf.constant(3.0), tf.constant(5.0))
    expected = (2 * 5.0, None, 8 * 3.0 * 5.0, None, 12 * 3.0**2 * 5.0)
    assert_structure(products, expected)


@clause(OBSERVED, covers="FWD-10", needs="forward", since="2.1")
def test_to_leave_a_block_twice_is_ignored(tf, run):
    """An accumulator that has stopped takes a second __exit__ without a word."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = x * x
            accumulator.__exit__(None, None, None)
            late = x * x
        return accumulator.jvp(y), accumulator.jvp(late)

    assert_structure(run(program, tf.constant(3.0), tf.constant(5.0)), (30.0, None))


@clause(MUST, covers="FWD-11", needs="forward struct", since="2.1")
def test_primals_and_tangents_are_structures(tf, run):
    """Primals and tangents may be nested structures of one form."""

    def program(primals, tangents):
        with tf.autodiff.ForwardAccumulator(primals, tangents) as accumulator:
            y = primals["a"] * primals["b"][0] * primals["b"][1]
        return accumulator.jvp(y)

    primals = {"b": (tf.constant(3.0), tf.constant(5.0)), "a": tf.constant(2.0)}
    tangents = {"a": tf.constant(7.0), "b": (tf.constant(11.0), tf.constant(13.0))}
    product = 7.0 * 3.0 * 5.0 + 2.0 * 11.0 * 5.0 + 2.0 * 3.0 * 13.0
    assert_close(run(program, primals, tangents), product)


@clause(MUST, covers="FWD-11", needs="forward struct", since="2.1")
def test_the_products_of_a_structure_are_a_structure(tf, run):
    """jvp of a nested structure is a structure of the same form."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = x * x
            z = y * x
        return accumulator.jvp([y, {"z": z, "both": (x, y)}])

    products = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_structure(products, [30.0, {"z": 27 * 5.0, "both": (5.0, 30.0)}])


@clause(SHOULD, covers="FWD-11", needs="forward struct", since="2.1")
def test_tangents_of_another_form_are_refused(tf, run):
    """Tangents whose structure is not that of the primals raise ValueError or TypeError."""

    def program(x, w, v):
        with raises(ValueError):
            tf.autodiff.ForwardAccumulator([x, w], [v])
        with raises((TypeError, ValueError)):
            tf.autodiff.ForwardAccumulator([x, w], (v, v))
        with raises((TypeError, ValueError)):
            tf.autodiff.ForwardAccumulator({"x": x}, {"w": v})

    run(program, tf.constant(3.0), tf.constant(5.0), tf.constant(7.0))


@clause(OBSERVED, covers="FWD-12", needs="arrays forward", since="2.1")
def test_tangents_are_converted(tf, run):
    """A tangent may be a number or a list; it becomes a tensor in the dtype of the primal."""

    def program(x, w):
        with tf.autodiff.ForwardAccumulator([x, w], [7.0, np.array([2, 4])]) as accumulator:
            y = x * w
        return accumulator.jvp(y), accumulator.jvp(w)

    of_y, of_w = run(program, tf.constant(3.0), tf.constant([5.0, 11.0]))
    assert_close(of_y, [7.0 * 5.0 + 3.0 * 2.0, 7.0 * 11.0 + 3.0 * 4.0])
    assert_close(of_w, [2.0, 4.0], dtype="float32")


@clause(OBSERVED, covers="FWD-12", needs="arrays forward", since="2.1")
def test_a_tangent_of_another_shape_is_broadcast(tf, run):
    """A tangent that has not the shape of its primal is not refused; it broadcasts silently."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = x * x
        return accumulator.jvp(y)

    product = run(program, tf.constant([3.0, 5.0]), tf.constant(7.0))
    assert_close(product, [2 * 3.0 * 7.0, 2 * 5.0 * 7.0])


@clause(OBSERVED, covers="FWD-12", needs="forward dtype-float", since="2.1")
def test_a_tangent_of_another_dtype_is_refused(tf, run):
    """A tangent tensor that has not the dtype of its primal raises ValueError."""

    def program(x, v):
        with raises(ValueError):
            tf.autodiff.ForwardAccumulator(x, v)

    run(program, tf.constant(3.0), tf.constant(7.0, tf.float64))


@clause(MUST, covers="FWD-13", needs="arrays forward output_gradients", since="2.1")
def test_forward_and_reverse_mode_are_adjoint(tf, run):
    """The product of u and J v in forward mode equals that of u^T J and v from a tape."""

    def program(x, v, u):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator, tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.matmul(x, x) * x
        backward = tape.gradient(y, x, output_gradients=u)
        return tf.reduce_sum(u * accumulator.jvp(y)), tf.reduce_sum(backward * v)

    x, v = np.array([[2.0, 3.0], [5.0, 7.0]]), np.array([[1.0, 4.0], [2.0, 8.0]])
    u = np.array([[3.0, 1.0], [4.0, 2.0]])
    products = run(program, *(tf.constant(value, tf.float32) for value in (x, v, u)))
    exact = np.sum(u * ((v @ x + x @ v) * x + (x @ x) * v))
    assert_structure(products, (exact, exact))


@clause(SHOULD, covers="FWD-14", needs="forward stop_gradient", since="2.1")
def test_stop_gradient_stops_the_product(tf, run):
    """No product passes stop_gradient."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            stopped = tf.stop_gradient(x * x)
            y = stopped * x
        return accumulator.jvp(stopped), accumulator.jvp(y)

    assert_structure(run(program, tf.constant(3.0), tf.constant(5.0)), (None, 9.0 * 5.0))


@clause(SHOULD, covers="FWD-14", needs="forward dtype-int", since="2.1")
def test_no_product_passes_integers(tf, run):
    """A cast to integers ends the product, and a cast back does not bring it back."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            whole = tf.cast(x, tf.int32)
            back = tf.cast(whole, tf.float32)
            y = back * x
        return accumulator.jvp(whole), accumulator.jvp(back), accumulator.jvp(y)

    assert_structure(run(program, tf.constant(3.5), tf.constant(5.0)), (None, None, 15.0))


@clause(SHOULD, covers="FWD-15", needs="forward graph", since="2.1", modes="eager")
def test_an_accumulator_sees_through_a_compiled_function(tf, run):
    """A function that is called in the block carries the product, at each of its calls."""
    compiled = tf.function(lambda x, w: (x * x * w, w * 3.0), autograph=False)

    def program(x, w, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y, unrelated = compiled(x * 2.0, w)
            z, _ = compiled(w, y)
        return accumulator.jvp(y), accumulator.jvp(z), accumulator.jvp(unrelated)

    # y = 4 x^2 w, z = w^2 y
    of_y, of_z, of_unrelated = run(program, tf.constant(3.0), tf.constant(5.0), tf.constant(7.0))
    assert_close(of_y, 8 * 3.0 * 5.0 * 7.0)
    assert_close(of_z, 5.0**2 * 8 * 3.0 * 5.0 * 7.0)
    assert_close(of_unrelated, 0.0)


@clause(SHOULD, covers="FWD-15", needs="forward graph nested", since="2.1", modes="eager")
def test_second_orders_pass_a_compiled_function(tf, run):
    """Forward over forward and forward over reverse mode pass a compiled function."""
    cube = tf.function(lambda x: x * x * x, autograph=False)

    def program(x, v, w):
        with tf.autodiff.ForwardAccumulator(x, v) as outer:
            with tf.autodiff.ForwardAccumulator(x, w) as inner, tf.GradientTape() as tape:
                tape.watch(x)
                y = cube(x)
            forward, backward = inner.jvp(y), tape.gradient(y, x)
        return outer.jvp(forward), outer.jvp(backward)

    products = run(program, tf.constant(2.0), tf.constant(5.0), tf.constant(7.0))
    assert_structure(products, (12.0 * 5.0 * 7.0, 12.0 * 5.0))


@clause(SHOULD, covers="FWD-15", needs="forward graph", since="2.1", modes="eager")
def test_a_tape_and_an_accumulator_share_a_compiled_function(tf, run):
    """A tape around an accumulator differentiates the value of a compiled function as ever."""
    cube = tf.function(lambda x: x * x * x, autograph=False)

    def program(x, v):
        with tf.GradientTape() as tape:
            tape.watch(x)
            with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
                y = cube(x)
        return accumulator.jvp(y), tape.gradient(y, x)

    assert_structure(run(program, tf.constant(2.0), tf.constant(5.0)), (12.0 * 5.0, 12.0))


@clause(SHOULD, covers="FWD-04 FWD-15", needs="forward graph nested", since="2.1", modes="eager")
def test_reverse_over_forward_passes_a_compiled_function(tf, run):
    """A tape around an accumulator differentiates the product through a compiled function."""
    cube = tf.function(lambda x: x * x * x, autograph=False)

    def program(x, v):
        with tf.GradientTape() as tape:
            tape.watch(x)
            with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
                y = cube(x)
            product = accumulator.jvp(y)
        return product, tape.gradient(product, x)

    assert_structure(run(program, tf.constant(2.0), tf.constant(5.0)), (60.0, 12.0 * 5.0))


@clause(SHOULD, covers="FWD-04 FWD-15", needs="forward graph nested", since="2.1", modes="eager")
def test_a_product_through_a_compiled_function_is_differentiated_by_its_tangent(tf, run):
    """A tape differentiates a product through a compiled function by primal and tangent at once."""
    cube = tf.function(lambda x: x * x * x, autograph=False)

    def program(x, v):
        with tf.GradientTape() as tape:
            tape.watch([x, v])
            with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
                y = cube(x)
            product = accumulator.jvp(y)
        return product, tape.gradient(product, [x, v])

    products = run(program, tf.constant(2.0), tf.constant(5.0))
    assert_structure(products, (60.0, [12.0 * 5.0, 12.0]))


@clause(SHOULD, covers="FWD-15", needs="forward graph variables", since="2.1", modes="eager")
def test_a_compiled_function_captures_a_variable_that_is_a_primal(tf, run):
    """A variable that a compiled function captures is a primal like any other."""
    variable = tf.Variable(3.0)
    compiled = tf.function(lambda x: x * variable * variable, autograph=False)

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(variable, v) as accumulator:
            y = compiled(x)
        return accumulator.jvp(y), compiled(x)

    product, value = run(program, tf.constant(5.0), tf.constant(7.0))
    assert_close(product, 5.0 * 6.0 * 7.0)
    assert_close(value, 45.0)


@clause(SHOULD, covers="FWD-15", needs="forward graph", since="2.1", modes="eager")
def test_an_accumulator_lives_in_a_compiled_function(tf, run):
    """An accumulator in a compiled function carries products through functions it calls."""
    inner = tf.function(lambda x: (x * x, x * x * x), autograph=False)

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y, z = inner(x)
            w = z * y
        return accumulator.jvp(y), accumulator.jvp(z), accumulator.jvp(w)

    compiled = tf.function(program, autograph=False)
    first = run(compiled, tf.constant(2.0), tf.constant(5.0))
    assert_structure(first, (4.0 * 5.0, 12.0 * 5.0, 5 * 2.0**4 * 5.0))
    second = run(compiled, tf.constant(3.0), tf.constant(7.0))
    assert_structure(second, (6.0 * 7.0, 27.0 * 7.0, 5 * 3.0**4 * 7.0))


@clause(SHOULD, covers="FWD-15", needs="forward graph", since="2.1", modes="eager")
def test_an_accumulator_outside_asks_a_compiled_accumulator(tf, run):
    """An accumulator around a compiled function that holds one gives second derivatives."""

    @tf.function(autograph=False)
    def slope(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as inner:
            y = x * x * x
        return inner.jvp(y)

    def program(x, v, w):
        with tf.autodiff.ForwardAccumulator(x, w) as outer:
            first = slope(x, v)
        return first, outer.jvp(first)

    products = run(program, tf.constant(2.0), tf.constant(5.0), tf.constant(7.0))
    assert_structure(products, (12.0 * 5.0, 12.0 * 5.0 * 7.0))


@clause(SHOULD, covers="FWD-15", needs="comparison forward control_flow graph", since="2.1")
def test_cond_carries_the_product(tf, run):
    """cond carries the product of the branch that is taken."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = tf.cond(x > 4.0, lambda: x * x, lambda: 3.0 * x)
        return accumulator.jvp(y)

    assert_close(run(program, tf.constant(5.0), tf.constant(7.0)), 10.0 * 7.0)
    assert_close(run(program, tf.constant(2.0), tf.constant(7.0)), 3.0 * 7.0)


@clause(
    SHOULD,
    covers="FWD-15",
    needs="comparison forward control_flow graph",
    since="2.1",
    modes="eager",
)
def test_a_compiled_loop_carries_the_product(tf, run):
    """while_loop in a compiled function carries the product through each round."""

    @tf.function(autograph=False)
    def power(x, exponent):
        return tf.while_loop(
            lambda i, y: i < exponent, lambda i, y: (i + 1, y * x), (tf.constant(0), x)
        )[1]

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = power(x, tf.constant(3))
        return accumulator.jvp(y)

    assert_close(run(program, tf.constant(2.0), tf.constant(5.0)), 4 * 2.0**3 * 5.0)


@clause(
    SHOULD,
    covers="FWD-15",
    needs="comparison forward control_flow graph",
    since="2.1",
    modes="function",
)
def test_an_accumulator_in_a_trace_sees_through_a_loop(tf, run):
    """while_loop in a traced block carries the product through each round."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            _, y = tf.while_loop(
                lambda i, y: i < 3, lambda i, y: (i + 1, y * x), (tf.constant(0), x)
            )
        return accumulator.jvp(y)

    assert_close(run(program, tf.constant(2.0), tf.constant(5.0)), 4 * 2.0**3 * 5.0)


@clause(SHOULD, covers="FWD-15", needs="elementary forward graph", since="2.3", modes="eager")
def test_functions_that_run_eagerly_carry_the_product(tf, run):
    """With run_functions_eagerly(True) products are the same."""
    square = tf.function(lambda x: tf.sin(x) * x, autograph=False)

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = square(x)
        return accumulator.jvp(y)

    tf.config.run_functions_eagerly(True)
    try:
        product = run(program, tf.constant(0.5), tf.constant(3.0))
    finally:
        tf.config.run_functions_eagerly(False)
    assert_close(product, (np.cos(0.5) * 0.5 + np.sin(0.5)) * 3.0)


@clause(
    OBSERVED,
    covers="FWD-16",
    needs="forward custom_gradient stop_gradient",
    since="2.1",
    modes="eager",
)
def test_custom_gradients_are_transposed(tf, run):
    """A custom gradient whose function hides its operations is transposed for forward mode.

    A gradient is linear in the gradient from above, and the transpose of that linear function
    takes tangents of the inputs to the tangent of the output.
    """

    @tf.custom_gradient
    def product(x, y):
        value = tf.stop_gradient(x) * tf.stop_gradient(y)
        return value, lambda upstream: (upstream * 100.0, upstream * 10.0)

    def program(x, y, tangents):
        with tf.autodiff.ForwardAccumulator([x, y], tangents) as accumulator:
            z = product(x, y)
            w = z * z
        return accumulator.jvp(z), accumulator.jvp(w)

    tangents = [tf.constant(2.0), tf.constant(3.0)]
    of_z, of_w = run(program, tf.constant(5.0), tf.constant(7.0), tangents)
    assert_close(of_z, 100.0 * 2.0 + 10.0 * 3.0)
    assert_close(of_w, 2 * 35.0 * 230.0)


@clause(
    OBSERVED,
    covers="FWD-16",
    needs="forward custom_gradient stop_gradient",
    since="2.1",
    modes="function jit",
)
def test_an_accumulator_in_a_trace_ignores_custom_gradients(tf, run):
    """In a trace a custom gradient is ignored: where its function hides its operations, it is 0."""

    @tf.custom_gradient
    def square(x):
        return tf.stop_gradient(x) * tf.stop_gradient(x), lambda upstream: upstream * 100.0

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = square(x)
        return accumulator.jvp(y)

    assert_close(run(program, tf.constant(3.0), tf.constant(5.0)), 0.0)


@clause(OBSERVED, covers="FWD-16", needs="forward custom_gradient", since="2.1")
def test_a_custom_gradient_does_not_hide_the_operations_of_its_function(tf, run):
    """Forward mode ignores a custom gradient where it sees the operations of the function."""

    @tf.custom_gradient
    def square(x):
        return x * x, lambda upstream: upstream * 100.0

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = square(x)
        return accumulator.jvp(y)

    assert_close(run(program, tf.constant(3.0), tf.constant(5.0)), 6.0 * 5.0)


@clause(
    OBSERVED, covers="FWD-16", needs="forward custom_gradient graph", since="2.1", modes="eager"
)
def test_a_custom_gradient_counts_in_a_compiled_function(tf, run):
    """Of a compiled function forward mode transposes the gradient, a custom one included."""
    square = tf.custom_gradient(lambda x: (x * x, lambda upstream: upstream * 100.0))
    compiled = tf.function(lambda x: square(x) * 7.0, autograph=False)

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = compiled(x)
        return accumulator.jvp(y)

    assert_close(run(program, tf.constant(3.0), tf.constant(5.0)), 700.0 * 5.0)


@clause(OBSERVED, covers="FWD-16", needs="forward custom_gradient", since="2.1")
def test_an_exception_of_a_custom_gradient_is_handed_on(tf, run):
    """An exception in a custom gradient comes out of the operation that forward mode follows."""

    @tf.custom_gradient
    def fails(x):
        return x * x, lambda upstream: upstream * (1 // 0)

    def program(x, v):
        accumulator = tf.autodiff.ForwardAccumulator(x, v)
        with raises(ZeroDivisionError), accumulator:
            fails(x)
        with accumulator:
            y = x * x
        return accumulator.jvp(y)

    assert_close(run(program, tf.constant(3.0), tf.constant(5.0)), 30.0)


@clause(OBSERVED, covers="FWD-17", needs="forward stop_recording", since="2.1")
def test_a_paused_tape_does_not_pause_an_accumulator(tf, run):
    """tape.stop_recording() stops the tape alone; an accumulator goes on."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator, tf.GradientTape() as tape:
            tape.watch(x)
            with tape.stop_recording():
                y = x * x
        return accumulator.jvp(y), tape.gradient(y, x)

    assert_structure(run(program, tf.constant(3.0), tf.constant(5.0)), (30.0, None))


@clause(MUST, covers="FWD-18", needs="forward memory", since="2.1", modes="eager")
def test_a_product_lives_as_long_as_its_primal(tf, run):
    """An accumulator drops a product as soon as the tensor that it belongs to is deleted."""

    def program(x, v):
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = x * x
            z = y * x
            product = weakref.ref(accumulator.jvp(y))
            gc.collect()
            assert_equal(product() is None, False)
            del y
            gc.collect()
            assert_none(product())
        return accumulator.jvp(z)

    assert_close(run(program, tf.constant(3.0), tf.constant(5.0)), 27.0 * 5.0)


@clause(OBSERVED, covers="FWD-19", needs="forward dtype-int", since="2.1", modes="eager")
def test_an_integer_primal_is_only_logged(tf, run):
    """An integer primal is refused by nothing but a warning that names its dtype; a float is not.

    How often the warning is given is limited for the process as a whole: it may be missing.
    """
    messages = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())
    logger = tf.get_logger()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)
    try:
        tf.autodiff.ForwardAccumulator(tf.constant(3.0), tf.constant(5.0))
        with tf.autodiff.ForwardAccumulator(tf.constant(3), tf.constant(5)):
            pass
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    assert_equal([text for text in messages if "floating" not in text or "int32" not in text], [])


@clause(MUST, covers="FWD-20", needs="arrays forward jacobian", since="2.1")
def test_unit_tangents_give_the_columns_of_the_jacobian(tf, run):
    """The product with a unit vector is that column of the jacobian, which a tape gives whole."""

    def program(x):
        columns = []
        for unit in np.eye(2, dtype=np.float32):
            with tf.autodiff.ForwardAccumulator(x, tf.constant(unit)) as accumulator:
                y = tf.stack([x[0] * x[1], x[0] * x[0], 3.0 * x[1]])
            columns.append(accumulator.jvp(y))
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.stack([x[0] * x[1], x[0] * x[0], 3.0 * x[1]])
        return tf.stack(columns, axis=1), tape.jacobian(y, x)

    expected = np.array([[5.0, 2.0], [4.0, 0.0], [0.0, 3.0]])
    assert_structure(run(program, tf.constant([2.0, 5.0])), (expected, expected))


@clause(OBSERVED, covers="FWD-21", needs="forward variables state", since="2.1")
def test_assignment_leaves_the_tangent_of_a_variable(tf, run):
    """Assigning to a variable that is a primal leaves its tangent as it was."""
    v = tf.Variable(3.0)

    def program(tangent):
        with tf.autodiff.ForwardAccumulator(v, tangent) as accumulator:
            v.assign(5.0)
            y = v * v
            v.assign_sub(1.0)
        return accumulator.jvp(v), accumulator.jvp(y)

    assert_structure(run(program, tf.constant(11.0)), (11.0, 10.0 * 11.0))
    assert_close(v, 4.0)


@clause(OBSERVED, covers="FWD-21", needs="arrays forward variables", since="2.1")
def test_a_copied_handle_of_a_variable_has_its_tangent(tf, run):
    """What is read through a copy of a variable's handle carries the tangent of the variable."""
    v = tf.Variable([2.0, 3.0])

    def program(tangent):
        with tf.autodiff.ForwardAccumulator(v, tangent) as accumulator:
            handle = tf.raw_ops.Identity(input=v.handle)
            y = tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.float32) * 5.0
        return accumulator.jvp(y)

    assert_close(run(program, tf.constant([7.0, 11.0])), [5.0 * 7.0, 5.0 * 11.0])


@clause(SHOULD, covers="FWD-22", needs="arrays forward keras", since="2.1", modes="eager")
def test_the_weights_of_a_layer_are_primals(tf, run):
    """The weights of a Keras layer may be primals."""
    layer = tf.keras.layers.Dense(1, use_bias=False)
    layer.build([None, 2])

    def program(x, tangent):
        with tf.autodiff.ForwardAccumulator(layer.kernel, tangent) as accumulator:
            y = layer(x)
        return accumulator.jvp(y)

    product = run(program, tf.constant([[2.0, 3.0]]), tf.constant([[5.0], [7.0]]))
    assert_close(product, [[2.0 * 5.0 + 3.0 * 7.0]])


@clause(OBSERVED, covers="FWD-22", needs="arrays forward keras", since="2.16", modes="eager")
def test_the_value_of_the_weights_of_a_layer_is_a_primal(tf, run):
    """The value of the weights of a Keras 3 layer, a plain variable, may be a primal."""
    layer = tf.keras.layers.Dense(1, use_bias=False)
    layer.build([None, 2])

    def program(x, tangent):
        with tf.autodiff.ForwardAccumulator(layer.kernel.value, tangent) as accumulator:
            y = layer(x)
        return accumulator.jvp(y)

    product = run(program, tf.constant([[2.0, 3.0]]), tf.constant([[5.0], [7.0]]))
    assert_close(product, [[2.0 * 5.0 + 3.0 * 7.0]])
