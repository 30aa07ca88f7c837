"""Time of recording: what a tape adds to the forward pass that it records."""

from tapecheck import SHOULD, assert_close, clause
from tapecheck.costs import large_steps, ones_and_identity, small_steps

STEPS, FEW_STEPS = 200, 40
SIZE, PRODUCTS = 320, 4


def recorded(tf, x, steps, **options):
    """A tape that has recorded small steps from x, and what they computed."""
    with tf.GradientTape(**options) as tape:
        tape.watch(x)
        y = small_steps(x, steps)
    return tape, y


@clause(SHOULD, needs="arrays", modes="eager")
def test_recording_small_operations_costs_a_multiple_of_them(tf, costs):
    """A tape records small operations in a small multiple of the time that they take.

    Measured: TensorFlow 1.2, MLX 1.3, JAX 1.8, NumPy 2.3, PyTorch 3.3.
    """
    x = tf.constant([1.0] * 16)
    tape, y = recorded(tf, x, STEPS)
    assert_close(tape.gradient(y, x), [STEPS + 1.0] * 16)
    seconds = costs.side_by_side(
        bare=costs.prepared(lambda: small_steps(x, STEPS)),
        recorded=costs.prepared(lambda: recorded(tf, x, STEPS)[1]),
    )
    costs.at_most("recording over forward pass", seconds["recorded"] / seconds["bare"], 20.0)


@clause(SHOULD, needs="arrays", modes="eager")
def test_recording_large_operations_costs_next_to_nothing(tf, costs):
    """A tape that records large operations takes hardly longer than they do.

    Measured: 0.4 to 1.1 on all implementations.
    """
    x, matrix = ones_and_identity(tf, SIZE)

    def forward():
        with tf.GradientTape() as tape:
            tape.watch([x, matrix])
            y = large_steps(tf, x, matrix, PRODUCTS)
        return tape, y

    tape, y = forward()
    assert_close(tape.gradient(y, matrix), [[float(PRODUCTS * SIZE)] * SIZE] * SIZE)
    seconds = costs.side_by_side(
        bare=costs.prepared(lambda: large_steps(tf, x, matrix, PRODUCTS)),
        recorded=costs.prepared(lambda: forward()[1]),
    )
    costs.at_most("recording over forward pass", seconds["recorded"] / seconds["bare"], 4.0)


@clause(SHOULD, needs="arrays", modes="function jit")
def test_recording_within_a_compiled_program_costs_nothing(tf, costs):
    """A compiled program whose tape is not asked runs as fast as one without a tape.

    Measured: TensorFlow 0.9 in either mode, JAX 0.7.
    """
    x = tf.constant([1.0] * 16)
    programs = {
        "bare": costs.prepared(lambda x: small_steps(x, STEPS), x),
        "recorded": costs.prepared(lambda x: recorded(tf, x, STEPS)[1], x),
    }
    assert_close(programs["recorded"](), [1.0] * 16)
    seconds = costs.side_by_side(**programs)
    costs.at_most("recording over forward pass", seconds["recorded"] / seconds["bare"], 6.0)


@clause(SHOULD, needs="arrays", modes="eager")
def test_what_no_tape_watches_costs_hardly_more_than_without_a_tape(tf, costs):
    """A tape that watches none of their inputs hardly slows operations down.

    Measured: TensorFlow and MLX 1.1, NumPy 1.3, PyTorch 1.5, JAX 2.2.
    """
    x, other = tf.constant([1.0] * 16), tf.constant(3.0)

    def unwatched():
        with tf.GradientTape() as tape:
            tape.watch(other)
            small_steps(x, STEPS)
            y = other * other
        return tape.gradient(y, other)

    assert_close(unwatched(), 6.0)
    seconds = costs.side_by_side(
        bare=costs.prepared(lambda: small_steps(x, STEPS)), unwatched=costs.prepared(unwatched)
    )
    costs.at_most("unwatched over forward pass", seconds["unwatched"] / seconds["bare"], 8.0)


@clause(SHOULD, needs="arrays stop_recording", modes="eager")
def test_what_a_paused_tape_misses_costs_hardly_more_than_without_a_tape(tf, costs):
    """A tape that is paused hardly slows operations down.

    Measured: TensorFlow, MLX and NumPy 1.1, PyTorch 1.5, JAX 1.9.
    """
    x = tf.constant([1.0] * 16)

    def paused():
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            with tape.stop_recording():
                small_steps(x, STEPS)
        return tape.gradient(y, x)

    assert_close(paused(), [2.0] * 16)
    seconds = costs.side_by_side(
        bare=costs.prepared(lambda: small_steps(x, STEPS)), paused=costs.prepared(paused)
    )
    costs.at_most("paused over forward pass", seconds["paused"] / seconds["bare"], 8.0)


@clause(SHOULD, needs="arrays persistent", modes="eager")
def test_a_persistent_tape_costs_no_more_than_another(tf, costs):
    """Recording and one gradient take a persistent tape as long as one that answers once.

    Measured: 0.96 to 1.02 on all implementations.
    """
    x = tf.constant([1.0] * 16)

    def gradient(**options):
        tape, y = recorded(tf, x, STEPS, **options)
        return tape.gradient(y, x)

    assert_close(gradient(persistent=True), [STEPS + 1.0] * 16)
    seconds = costs.side_by_side(
        once=costs.prepared(gradient),
        persistent=costs.prepared(lambda: gradient(persistent=True)),
    )
    costs.at_most("persistent over once", seconds["persistent"] / seconds["once"], 4.0)


@clause(SHOULD, needs="arrays persistent", modes="eager")
def test_the_twentieth_gradient_costs_as_much_as_the_first(tf, costs):
    """A persistent tape that was asked often answers as fast as at first.

    Measured: 0.96 to 1.03 on all implementations.
    """
    x, times = tf.constant([1.0] * 16), {}
    for stopwatch in costs.rounds(times):
        tape, y = recorded(tf, x, FEW_STEPS, persistent=True)
        with stopwatch("first"):
            tape.gradient(y, x)
        for _ in range(18):
            tape.gradient(y, x)
        with stopwatch("twentieth"):
            gradient = tape.gradient(y, x)
        assert_close(gradient, [FEW_STEPS + 1.0] * 16)
    costs.at_most("twentieth over first gradient", times["twentieth"].min / times["first"].min, 4.0)
