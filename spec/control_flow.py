"""Control flow: branches and loops, in Python and as operations."""

import functools

import numpy as np

from tapecheck import (
    MUST,
    OBSERVED,
    SHOULD,
    assert_close,
    assert_structure,
    clause,
    raises,
)


@clause(MUST, covers="CTF-01", needs="comparison variables", modes="eager")
def test_the_branch_that_python_takes_is_recorded(tf, run):
    """Of a Python if, the branch that is taken is recorded; a variable of the other gets None."""
    v0 = tf.Variable(3.0)
    v1 = tf.Variable(5.0)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            if x > 0.0:  # noqa: SIM108 (the clause speaks of the statement)
                y = v0 * 2.0
            else:
                y = v1**2
        return tape.gradient(y, [v0, v1])

    assert_structure(run(program, tf.constant(1.0)), [2.0, None])
    assert_structure(run(program, tf.constant(-1.0)), [None, 2 * 5.0])


@clause(MUST, covers="CTF-02", needs="comparison variables", modes="eager")
def test_what_decides_a_branch_is_invisible(tf, run):
    """A tensor that only decides which branch Python takes has the gradient None."""
    variable = tf.Variable(5.0)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = variable**2 if x * x > 1.0 else variable
        return tape.gradient(y, [x, variable])

    assert_structure(run(program, tf.constant(3.0)), [None, 2 * 5.0])


@clause(MUST, covers="CTF-03", needs="persistent")
def test_a_python_loop_is_unrolled(tf, run):
    """A Python loop is recorded as the operations that it ran.

    The loop multiplies by x in its rounds 2, 3 and 4, as far as it gets.
    """

    def power(x, rounds):
        y = tf.constant(1.0)
        for number in range(rounds):
            if 1 < number < 5:
                y = y * x
        return y

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            targets = [power(x, 6), power(x, 5), power(x, 4), power(x, 3)]
        return [tape.gradient(target, x) for target in targets]

    x = 2.0
    assert_structure(run(program, tf.constant(x)), [3 * x**2, 3 * x**2, 2 * x, 1.0])


@clause(MUST, covers="CTF-04", needs="comparison", modes="eager")
def test_a_loop_runs_as_long_as_its_data_say(tf, run):
    """A Python loop that ends by the value of a tensor is recorded as far as it ran.

    From 3 it takes four products with 3 to get over 100, so that the result is x^5.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x
            while y < 100.0:
                y = y * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 5 * 3.0**4)


@clause(SHOULD, covers="CTF-05")
def test_recursion_is_recorded(tf, run):
    """A function that calls itself is recorded as the operations that it ran."""

    def power(x, exponent):
        return x if exponent == 1 else x * power(x, exponent - 1)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = power(x, 4)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(2.0)), 4 * 2.0**3)


@clause(SHOULD, covers="CTF-05", needs="persistent")
def test_functional_python_is_recorded(tf, run):
    """Comprehensions, generators and functools.reduce are recorded like straight code."""

    def squares(x):
        for factor in [1.0, 10.0]:
            yield factor * x * x

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            comprehension = sum([x**exponent for exponent in [1, 2, 3]])
            generator = sum(squares(x))
            reduction = functools.reduce(lambda a, b: a * b, [x, x, x])
        return [tape.gradient(y, x) for y in [comprehension, generator, reduction]]

    expected = [1 + 2 * 2.0 + 3 * 2.0**2, 2 * 11 * 2.0, 3 * 2.0**2]
    assert_structure(run(program, tf.constant(2.0)), expected)


@clause(MUST, covers="CTF-06", needs="comparison control_flow variables", modes="eager")
def test_cond_runs_one_branch(tf, run):
    """In eager execution cond records the branch that it takes, and nothing of the other."""
    v0 = tf.Variable(3.0)
    v1 = tf.Variable(5.0)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.cond(x > 2.0, lambda: x * x * v0, lambda: x * v1)
        return tape.gradient(y, [x, v0, v1])

    assert_structure(run(program, tf.constant(4.0)), [2 * 4.0 * 3.0, 4.0**2, None])
    assert_structure(run(program, tf.constant(1.0)), [5.0, None, 1.0])


@clause(MUST, covers="CTF-07", needs="comparison control_flow", modes="eager")
def test_while_loop_runs_as_long_as_its_data_say(tf, run):
    """In eager execution while_loop records what it ran, however often its data say.

    From 3 it takes four products with 3 to get over 100, so that the result is x^5.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            (y,) = tf.while_loop(lambda y: y < 100.0, lambda y: (y * x,), (x,))
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 5 * 3.0**4)


