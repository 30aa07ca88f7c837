"""Dtypes: what is differentiable, what is not, and what a cast between them does."""

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


@clause(MUST, covers="DTY-01", needs="dtype-int")
def test_an_integer_source_has_no_gradient(tf, run):
    """The gradient with respect to an integer source is None, even if the tape watches it."""

    def program(n, x):
        with tf.GradientTape() as tape:
            tape.watch([n, x])
            y = tf.cast(n * n, tf.float32) * x
        return tape.gradient(y, [n, x])

    of_n, of_x = run(program, tf.constant(3), tf.constant(5.0))
    assert_none(of_n)
    assert_close(of_x, 3.0 * 3.0)


@clause(MUST, covers="DTY-01", needs="dtype-int")
def test_an_integer_computation_has_no_gradient(tf, run):
    """The gradient of an integer target with respect to an integer source is None."""

    def program(n):
        with tf.GradientTape() as tape:
            tape.watch(n)
            m = n + n
        return m, tape.gradient(m, n)

    m, of_n = run(program, tf.constant(3))
    assert_close(m, 6)
    assert_none(of_n)


@clause(MUST, covers="DTY-02", needs="dtype-int")
def test_a_path_through_an_integer_is_cut(tf, run):
    """What was cast from float to integer and back is a constant to the tape.

    The cast drops the fraction of 2.5, so that the derivative of 2 * x is 2.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            whole = tf.cast(tf.cast(x, tf.int32), tf.float32)
            y = whole * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(2.5)), 2.0)


@clause(MUST, covers="DTY-02", needs="dtype-int persistent")
def test_no_gradient_enters_or_passes_an_integer(tf, run):
    """Of x cast to integer, and of that cast back to float, the gradient is None."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            whole = tf.cast(x * x, tf.int32)
            y = tf.cast(whole, tf.float32)
        return y, tape.gradient(whole, x), tape.gradient(y, x)

    assert_structure(run(program, tf.constant(2.5)), (6.0, None, None))


@clause(MUST, covers="DTY-03", needs="dtype-int")
def test_a_cast_does_not_make_an_integer_differentiable(tf, run):
    """An integer source that is cast to float has the gradient None, the float result has one."""

    def program(n):
        with tf.GradientTape() as tape:
            tape.watch(n)
            x = tf.cast(n, tf.float32)
            tape.watch(x)
            y = x * x
        return tape.gradient(y, [n, x])

    of_n, of_x = run(program, tf.constant(10))
    assert_none(of_n)
    assert_close(of_x, 2 * 10.0)


@clause(MUST, covers="DTY-04", needs="dtype-float")
def test_a_cast_to_a_wider_float_is_differentiable(tf, run):
    """A float32 source that is cast to float64 has a gradient of float32."""

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = tf.cast(x * x, tf.float64) * w
        return tape.gradient(y, [x, w])

    of_x, of_w = run(program, tf.constant(3.0), tf.constant(5.0, tf.float64))
    assert_close(of_x, 2 * 3.0 * 5.0, dtype="float32")
    assert_close(of_w, 3.0 * 3.0, dtype="float64")


@clause(MUST, covers="DTY-04", needs="dtype-float")
def test_a_cast_to_a_narrower_float_is_differentiable(tf, run):
    """A float64 source that is cast to float32 has a gradient of float64."""

    def program(x, w):
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            y = tf.cast(w * w, tf.float32) * x
        return tape.gradient(y, [x, w])

    of_x, of_w = run(program, tf.constant(3.0), tf.constant(5.0, tf.float64))
    assert_close(of_x, 5.0 * 5.0, dtype="float32")
    assert_close(of_w, 2 * 5.0 * 3.0, dtype="float64")


