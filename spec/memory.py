"""Memory: what a tape keeps alive, and when it lets go.

Weak references show whether a tensor lives, so that all of this is eager.
"""

import contextlib
import gc
import weakref

from tapecheck import (
    MUST,
    OBSERVED,
    SHOULD,
    assert_close,
    assert_equal,
    assert_none,
    assert_structure,
    clause,
)


@contextlib.contextmanager
def _without_garbage_collector():
    """Only reference counts release objects in the block."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@clause(SHOULD, covers="MEM-01", needs="memory", modes="eager")
def test_a_used_tape_releases_without_the_garbage_collector(tf, run):
    """A tape that gave its gradient lets go of what it recorded without garbage collection."""

    def program(x):
        with _without_garbage_collector():
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = x * x
                z = y * y
            intermediate = weakref.ref(y)
            del y
            assert_equal(intermediate() is None, False)
            gradient = tape.gradient(z, x)
            assert_none(intermediate())
        return gradient

    assert_close(run(program, tf.constant(3.0)), 4 * 3.0**3)


@clause(SHOULD, covers="MEM-01", needs="memory persistent", modes="eager")
def test_a_deleted_tape_releases_without_the_garbage_collector(tf, run):
    """A persistent tape that is deleted goes at once, with all that it recorded."""

    def program(x):
        with _without_garbage_collector():
            with tf.GradientTape(persistent=True) as tape:
                tape.watch(x)
                y = x * x
                z = y * y
            gradient = tape.gradient(z, x)
            intermediate, itself = weakref.ref(y), weakref.ref(tape)
            del y
            assert_equal(intermediate() is None, False)
            del tape
            assert_none(itself())
            assert_none(intermediate())
        return gradient

    assert_close(run(program, tf.constant(3.0)), 4 * 3.0**3)


@clause(SHOULD, covers="MEM-01", needs="memory nested", modes="eager")
def test_nested_tapes_release_without_the_garbage_collector(tf, run):
    """Tapes that gave first and second derivatives leave no cycle of references."""

    def program(x):
        with _without_garbage_collector():
            with tf.GradientTape() as outer:
                outer.watch(x)
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    y = x * x
                    z = y * x
                first = inner.gradient(z, x)
            second = outer.gradient(first, x)
            released = [weakref.ref(one) for one in (y, z, first, inner, outer)]
            del y, z, first, inner, outer
            assert_equal([reference() is None for reference in released], [True] * 5)
        return second

    assert_close(run(program, tf.constant(3.0)), 18.0)


@clause(SHOULD, covers="MEM-01", needs="memory custom_gradient", modes="eager")
def test_custom_gradients_release_without_the_garbage_collector(tf, run):
    """A tensor that a grad_fn holds goes with the tape that holds the grad_fn."""

    def program(x):
        references = []

        @tf.custom_gradient
        def square(x):
            held = x * 2.0
            references.append(weakref.ref(held))
            return x * x, lambda upstream: upstream * held

        with _without_garbage_collector():
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = square(x)
            assert_equal(references[0]() is None, False)
            gradient = tape.gradient(y, x)
            assert_none(references[0]())
        return gradient

    assert_close(run(program, tf.constant(3.0)), 6.0)


@clause(OBSERVED, covers="MEM-02", needs="nested elementary memory nn persistent", modes="eager")
def test_inputs_that_no_gradient_needs_are_dropped(tf, run):
    """The input of relu is let go while that of sin is kept, whether persistent or not.

    The gradient of relu comes from its result. The guide says that a persistent tape keeps
    everything.
    """

    def program(x):
        with tf.GradientTape() as once, tf.GradientTape(persistent=True) as persistent:
            for tape in (once, persistent):
                tape.watch(x)
            for_relu, for_sin = x * 2.0, x * 3.0
            y = tf.nn.relu(for_relu) + tf.sin(for_sin)
        inputs = weakref.ref(for_relu), weakref.ref(for_sin)
        del for_relu, for_sin
        gc.collect()
        assert_equal([tensor() is None for tensor in inputs], [True, False])
        gradient = once.gradient(y, x)
        assert_equal([tensor() is None for tensor in inputs], [True, False])
        return gradient, persistent.gradient(y, x)

    assert_structure(run(program, tf.constant(0.0)), (3.0, 3.0))


@clause(SHOULD, covers="MEM-03", needs="memory", modes="eager")
def test_what_does_not_depend_on_a_watched_tensor_is_not_kept(tf, run):
    """A tape keeps no intermediate result of a computation without watched tensors."""

    def program(x, unwatched):
        with tf.GradientTape() as tape:
            tape.watch(x)
            aside = unwatched * unwatched
            result = aside * aside
            y = x * x
            intermediate = weakref.ref(aside)
            del aside
            gc.collect()
            assert_none(intermediate())
        return result, tape.gradient(y, x)

    assert_structure(run(program, tf.constant(3.0), tf.constant(2.0)), (16.0, 6.0))


@clause(SHOULD, covers="MEM-04", needs="memory variables state", modes="eager")
def test_a_training_loop_keeps_nothing(tf, run):
    """A loop that opens a tape in each step leaves no tensor of earlier steps behind."""
    weight = tf.Variable(8.0)

    def program():
        released = []
        for _ in range(4):
            with tf.GradientTape() as tape:
                square = weight * weight
                loss = square * 0.5
            gradient = tape.gradient(loss, weight)
            weight.assign_sub(gradient * 0.5)
            released.extend(weakref.ref(one) for one in (square, loss, gradient, tape))
        del square, loss, gradient, tape
        gc.collect()
        assert_equal([reference() is None for reference in released], [True] * 16)

    run(program)
    assert_close(weight, 8.0 * 0.5**4)


@clause(OBSERVED, covers="MEM-05", needs="memory variables persistent", modes="eager")
def test_watched_sources_are_kept(tf, run):
    """A tape keeps the tensors and variables alive that it watched, until it is deleted."""

    def program():
        x, variable = tf.constant(3.0) * 1.0, tf.Variable(5.0)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * variable
        sources = weakref.ref(x), weakref.ref(variable)
        del x, variable
        gc.collect()
        assert_equal([source() is None for source in sources], [False, False])
        del tape
        assert_equal([source() is None for source in sources], [True, True])
        return y

    assert_close(run(program), 15.0)


@clause(SHOULD, covers="MEM-06", needs="memory persistent custom_gradient", modes="eager")
def test_gradients_inside_the_block_are_recorded_and_kept(tf, run):
    """A persistent tape keeps what each gradient() inside its block computed, and none outside."""

    def program(x):
        references = []

        @tf.custom_gradient
        def square(x):
            def grad_fn(upstream):
                slope = upstream * x
                references.append(weakref.ref(slope))
                return slope * slope

            return x * x, grad_fn

        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = square(x)
            inside = tape.gradient(y, x), tape.gradient(y, x)
        outside = tape.gradient(y, x)
        gc.collect()
        assert_equal([reference() is None for reference in references], [False, False, True])
        return inside[0], inside[1], outside

    assert_structure(run(program, tf.constant(3.0)), (9.0, 9.0, 9.0))


@clause(MUST, covers="CUS-26", needs="memory recompute_grad", modes="eager")
def test_a_recomputed_function_keeps_no_intermediate_results(tf, run):
    """With recompute_grad a tape keeps the inputs of the function, not what it computed inside."""

    def program(x):
        references = []

        def power(x):
            square = x * x
            references.append(weakref.ref(square))
            return square * square

        with tf.GradientTape() as tape:
            tape.watch(x)
            plain, recomputed = power(x), tf.recompute_grad(power)(x)
        gc.collect()
        assert_equal([reference() is None for reference in references], [False, True])
        return tape.gradient([plain, recomputed], x)

    assert_close(run(program, tf.constant(3.0)), 2 * 4 * 3.0**3)