@clause(SHOULD, covers="CTF-08", needs="comparison control_flow graph", modes="function jit")
def test_cond_is_differentiable_in_a_trace(tf, run):
    """In a traced program cond has the gradient of the branch that its predicate selects."""

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = tf.cond(x > 2.0, lambda: x * x * w, lambda: 10.0 * x * w)
        return tape.gradient(y, [x, w])

    assert_structure(run(program, tf.constant(3.0), tf.constant(5.0)), [2 * 3.0 * 5.0, 3.0**2])
    assert_structure(run(program, tf.constant(1.0), tf.constant(5.0)), [10.0 * 5.0, 10.0])


@clause(SHOULD, covers="CTF-08", needs="comparison control_flow graph", modes="eager")
def test_a_tape_sees_through_a_traced_cond(tf, run):
    """A tape differentiates a compiled function by the branch that this call selects."""

    @tf.function
    def branches(x, w):
        return tf.cond(x > 2.0, lambda: x * x * w, lambda: 10.0 * x * w)

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = branches(x, w)
        return tape.gradient(y, [x, w])

    assert_structure(run(program, tf.constant(3.0), tf.constant(5.0)), [2 * 3.0 * 5.0, 3.0**2])
    assert_structure(run(program, tf.constant(1.0), tf.constant(5.0)), [10.0 * 5.0, 10.0])


@clause(MUST, covers="CTF-09", needs="comparison control_flow graph", modes="function jit")
def test_while_loop_is_differentiable_in_a_trace(tf, run):
    """In a traced program while_loop has the gradient of what it ran.

    A compiler may need to know the greatest number of rounds. From 3 it takes four products
    with 3 to get over 100, so that the result is x^5; w is added in each round.
    """

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y, z = tf.while_loop(
                lambda y, z: y < 100.0,
                lambda y, z: (y * x, z + w),
                (x, w),
                maximum_iterations=10,
            )
        return tape.gradient([y, z], [x, w])

    assert_structure(run(program, tf.constant(3.0), tf.constant(7.0)), [5 * 3.0**4, 4 + 1.0])


@clause(MUST, covers="CTF-09", needs="comparison control_flow graph", modes="eager")
def test_a_tape_sees_through_a_traced_loop(tf, run):
    """A tape differentiates a compiled function by as many rounds as this call ran."""

    @tf.function
    def power(x):
        return tf.while_loop(lambda y: y < 100.0, lambda y: (y * x,), (x,))[0]

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = power(x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 5 * 3.0**4)
    assert_close(run(program, tf.constant(5.0)), 3 * 5.0**2)


@clause(SHOULD, covers="CTF-10", needs="arrays comparison control_flow graph", modes="eager")
def test_python_control_flow_on_tensors_is_converted(tf, run):
    """Python if, for and while on tensors in a compiled function are differentiable.

    for makes x^4 of x, while 8 times that of it, and if squares it: 64 * x^8.
    """

    @tf.function
    def convert(x):
        y = x
        for _ in tf.range(3):
            y = y * x
        factor = tf.constant(1.0)
        while factor < 8.0:
            factor = factor * 2.0
            y = y * 2.0
        if y > 0.0:
            y = y * y
        return y

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = convert(x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(2.0)), 64 * 8 * 2.0**7)


@clause(
    OBSERVED, covers="CTF-11", needs="comparison control_flow variables graph", modes="function jit"
)
def test_a_traced_branch_that_is_not_taken_has_zeros(tf, run):
    """In a traced program a variable of the branch that cond does not take has the gradient 0."""
    v0 = tf.Variable(3.0)
    v1 = tf.Variable(5.0)

    def program(x):
        with tf.GradientTape() as tape:
            y = tf.cond(x > 0.0, lambda: v0 * 2.0, lambda: v1**2)
        return tape.gradient(y, [v0, v1])

    assert_structure(run(program, tf.constant(1.0)), [2.0, 0.0])


@clause(SHOULD, covers="CTF-12", needs="control_flow")
def test_switch_case_is_differentiable(tf, run):
    """switch_case has the gradient of the branch with the given number."""

    def program(number, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            branches = [lambda: x, lambda: x * x, lambda: x * x * x]
            y = tf.switch_case(number, branches)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(1), tf.constant(2.0)), 2 * 2.0)
    assert_close(run(program, tf.constant(2), tf.constant(2.0)), 3 * 2.0**2)