@clause(SHOULD, covers="DTY-05", needs="dtype-half")
def test_a_source_of_float16_has_a_gradient_of_float16(tf, run):
    """The gradient with respect to a source of float16 has the dtype float16."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0, tf.float16)), 3 * 3.0**2, dtype="float16")


@clause(SHOULD, covers="DTY-05", needs="dtype-bfloat16")
def test_a_source_of_bfloat16_has_a_gradient_of_bfloat16(tf, run):
    """The gradient with respect to a source of bfloat16 has the dtype bfloat16."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * x
        gradient = tape.gradient(y, x)
        assert_equal(gradient.dtype.name, "bfloat16")
        return tf.cast(gradient, tf.float32)

    assert_close(run(program, tf.constant(3.0, tf.bfloat16)), 3 * 3.0**2)


@clause(OBSERVED, covers="DTY-06", needs="dtype-int dtype-float", modes="eager")
def test_dtypes_are_not_mixed(tf, run):
    """A product of float32 with float64 or int32 is refused, and the tape goes on."""

    def program(x, w, n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            with raises(tf.errors.InvalidArgumentError, "float tensor", "double tensor"):
                x * w
            with raises(tf.errors.InvalidArgumentError, "float tensor", "int32 tensor"):
                x * n
            y = x * x
        return tape.gradient(y, x)

    g = run(program, tf.constant(3.0), tf.constant(5.0, tf.float64), tf.constant(2))
    assert_close(g, 2 * 3.0)


@clause(OBSERVED, covers="DTY-06", needs="dtype-int dtype-float", modes="function jit")
def test_dtypes_are_not_mixed_in_a_trace(tf, run):
    """While a program is traced, a product of float32 with float64 or int32 is a TypeError."""

    def program(x, w, n):
        with tf.GradientTape() as tape:
            tape.watch(x)
            with raises(TypeError, "float64", "float32"):
                x * w
            with raises(TypeError, "int32", "float32"):
                x * n
            y = x * x
        return tape.gradient(y, x)

    g = run(program, tf.constant(3.0), tf.constant(5.0, tf.float64), tf.constant(2))
    assert_close(g, 2 * 3.0)


@clause(MUST, covers="DTY-07", needs="arrays comparison dtype-int persistent")
def test_a_result_that_counts_or_compares_has_no_gradient(tf, run):
    """The gradient of argmax, argmin, a comparison, size, shape and rank is None."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            counts = [tf.argmax(y), tf.argmin(y), tf.size(y), tf.shape(y), tf.rank(y), y > 2.0]
        return [tape.gradient(count, x) for count in counts], tape.gradient(y, x)

    of_counts, of_y = run(program, tf.constant([3.0, 1.0, 5.0]))
    assert_structure(of_counts, [None] * 6)
    assert_close(of_y, [2 * 3.0, 2 * 1.0, 2 * 5.0])


@clause(MUST, covers="DTY-07", needs="arrays comparison dtype-int")
def test_a_result_that_counts_or_compares_is_a_constant(tf, run):
    """As factors, argmax, argmin, size, rank and a comparison are constants to the tape.

    In [3, 1, 5] the greatest element is number 2, the least number 1; of the three, in one
    dimension, two are greater than 2.
    """

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * tf.cast(tf.argmax(x), tf.float32)
            y += 10.0 * x * tf.cast(tf.argmin(x), tf.float32)
            y += 100.0 * x * tf.cast(tf.size(x), tf.float32)
            y += 1000.0 * x * tf.cast(tf.rank(x), tf.float32)
            y += 10000.0 * x * tf.cast(x > 2.0, tf.float32)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant([3.0, 1.0, 5.0])), [11312.0, 1312.0, 11312.0])


@clause(OBSERVED, covers="DTY-08", needs="elementary persistent")
def test_piecewise_constant_operations_differ(tf, run):
    """round, floor, ceil, rint and // have the gradient None; sign has 0 and % has 1."""

    def program(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            steps = [tf.round(x), tf.floor(x), tf.math.ceil(x), tf.math.rint(x), x // 2.0]
            sign, remainder = tf.sign(x), x % 2.0
        cut = [tape.gradient(step, x) for step in steps]
        return cut, tape.gradient(sign, x), tape.gradient(remainder, x)

    assert_structure(run(program, tf.constant(2.75)), ([None] * 5, 0.0, 1.0))


@clause(MUST, covers="DTY-09", needs="arrays dtype-int")
def test_indices_are_not_differentiated(tf, run):
    """The indices of gather have the gradient None, the gathered tensor has one."""

    def program(x, indices):
        with tf.GradientTape() as tape:
            tape.watch([x, indices])
            y = tf.gather(x * x, indices)
        return tape.gradient(y, [x, indices])

    of_x, of_indices = run(program, tf.constant([3.0, 5.0, 7.0]), tf.constant([2, 0, 2]))
    assert_close(of_x, [2 * 3.0, 0.0, 2 * 2 * 7.0])
    assert_none(of_indices)


@clause(MUST, covers="DTY-09", needs="arrays dtype-int")
def test_a_depth_is_not_differentiated(tf, run):
    """The indices and the depth of one_hot have the gradient None."""

    def program(x, indices):
        depth = tf.constant(3)
        with tf.GradientTape() as tape:
            tape.watch([x, indices, depth])
            y = tf.one_hot(indices, depth) * x
        return tape.gradient(y, [x, indices, depth])

    gradients = run(program, tf.constant([3.0, 5.0, 7.0]), tf.constant([2, 0, 2]))
    assert_close(gradients[0], [1.0, 0.0, 2.0])
    assert_structure(gradients[1:], [None, None])


@clause(MUST, covers="DTY-09", needs="arrays dtype-int")
def test_pad_widths_are_not_differentiated(tf, run):
    """The widths of pad have the gradient None, the padded tensor has one."""

    def program(x, weights):
        widths = tf.constant([[1, 2]])
        with tf.GradientTape() as tape:
            tape.watch([x, widths])
            y = tf.pad(x * x, widths) * weights
        return tape.gradient(y, [x, widths])

    weights = tf.constant([100.0, 10.0, 1.0, 100.0, 100.0])
    of_x, of_widths = run(program, tf.constant([3.0, 5.0]), weights)
    assert_close(of_x, [2 * 3.0 * 10.0, 2 * 5.0 * 1.0])
    assert_none(of_widths)


@clause(MUST, covers="DTY-09", needs="arrays dtype-int")
def test_an_axis_is_not_differentiated(tf, run):
    """The axis of reduce_sum has the gradient None, the summed tensor has one."""

    def program(x, weights):
        axis = tf.constant(0)
        with tf.GradientTape() as tape:
            tape.watch([x, axis])
            y = tf.reduce_sum(x * x, axis) * weights
        return tape.gradient(y, [x, axis])

    x = tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    of_x, of_axis = run(program, x, tf.constant([1.0, 10.0, 100.0]))
    assert_close(of_x, [[2.0, 40.0, 600.0], [8.0, 100.0, 1200.0]])
    assert_none(of_axis)


@clause(MUST, covers="DTY-10", needs="dtype-string persistent", modes="eager function")
def test_a_string_has_no_gradient(tf, run):
    """A string as target, as source or as both gives None."""

    def program(x, word):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, word])
            y = x * x
        pairs = [(word, x), (y, word), (word, word)]
        return [tape.gradient(*pair) for pair in pairs], tape.gradient(y, x)

    of_words, of_x = run(program, tf.constant(3.0), tf.constant("unknown"))
    assert_structure(of_words, [None, None, None])
    assert_close(of_x, 2 * 3.0)


@clause(SHOULD, covers="DTY-11", needs="dtype-string dtype-int", modes="eager function")
def test_strings_and_integers_among_targets_are_ignored(tf, run):
    """Of a list of targets the strings and integers add nothing, and as sources they give None."""

    def program(x, w, word, n):
        with tf.GradientTape() as tape:
            tape.watch([x, w, word, n])
            y = x * x * w
            m = n * n
            z = 10.0 * w
        return tape.gradient([word, y, m, z], [x, w, word, n])

    inputs = [tf.constant(3.0), tf.constant(5.0), tf.constant("unknown"), tf.constant(7)]
    assert_structure(run(program, *inputs), [2 * 3.0 * 5.0, 3.0**2 + 10.0, None, None])


@clause(OBSERVED, covers="DTY-11", needs="dtype-int")
def test_an_integer_by_itself_is_one(tf, run):
    """The gradient of an integer with respect to itself is the integer 1, if it was watched.

    Every other gradient of an integer is None, and so is that of a string by itself.
    """

    def program(n):
        with tf.GradientTape() as tape:
            tape.watch(n)
        return tape.gradient(n, n)

    assert_close(run(program, tf.constant(7)), 1, dtype="int32")


@clause(MUST, covers="DTY-12", needs="arrays")
def test_a_selection_is_differentiable_but_not_its_condition(tf, run):
    """Each branch of where has a gradient where it was selected; the condition has none."""

    def program(condition, a, b):
        with tf.GradientTape() as tape:
            tape.watch([condition, a, b])
            y = tf.where(condition, a * a, b * b * b)
        return tape.gradient(y, [condition, a, b])

    condition = tf.constant([True, False, True])
    a, b = tf.constant([3.0, 5.0, 7.0]), tf.constant([2.0, 4.0, 6.0])
    of_condition, of_a, of_b = run(program, condition, a, b)
    assert_none(of_condition)
    assert_close(of_a, [2 * 3.0, 0.0, 2 * 7.0])
    assert_close(of_b, [0.0, 3 * 4.0**2, 0.0])


@clause(MUST, covers="DTY-12", needs="arrays comparison")
def test_a_condition_on_the_source_adds_nothing(tf, run):
    """A condition that was computed from the source selects, and adds nothing to the gradient."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.where(x > 2.0, x * x, 10.0 * x)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant([1.0, 3.0])), [10.0, 2 * 3.0])


@clause(SHOULD, covers="DTY-13", needs="dtype-half")
def test_a_detour_through_float16_is_straight(tf, run):
    """Casting to float16 and back has the derivative 1, as if nothing had been rounded."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            half = tf.cast(x, tf.float16)
            assert_equal(half.dtype.name, "float16")
            y = tf.cast(half, tf.float32) * 3.0
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(0.1)), 3.0, dtype="float32")


