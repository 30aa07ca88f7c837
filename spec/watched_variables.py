"""Watched variables: which variables a tape says that it watches."""

from tapecheck import MUST, SHOULD, assert_close, assert_equal, assert_none, assert_same, clause


def assert_variables(actual, *expected):
    """A tuple of exactly these variables, the objects themselves, in this order."""
    assert_equal(type(actual), tuple)
    assert_equal(len(actual), len(expected))
    for one, other in zip(actual, expected):
        assert_same(one, other)


@clause(MUST, covers="WVR-01", needs="variables")
def test_watched_variables_is_a_tuple_of_the_variables_themselves(tf, run):
    """watched_variables() returns a tuple that holds the variable objects that the tape watches."""
    a, b = tf.Variable(2.0), tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            y = a * b
        assert_variables(tape.watched_variables(), a, b)
        return y

    assert_close(run(program), 2.0 * 3.0)


@clause(MUST, covers="WVR-01", needs="variables")
def test_a_tape_that_read_no_variable_watches_none(tf, run):
    """watched_variables() is an empty tuple where no variable was read or watched in the block."""
    a = tf.Variable(2.0)

    def program():
        before = a * 1.0
        with tf.GradientTape() as tape:
            during = before * 3.0
        assert_variables(tape.watched_variables())
        after = a * during
        assert_variables(tape.watched_variables())
        return after

    assert_close(run(program), 2.0 * (2.0 * 3.0))


@clause(MUST, covers="WVR-02", needs="variables")
def test_watched_variables_come_in_order_of_construction(tf, run):
    """watched_variables() orders variables as they were constructed, not as they were read."""
    a, b, c = tf.Variable(2.0), tf.Variable(3.0), tf.Variable(5.0)

    def program():
        with tf.GradientTape() as tape:
            y = c * 10.0 + a
            z = y * b
        assert_variables(tape.watched_variables(), a, b, c)
        return z

    assert_close(run(program), (5.0 * 10.0 + 2.0) * 3.0)


@clause(MUST, covers="WVR-02", needs="variables")
def test_variables_watched_by_hand_come_in_order_of_construction(tf, run):
    """watched_variables() orders explicitly watched variables as they were constructed, too."""
    a, b, c = tf.Variable(2.0), tf.Variable(3.0), tf.Variable(5.0, trainable=False)

    def program():
        with tf.GradientTape() as tape:
            tape.watch([c, b])
            y = a * 1.0
        assert_variables(tape.watched_variables(), a, b, c)
        return y

    assert_close(run(program), 2.0)


@clause(MUST, covers="WVR-03", needs="variables")
def test_a_variable_that_is_read_often_is_listed_once(tf, run):
    """watched_variables() names each variable once, however often it is read and watched."""
    a, b = tf.Variable(2.0), tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            tape.watch(a)
            y = a * a * b + a
            tape.watch([a, a])
        assert_variables(tape.watched_variables(), a, b)
        return y

    assert_close(run(program), 2.0 * 2.0 * 3.0 + 2.0)


@clause(MUST, covers="WVR-03", needs="variables")
def test_equal_variables_are_listed_each(tf, run):
    """watched_variables() tells variables apart by identity, not by name or value."""
    a, b = tf.Variable(2.0, name="same"), tf.Variable(2.0, name="same")

    def program():
        with tf.GradientTape() as tape:
            y = b * a
        assert_variables(tape.watched_variables(), a, b)
        return y

    assert_close(run(program), 2.0 * 2.0)