@clause(SHOULD, covers="CTF-12", needs="comparison control_flow")
def test_case_is_differentiable(tf, run):
    """case has the gradient of the first branch whose predicate holds, or of the default."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            pairs = [(x > 4.0, lambda: x * x * x), (x > 2.0, lambda: x * x)]
            y = tf.case(pairs, default=lambda: 10.0 * x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(5.0)), 3 * 5.0**2)
    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)
    assert_close(run(program, tf.constant(1.0)), 10.0)


@clause(SHOULD, covers="CTF-13", needs="arrays control_flow")
def test_map_fn_is_differentiable(tf, run):
    """map_fn has the gradient of its function at each element, and of what that captures."""

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = tf.map_fn(lambda element: element * element * w, x)
        return tape.gradient(y, [x, w])

    gradients = run(program, tf.constant([1.0, 2.0, 3.0]), tf.constant(5.0))
    assert_structure(gradients, [np.array([10.0, 20.0, 30.0]), 1.0 + 4.0 + 9.0])


@clause(SHOULD, covers="CTF-13", needs="arrays control_flow")
def test_scan_is_differentiable(tf, run):
    """scan has the gradient of all its intermediate results.

    They are a, 2a + b and 4a + 2b + c, whose sum is 7a + 3b + c.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.scan(lambda total, element: 2.0 * total + element, x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant([1.0, 5.0, 3.0])), [7.0, 3.0, 1.0])


@clause(SHOULD, covers="CTF-13", needs="arrays control_flow")
def test_foldl_is_differentiable(tf, run):
    """foldl has the gradient of its last result: of 4a + 2b + c, from the first element on."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.foldl(lambda total, element: 2.0 * total + element, x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant([1.0, 5.0, 3.0])), [4.0, 2.0, 1.0])


@clause(SHOULD, covers="CTF-13", needs="arrays control_flow")
def test_foldr_is_differentiable(tf, run):
    """foldr has the gradient of its last result: of a + 2b + 4c, from the last element on."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.foldr(lambda total, element: 2.0 * total + element, x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant([1.0, 5.0, 3.0])), [1.0, 2.0, 4.0])


@clause(SHOULD, covers="CTF-13", needs="arrays control_flow")
def test_vectorized_map_is_differentiable(tf, run):
    """vectorized_map has the gradient of its function at each element."""

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = tf.vectorized_map(lambda element: element * element * w, x)
        return tape.gradient(y, [x, w])

    gradients = run(program, tf.constant([1.0, 2.0, 3.0]), tf.constant(5.0))
    assert_structure(gradients, [np.array([10.0, 20.0, 30.0]), 1.0 + 4.0 + 9.0])


@clause(SHOULD, covers="CTF-14", needs="arrays control_flow")
def test_an_array_of_tensors_is_differentiable(tf, run):
    """What is written to a TensorArray keeps its gradient when it is read or stacked."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            array = tf.TensorArray(tf.float32, size=2, clear_after_read=False)
            array = array.write(0, x * x).write(1, x * x * x)
            y = array.read(1) + 10.0 * tf.reduce_sum(array.stack() * [1.0, 100.0])
        return tape.gradient(y, x)

    square, cube = 2 * 2.0, 3 * 2.0**2
    assert_close(run(program, tf.constant(2.0)), cube + 10 * (square + 100 * cube))


@clause(SHOULD, covers="CTF-14", needs="arrays comparison control_flow")
def test_an_array_of_tensors_is_differentiable_through_a_loop(tf, run):
    """What a while_loop writes to a TensorArray keeps its gradient.

    The loop writes x, x^2 and x^3, which are weighted by 1, 10 and 100.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            array = tf.TensorArray(tf.float32, size=3)
            _, _, array = tf.while_loop(
                lambda number, power, array: number < 3,
                lambda number, power, array: (number + 1, power * x, array.write(number, power)),
                (tf.constant(0), x, array),
                maximum_iterations=3,
            )
            y = array.stack() * [1.0, 10.0, 100.0]
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(2.0)), 1 + 10 * 2 * 2.0 + 100 * 3 * 2.0**2)


