"""The recorder and the tape, on an array library of one's own: numbers."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from tapecheck.tapes import overrides
from tapecheck.tapes.library import ArrayLibrary, new_key
from tapecheck.tapes.recorder import is_recording, pause_all, record
from tapecheck.tapes.tape import GradientTape, UnconnectedGradients


class Number:
    """A scalar tensor."""

    def __init__(self, value):
        self.value, self.key = value, new_key()

    def __add__(self, other):
        return operation(self.value + other.value, (self, other), lambda g: (g, g))

    def __mul__(self, other):
        return operation(self.value * other.value, (self, other), lambda g: (g * other, g * self))


def operation(value, inputs, pullback):
    result = Number(value)
    record(Numbers(), inputs, [result], lambda: lambda g, wanted: pullback(g[0]))
    return result


class Numbers(ArrayLibrary):
    """Numbers as an array library: all that a tape needs."""

    def is_tensor(self, value):
        return isinstance(value, Number)

    def is_variable(self, value):
        return False

    def is_differentiable(self, dtype):
        return dtype is float

    def key(self, value):
        return value.key

    def shape(self, value):
        return ()

    def dtype(self, value):
        return type(value.value)

    def convert(self, value, dtype):
        return value if isinstance(value, Number) else Number(dtype(value))

    def zeros(self, shape, dtype):
        return Number(dtype(0))

    def ones(self, shape, dtype):
        return Number(dtype(1))

    def one_hot(self, index, size, dtype):
        return Number(dtype(1))

    def add(self, x, y):
        return x + y

    def stack(self, tensors, axis):
        return tensors[0]

    def reshape(self, x, shape):
        return x


class Tape(GradientTape):
    library = Numbers()


def cube(x):
    return x * x * x


def recorded(program, *sources, **options):
    with Tape(**options) as tape:
        tape.watch(sources)
        result = program(*sources)
    return tape, result


def test_a_gradient_follows_the_chain_rule():
    x, y = Number(2.0), Number(5.0)
    tape, z = recorded(lambda x, y: x * y + cube(x), x, y)
    assert [g.value for g in tape.gradient(z, [x, y])] == [5.0 + 3 * 2.0**2, 2.0]


def test_nested_tapes_give_derivatives_of_any_order():
    def derivative(function):
        def at(x):
            tape, y = recorded(function, x)
            return tape.gradient(y, x)

        return at

    function, values = cube, []
    for _ in range(3):
        function = derivative(function)
        values.append(function(Number(2.0)).value)
    assert values == [3 * 2.0**2, 6 * 2.0, 6.0]


def test_an_unwatched_input_of_a_recorded_operation_has_no_gradient():
    x, c = Number(2.0), Number(3.0)
    tape, y = recorded(lambda x: x * c, x, persistent=True)
    assert tape.gradient(y, c) is None
    assert tape.gradient(y, c, unconnected_gradients=UnconnectedGradients.ZERO).value == 0.0


def test_what_ran_before_a_watch_stays_a_constant():
    x, w = Number(2.0), Number(3.0)
    with Tape() as tape:
        tape.watch(w)
        early = x * w
        tape.watch(x)
        y = early + x
    assert tape.gradient(y, x).value == 1.0


def test_a_number_that_is_not_differentiable_cuts_the_path():
    x = Number(2)
    tape, y = recorded(cube, x)
    assert tape.gradient(y, x) is None


def test_a_pullback_that_gives_none_for_an_input_cuts_the_path():
    x = Number(2.0)
    tape, y = recorded(lambda x: operation(1.0, (x,), lambda g: (None,)), x)
    assert tape.gradient(y, x) is None


def test_pullbacks_off_the_path_are_not_called():
    def refuse(g):
        raise AssertionError("off the path")

    x, w = Number(2.0), Number(3.0)
    tape, y = recorded(lambda x, w: x + operation(1.0, (w,), refuse), x, w)
    assert tape.gradient(y, x).value == 1.0


def test_an_unused_output_of_an_operation_counts_as_zero():
    received = []

    def both(x):
        outputs = [Number(1.0), Number(2.0)]

        def pullback(cotangents, wanted):
            received.extend(g.value for g in cotangents)
            return [cotangents[0]]

        record(Tape.library, [x], outputs, lambda: pullback)
        return outputs[0]

    x = Number(3.0)
    tape, y = recorded(both, x)
    tape.gradient(y, x)
    assert received == [1.0, 0.0]


def test_a_tape_answers_once_unless_it_is_persistent():
    x = Number(2.0)
    tape, y = recorded(cube, x)
    tape.gradient(y, x)
    for again in (tape.gradient, tape.jacobian, tape.batch_jacobian):
        with pytest.raises(RuntimeError, match="non-persistent"):
            again(y, x)
    tape, y = recorded(cube, x, persistent=True)
    assert [tape.gradient(y, x).value for _ in range(3)] == [12.0, 12.0, 12.0]


def test_errors_in_the_arguments_do_not_use_up_a_tape():
    x = Number(2.0)
    tape, y = recorded(cube, x)
    for target, sources, options, error in [
        (None, x, {}, TypeError),
        (1.0, x, {}, TypeError),
        (y, 1.0, {}, TypeError),
        (y, x, {"unconnected_gradients": "nonsense"}, ValueError),
        (y, x, {"output_gradients": [1.0, 2.0, 3.0]}, TypeError),
        ([y, y], x, {"output_gradients": [1.0]}, ValueError),
    ]:
        with pytest.raises(error):
            tape.gradient(target, sources, **options)
    assert tape.gradient(y, x).value == 12.0


def test_a_jacobian_of_a_number_is_its_derivative():
    x = Number(2.0)
    tape, y = recorded(cube, x)
    assert tape.jacobian(y, {"x": x, "other": Number(1.0)})["x"].value == 12.0


def test_a_pause_concerns_one_tape_and_pause_all_every_tape():
    x = Number(2.0)
    with Tape() as outer, Tape() as inner:
        outer.watch(x)
        inner.watch(x)
        with inner.stop_recording():
            y = cube(x)
        with pause_all():
            assert not is_recording()
            z = cube(x)
        total = y + z
    assert inner.gradient(total, x) is None
    assert outer.gradient(total, x).value == 12.0


@pytest.mark.parametrize("state", ["new", "left", "used", "paused"])
def test_a_tape_that_does_not_record_can_neither_pause_nor_be_reset(state):
    x, tape = Number(2.0), Tape()
    if state != "new":
        with tape:
            pass
    if state == "used":
        tape.gradient(x, x)

    def refuses():
        with pytest.raises(RuntimeError), tape.stop_recording():
            pass
        with pytest.raises(ValueError, match="not recording"):
            tape.reset()

    if state == "paused":
        with tape, tape.stop_recording():
            refuses()
    else:
        refuses()


def test_a_reset_forgets_records_and_watches():
    x = Number(2.0)
    with Tape(persistent=True) as tape:
        tape.watch(x)
        y = cube(x)
        tape.reset()
        z = y * x
        tape.watch(x)
        total = z + x
    assert tape.gradient(z, x) is None
    assert tape.gradient(total, x).value == 1.0


def test_overlapping_tapes_need_not_close_in_order():
    with pause_all():  # whatever other tests have left active
        x = Number(2.0)
        first, second = Tape(), Tape()
        first.__enter__()
        second.__enter__()
        first.watch(x)
        second.watch(x)
        y = cube(x)
        first.__exit__(None, None, None)
        z = y * x
        second.__exit__(None, None, None)
        assert not is_recording()
        assert first.gradient(z, y) is None
        assert second.gradient(z, x).value == 4 * 2.0**3


def test_tapes_belong_to_their_thread():
    x, seen = Number(2.0), []
    with Tape() as tape:
        tape.watch(x)
        thread = threading.Thread(target=lambda: seen.append((is_recording(), cube(x))))
        thread.start()
        thread.join()
    assert seen[0][0] is False
    assert tape.gradient(seen[0][1], x) is None


def test_a_long_chain_needs_no_recursion():
    x, one = Number(2.0), Number(1.0)

    def chain(x):
        for _ in range(20000):
            x = x * one
        return x

    tape, y = recorded(chain, x)
    assert tape.gradient(y, x).value == 1.0


@pytest.mark.parametrize("release", ["gradient", "reset", "drop"])
def test_records_go_without_the_garbage_collector(release):
    x, tape = Number(2.0), Tape()
    gc.disable()
    try:
        with tape:
            tape.watch(x)
            y = x * x
            intermediate = weakref.ref(y)
            z = y * y
            del y
            assert intermediate() is not None
            if release == "reset":
                tape.reset()
        if release == "gradient":
            tape.gradient(z, x)
        if release == "drop":
            del tape
        assert intermediate() is None
    finally:
        gc.enable()


def test_a_tape_keeps_no_value_that_no_pullback_needs():
    x, y = Number(2.0), Number(3.0)
    with Tape() as tape:
        tape.watch([x, y])
        total = x + y
        dropped = weakref.ref(total)
        result = total + y
        del total
    assert dropped() is None
    assert tape.gradient(result, x).value == 1.0


def test_a_custom_gradient_replaces_the_pullback_on_any_library():
    def identity(x):
        return operation(x.value, (x,), lambda g: (g,))

    def ten_times(x):
        return cube(x), lambda g: g * Number(10.0)

    x = Number(2.0)
    tape, y = recorded(overrides.custom_gradient(Tape, identity, ten_times), x)
    assert y.value == 8.0
    assert [g.value for g in tape.gradient(y, [x, y])] == [10.0, 1.0]
