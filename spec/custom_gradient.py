"""Custom gradients: functions that bring their own derivative."""

import collections
import tempfile

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


@clause(MUST, covers="CUS-01", needs="custom_gradient")
def test_a_custom_gradient_replaces_the_derivative(tf, run):
    """The gradient of a function decorated by custom_gradient is what its grad_fn returns."""

    @tf.custom_gradient
    def square(x):
        return x * x, lambda upstream: upstream * 100.0

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = square(x)
        return y, tape.gradient(y, x)

    value, gradient = run(program, tf.constant(3.0))
    assert_close(value, 9.0)
    assert_close(gradient, 100.0)


@clause(MUST, covers="CUS-01", needs="custom_gradient")
def test_a_custom_gradient_is_a_link_of_the_chain(tf, run):
    """grad_fn receives the gradient from above; what it returns is handed on below."""

    @tf.custom_gradient
    def double(x):
        return x * 2.0, lambda upstream: upstream * 100.0

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = double(x * x) * 7.0
        return y, tape.gradient(y, x)

    value, gradient = run(program, tf.constant(3.0))
    assert_close(value, 2 * 9.0 * 7)
    assert_close(gradient, 7 * 100 * (2 * 3.0))


@clause(MUST, covers="CUS-01", needs="custom_gradient")
def test_each_use_of_a_custom_gradient_counts(tf, run):
    """A function with a custom gradient that is used several times contributes each time."""

    @tf.custom_gradient
    def scaled(x):
        return x * 2.0, lambda upstream: upstream * 10.0

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = scaled(scaled(x)) + scaled(x) * 7.0 + x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 10 * 10 + 7 * 10 + 1)


@clause(MUST, covers="CUS-02", needs="arrays elementary exp custom_gradient")
def test_a_custom_gradient_is_stable_where_the_chain_rule_is_not(tf, run):
    """log(1 + exp(x)) with the gradient 1 - 1 / (1 + exp(x)) has the gradient 1 at x = 100."""

    @tf.custom_gradient
    def log1pexp(x):
        e = tf.exp(x)
        return tf.math.log(1.0 + e), lambda upstream: upstream * (1.0 - 1.0 / (1.0 + e))

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = log1pexp(x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant([0.0, 100.0])), [0.5, 1.0])