@clause(MUST, covers="WVR-04", needs="variables")
def test_watched_tensors_are_not_listed(tf, run):
    """watched_variables() leaves out plain tensors, watched ones too."""
    a = tf.Variable(2.0)

    def program(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * a
        assert_variables(tape.watched_variables(), a)
        return tape.gradient(y, x)

    assert_close(run(program, tf.constant(3.0)), 2 * 3.0 * 2.0)


@clause(MUST, covers="WVR-05", needs="variables")
def test_a_watched_non_trainable_variable_is_listed(tf, run):
    """watched_variables() holds a non-trainable variable that was watched, not one merely read."""
    watched = tf.Variable(2.0, trainable=False)
    merely_read = tf.Variable(3.0, trainable=False)

    def program():
        with tf.GradientTape() as tape:
            tape.watch(watched)
            y = watched * merely_read
        assert_variables(tape.watched_variables(), watched)
        return y

    assert_close(run(program), 2.0 * 3.0)


@clause(MUST, covers="WVR-05", needs="variables")
def test_only_watched_variables_are_listed_where_reading_does_not_watch(tf, run):
    """With watch_accessed_variables=False only explicitly watched variables are listed."""
    merely_read, watched = tf.Variable(2.0), tf.Variable(3.0)

    def program():
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(watched)
            y = merely_read * watched
        assert_variables(tape.watched_variables(), watched)
        return y

    assert_close(run(program), 2.0 * 3.0)


@clause(MUST, covers="WVR-06", needs="variables")
def test_watched_variables_can_be_asked_for_while_recording(tf, run):
    """watched_variables() says inside the block what is watched so far, and ends no recording."""
    a, b = tf.Variable(2.0), tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            assert_variables(tape.watched_variables())
            y = b * 1.0
            assert_variables(tape.watched_variables(), b)
            z = y * a
            assert_variables(tape.watched_variables(), a, b)
        return tape.gradient(z, [a, b])

    by_a, by_b = run(program)
    assert_close(by_a, 3.0)
    assert_close(by_b, 2.0)


@clause(MUST, covers="WVR-06", needs="variables")
def test_watched_variables_outlive_the_block(tf, run):
    """watched_variables() after the block still holds what was watched inside."""
    a, b = tf.Variable(2.0), tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            y = a * a
        later = y * b
        assert_variables(tape.watched_variables(), a)
        return tape.gradient(y, a), later

    gradient, later = run(program)
    assert_close(gradient, 2 * 2.0)
    assert_close(later, 2.0 * 2.0 * 3.0)


@clause(MUST, covers="WVR-06", needs="variables")
def test_watched_variables_outlive_the_gradient(tf, run):
    """A tape that is used up still tells its watched variables, though it releases the rest.

    They are asked for only after the gradient: nothing may depend on an earlier question.
    """
    a, b = tf.Variable(2.0), tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            y = a * a * b
        gradient = tape.gradient(y, a)
        assert_variables(tape.watched_variables(), a, b)
        return gradient

    assert_close(run(program), 2 * 2.0 * 3.0)


@clause(SHOULD, covers="WVR-07", needs="variables reset")
def test_watched_variables_forget_what_was_read_before_a_reset(tf, run):
    """After reset() only variables that are read again are listed."""
    a, b = tf.Variable(2.0), tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            y = a * 1.0
            tape.reset()
            assert_variables(tape.watched_variables())
            z = b * b
        assert_variables(tape.watched_variables(), b)
        return tape.gradient(z, b), y

    gradient, before_reset = run(program)
    assert_close(gradient, 2 * 3.0)
    assert_close(before_reset, 2.0)


@clause(SHOULD, covers="WVR-07", needs="variables")
def test_a_used_tape_that_records_again_lists_the_last_recording_only(tf, run):
    """A used-up tape that is entered again lists only the variables of its new recording."""
    a, b = tf.Variable(2.0), tf.Variable(3.0)

    def program():
        tape = tf.GradientTape()
        with tape:
            y = a * a
        by_a = tape.gradient(y, a)
        with tape:
            z = b * b
        assert_variables(tape.watched_variables(), b)
        by_b = tape.gradient(z, b)
        assert_variables(tape.watched_variables(), b)
        return by_a, by_b

    by_a, by_b = run(program)
    assert_close(by_a, 2 * 2.0)
    assert_close(by_b, 2 * 3.0)


@clause(SHOULD, covers="WVR-08", needs="variables")
def test_variables_without_influence_are_listed(tf, run):
    """watched_variables() holds every variable that was read, needed for the target or not."""
    a, b = tf.Variable(2.0), tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            y = a * a
            b * 1.0
        gradient = tape.gradient(y, a)
        assert_variables(tape.watched_variables(), a, b)
        return gradient

    assert_close(run(program), 2 * 2.0)


@clause(MUST, covers="WVR-09", needs="variables nested")
def test_every_tape_lists_its_own_variables(tf, run):
    """Of several tapes each lists the variables that were read while it recorded itself."""
    a, b, c = tf.Variable(2.0), tf.Variable(3.0), tf.Variable(5.0)

    def program():
        with tf.GradientTape() as outer:
            y = a * 1.0
            with tf.GradientTape() as inner:
                z = y * b
            w = z * c
        assert_variables(outer.watched_variables(), a, b, c)
        assert_variables(inner.watched_variables(), b)
        return w

    assert_close(run(program), 2.0 * 3.0 * 5.0)


@clause(MUST, covers="WVR-09", needs="variables nested")
def test_a_variable_watched_by_hand_is_listed_by_that_tape_only(tf, run):
    """watch() of a variable concerns the tape it is called on and no other that records."""
    a, b = tf.Variable(2.0, trainable=False), tf.Variable(3.0, trainable=False)

    def program():
        with tf.GradientTape() as outer, tf.GradientTape() as inner:
            outer.watch(a)
            inner.watch(b)
            y = a * b
        assert_variables(outer.watched_variables(), a)
        assert_variables(inner.watched_variables(), b)
        return outer.gradient(y, [a, b])

    by_a, by_b = run(program)
    assert_close(by_a, 3.0)
    assert_none(by_b)


@clause(SHOULD, covers="WVR-10", needs="variables")
def test_watched_variables_serve_as_sources(tf, run):
    """gradient(loss, tape.watched_variables()) differentiates by the variables of any callable.

    The variables of a function that was loaded, or that hides them, are known to the tape alone.
    """
    weight, bias = tf.Variable(2.0), tf.Variable(1.0)

    def opaque(x):
        return bias + weight * x

    def program(x):
        with tf.GradientTape() as tape:
            error = opaque(x) - 10.0
            loss = error * error
        return tape.gradient(loss, tape.watched_variables())

    by_weight, by_bias = run(program, tf.constant(3.0))
    error = (1.0 + 2.0 * 3.0) - 10.0
    assert_close(by_weight, 2 * error * 3.0)
    assert_close(by_bias, 2 * error)


@clause(SHOULD, covers="WVR-11", needs="variables nested", modes="function jit")
def test_a_traced_program_differentiates_by_its_watched_variables(tf, run):
    """Inside a traced program watched_variables() serves as sources, of nested tapes too."""
    a = tf.Variable(3.0)

    def program():
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = a * a * a
            first = inner.gradient(y, inner.watched_variables())[0]
        second = outer.gradient(first, outer.watched_variables())[0]
        return first, second

    first, second = run(program)
    assert_close(first, 3 * 3.0**2)
    assert_close(second, 6 * 3.0)


@clause(SHOULD, covers="WVR-11", needs="variables graph")
def test_variables_read_by_a_compiled_function_are_listed(tf, run):
    """The tape around a call of a compiled function lists the trainable variables it reads."""
    a, b = tf.Variable(2.0), tf.Variable(3.0)
    fixed = tf.Variable(5.0, trainable=False)
    compiled = tf.function(lambda: b * a * fixed)

    def program():
        with tf.GradientTape() as tape:
            y = compiled()
        assert_variables(tape.watched_variables(), a, b)
        return tape.gradient(y, [a, b])

    by_a, by_b = run(program)
    assert_close(by_a, 3.0 * 5.0)
    assert_close(by_b, 2.0 * 5.0)


@clause(SHOULD, covers="WVR-12", needs="variables")
def test_watched_variables_are_a_snapshot(tf, run):
    """The tuple of an earlier call of watched_variables() does not grow with later reads."""
    a, b = tf.Variable(2.0), tf.Variable(3.0)

    def program():
        with tf.GradientTape() as tape:
            y = a * 1.0
            earlier = tape.watched_variables()
            z = y * b
        assert_variables(earlier, a)
        assert_variables(tape.watched_variables(), a, b)
        return z

    assert_close(run(program), 2.0 * 3.0)
