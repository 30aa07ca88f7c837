"""Time of gradients: reverse mode costs a small multiple of the forward pass, whatever is asked."""

import math

from tapecheck import SHOULD, assert_close, clause
from tapecheck.costs import Growth, large_steps, ones_and_identity, small_steps

STEPS = 200
SIZE, PRODUCTS = 320, 4
ORDERS = (1, 2, 3, 4)


@clause(SHOULD, needs="arrays")
def test_a_gradient_costs_a_small_multiple_of_the_forward_pass(tf, costs):
    """Forward pass and gradient together take a small multiple of the time of the forward pass.

    In theory it is three for products of matrices, and four to five for all programs: the cheap
    gradient principle of Griewank and Walther, Evaluating Derivatives, chapter 4.

    Measured: NumPy and TensorFlow 3.2, compiled 2.6; MLX 4.3; JAX 8.1, compiled 2.6; PyTorch 1.2,
    whose threads take processor time while they wait.
    """
    arguments = ones_and_identity(tf, SIZE)

    def gradients(x, matrix):
        with tf.GradientTape() as tape:
            tape.watch([x, matrix])
            y = large_steps(tf, x, matrix, PRODUCTS)
        return tape.gradient(y, [x, matrix])

    both = costs.prepared(gradients, *arguments)
    by_x, by_matrix = both()
    assert_close(by_x, [[1.0] * SIZE] * SIZE)
    assert_close(by_matrix, [[float(PRODUCTS * SIZE)] * SIZE] * SIZE)
    forward = costs.prepared(lambda x, m: large_steps(tf, x, m, PRODUCTS), *arguments)
    seconds = costs.side_by_side(forward=forward, both=both)
    costs.at_most("forward and gradient over forward", seconds["both"] / seconds["forward"], 25.0)


@clause(SHOULD, needs="arrays")
def test_the_gradient_of_small_operations_costs_a_multiple_of_them(tf, costs):
    """The gradient of small operations takes a multiple of their time that has a bound.

    What counts here is not the arithmetic but what a tape does around it, or its compiler.

    Measured: TensorFlow 2.9, compiled 1.2 and less; MLX and NumPy 7; PyTorch 33; JAX 103, compiled
    0.7.
    """
    x = tf.constant([1.0] * 16)

    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = small_steps(x, STEPS)
        return tape.gradient(y, x)

    both = costs.prepared(gradient, x)
    assert_close(both(), [STEPS + 1.0] * 16)
    forward = costs.prepared(lambda x: small_steps(x, STEPS), x)
    seconds = costs.side_by_side(forward=forward, both=both)
    costs.at_most("forward and gradient over forward", seconds["both"] / seconds["forward"], 400.0)


@clause(SHOULD, needs="arrays", modes="eager")
def test_many_sources_cost_hardly_more_than_one(tf, costs):
    """The gradient by a hundred sources takes hardly longer than that by one of them.

    Measured: 1.1 to 1.5 on all implementations.
    """
    sources = [tf.constant([1.0] * 16) for _ in range(100)]
    times = {}

    def recorded():
        with tf.GradientTape() as tape:
            tape.watch(sources)
            x = sources[0]
            for source in sources[1:]:
                x = x * source
            y = small_steps(x, STEPS)
        return tape, y

    for stopwatch in costs.rounds(times):
        tape, y = recorded()
        with stopwatch("one"):
            tape.gradient(y, sources[-1])
        tape, y = recorded()
        with stopwatch("hundred"):
            gradients = tape.gradient(y, sources)
        for gradient in gradients:
            assert_close(gradient, [STEPS + 1.0] * 16)
    costs.at_most("hundred sources over one", times["hundred"].min / times["one"].min, 10.0)


@clause(SHOULD, needs="arrays", modes="eager")
def test_many_targets_cost_hardly_more_than_one(tf, costs):
    """The gradient of a hundred targets takes hardly longer than that of one of them.

    Measured: 1.3 to 1.8 on all implementations.
    """
    x, times = tf.constant([1.0] * 16), {}

    def recorded():
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = small_steps(x, STEPS)
            targets = [y * 2.0 for _ in range(100)]
        return tape, targets

    for stopwatch in costs.rounds(times):
        tape, targets = recorded()
        with stopwatch("one"):
            tape.gradient(targets[0], x)
        tape, targets = recorded()
        with stopwatch("hundred"):
            gradient = tape.gradient(targets, x)
        assert_close(gradient, [200.0 * (STEPS + 1)] * 16)
    costs.at_most("hundred targets over one", times["hundred"].min / times["one"].min, 10.0)


@clause(SHOULD, needs="arrays", modes="eager")
def test_what_leads_to_no_target_costs_hardly_anything(tf, costs):
    """Operations that were recorded and do not lead to the target hardly slow a gradient down.

    There are ten times as many of them. Measured: JAX 1.1, TensorFlow and MLX 1.3, NumPy 2.4.
    """
    x, times = tf.constant([1.0] * 16), {}

    def recorded(aside):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = small_steps(x, STEPS)
            small_steps(x, aside)
        return tape, y

    for stopwatch in costs.rounds(times):
        tape, y = recorded(0)
        with stopwatch("alone"):
            tape.gradient(y, x)
        tape, y = recorded(10 * STEPS)
        with stopwatch("beside"):
            gradient = tape.gradient(y, x)
        assert_close(gradient, [STEPS + 1.0] * 16)
    costs.at_most("beside others over alone", times["beside"].min / times["alone"].min, 6.0)


@clause(SHOULD, needs="arrays nested", modes="eager")
def test_each_order_of_derivatives_costs_a_multiple_of_the_one_below(tf, costs):
    """One more tape around others multiplies the time by a number that has a bound.

    Measured: TensorFlow 2.2, NumPy 3.2, MLX 3.4, JAX 5.6.
    """
    x, steps = tf.constant([1.0] * 4), 4

    def derivative(order):
        if order == 0:
            return small_steps(x, steps)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = derivative(order - 1)
        return tape.gradient(y, x)

    for order in ORDERS:
        exact = math.factorial(steps + 1) / math.factorial(steps + 1 - order)
        assert_close(derivative(order), [exact] * 4)
    programs = {str(order): lambda order=order: derivative(order) for order in ORDERS}
    seconds = costs.side_by_side(**{one: costs.prepared(programs[one]) for one in programs})
    growth = Growth(ORDERS, [1000 * seconds[str(order)] for order in ORDERS])
    costs.draw("derivative", growth, "order", "ms")
    ratios = [later / earlier for earlier, later in zip(growth.costs, growth.costs[1:])]
    costs.at_most("an order over the one below", max(ratios), 40.0)