@clause(OBSERVED, covers="DTY-14", needs="dtype-float8", since="2.12")
def test_a_path_through_float8_is_cut(tf, run):
    """What was cast to an 8-bit float and back is a constant to the tape."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            eighth = tf.cast(x, tf.dtypes.experimental.float8_e5m2)
            y = tf.cast(eighth, tf.float32) * x
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(2.0)), 2.0)


@clause(MUST, covers="DTY-15", needs="dtype-int variables state")
def test_a_counter_does_not_disturb(tf, run):
    """An integer variable that counts within the block is a constant factor of the result."""
    counter = tf.Variable(1, dtype=tf.int64)
    weight = tf.Variable(5.0)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            counter.assign_add(1)
            y = x * x * weight * tf.cast(counter, tf.float32)
        return tape.gradient(y, [x, counter, weight])

    gradients = run(program, tf.constant(3.0))
    assert_structure(gradients, [2 * 3.0 * 5.0 * 2, None, 3.0**2 * 2])


@clause(MUST, covers="DTY-15", needs="dtype-int")
def test_integer_results_do_not_disturb(tf, run):
    """A list of float and integer targets has the gradient of the float ones."""

    def program(x, n):
        with tf.GradientTape() as tape:
            tape.watch([x, n])
            y = x * x
            m = n * n
        return tape.gradient([m, y], [n, x]), m

    (of_n, of_x), m = run(program, tf.constant(-3.0), tf.constant(2, tf.uint8))
    assert_none(of_n)
    assert_close(of_x, 2 * -3.0)
    assert_close(m, 4, dtype="uint8")


@clause(OBSERVED, covers="DTY-16", needs="arrays")
def test_fake_quantisation_is_straight_through(tf, run):
    """Fake quantisation has the gradient 1 within its range and 0 outside."""

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.quantization.fake_quant_with_min_max_args(x, min=-1.0, max=1.0) * 3.0
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant([-2.0, 0.3, 2.0])), [0.0, 3.0, 0.0])


@clause(MUST, covers="DTY-17", needs="dtype-int")
def test_integers_and_truth_values_are_not_differentiable(tf, run):
    """Sources of an integer dtype and of bool have the gradient None."""

    def program(x, *counts):
        with tf.GradientTape() as tape:
            tape.watch([x, *counts])
            y = x * x
            for count in counts:
                y += x * tf.cast(count, tf.float32)
        return tape.gradient(y, [x, *counts])

    dtypes = [tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8]
    counts = [tf.constant(2, dtype) for dtype in dtypes]
    of_x, *of_counts = run(program, tf.constant(3.0), *counts, tf.constant(True))
    assert_close(of_x, 2 * 3.0 + 5 * 2 + 1)
    assert_structure(of_counts, [None] * 6)


@clause(MUST, covers="DTY-17", needs="dtype-float")
def test_floats_are_differentiable(tf, run):
    """Sources of float32 and of float64 have gradients of their own dtype."""

    def program(single, double):
        with tf.GradientTape() as tape:
            tape.watch([single, double])
            targets = [single * single, double * double * double]
        return tape.gradient(targets, [single, double])

    of_single, of_double = run(program, tf.constant(3.0), tf.constant(5.0, tf.float64))
    assert_close(of_single, 2 * 3.0, dtype="float32")
    assert_close(of_double, 3 * 5.0**2, dtype="float64")


@clause(MUST, covers="DTY-17 DTY-15", needs="dtype-int dtype-float graph", modes="eager")
def test_a_compiled_function_has_gradients_of_floats_alone(tf, run):
    """Through a compiled function floats have gradients of their own dtype, integers have None."""

    @tf.function
    def multiply(single, double, count):
        return single * single * tf.cast(count, tf.float32), count * count, double * double * double

    def program(*sources):
        with tf.GradientTape() as tape:
            tape.watch(sources)
            results = multiply(*sources)
        return tape.gradient(results, sources)

    sources = tf.constant(3.0), tf.constant(5.0, tf.float64), tf.constant(7)
    of_single, of_double, of_count = run(program, *sources)
    assert_close(of_single, 2 * 3.0 * 7, dtype="float32")
    assert_close(of_double, 3 * 5.0**2, dtype="float64")
    assert_none(of_count)


@clause(SHOULD, covers="DTY-05", needs="dtype-half dtype-bfloat16 graph", modes="eager")
def test_a_compiled_function_has_gradients_of_short_floats(tf, run):
    """Through a compiled function float16 and bfloat16 have gradients of their own dtype."""

    @tf.function
    def multiply(half, brain):
        return half * half, brain * brain * brain

    def program(half, brain):
        with tf.GradientTape() as tape:
            tape.watch([half, brain])
            results = multiply(half, brain)
        of_half, of_brain = tape.gradient(results, [half, brain])
        assert_equal(of_brain.dtype.name, "bfloat16")
        return of_half, tf.cast(of_brain, tf.float32)

    sources = tf.constant(3.0, tf.float16), tf.constant(5.0, tf.bfloat16)
    of_half, of_brain = run(program, *sources)
    assert_close(of_half, 2 * 3.0, dtype="float16")
    assert_close(of_brain, 3 * 5.0**2)