@clause(SHOULD, covers="CTF-14 DTY-15", needs="arrays control_flow dtype-int graph", modes="eager")
def test_an_array_of_integers_does_not_disturb_a_compiled_loop(tf, run):
    """Beside an array of integers, a compiled loop has the gradient of what is float.

    The loop multiplies by x and counts its rounds: 3 rounds, x^4 and 0 + 1 + 2.
    """

    @tf.function
    def power(x):
        counts, y = tf.TensorArray(tf.int32, size=3), x
        for number in tf.range(3):
            counts = counts.write(number, number)
            y = y * x
        return y, counts.stack()

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y, counts = power(x)
            z = y * tf.cast(tf.reduce_sum(counts), tf.float32)
        return tape.gradient(z, x)

    assert_close(run(program, tf.constant(2.0)), 3 * 4 * 2.0**3)


@clause(SHOULD, covers="CTF-15", needs="py_function", modes="eager function")
def test_py_function_is_differentiable(tf, run):
    """A Python function called through py_function has the gradient of what it computes."""

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = 10.0 * tf.py_function(lambda a, b: a * a * b, [x, w], tf.float32)
        return tape.gradient(y, [x, w])

    gradients = run(program, tf.constant(3.0), tf.constant(5.0))
    assert_structure(gradients, [10 * 2 * 3.0 * 5.0, 10 * 3.0**2])


@clause(OBSERVED, covers="CTF-15", needs="py_function persistent", modes="eager")
def test_py_function_is_differentiable_once(tf, run):
    """A second gradient through the same py_function fails on a persistent tape."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = tf.py_function(lambda a: a * a, [x], tf.float32)
        first = tape.gradient(y, x)
        with raises(tf.errors.UnknownError, "KeyError", "pyfunc"):
            tape.gradient(y, x)
        return first

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0)


@clause(MUST, covers="CTF-16", needs="numpy_function", modes="eager function")
def test_numpy_function_cuts_the_gradient(tf, run):
    """What a numpy_function returns is a constant to the tape."""

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            square = tf.numpy_function(lambda array: array * array, [x], tf.float32)
            y = square * w
        return tape.gradient(y, [x, w])

    assert_structure(run(program, tf.constant(3.0), tf.constant(5.0)), [None, 3.0**2])


@clause(SHOULD, covers="CTF-17", needs="comparison control_flow")
def test_a_tape_lives_in_the_body_of_a_loop(tf, run):
    """Each round of a while_loop may open a tape of its own and differentiate."""

    def program(x):
        def add_gradient(number, total):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = number * x * x
            return number + 1.0, total + tape.gradient(y, x)

        return tf.while_loop(
            lambda number, total: number < 4.0, add_gradient, (tf.constant(1.0), tf.constant(0.0))
        )[1]

    assert_close(run(program, tf.constant(5.0)), 2 * (1 + 2 + 3) * 5.0)


@clause(SHOULD, covers="CTF-17", needs="comparison control_flow")
def test_a_tape_lives_in_a_branch(tf, run):
    """A branch of cond may open a tape of its own and differentiate."""

    def program(x):
        def gradient_of_square():
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = x * x
            return tape.gradient(y, x)

        return tf.cond(x > 0.0, gradient_of_square, lambda: -x)

    assert_close(run(program, tf.constant(5.0)), 2 * 5.0)
    assert_close(run(program, tf.constant(-5.0)), 5.0)


@clause(SHOULD, covers="CTF-17", needs="arrays control_flow graph", modes="eager")
def test_a_tape_lives_in_a_converted_loop(tf, run):
    """Each round of a Python loop over tensors in a compiled function may open a tape."""

    @tf.function
    def add_gradients(x):
        total = tf.constant(0.0)
        for number in tf.range(1.0, 4.0):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = number * x * x
            total += tape.gradient(y, x)
        return total

    assert_close(run(add_gradients, tf.constant(5.0)), 2 * (1 + 2 + 3) * 5.0)


@clause(
    OBSERVED, covers="CTF-18", needs="comparison control_flow persistent graph", modes="function"
)
def test_a_tape_is_asked_within_a_traced_loop(tf, run):
    """A tape opened before a traced loop answers in each round of it."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
        return tf.while_loop(
            lambda number, total: number < 3,
            lambda number, total: (number + 1, total + tape.gradient(y, x)),
            (tf.constant(0), tf.constant(0.0)),
        )[1]

    assert_close(run(program, tf.constant(5.0)), 3 * 2 * 5.0)


