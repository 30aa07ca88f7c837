"""The model gives the answers that documentation and calculus give."""

import numpy as np

from tapecheck.lifecycle.expression import number
from tapecheck.lifecycle.model import Model, State, Tape, Variable, leaves


def constant(model, name, numbers):
    return model.define(name, leaves(name + ", given", np.array(numbers)), thread=0)


def recording(model, name, *watched):
    tape = Tape(name, persistent=False, watches=True, thread=0)
    tape.state = State.RECORDING
    model.tapes.append(tape)
    for value in watched:
        tape.watch(value.name, value.elements.size)
    return tape


def numbers_of(formulas):
    return np.vectorize(lambda formula: formula.value)(formulas)


def multiply(model, name, one, other):
    return model.define(name, np.asarray(one.elements * other.elements, dtype=object), thread=0)


def test_a_product_has_the_derivative_of_the_product_rule():
    model = Model()
    x, w = constant(model, "x", 3.0), constant(model, "w", 5.0)
    tape = recording(model, "tape", x)
    y = multiply(model, "y", multiply(model, "t", x, x), w)
    assert numbers_of(model.gradient(tape, [y], None, "x", ())) == 2 * 3.0 * 5.0
    assert model.gradient(tape, [y], None, "w", ()) is None


def test_an_outer_tape_differentiates_the_gradient_of_an_inner_one():
    model = Model()
    x = constant(model, "x", 2.0)
    outer, inner = recording(model, "outer", x), recording(model, "inner", x)
    y = multiply(model, "y", multiply(model, "t", x, x), x)
    inner.state = State.LEFT
    gradient = model.gradient(inner, [y], None, "x", ())
    slope = model.define("slope", gradient, thread=0, is_answer=True)
    assert numbers_of(slope.elements) == 3 * 2.0**2
    assert numbers_of(model.gradient(outer, [slope], None, "x", ())) == 6 * 2.0


def test_what_a_tape_did_not_record_is_a_constant_to_it():
    model = Model()
    x = constant(model, "x", 3.0)
    tape = recording(model, "tape", x)
    tape.state = State.PAUSED
    squared = multiply(model, "squared", x, x)
    tape.state = State.RECORDING
    y = multiply(model, "y", squared, x)
    assert numbers_of(model.gradient(tape, [y], None, "x", ())) == 3.0**2
    assert tape.loose == {"squared"}


def test_jacobians_have_a_row_for_each_element_of_the_target():
    model = Model()
    x, w = constant(model, "x", [[1.0, 2.0], [3.0, 4.0]]), constant(model, "w", [10.0, 20.0])
    tape = recording(model, "tape", x)
    y = multiply(model, "y", multiply(model, "t", x, x), w)
    jacobian = numbers_of(model.jacobian(tape, y, "x", (2, 2)))
    expected = np.zeros((2, 2, 2, 2))
    for index in np.ndindex(2, 2):
        expected[index + index] = 2 * numbers_of(x.elements)[index] * [10.0, 20.0][index[1]]
    assert np.array_equal(jacobian, expected)
    batched = numbers_of(model.batch_jacobian(tape, y, "x", (2, 2)))
    assert np.array_equal(batched, [[[20.0, 0.0], [0.0, 80.0]], [[60.0, 0.0], [0.0, 160.0]]])


def test_weights_scale_the_elements_of_their_targets():
    model = Model()
    x, w = constant(model, "x", [1.0, 2.0]), constant(model, "w", [10.0, 100.0])
    tape = recording(model, "tape", x)
    y = multiply(model, "y", x, x)
    assert np.array_equal(numbers_of(model.gradient(tape, [y], [w], "x", (2,))), [20.0, 400.0])


def test_a_variable_counts_with_the_value_that_was_read():
    model = Model()
    content = np.empty((), dtype=object)
    content[()] = number(3.0)
    variable = Variable("v", content, trainable=True)
    tape = recording(model, "tape")
    before = model.read(variable, thread=0)
    squared = multiply(model, "squared", before, before)
    variable.assign(np.array(number(5.0), dtype=object))
    cubed = multiply(model, "cubed", squared, model.read(variable, thread=0))
    assert tape.variables == {"v"}
    assert numbers_of(model.gradient(tape, [cubed], None, "v", ())) == 2 * 3.0 * 5.0 + 3.0**2


def test_a_variable_that_is_not_trainable_is_not_watched():
    model = Model()
    content = np.empty((), dtype=object)
    content[()] = number(3.0)
    variable = Variable("v", content, trainable=False)
    tape = recording(model, "tape")
    model.read(variable, thread=0)
    assert tape.variables == set()
    assert tape.dependence == {}


def test_a_tape_records_its_own_thread():
    model = Model()
    x = constant(model, "x", 3.0)
    tape = recording(model, "tape", x)
    y = model.define("y", np.asarray(x.elements * x.elements, dtype=object), thread=1)
    assert model.gradient(tape, [y], None, "x", ()) is None


def test_records_are_gone_when_a_tape_is_used_up():
    model = Model()
    x = constant(model, "x", 3.0)
    tape = recording(model, "tape", x)
    multiply(model, "y", x, x)
    assert tape.keeps == {"x", "y"}
    tape.use_up()
    assert tape.keeps == set()
    assert tape.state is State.USED