@clause(SHOULD, covers="CUS-02", needs="arrays elementary exp")
def test_the_chain_rule_alone_is_not_stable(tf, run):
    """log(1 + exp(x)) without a custom gradient has the gradient NaN at x = 100.

    exp(100) is infinite in float32, so that the chain rule multiplies 1 / inf = 0 by infinity.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.math.log(1.0 + tf.exp(x))
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant([0.0, 100.0])), [0.5, np.nan])


@clause(MUST, covers="CUS-03", needs="custom_gradient persistent")
def test_grad_fn_returns_one_gradient_for_each_input(tf, run):
    """grad_fn of several inputs returns one gradient for each, in the order of the inputs."""

    @tf.custom_gradient
    def product(x, y):
        return x * y, lambda upstream: (upstream * y, upstream * x)

    def program(x, y):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, y])
            z = product(x, y)
        return z, tape.gradient(z, x), tape.gradient(z, y), tape.gradient(z, [y, x])

    answers = run(program, tf.constant(2.0), tf.constant(3.0))
    assert_structure(answers, (6.0, 3.0, 2.0, [2.0, 3.0]))


@clause(MUST, covers="CUS-03", needs="arrays custom_gradient")
def test_gradients_of_several_inputs_have_their_shapes(tf, run):
    """The gradient that stands at the place of an input has the shape of that input."""

    @tf.custom_gradient
    def weighted(x, w):
        return tf.reduce_sum(x * w), lambda upstream: [upstream * w + x * 0.0, upstream * 5.0]

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = weighted(x, w * 3.0)
        return y, tape.gradient(y, [x, w])

    value, (by_x, by_w) = run(program, tf.constant([1.0, 2.0]), tf.constant(4.0))
    assert_close(value, 3.0 * 12.0, dtype="float32")
    assert_close(by_x, [12.0, 12.0], dtype="float32")
    assert_close(by_w, 5.0 * 3.0, dtype="float32")


@clause(MUST, covers="CUS-03", needs="custom_gradient")
def test_an_input_that_is_not_watched_takes_its_place(tf, run):
    """grad_fn returns a gradient for an input that is not watched, too, and it is left out."""

    @tf.custom_gradient
    def product(x, y):
        return x * y, lambda upstream: (upstream * 10.0, upstream * 100.0)

    def program(x, y):
        with tf.GradientTape() as tape:
            tape.watch(y)
            z = product(x, y)
        return tape.gradient(z, [x, y])

    assert_structure(run(program, tf.constant(2.0), tf.constant(3.0)), [None, 100.0])


@clause(MUST, covers="CUS-03", needs="custom_gradient")
def test_one_tensor_at_several_places_gathers_all_their_gradients(tf, run):
    """A tensor that is passed as several inputs has the sum of their gradients."""

    @tf.custom_gradient
    def product(x, y):
        return x * y, lambda upstream: (upstream * 10.0, upstream * 100.0)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            z = product(x, x)
        return tape.gradient(z, x)

    assert_close(run(program, tf.constant(2.0)), 110.0)


@clause(SHOULD, covers="CUS-03", needs="custom_gradient")
def test_tensors_that_are_not_inputs_have_no_custom_gradient(tf, run):
    """A tensor that the function uses without having it as an input has no gradient through it."""

    def program(x, captured):
        @tf.custom_gradient
        def product(x):
            return x * captured, lambda upstream: upstream * 10.0

        with tf.GradientTape() as tape:
            tape.watch([x, captured])
            y = product(x)
        return y, tape.gradient(y, [x, captured])

    answers = run(program, tf.constant(2.0), tf.constant(3.0))
    assert_structure(answers, (6.0, [10.0, None]))


@clause(SHOULD, covers="CUS-04", needs="persistent custom_gradient", modes="eager")
def test_too_few_gradients_are_refused(tf, run):
    """A grad_fn that returns fewer gradients than there are inputs raises ValueError."""

    def program(x):
        nothing = tf.custom_gradient(lambda x: (x * 2.0, lambda upstream: []))
        product = tf.custom_gradient(lambda x, y: (x * y, lambda upstream: upstream))
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            of_nothing, of_product = nothing(x), product(x, x)
        with raises(ValueError):
            tape.gradient(of_nothing, x)
        with raises(ValueError):
            tape.gradient(of_product, x)

    run(program, tf.constant(3.0))


@clause(SHOULD, covers="CUS-04", needs="custom_gradient", modes="eager")
def test_too_many_gradients_are_refused(tf, run):
    """A grad_fn that returns more gradients than there are inputs raises ValueError."""

    def program(x):
        double = tf.custom_gradient(lambda x: (x * 2.0, lambda upstream: (upstream, upstream)))
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = double(x)
        with raises(ValueError):
            tape.gradient(y, x)

    run(program, tf.constant(3.0))


@clause(OBSERVED, covers="CUS-04", needs="persistent custom_gradient graph", modes="function jit")
def test_a_wrong_number_of_gradients_is_an_internal_error_of_traced_programs(tf, run):
    """In a traced program a wrong number of gradients raises InternalError."""

    def program(x):
        double = tf.custom_gradient(lambda x: (x * 2.0, lambda upstream: (upstream, upstream)))
        nothing = tf.custom_gradient(lambda x: (x * 2.0, lambda upstream: []))
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            of_double, of_nothing = double(x), nothing(x)
        with raises(tf.errors.InternalError):
            tape.gradient(of_double, x)
        with raises(tf.errors.InternalError):
            tape.gradient(of_nothing, x)

    run(program, tf.constant(3.0))


@clause(MUST, covers="CUS-05", needs="custom_gradient persistent")
def test_none_is_no_gradient(tf, run):
    """None that grad_fn returns for an input means that the input has no gradient."""

    @tf.custom_gradient
    def product(x, y):
        return x * y, lambda upstream: (upstream * 10.0, None)

    def program(x, y):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, y])
            z = product(x, y)
            w = z + y * 7.0
        return tape.gradient(z, [x, y]), tape.gradient(w, [x, y])

    answers = run(program, tf.constant(2.0), tf.constant(3.0))
    assert_structure(answers, ([10.0, None], [10.0, 7.0]))


@clause(MUST, covers="CUS-06", needs="arrays custom_gradient")
def test_grad_fn_receives_one_gradient_for_each_output(tf, run):
    """grad_fn of several outputs receives one upstream gradient for each, in their order."""

    @tf.custom_gradient
    def both(x):
        def grad_fn(of_double, of_pair):
            return of_double * 100.0 + tf.reduce_sum(of_pair * [10.0, 1.0])

        return (x * 2.0, tf.stack([x, x * x])), grad_fn

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            double, pair = both(x)
            y = double * 3.0 + tf.reduce_sum(pair * [5.0, 7.0])
        return double, pair, tape.gradient(y, x)

    double, pair, gradient = run(program, tf.constant(3.0))
    assert_close(double, 6.0)
    assert_close(pair, [3.0, 9.0])
    assert_close(gradient, 3.0 * 100 + 5.0 * 10 + 7.0)


@clause(MUST, covers="CUS-06", needs="arrays custom_gradient persistent")
def test_outputs_that_are_not_used_have_upstream_gradients_of_zero(tf, run):
    """The upstream gradient of an output without a path to the target is a tensor of zeros.

    Adding one to each upstream gradient before it is summed shows that there are two elements.
    """

    @tf.custom_gradient
    def both(x):
        def grad_fn(of_double, of_pair):
            return of_double * 100.0 + tf.reduce_sum(of_pair * 10.0 + 1.0)

        return (x * 2.0, tf.stack([x, x])), grad_fn

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            double, pair = both(x)
        return [tape.gradient(target, x) for target in (double, pair, [double, pair])]

    answers = run(program, tf.constant(3.0))
    assert_structure(answers, [100.0 + 2.0, 20.0 + 2.0, 100.0 + 20.0 + 2.0])


@clause(SHOULD, covers="CUS-07", needs="custom_gradient struct", since="2.3")
def test_inputs_may_be_nested(tf, run):
    """grad_fn returns one gradient for each tensor of nested inputs, in flattened order.

    Dicts are flattened in the order of their keys.
    """

    @tf.custom_gradient
    def product(inputs, factor):
        y = inputs["b"] * inputs["a"][0] * factor
        return y, lambda upstream: (upstream * 10.0, upstream * 100.0, upstream * 1000.0)

    def program(x, w, factor):
        with tf.GradientTape() as tape:
            tape.watch([x, w, factor])
            y = product({"b": x, "a": [w]}, factor)
        return y, tape.gradient(y, {"x": x, "w": w, "factor": factor})

    value, gradients = run(program, tf.constant(2.0), tf.constant(3.0), tf.constant(5.0))
    assert_close(value, 30.0)
    assert_structure(gradients, {"w": 10.0, "x": 100.0, "factor": 1000.0})


@clause(SHOULD, covers="CUS-07", needs="custom_gradient struct")
def test_outputs_may_be_nested(tf, run):
    """Nested outputs come back as they are; grad_fn receives their gradients in flattened order."""

    @tf.custom_gradient
    def two(x):
        outputs = {"b": x * 2.0, "a": [x * 3.0, x * 4.0]}
        return outputs, lambda a0, a1, b: a0 * 10.0 + a1 * 100.0 + b * 1000.0

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = two(x)
            y = outputs["b"] * 3.0 + outputs["a"][0] * 5.0 + outputs["a"][1] * 7.0
        return outputs, tape.gradient(y, x)

    outputs, gradient = run(program, tf.constant(2.0))
    assert_structure(outputs, {"b": 4.0, "a": [6.0, 8.0]})
    assert_close(gradient, 5.0 * 10 + 7.0 * 100 + 3.0 * 1000)


@clause(SHOULD, covers="CUS-07", needs="custom_gradient struct", since="2.3")
def test_gradients_may_be_nested(tf, run):
    """grad_fn may return the gradients of nested inputs in the same nesting."""

    @tf.custom_gradient
    def product(inputs):
        y = inputs["b"] * inputs["a"]
        return y, lambda upstream: {"b": upstream * 10.0, "a": upstream * 100.0}

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = product({"b": x, "a": w})
        return tape.gradient(y, [x, w])

    assert_structure(run(program, tf.constant(2.0), tf.constant(3.0)), [10.0, 100.0])


@clause(SHOULD, covers="CUS-07", needs="custom_gradient struct")
def test_a_named_tuple_comes_back_as_one(tf, run):
    """The structure that the decorated function returns is of the type that the function made."""
    pair_type = collections.namedtuple("Pair", "large small")

    @tf.custom_gradient
    def split(x):
        return pair_type(x * 4.0, x * 2.0), lambda large, small: large * 10.0 + small

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            pair = split(x)
            y = pair.large * 3.0 + pair.small * 5.0
        assert_same(type(pair), pair_type)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(2.0)), 3.0 * 10 + 5.0)


@clause(OBSERVED, covers="CUS-08", needs="custom_gradient persistent", modes="eager")
def test_keyword_arguments_are_no_inputs(tf, run):
    """Keyword arguments reach the function; grad_fn returns no gradient for them."""

    @tf.custom_gradient
    def product(x, factor=None):
        return x * factor, lambda upstream: upstream * 10.0

    def program(x, factor):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, factor])
            y = product(x, factor=factor)
        return y, tape.gradient(y, [x, factor])

    answers = run(program, tf.constant(2.0), tf.constant(3.0))
    assert_structure(answers, (6.0, [10.0, None]))


@clause(OBSERVED, covers="CUS-08", needs="custom_gradient variables", modes="eager")
def test_a_variable_passed_by_keyword_is_not_among_variables(tf, run):
    """A variable that is passed as a keyword argument is not handed to grad_fn as a variable."""
    factor = tf.Variable(3.0)

    @tf.custom_gradient
    def product(x, factor=None):
        return x * factor, lambda upstream: upstream * 10.0

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = product(x, factor=factor)
        return y, tape.gradient(y, [x, factor])

    assert_structure(run(program, tf.constant(2.0)), (6.0, [10.0, None]))


@clause(OBSERVED, covers="CUS-08", needs="custom_gradient graph", modes="function jit")
def test_a_traced_program_refuses_keyword_arguments(tf, run):
    """In a traced program a keyword argument of a function with custom gradient is ValueError."""

    @tf.custom_gradient
    def product(x, factor=3.0):
        return x * factor, lambda upstream: upstream * 10.0

    def program(x):
        with raises(ValueError, "keyword"):
            product(x, factor=2.0)
        return product(x)

    assert_close(run(program, tf.constant(2.0)), 6.0)


@clause(SHOULD, covers="CUS-09", needs="custom_gradient variables")
def test_grad_fn_must_accept_variables(tf, run):
    """When the function reads variables and grad_fn takes no variables, TypeError is raised."""
    factor = tf.Variable(3.0)

    @tf.custom_gradient
    def product(x):
        return x * factor, lambda upstream: upstream * 10.0

    def program(x):
        with raises(TypeError, "variables"):
            product(x)
        with raises(TypeError, "variables"), tf.GradientTape() as tape:
            tape.watch(x)
            product(x)

    run(program, tf.constant(2.0))


def _with_positional(factor):
    def product(x):
        def grad_fn(upstream, variables):
            assert_same(variables[0], factor)
            return upstream * 10.0, [upstream * 100.0]

        return x * factor, grad_fn

    return product


def _with_keyword_only(factor):
    def product(x):
        def grad_fn(*upstream, variables=None):
            assert_same(variables[0], factor)
            return upstream[0] * 10.0, [upstream[0] * 100.0]

        return x * factor, grad_fn

    return product


def _with_any_keyword(factor):
    def product(x):
        def grad_fn(upstream, **options):
            assert_same(options["variables"][0], factor)
            return upstream * 10.0, [upstream * 100.0]

        return x * factor, grad_fn

    return product


@clause(SHOULD, covers="CUS-09", needs="custom_gradient variables", since="2.4")
def test_grad_fn_takes_variables_in_any_way_that_python_knows(tf, run):
    """grad_fn takes variables as a parameter, as a keyword-only one, or among any keywords."""
    factor = tf.Variable(3.0)
    kinds = (_with_positional, _with_keyword_only, _with_any_keyword)
    positional, keyword_only, any_keyword = (tf.custom_gradient(kind(factor)) for kind in kinds)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = positional(x) + keyword_only(x) * 3.0 + any_keyword(x) * 5.0
        return tape.gradient(y, [x, factor])

    assert_structure(run(program, tf.constant(2.0)), [10.0 * 9, 100.0 * 9])


@clause(MUST, covers="CUS-10", needs="arrays custom_gradient variables")
def test_grad_fn_returns_gradients_of_variables_apart(tf, run):
    """grad_fn of a function that reads variables returns a pair: of inputs, and of variables.

    The polynomial w1 * x + w0 has the gradient upstream * w1 for each x, and for w1 and w0 the
    sums of upstream * x and upstream.
    """
    weights = tf.Variable([5.0, 3.0])

    @tf.custom_gradient
    def polynomial(x):
        def grad_fn(upstream, variables):
            assert_equal(len(variables), 1)
            assert_same(variables[0], weights)
            of_weights = tf.stack([tf.reduce_sum(upstream * x), tf.reduce_sum(upstream)])
            return upstream * weights[0], [of_weights]

        return weights[0] * x + weights[1], grad_fn

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = polynomial(x)
        return y, tape.gradient(y, {"x": x, "weights": weights})

    value, gradients = run(program, tf.constant([1.0, 2.0, 3.0]))
    assert_close(value, [8.0, 13.0, 18.0])
    assert_structure(gradients, {"x": np.array([5.0, 5.0, 5.0]), "weights": np.array([6.0, 3.0])})


@clause(MUST, covers="CUS-10", needs="arrays custom_gradient variables")
def test_each_variable_that_is_read_is_among_variables_once(tf, run):
    """variables holds each variable that the function reads once, and gradients in its order."""
    scale, offset = tf.Variable(3.0), tf.Variable([5.0, 7.0])

    @tf.custom_gradient
    def line(x):
        def grad_fn(upstream, variables=None):
            assert_equal(len(variables), 2)
            of_variables = [
                upstream * 1000.0 if variable is offset else tf.reduce_sum(upstream) * 100.0
                for variable in variables
            ]
            return upstream * 10.0, of_variables

        return scale * x + offset + scale, grad_fn

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = line(x) * [2.0, 3.0]
        return tape.gradient(y, [offset, x, scale])

    gradients = run(program, tf.constant([1.0, 2.0]))
    expected = [np.array([2000.0, 3000.0]), np.array([20.0, 30.0]), 500.0]
    assert_structure(gradients, expected)


@clause(MUST, covers="CUS-10", needs="custom_gradient variables")
def test_a_function_that_reads_no_variables_has_none(tf, run):
    """grad_fn that accepts variables receives None where the function reads no variable.

    It then returns the gradients of the inputs alone.
    """

    @tf.custom_gradient
    def double(x):
        def grad_fn(upstream, variables=None):
            assert_none(variables)
            return upstream * 10.0

        return x * 2.0, grad_fn

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = double(x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 10.0)


@clause(MUST, covers="CUS-10", needs="custom_gradient variables")
def test_variables_alone_make_a_custom_gradient_reachable(tf, run):
    """A variable that the function reads has its gradient from grad_fn, with no input watched."""
    factor = tf.Variable(3.0)

    @tf.custom_gradient
    def product(x):
        def grad_fn(upstream, variables):
            return None, [upstream * 100.0]

        return x * factor, grad_fn

    def program(x):
        with tf.GradientTape() as tape:
            y = product(x) + factor
        return tape.gradient(y, [x, factor])

    assert_structure(run(program, tf.constant(2.0)), [None, 100.0 + 1.0])


@clause(OBSERVED, covers="CUS-10", needs="custom_gradient variables graph", modes="function jit")
def test_variables_come_in_the_order_of_their_names_in_traced_programs(tf, run):
    """In a traced program variables are sorted by name, however the function reads them."""
    last, first = tf.Variable(2.0, name="b"), tf.Variable(3.0, name="a")

    @tf.custom_gradient
    def product(x):
        def grad_fn(upstream, variables):
            assert_same(variables[0], first)
            assert_same(variables[1], last)
            return upstream, [upstream * 10.0, upstream * 100.0]

        return x * last * first, grad_fn

    def program(x):
        with tf.GradientTape() as tape:
            y = product(x)
        return tape.gradient(y, [first, last])

    assert_structure(run(program, tf.constant(5.0)), [10.0, 100.0])


@clause(OBSERVED, covers="CUS-10", needs="custom_gradient variables")
def test_what_was_read_from_a_variable_before_is_a_constant(tf, run):
    """A value read from a variable before the call makes that variable none of variables."""
    factor = tf.Variable(3.0)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            read = factor * 2.0
            product = tf.custom_gradient(lambda x: (x * read, lambda upstream: upstream * 10.0))
            y = product(x)
        return y, tape.gradient(y, [x, factor])

    assert_structure(run(program, tf.constant(2.0)), (12.0, [10.0, None]))


@clause(SHOULD, covers="CUS-11", needs="custom_gradient variables persistent")
def test_a_wrong_number_of_variable_gradients_is_refused(tf, run):
    """A grad_fn that returns fewer or more variable gradients than variables raises ValueError."""
    factor = tf.Variable(3.0)

    def product(of_variables):
        return tf.custom_gradient(lambda x: (x * factor, lambda dy, variables: (dy, of_variables)))

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            too_few, too_many = product([])(x), product([x, x])(x)
        with raises(ValueError):
            tape.gradient(too_few, factor)
        with raises(ValueError):
            tape.gradient(too_many, factor)

    run(program, tf.constant(2.0))


@clause(SHOULD, covers="CUS-12", needs="custom_gradient variables")
def test_variables_that_are_not_trainable_are_left_out(tf, run):
    """A variable with trainable=False that the function reads is not among variables."""
    constant = tf.Variable(3.0, trainable=False)
    factor = tf.Variable(5.0)

    @tf.custom_gradient
    def product(x):
        def grad_fn(upstream, variables):
            assert_equal(len(variables), 1)
            assert_same(variables[0], factor)
            return upstream * 10.0, [upstream * 100.0]

        return x * factor * constant, grad_fn

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = product(x)
        return y, tape.gradient(y, [x, factor, constant])

    assert_structure(run(program, tf.constant(2.0)), (30.0, [10.0, 100.0, None]))


@clause(SHOULD, covers="CUS-12", needs="custom_gradient variables")
def test_a_function_that_reads_no_trainable_variable_needs_no_variables(tf, run):
    """grad_fn need not accept variables where all that the function reads are not trainable."""
    constant = tf.Variable(3.0, trainable=False)
    product = tf.custom_gradient(lambda x: (x * constant, lambda upstream: upstream * 10.0))

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = product(x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(2.0)), 10.0)


@clause(SHOULD, covers="CUS-13", needs="custom_gradient", since="2.1")
def test_the_decorator_is_written_with_parentheses_too(tf, run):
    """custom_gradient() without a function is the decorator itself."""

    @tf.custom_gradient()
    def double(x):
        return x * 2.0, lambda upstream: upstream * 10.0

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = double(x)
        return y, tape.gradient(y, x)

    assert_structure(run(program, tf.constant(3.0)), (6.0, 10.0))


@clause(SHOULD, covers="CUS-13", needs="custom_gradient", since="2.1")
def test_methods_have_custom_gradients(tf, run):
    """A decorated method sees its own object, and grad_fn returns no gradient for the object."""

    class Scale:
        def __init__(self, factor):
            self.factor = factor

        @tf.custom_gradient
        def times(self, x, y):
            return x * y * self.factor, lambda upstream: (upstream * self.factor, upstream * 10.0)

    triple, quintuple = Scale(3.0), Scale(5.0)

    def program(x, y):
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            z = triple.times(x, y) + quintuple.times(x, y) * 7.0
        return z, tape.gradient(z, [x, y])

    answers = run(program, tf.constant(2.0), tf.constant(11.0))
    assert_structure(answers, (22 * (3.0 + 7 * 5.0), [3.0 + 7 * 5.0, 10.0 + 7 * 10.0]))


@clause(SHOULD, covers="CUS-13", needs="custom_gradient")
def test_a_function_taken_from_a_class_is_not_bound(tf, run):
    """A decorated function that is taken from a class, not from an object, takes all its inputs."""

    @tf.custom_gradient
    def twice(x, y):
        return x * y * 2.0, lambda upstream: (upstream * 10.0, upstream * 100.0)

    class Products:
        twice_of_both = twice

    def program(x, y):
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            z = Products.twice_of_both(x, y)
        return z, tape.gradient(z, [x, y])

    answers = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_structure(answers, (30.0, [10.0, 100.0]))


@clause(SHOULD, covers="CUS-13", needs="arrays custom_gradient")
def test_without_a_tape_the_function_is_plain(tf, run):
    """Without a tape a function with custom gradient returns its value, and calls no grad_fn."""

    @tf.custom_gradient
    def double(x):
        def grad_fn(upstream):
            raise KeyError("not asked for")

        return x * 2.0, grad_fn

    assert_close(run(double, tf.constant([1.0, 2.0])), [2.0, 4.0])


@clause(OBSERVED, covers="CUS-13", needs="custom_gradient", modes="eager")
def test_a_decorated_function_keeps_its_name(tf, run):
    """A decorated function has the name and the docstring of the function, and knows it."""

    def double(x):
        """Twice as much."""
        return x * 2.0, lambda upstream: upstream * 10.0

    decorated = tf.custom_gradient(double)
    assert_equal(decorated.__name__, "double")
    assert_equal(decorated.__doc__, "Twice as much.")
    assert_same(decorated.__wrapped__, double)
    assert_close(run(decorated, tf.constant(3.0)), 6.0)


@clause(SHOULD, covers="CUS-14", needs="custom_gradient variables")
def test_a_variable_passed_as_an_argument_is_an_input(tf, run):
    """A variable that is passed as an argument has the gradient of that input."""
    factor = tf.Variable(3.0)

    @tf.custom_gradient
    def product(factor, x):
        return x * factor, lambda upstream: (upstream * 10.0, upstream * 100.0)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = product(factor, x)
        return y, tape.gradient(y, [x, factor])

    assert_structure(run(program, tf.constant(2.0)), (6.0, [100.0, 10.0]))


@clause(SHOULD, covers="CUS-14", needs="custom_gradient variables")
def test_only_variables_that_are_not_inputs_are_among_variables(tf, run):
    """Of a variable that is passed and one that is read only the latter is among variables."""
    passed, read = tf.Variable(3.0), tf.Variable(5.0)

    @tf.custom_gradient
    def product(factor):
        def grad_fn(upstream, variables):
            assert_equal(len(variables), 1)
            assert_same(variables[0], read)
            return upstream * 10.0, [upstream * 100.0]

        return factor * read, grad_fn

    def program():
        with tf.GradientTape() as tape:
            y = product(passed)
        return y, tape.gradient(y, [passed, read])

    assert_structure(run(program), (15.0, [10.0, 100.0]))


@clause(MUST, covers="CUS-15", needs="custom_gradient nested")
def test_an_outer_tape_differentiates_grad_fn(tf, run):
    """The second derivative is the derivative of what grad_fn computed, not of the function."""

    @tf.custom_gradient
    def square(x):
        return x * x, lambda upstream: upstream * x * x * x

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = square(x)
            first = inner.gradient(y, x)
        return first, outer.gradient(first, x)

    first, second = run(program, tf.constant(2.0))
    assert_close(first, 2.0**3)
    assert_close(second, 3 * 2.0**2)


@clause(MUST, covers="CUS-15", needs="custom_gradient nested")
def test_an_outer_tape_differentiates_the_upstream_gradient(tf, run):
    """The second derivative goes through the upstream gradient by the custom gradient again.

    y = f(x)**2 with f(x) = x*x, whose gradient is made to be x**3: the first derivative is
    2*f*x**3, the second 2*(x**3)*(x**3) + 2*f*3*x**2.
    """

    @tf.custom_gradient
    def square(x):
        return x * x, lambda upstream: upstream * x * x * x

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                f = square(x)
                y = f * f
            first = inner.gradient(y, x)
        return first, outer.gradient(first, x)

    first, second = run(program, tf.constant(2.0))
    assert_close(first, 2 * 4.0 * 8)
    assert_close(second, 2 * 8.0 * 8 + 2 * 4.0 * 3 * 4)


@clause(SHOULD, covers="CUS-16", needs="custom_gradient nested")
def test_a_second_derivative_is_custom_too(tf, run):
    """A function with custom gradient that grad_fn calls gives the second derivative."""

    @tf.custom_gradient
    def cube(x):
        @tf.custom_gradient
        def slope(x):
            return 3.0 * x * x, lambda upstream: upstream * 1000.0

        return x * x * x, lambda upstream: upstream * slope(x)

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = cube(x)
            first = inner.gradient(y, x)
        return first, outer.gradient(first, x)

    first, second = run(program, tf.constant(2.0))
    assert_close(first, 3 * 2.0**2)
    assert_close(second, 1000.0)


@clause(SHOULD, covers="CUS-16", needs="custom_gradient nested output_gradients")
def test_a_custom_gradient_of_grad_fn_is_by_the_upstream_gradient(tf, run):
    """A grad_fn that is itself decorated is differentiated by its upstream gradient, not by x."""

    @tf.custom_gradient
    def square(x):
        @tf.custom_gradient
        def grad_fn(upstream):
            return upstream * 2.0 * x, lambda second: second * 100.0

        return x * x, grad_fn

    def program(x, seed):
        with tf.GradientTape() as outer:
            outer.watch([x, seed])
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = square(x)
            first = inner.gradient(y, x, output_gradients=seed)
        return first, outer.gradient(first, [x, seed])

    answers = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_structure(answers, (5 * 2 * 3.0, [None, 100.0]))


@clause(SHOULD, covers="CUS-17", needs="custom_gradient")
def test_an_exception_of_grad_fn_reaches_the_caller(tf, run):
    """An exception that grad_fn raises comes out of gradient() as the same object."""
    problem = RuntimeError("no gradient today")

    @tf.custom_gradient
    def double(x):
        def grad_fn(upstream):
            raise problem

        return x * 2.0, grad_fn

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = double(x)
        try:
            tape.gradient(y, x)
        except RuntimeError as caught:
            assert_same(caught, problem)
        else:
            assert_same(None, problem)

    run(program, tf.constant(3.0))


@clause(MUST, covers="CUS-18", needs="elementary custom_gradient")
def test_the_identity_clips_gradients(tf, run):
    """An identity whose grad_fn bounds the upstream gradient bounds the gradient below it.

    For v*v at 2 the gradient 1 of the target becomes 0.5, and 0.5 * 2 * 2 reaches v.
    """

    @tf.custom_gradient
    def clip_gradients(y):
        return y, lambda upstream: tf.minimum(upstream, 0.5)

    def program(v):
        with tf.GradientTape() as tape:
            tape.watch(v)
            output = clip_gradients(v * v)
        return output, tape.gradient(output, v)

    assert_structure(run(program, tf.constant(2.0)), (4.0, 0.5 * 2 * 2.0))


@clause(MUST, covers="CUS-18", needs="custom_gradient")
def test_an_identity_leaves_its_input_as_it_was(tf, run):
    """Where the function returns its input, the input itself keeps its own gradient."""

    @tf.custom_gradient
    def scaled(y):
        return y, lambda upstream: upstream * 10.0

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            z = x * 2.0
            y = scaled(z) * 3.0 + z
        return tape.gradient(y, [x, z])

    assert_structure(run(program, tf.constant(5.0)), [(3 * 10.0 + 1) * 2, 3 * 10.0 + 1])


@clause(SHOULD, covers="CUS-19", needs="custom_gradient persistent")
def test_grad_fn_is_called_once_for_each_gradient(tf, run):
    """grad_fn is called once by each gradient() through it, and by no other.

    The function itself is called once.
    """

    def program(x, w):
        calls = []

        @tf.custom_gradient
        def product(x, w):
            calls.append("forward")
            return x * w, lambda upstream: calls.append("backward") or (upstream, upstream)

        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, w])
            y, z = product(x, w), x * w
        other = tape.gradient(z, [x, w])
        assert_equal(calls, ["forward"])
        both = tape.gradient([y, y * 2.0], [x, w])
        assert_equal(calls, ["forward", "backward"])
        again = tape.gradient(y, w)
        assert_equal(calls, ["forward", "backward", "backward"])
        return other, both, again

    answers = run(program, tf.constant(2.0), tf.constant(3.0))
    assert_structure(answers, ([3.0, 2.0], [1.0, 1.0], 1.0))


@clause(MUST, covers="CUS-20", needs="custom_gradient graph persistent", modes="eager")
def test_a_compiled_function_keeps_custom_gradients(tf, run):
    """A tape outside of a compiled function uses the custom gradients inside of it."""

    @tf.custom_gradient
    def both(x, w):
        def grad_fn(of_sum, of_product):
            return of_sum * 10.0 + of_product, of_sum * 100.0 + of_product * 1000.0

        return (x + w, x * w), grad_fn

    compiled = tf.function(lambda x, w: both(x * x, w), autograph=False)

    def program(x, w):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, w])
            total, product = compiled(x, w)
            y = total * 3.0
        return tape.gradient(y, [x, w]), tape.gradient(product, w)

    gradients, of_product = run(program, tf.constant(2.0), tf.constant(5.0))
    assert_structure(gradients, [3 * 10.0 * (2 * 2.0), 3 * 100.0])
    assert_close(of_product, 1000.0)


@clause(MUST, covers="CUS-20", needs="custom_gradient graph variables", modes="eager")
def test_a_compiled_function_keeps_custom_gradients_of_variables(tf, run):
    """A tape outside of a compiled function uses its custom gradients of variables."""
    factor = tf.Variable(3.0)

    @tf.custom_gradient
    def product(x):
        def grad_fn(upstream, variables):
            assert_same(variables[0], factor)
            return upstream * 10.0, [upstream * 100.0]

        return x * factor, grad_fn

    compiled = tf.function(lambda x: product(x) * 7.0, autograph=False)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = compiled(x)
        return y, tape.gradient(y, [x, factor])

    assert_structure(run(program, tf.constant(2.0)), (42.0, [70.0, 700.0]))


@clause(MUST, covers="CUS-20", needs="custom_gradient graph", modes="function jit")
def test_symbolic_gradients_use_custom_gradients(tf, run):
    """tf.gradients in a traced program uses custom gradients as a tape does."""

    @tf.custom_gradient
    def product(x, w):
        return x * w, lambda upstream: (upstream * 10.0, upstream * 100.0)

    def program(x, w):
        y = product(x * x, w) * 7.0
        return tf.gradients(y, [x, w])

    gradients = run(program, tf.constant(2.0), tf.constant(3.0))
    assert_structure(gradients, [7 * 10.0 * (2 * 2.0), 7 * 100.0])


@clause(OBSERVED, covers="CUS-20", needs="custom_gradient graph", modes="function jit")
def test_inputs_from_an_outer_trace_have_custom_gradients(tf, run):
    """In a function traced within another a tensor of the outer one is an input like any other."""

    def program(x):
        outer = x * 5.0
        double = tf.custom_gradient(lambda y: (y * 2.0, lambda upstream: upstream * 10.0))
        with tf.GradientTape() as tape:
            tape.watch(outer)
            y = tf.function(lambda: double(outer), autograph=False)()
        return y, tape.gradient(y, outer)

    assert_structure(run(program, tf.constant(2.0)), (20.0, 10.0))


@clause(OBSERVED, covers="CUS-20", needs="custom_gradient graph", modes="function jit")
def test_outputs_of_two_traces_are_refused(tf, run):
    """A function whose outputs belong to two traced programs at once raises ValueError."""

    def program(x):
        outer = x * 5.0
        pair = tf.custom_gradient(lambda y: ((outer, y * 2.0), lambda first, second: second))
        with raises(ValueError, "same graph"):
            tf.function(pair, autograph=False)(x)

    run(program, tf.constant(2.0))


@clause(SHOULD, covers="CUS-21", needs="arrays custom_gradient jacobian")
def test_a_jacobian_goes_through_custom_gradients(tf, run):
    """jacobian() has the custom gradient of each element of the target."""

    @tf.custom_gradient
    def square(x):
        return x * x, lambda upstream: upstream * x * 100.0

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = square(x * 2.0)
        return tape.jacobian(y, x)

    jacobian = run(program, tf.constant([1.0, 3.0]))
    assert_close(jacobian, [[2 * 2.0 * 100, 0.0], [0.0, 2 * 6.0 * 100]])


@clause(SHOULD, covers="CUS-22", needs="arrays custom_gradient")
def test_inputs_need_not_be_tensors(tf, run):
    """NumPy arrays and numbers are inputs, too; grad_fn returns a gradient for each of them."""
    array = np.array([2.0, 3.0], np.float32)

    @tf.custom_gradient
    def product(x, array, number):
        y = x * array * number
        return y, lambda upstream: (upstream * 10.0, upstream * 100.0, tf.reduce_sum(upstream))

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = product(x, array, 5.0)
        return y, tape.gradient(y, x)

    value, gradient = run(program, tf.constant([1.0, 7.0]))
    assert_close(value, [10.0, 105.0])
    assert_close(gradient, [10.0, 10.0])


@clause(OBSERVED, covers="CUS-22", needs="custom_gradient")
def test_outputs_need_not_be_tensors(tf, run):
    """An output that the function returns as a NumPy value comes back as a tensor."""

    def returned(x):
        return (np.float32(4.0), x * 2.0), lambda number, double: double * 10.0 + number

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            number, double = tf.custom_gradient(returned)(x)
            y = number * 3.0 + double * 5.0
        alone = tf.custom_gradient(lambda x: (np.float32(7.0), lambda upstream: upstream))(x)
        assert_equal([tf.is_tensor(one) for one in (number, double, alone)], [True] * 3)
        return alone, y, tape.gradient(y, x)

    answers = run(program, tf.constant(2.0))
    assert_structure(answers, (7.0, 4.0 * 3 + 4.0 * 5, 5.0 * 10 + 3.0))


@clause(SHOULD, covers="CUS-22", needs="custom_gradient dtype-int")
def test_inputs_that_have_no_gradient_take_their_place(tf, run):
    """An integer tensor is an input like any other, with None for its gradient."""

    @tf.custom_gradient
    def power(x, exponent):
        return x**2.0 + tf.cast(exponent, tf.float32), lambda upstream: (upstream * 10.0, None)

    def program(x, exponent):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = power(x, exponent)
        return y, tape.gradient(y, x)

    assert_structure(run(program, tf.constant(3.0), tf.constant(4)), (13.0, 10.0))


@clause(SHOULD, covers="CUS-23", needs="arrays custom_gradient output_gradients")
def test_output_gradients_reach_grad_fn(tf, run):
    """The upstream gradient of a target is what output_gradients gives, in the target's shape."""

    @tf.custom_gradient
    def outer_product(x, w):
        y = tf.reshape(x, [2, 1]) * w
        return y, lambda upstream: (tf.reduce_sum(upstream, 1), tf.reduce_sum(upstream, 0))

    def program(x, w, seed):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = outer_product(x, w)
        return tape.gradient(y, [x, w], output_gradients=seed)

    seed = [[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]]
    inputs = (tf.constant([1.0, 1.0]), tf.constant([1.0, 1.0, 1.0]))
    gradients = run(program, *inputs, tf.constant(seed))
    assert_structure(gradients, [np.array([7.0, 56.0]), np.array([9.0, 18.0, 36.0])])