@clause(SHOULD, covers="CTF-19", needs="comparison", modes="eager")
def test_leaving_a_python_loop_early_is_recorded(tf, run):
    """continue, break and return skip operations, and what is skipped is not recorded.

    From 3, rounds 0, 2 and 3 multiply by x, until x^4 is over 50.
    """

    def power(x):
        y = x
        for number in range(10):
            if number == 1:
                continue
            y = y * x
            if y > 50.0:
                break
        if y > 80.0:
            return y
        return -y

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = power(x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 4 * 3.0**3)


@clause(SHOULD, covers="CTF-19", needs="arrays comparison control_flow graph", modes="eager")
def test_leaving_a_converted_loop_early_is_differentiable(tf, run):
    """continue, break and return on tensors in a compiled function are differentiable.

    From 3, rounds 0, 2 and 3 multiply by x, until x^4 is over 50.
    """

    @tf.function
    def power(x):
        y = x
        for number in tf.range(10):
            if number == 1:
                continue
            y = y * x
            if y > 50.0:
                break
        if y > 80.0:
            return y
        return -y

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = power(x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 4 * 3.0**3)


@clause(SHOULD, covers="CTF-20", needs="comparison", modes="eager")
def test_a_gradient_drives_a_search_after_the_block(tf, run):
    """A gradient is an ordinary tensor, which may drive a loop that is not recorded.

    For x^2 at 3 a step of 6 reaches -3, which is no better, and half of it the minimum.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = x * x
        gradient = tape.gradient(loss, x)
        rate, found = 1.0, x
        while found * found > loss - rate * gradient * gradient / 4.0:
            found = x - rate * gradient
            rate = rate / 2.0
        return gradient, found

    assert_structure(run(program, tf.constant(3.0)), (2 * 3.0, 0.0))


@clause(SHOULD, covers="CTF-21", needs="comparison control_flow")
def test_a_limit_of_rounds_limits_the_gradient(tf, run):
    """while_loop with maximum_iterations has the gradient of as many rounds as it may run."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            (y,) = tf.while_loop(
                lambda y: y < 1000.0, lambda y: (y * x,), (x,), maximum_iterations=2
            )
        return y, tape.gradient(y, x)

    assert_structure(run(program, tf.constant(3.0)), (3.0**3, 3 * 3.0**2))


@clause(SHOULD, covers="CTF-21", needs="comparison control_flow")
def test_a_loop_may_swap_its_memory(tf, run):
    """while_loop with swap_memory=True has the same gradient as without."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            (y,) = tf.while_loop(
                lambda y: y < 100.0,
                lambda y: (y * x,),
                (x,),
                swap_memory=True,
                maximum_iterations=10,
            )
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 5 * 3.0**4)


@clause(SHOULD, covers="CTF-21", needs="comparison control_flow")
def test_a_loop_that_does_not_run_is_the_identity(tf, run):
    """A while_loop whose condition does not hold at first has the gradient of the identity."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            (y,) = tf.while_loop(
                lambda y: y < 1.0, lambda y: (y * y,), (x * x,), maximum_iterations=10
            )
        return y, tape.gradient(y, x)

    assert_structure(run(program, tf.constant(3.0)), (3.0**2, 2 * 3.0))


@clause(SHOULD, covers="CTF-22", needs="comparison control_flow nested")
def test_a_branch_is_differentiable_twice(tf, run):
    """cond has a second derivative, that of the branch it takes."""

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.cond(x > 0.0, lambda: x * x * x, lambda: x)
            first = inner.gradient(y, x)
        return first, outer.gradient(first, x)

    assert_structure(run(program, tf.constant(5.0)), (3 * 5.0**2, 6 * 5.0))


@clause(SHOULD, covers="CTF-22", needs="comparison control_flow nested")
def test_a_loop_is_differentiable_twice(tf, run):
    """while_loop has a second derivative: that of x^4 after three products with x."""

    def program(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                _, y = tf.while_loop(
                    lambda number, y: number < 3,
                    lambda number, y: (number + 1, y * x),
                    (tf.constant(0), x),
                    maximum_iterations=3,
                )
            first = inner.gradient(y, x)
        return first, outer.gradient(first, x)

    assert_structure(run(program, tf.constant(2.0)), (4 * 2.0**3, 12 * 2.0**2))
