"""Time by size: it grows as the program does."""

from tapecheck import SHOULD, assert_close, clause
from tapecheck.costs import small_steps

SIZES = (10, 30, 100, 300, 1000, 3000, 10000, 30000, 100000)
NUMBERS = (10, 30, 100, 300, 1000, 3000)
X, Y = "operations", "s"


@clause(SHOULD, needs="arrays", modes="eager")
def test_time_grows_linearly_with_the_program(tf, costs):
    """Recording a program and its gradient take time in proportion to its operations.

    Measured: powers of 1.0 to 1.2, the greatest for gradients on TensorFlow.
    """
    x = tf.constant([1.0] * 16)

    def work(steps, stopwatch):
        with stopwatch("forward"):
            small_steps(x, steps)
        with stopwatch("recording"):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = small_steps(x, steps)
        with stopwatch("gradient"):
            gradient = tape.gradient(y, x)
        assert_close(gradient, [steps + 1.0] * 16)

    growths = costs.by_size(SIZES, work)
    for name, growth in growths.items():
        costs.draw(name, growth, X, Y)
    for name in ("recording", "gradient"):
        exponent = growths[name].exponent(smallest=100)
        costs.at_most("power of the size in the time of " + name, exponent, 1.5)


@clause(SHOULD, needs="arrays", modes="function jit")
def test_compiled_time_grows_linearly_with_the_program(tf, costs):
    """A gradient within a compiled program takes time in proportion to its operations.

    So does tracing and compiling it, with more room, since compilers reorder what they compile.

    Measured: powers of 0.5 and less for the gradient, around 1 for tracing and compiling.
    """
    x = tf.constant([1.0] * 16)

    def gradient(x, steps):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = small_steps(x, steps)
        return tape.gradient(y, x)

    def work(steps, stopwatch):
        with stopwatch("tracing"):
            compiled = costs.prepared(lambda x: gradient(x, steps), x)
        assert_close(compiled(), [steps + 1.0] * 16)
        for _ in range(3):
            with stopwatch("gradient"):
                compiled()

    growths = costs.by_size(SIZES, work, seconds=8.0)
    for name, growth in growths.items():
        costs.draw(name, growth, X, Y)
    for name, bound in (("gradient", 1.5), ("tracing", 1.8)):
        exponent = growths[name].exponent(smallest=30)
        costs.at_most("power of the size in the time of " + name, exponent, bound)


@clause(SHOULD, needs="arrays variables", modes="eager")
def test_time_grows_linearly_with_the_variables(tf, costs):
    """Recording variables and the gradient by them take time in proportion to their number.

    Measured: powers of 0.97 to 1.06.
    """

    def work(number, stopwatch):
        variables = [tf.Variable([1.0] * 4) for _ in range(number)]
        with stopwatch("recording"):
            with tf.GradientTape() as tape:
                y = variables[0] * 1.0
                for variable in variables[1:]:
                    y = y * variable
        with stopwatch("gradient"):
            gradients = tape.gradient(y, variables)
        assert_close(gradients[0], [1.0] * 4)
        assert_close(gradients[-1], [1.0] * 4)

    growths = costs.by_size(NUMBERS, work)
    for name, growth in growths.items():
        costs.draw(name, growth, "variables", Y)
        exponent = growth.exponent(smallest=30)
        costs.at_most("power of the number in the time of " + name, exponent, 1.5)


@clause(SHOULD, needs="arrays persistent", modes="eager")
def test_time_grows_linearly_with_the_questions(tf, costs):
    """Gradients of a persistent tape take time in proportion to how many are asked for.

    Measured: powers of 0.98 to 1.08.
    """
    x = tf.constant([1.0] * 4)

    def work(number, stopwatch):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = small_steps(x, 10)
        with stopwatch("gradients"):
            for _ in range(number):
                gradient = tape.gradient(y, x)
        assert_close(gradient, [11.0] * 4)

    growths = costs.by_size(NUMBERS, work, seconds=3.0)
    costs.draw("gradients", growths["gradients"], "questions", Y)
    exponent = growths["gradients"].exponent(smallest=10)
    costs.at_most("power of the number in the time of gradients", exponent, 1.5)