@clause(SHOULD, covers="CUS-23", needs="arrays custom_gradient")
def test_the_upstream_gradient_has_the_shape_of_the_output(tf, run):
    """The upstream gradient of a target is ones in the shape of the output, not of the input."""

    @tf.custom_gradient
    def total(x):
        def grad_fn(upstream):
            assert_equal(tuple(upstream.shape), (1,))
            return x * upstream * 10.0

        return tf.reshape(tf.reduce_sum(x), [1]), grad_fn

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = total(x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant([1.0, 2.0, 4.0])), [10.0, 20.0, 40.0])


@clause(OBSERVED, covers="CUS-24", needs="arrays custom_gradient")
def test_the_shape_of_a_custom_gradient_is_not_checked(tf, run):
    """A gradient of another shape than the source is handed on as grad_fn returned it."""

    @tf.custom_gradient
    def double(x):
        return x * 2.0, lambda upstream: tf.stack([upstream * 3.0, upstream * 5.0])

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = double(x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(2.0)), [3.0, 5.0])


@clause(OBSERVED, covers="CUS-38", needs="custom_gradient persistent")
def test_what_the_function_computes_inside_is_recorded(tf, run):
    """A tensor that leaves the function in another way than as a result has its own gradient."""

    def program(x):
        inside = []

        @tf.custom_gradient
        def square(x):
            inside.append(x * x)
            return inside[0] * 5.0, lambda upstream: upstream * 100.0

        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = square(x)
        return tape.gradient(y, x), tape.gradient(inside[0], x)

    assert_structure(run(program, tf.constant(3.0)), (100.0, 6.0))


