"""Time of jacobians: by the number of rows and examples, vectorised and row by row."""

from tapecheck import SHOULD, assert_close, clause

ROWS = (4, 16, 64, 256)
EXAMPLES = (4, 16, 64, 256)
Y = "s"


def recorded(tf, matrix, x):
    """A persistent tape, and a target with as many elements as the matrix has rows."""
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.matmul(matrix, x)
        z = y * y
    return tape, z


@clause(SHOULD, needs="arrays jacobian persistent", modes="eager")
def test_time_grows_linearly_with_the_rows_of_a_jacobian(tf, costs):
    """A jacobian takes no more than time in proportion to the elements of its target.

    Measured: powers of 0 on TensorFlow, which vectorises, and 0.4 to 1.0 elsewhere.
    """
    x = tf.constant([[0.25]] * 4)

    def work(rows, stopwatch):
        tape, z = recorded(tf, tf.constant([[1.0] * 4] * rows), x)
        with stopwatch("jacobian"):
            jacobian = tape.jacobian(z, x)
        assert_close(jacobian, [[[[2.0]] * 4]] * rows)

    growth = costs.by_size(ROWS, work, seconds=6.0)["jacobian"]
    costs.draw("jacobian", growth, "rows", Y)
    costs.at_most("power of the rows in the time", growth.exponent(), 1.5)


@clause(SHOULD, needs="arrays jacobian persistent pfor", modes="eager")
def test_a_vectorised_jacobian_beside_a_looped_one(tf, costs):
    """All rows at once and row by row a jacobian is the same, at costs that are worth knowing."""
    x = tf.constant([[0.25]] * 4)

    def work(rows, stopwatch):
        tape, z = recorded(tf, tf.constant([[1.0] * 4] * rows), x)
        for name, vectorised in (("vectorised", True), ("looped", False)):
            with stopwatch(name):
                jacobian = tape.jacobian(z, x, experimental_use_pfor=vectorised)
            assert_close(jacobian, [[[[2.0]] * 4]] * rows)

    growths = costs.by_size(ROWS, work, seconds=6.0)
    for name, growth in growths.items():
        costs.draw(name, growth, "rows", Y)
    ratio = growths["vectorised"].costs[-1] / growths["looped"].costs[-1]
    costs.keep("vectorised over looped", ratio)


@clause(SHOULD, needs="arrays batch_jacobian jacobian persistent", modes="eager")
def test_time_hardly_grows_with_the_examples_of_a_batch_jacobian(tf, costs):
    """A batch jacobian takes hardly longer for many examples than for few.

    Measured: powers of 0.0 on TensorFlow, 0.2 to 0.4 elsewhere; it would be 1 or more for a sweep
    an example.
    """

    def work(examples, stopwatch):
        x = tf.constant([[1.0, 2.0, 3.0]] * examples)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
        with stopwatch("batch jacobian"):
            jacobian = tape.batch_jacobian(y, x)
        exact = [[2.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 6.0]]
        assert_close(jacobian, [exact] * examples)

    growth = costs.by_size(EXAMPLES, work, seconds=6.0)["batch jacobian"]
    costs.draw("batch jacobian", growth, "examples", Y)
    costs.at_most("power of the examples in the time", growth.exponent(), 0.7)
