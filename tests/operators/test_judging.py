"""What is wrong with a derivative is seen, and said in words that do not depend on the sample."""

import numpy as np
import pytest

import tapecheck.tapes.numpy as tape
from tapecheck.checks import Broken
from tapecheck.operators import load_table
from tapecheck.operators.asking import KINDS, Question
from tapecheck.operators.errors import Refused

ELEMENTWISE = """
[[row]]
name = "square"
call = "tf.square_of(x)"
domain = {x = [0.5, 3.0]}
value = "x ** 2"
"""
BY_DIFFERENCES = """
[[row]]
name = "square"
call = "tf.square_of(x)"
inputs = {x = [2, 3]}
"""


class Namespace:
    """The NumPy tape, with one operation of its own."""

    def __init__(self, square_of):
        self.square_of = square_of

    def __getattr__(self, name):
        return getattr(tape, name)


def with_gradient(gradient):
    """The square, whose gradient is what the function makes of x and the cotangent."""

    @tape.custom_gradient
    def square_of(x):
        return x * x, lambda upstream: gradient(x, upstream)

    return Namespace(square_of)


def question(folder, text, namespace, kind="ordinary"):
    (folder / "family.toml").write_text(text, encoding="utf-8")
    (row,) = load_table(folder)
    asked = Question(namespace, lambda program, *given: program(*given), row, seed=3)
    asked.prepare(kind)
    return asked


def complaint(asked):
    with pytest.raises(Broken) as caught:
        asked.raise_faults()
    return caught.value.actual


TABLES = pytest.mark.parametrize("text", [ELEMENTWISE, BY_DIFFERENCES], ids=["mpmath", "lines"])


@TABLES
def test_a_right_gradient_passes_in_both_orders(tmp_path, text):
    asked = question(tmp_path, text, with_gradient(lambda x, upstream: 2.0 * x * upstream))
    asked.gradients()
    asked.second_gradients()
    asked.raise_faults()


@TABLES
@pytest.mark.parametrize("factor", [1.001, -1.0, 0.0, 2.0])
def test_a_wrong_factor_is_seen(tmp_path, text, factor):
    asked = question(tmp_path, text, with_gradient(lambda x, dy: 2.0 * factor * x * dy))
    asked.gradients()
    assert "wrong in float32 float64" in complaint(asked)


@TABLES
def test_a_gradient_that_is_none_is_seen(tmp_path, text):
    namespace = Namespace(lambda x: tape.stop_gradient(x * x))
    asked = question(tmp_path, text, namespace)
    asked.gradients()
    assert "None" in complaint(asked)


@TABLES
def test_a_gradient_that_is_not_a_number_is_seen(tmp_path, text):
    asked = question(tmp_path, text, with_gradient(lambda x, dy: x * dy * float("nan")))
    asked.gradients()
    assert "gradient by x NaN where it is finite" in complaint(asked)


@TABLES
def test_an_exception_is_said_with_its_type(tmp_path, text):
    def gradient(x, upstream):
        raise LookupError("no gradient")

    asked = question(tmp_path, text, with_gradient(gradient))
    asked.gradients()
    assert "gradient raises LookupError in float32 float64" in complaint(asked)


@TABLES
def test_a_gradient_of_another_shape_is_seen(tmp_path, text):
    namespace = with_gradient(lambda x, dy: tape.reshape(2.0 * x * dy, [-1, 1]))
    asked = question(tmp_path, text, namespace)
    asked.gradients()
    assert "of another shape" in complaint(asked) or "raises" in complaint(asked)


@TABLES
def test_a_second_derivative_that_is_lost_is_seen(tmp_path, text):
    namespace = with_gradient(lambda x, dy: 2.0 * tape.stop_gradient(x) * dy)
    asked = question(tmp_path, text, namespace)
    asked.gradients()
    asked.raise_faults()
    asked.second_gradients()
    assert "product" in complaint(asked)


@TABLES
def test_a_derivative_by_the_cotangent_that_is_lost_is_seen(tmp_path, text):
    namespace = with_gradient(lambda x, dy: 2.0 * x * tape.stop_gradient(dy))
    asked = question(tmp_path, text, namespace)
    asked.second_gradients()
    assert "second gradient by the cotangent" in complaint(asked)


def test_a_jacobian_that_is_wrong_is_seen(tmp_path):
    asked = question(tmp_path, BY_DIFFERENCES, with_gradient(lambda x, dy: x * dy), "few")
    asked.jacobians(vectorised=False)
    assert "jacobian times direction wrong" in complaint(asked)


def test_an_operation_of_too_few_digits_is_wrong_and_no_fault_of_the_oracle(tmp_path):
    class SinglePrecision(Namespace):
        @staticmethod
        def sin(x):
            return tape.cast(tape.sin(tape.cast(x, tape.float32)), x.dtype)

    text = BY_DIFFERENCES.replace("tf.square_of(x)", "tf.sin(x)")
    asked = question(tmp_path, text, SinglePrecision(None))
    asked.gradients()
    assert "gradient wrong in float64" in complaint(asked)


def test_an_operation_that_the_namespace_does_not_have_is_refused_not_wrong(tmp_path):
    with pytest.raises(Refused):
        question(tmp_path, ELEMENTWISE, tape)


def test_what_is_asked_of_a_row_depends_on_the_seed_alone(tmp_path):
    one, same = (question(tmp_path, BY_DIFFERENCES, with_gradient(None)) for _ in range(2))
    drawn, again = (list(KINDS["ordinary"](asked)) for asked in (one, same))
    for (_, problem), (_, other) in zip(drawn, again):
        assert np.array_equal(problem.inputs[0], other.inputs[0])


@pytest.mark.parametrize("seed", range(40))
def test_ordinary_points_are_no_edges_whatever_the_seed(tmp_path, seed):
    text = ELEMENTWISE.replace("[0.5, 3.0]", "[0.9, 1.1]") + "edges = [0.9375, 1.03125]\n"
    (tmp_path / "family.toml").write_text(text, encoding="utf-8")
    (row,) = load_table(tmp_path)
    asked = Question(tape, lambda program, *given: program(*given), row, seed)
    points = [problem.inputs[0] for _, problem in asked.ordinary()]
    assert points
    assert not np.isin(points, [0.9375, 1.0, 1.03125]).any()