@clause(
    OBSERVED,
    covers="CUS-38",
    needs="stop_gradient arrays custom_gradient graph random",
    modes="eager function",
)
def test_what_the_function_computes_inside_needs_no_gradient(tf, run):
    """A compiled function inside may use operations that have no gradient, cut off or not.

    The documentation says that without stop_gradient the recording raises LookupError.
    """

    def program(x):
        def shuffled(cut):
            shuffle = tf.function(lambda x: cut(tf.random.shuffle(x)), autograph=False)
            return tf.custom_gradient(lambda x: (shuffle(x), lambda upstream: upstream * 10.0))

        with tf.GradientTape() as tape:
            tape.watch(x)
            y = shuffled(tf.stop_gradient)(x) + shuffled(tf.identity)(x) * 7.0
        return tf.reduce_sum(y), tape.gradient(y, x)

    total, gradient = run(program, tf.constant([3.0, 5.0]))
    assert_close(total, 8.0 + 7 * 8.0)
    assert_close(gradient, [80.0, 80.0])


@clause(SHOULD, covers="CUS-39", needs="custom_gradient")
def test_the_outermost_custom_gradient_counts(tf, run):
    """Of a function with custom gradient that calls another only the outer grad_fn is used."""

    @tf.custom_gradient
    def inside(x):
        def grad_fn(upstream):
            raise KeyError("not asked for")

        return x * 2.0, grad_fn

    @tf.custom_gradient
    def outside(x):
        return inside(x) * 3.0, lambda upstream: upstream * 7.0

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = outside(x)
        return y, tape.gradient(y, x)

    assert_structure(run(program, tf.constant(5.0)), (30.0, 7.0))


@clause(SHOULD, covers="CUS-39", needs="custom_gradient variables")
def test_the_outer_grad_fn_answers_for_inner_variables(tf, run):
    """A variable that an inner function with custom gradient reads is one of the outer function."""
    factor = tf.Variable(3.0)

    @tf.custom_gradient
    def inside(x):
        return x * factor, lambda upstream, variables: (upstream, [upstream])

    @tf.custom_gradient
    def outside(x):
        def grad_fn(upstream, variables):
            assert_same(variables[0], factor)
            return upstream * 10.0, [upstream * 100.0]

        return inside(x), grad_fn

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = outside(x)
        return y, tape.gradient(y, [x, factor])

    assert_structure(run(program, tf.constant(2.0)), (6.0, [10.0, 100.0]))


@clause(OBSERVED, covers="CUS-40", needs="arrays custom_gradient ragged", since="2.11")
def test_ragged_tensors_have_custom_gradients(tf, run):
    """Ragged inputs and outputs count by their values; grad_fn sees and returns ragged tensors."""

    @tf.custom_gradient
    def scaled(x, w):
        def grad_fn(of_x, of_w):
            assert_equal(isinstance(of_x, tf.RaggedTensor), True)
            return of_x * 10.0, of_w * 100.0

        return (x * 2.0, w * 3.0), grad_fn

    def program(x, w):
        rows, other = (tf.RaggedTensor.from_row_lengths(one, [2, 1]) for one in (x, w))
        with tf.GradientTape() as tape:
            tape.watch([rows, other])
            of_rows, of_other = scaled(rows, other)
        gradients = tape.gradient([of_rows, of_other], [rows, other])
        assert_equal([isinstance(one, tf.RaggedTensor) for one in gradients], [True, True])
        return of_rows.values, of_other.values, gradients[0].values, gradients[1].values

    answers = run(program, tf.constant([1.0, 2.0, 3.0]), tf.constant([4.0, 5.0, 6.0]))
    expected = ([2.0, 4.0, 6.0], [12.0, 15.0, 18.0], [10.0] * 3, [100.0] * 3)
    assert_structure(answers, tuple(np.array(one) for one in expected))


@clause(
    SHOULD, covers="CUS-37", needs="graph custom_gradient savedmodel", since="2.6", modes="eager"
)
def test_a_saved_program_keeps_custom_gradients(tf, run):
    """A program that is saved with experimental_custom_gradients has them when it is loaded."""
    double = tf.custom_gradient(lambda x: (x * 2.0, lambda upstream: upstream * 10.0))
    module = tf.Module()
    signature = [tf.TensorSpec([], tf.float32)]
    module.double = tf.function(double, autograph=False, input_signature=signature)
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=True)

    def program(x):
        with tempfile.TemporaryDirectory() as folder:
            tf.saved_model.save(module, folder, options=options)
            loaded = tf.saved_model.load(folder)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = loaded.double(x)
        return y, tape.gradient(y, x)

    assert_structure(run(program, tf.constant(3.0)), (6.0, 10.0))


@clause(
    OBSERVED, covers="CUS-10", needs="stop_gradient custom_gradient variables graph", modes="eager"
)
def test_a_graph_knows_variables_that_were_read_before(tf, run):
    """In a graph a variable counts as read where a value computed from it earlier is used.

    Variables that are not trainable, and those behind stop_gradient, do not count.
    """

    def program():
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            factor, constant = tf.Variable(3.0), tf.Variable(5.0, trainable=False)
            stopped = tf.stop_gradient(tf.Variable(7.0) * 1.0)
            x, early, fixed = tf.constant(2.0), factor * 2.0, constant * 2.0

            @tf.custom_gradient
            def product(x):
                def grad_fn(upstream, variables):
                    assert_equal(len(variables), 1)
                    assert_same(variables[0], factor)
                    return upstream * 10.0, [upstream * 100.0]

                return x * early * fixed * stopped, grad_fn

            y = product(x)
            session.run(tf.compat.v1.global_variables_initializer())
            return session.run([y, *tf.gradients(y, [x, factor])])

    value, of_x, of_factor = run(program)
    assert_close(value, 2.0 * 6 * 10 * 7)
    assert_close(of_x, 10.0)
    assert_close(of_factor, 100.0)


@clause(OBSERVED, covers="CUS-10", needs="custom_gradient variables graph", modes="eager")
def test_a_graph_looks_for_variables_no_further_than_the_inputs(tf, run):
    """In a graph a variable that an input was computed from is none of the function's variables."""

    def program():
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            factor = tf.Variable(3.0)
            x = factor * 4.0
            identity = tf.custom_gradient(lambda x: (x, lambda upstream: upstream * 10.0))
            square = tf.custom_gradient(lambda x: (x * x, lambda upstream: upstream * 100.0))
            y = identity(x) + square(x)
            session.run(tf.compat.v1.global_variables_initializer())
            return session.run([y, *tf.gradients(y, [x, factor])])

    value, of_x, of_factor = run(program)
    assert_close(value, 12.0 + 144.0)
    assert_close(of_x, 110.0)
    assert_close(of_factor, 440.0)


@clause(OBSERVED, covers="CUS-10", needs="custom_gradient variables graph", modes="eager")
def test_a_graph_refuses_variables_that_it_does_not_list_once(tf, run):
    """In a graph a variable that its collections hold twice, or not at all, is a ValueError."""

    def program():
        with tf.Graph().as_default() as graph:
            variable = tf.Variable(3.0)
            for also_listed in (variable, "no variable"):
                graph.add_to_collection(tf.compat.v1.GraphKeys.GLOBAL_VARIABLES, also_listed)
            handle = tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[])
            unlisted = tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.float32)
            listed_twice = variable * 1.0
            for read, words in ((unlisted, "finding variable"), (listed_twice, "trainable")):
                product = tf.custom_gradient(lambda x, read=read: (x * read, lambda dy: dy))
                with raises(ValueError, words):
                    product(tf.constant(2.0))

    run(program)


@clause(OBSERVED, covers="CUS-10", needs="custom_gradient variables graph", modes="eager")
def test_a_graph_refuses_reference_variables(tf, run):
    """In a graph a function that makes a variable which is no ResourceVariable is a TypeError."""

    def weighted(use_resource):
        scope = tf.compat.v1.variable_scope("weights", use_resource=use_resource)

        @tf.custom_gradient
        def product(x):
            with scope:
                weight = tf.compat.v1.get_variable(str(use_resource), initializer=2.0)
            return x * weight, lambda upstream, variables: (upstream * 10.0, [upstream * 100.0])

        return product

    def program():
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            x = tf.constant(3.0)
            with raises(TypeError, "ResourceVariable"):
                weighted(False)(x)
            y = weighted(True)(x)
            session.run(tf.compat.v1.global_variables_initializer())
            return session.run([y, *tf.gradients(y, x)])

    value, gradient = run(program)
    assert_close(value, 6.0)
    assert_close(gradient, 10.0)


@clause(OBSERVED, covers="CUS-35", needs="arrays elementary")
def test_clipping_to_bounds_keeps_the_gradient_on_them(tf, run):
    """clip_by_value has the gradient 1 within and exactly on its bounds, and 0 outside."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.clip_by_value(x, -1.0, 2.0)
        return y, tape.gradient(y, x)

    value, gradient = run(program, tf.constant([-3.0, -1.0, 0.5, 2.0, 4.0]))
    assert_close(value, [-1.0, -1.0, 0.5, 2.0, 2.0])
    assert_close(gradient, [0.0, 1.0, 1.0, 1.0, 0.0])


@clause(SHOULD, covers="CUS-36", needs="arrays elementary")
def test_gradients_are_clipped_after_the_tape_gave_them(tf, run):
    """clip_by_norm, clip_by_global_norm and clip_by_value take the gradients that a tape gives.

    The gradient by x is (6, 8), of norm 10; with 24 for w the norm of both is 26.
    """

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = tf.reduce_sum(x * x) + w * 24.0
        gradients = tape.gradient(y, [x, w])
        together, norm = tf.clip_by_global_norm(gradients, 13.0)
        alone = tf.clip_by_norm(gradients[0], 5.0)
        return alone, together, norm, tf.clip_by_value(gradients[0], 0.0, 7.0)

    alone, together, norm, bounded = run(program, tf.constant([3.0, 4.0]), tf.constant(1.0))
    assert_close(alone, [3.0, 4.0])
    assert_structure(together, [np.array([3.0, 4.0]), 12.0])
    assert_close(norm, 26.0)
    assert_close(bounded, [6.0, 7.0])
