"""The namespace of the NumPy tape: what becomes a tensor, variables, errors, what is lacking."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref

import numpy as np
import pytest

import tapecheck.tapes.numpy as tf


def recorded(program, *sources, **options):
    with tf.GradientTape(**options) as tape:
        tape.watch(sources)
        result = program(*sources)
    return tape, result


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1.5, tf.float32),
        (1, tf.int32),
        (2**40, tf.int64),
        (True, tf.bool),
        (1j, tf.complex128),
        ("text", tf.string),
        ([1, 2.5], tf.float32),
        ([], tf.float32),
        (np.float64(1.5), tf.float64),
        ([np.float64(1.5)], tf.float64),
        (np.array([1, 2]), tf.int64),
        (np.zeros(2, np.float16), tf.float16),
    ],
)
def test_a_constant_has_the_dtype_that_python_or_numpy_gave_it(value, dtype):
    assert tf.constant(value).dtype is dtype


@pytest.mark.parametrize("other", [2, 2.0, [2.0, 2.0], np.array([2.0, 2.0]), np.float64(2.0)])
@pytest.mark.parametrize("dtype", [tf.float16, tf.float32, tf.float64, tf.complex64])
def test_what_meets_a_tensor_takes_its_dtype(dtype, other):
    x = tf.constant([1.0, 2.0], dtype)
    for result in (x * other, other * x, tf.multiply(other, x), tf.maximum(tf.math.real(x), other)):
        assert result.dtype in (dtype, dtype.real_dtype)


@pytest.mark.parametrize(
    "mixed",
    [
        lambda: tf.constant(1.0) * tf.constant(1.0, tf.float64),
        lambda: tf.constant(1.0) + tf.constant(1),
        lambda: tf.matmul(tf.ones((2, 2)), tf.ones((2, 2), tf.float64)),
        lambda: tf.ones((2,)) + tf.ones((3,)),
        lambda: tf.reshape(tf.ones((2,)), (3,)),
        lambda: tf.constant([1.0, 2.0])[5],
        lambda: tf.sin(1),
    ],
)
def test_arguments_that_do_not_fit_are_refused(mixed):
    with pytest.raises(tf.errors.InvalidArgumentError):
        mixed()


def test_a_failing_operation_leaves_the_tape_as_it_was():
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        with pytest.raises(tf.errors.InvalidArgumentError):
            y + tf.ones((3,))
    np.testing.assert_array_equal(tape.gradient(y, x), [2.0, 4.0])


@pytest.mark.parametrize(("value", "dtype"), [(1.5, tf.int32), ("a", tf.float32), (1j, tf.float32)])
def test_a_conversion_that_would_lose_the_value_is_refused(value, dtype):
    with pytest.raises(TypeError):
        tf.constant(value, dtype)


def test_a_tensor_is_not_converted_to_another_dtype_unasked():
    with pytest.raises(ValueError, match="float64"):
        tf.convert_to_tensor(tf.constant(1.0), tf.float64)


def test_a_list_of_tensors_is_stacked_and_the_stack_recorded():
    x = tf.constant(3.0)
    tape, y = recorded(lambda x: tf.reduce_sum(tf.convert_to_tensor([x, [x * x, 1.0][0]])), x)
    assert tape.gradient(y, x).numpy() == 1.0 + 2 * 3.0


def test_tensors_are_compared_by_element_and_referred_to_by_ref():
    x, same = tf.constant([1.0, 2.0]), tf.constant([1.0, 3.0])
    np.testing.assert_array_equal(x == same, [True, False])
    with pytest.raises(TypeError, match="unhashable"):
        hash(x)
    assert {x.ref(): 1}[x.ref()] == 1
    assert x.ref() != same.ref()
    assert x.ref().deref() is x


def test_no_array_given_or_taken_reaches_into_a_tensor():
    array = np.array([1.0, 2.0])
    x = tf.constant(array)
    array[0] = 7.0
    x.numpy()[1] = 7.0
    np.asarray(x)[1] = 7.0
    np.testing.assert_array_equal(x, [1.0, 2.0])


def test_a_shape_equals_lists_and_tuples():
    shape = tf.zeros((2, 3)).shape
    assert shape == [2, 3]
    assert shape == (2, 3)
    assert shape[1:] == [3]
    assert (shape.rank, shape.as_list(), shape.num_elements()) == (2, [2, 3], 6)


def test_every_reading_of_a_variable_is_recorded_and_no_assignment():
    v, u = tf.Variable([1.0, 2.0]), tf.Variable([3.0, 4.0])
    for read in (tf.Variable.value, tf.Variable.read_value, tf.convert_to_tensor, tf.identity, abs):
        with tf.GradientTape() as tape:
            y = read(v) * 2.0
        np.testing.assert_array_equal(tape.gradient(y, v), [2.0, 2.0])
    with tf.GradientTape() as tape:
        v.assign(u * 2.0)
        v.assign_add(u)
        v[0].assign(u[1])
        y = v * v
    assert tape.gradient(y, [u, v])[0] is None


def test_a_variable_keeps_its_shape_dtype_and_trainability():
    v = tf.Variable([1.0, 2.0])
    for value, complaint in (([1.0], "shape"), (tf.constant([1, 2]), "dtype")):
        with pytest.raises(ValueError, match=complaint):
            v.assign(value)
    with pytest.raises(AttributeError):
        v.trainable = False


def test_a_module_finds_its_variables():
    class Layer(tf.Module):
        def __init__(self):
            super().__init__()
            self.w, self.b = tf.Variable(1.0), tf.Variable(2.0, trainable=False)

    class Model(tf.Module):
        def __init__(self):
            super().__init__()
            self.layers, self.scale = [Layer(), {"inner": Layer()}], tf.Variable(3.0)

    model = Model()
    inner = [model.layers[0], model.layers[1]["inner"]]
    expected = [model.scale, inner[0].b, inner[0].w, inner[1].b, inner[1].w]
    assert [v.ref() for v in model.variables] == [v.ref() for v in expected]
    assert len(model.trainable_variables) == 3
    assert [m is n for m, n in zip(model.submodules, inner)] == [True, True]


def test_an_operation_without_a_derivative_is_refused_only_on_the_path():
    x, y = tf.constant([1.0, 2.0, 1.0]), tf.constant(3.0)
    tape, (distinct, z) = recorded(lambda x, y: (tf.unique(x)[0], y * y), x, y, persistent=True)
    assert tape.gradient(z, y).numpy() == 6.0
    with pytest.raises(LookupError, match="unique"):
        tape.gradient(distinct, x)


def test_a_custom_gradient_of_a_method_does_not_count_the_object():
    class Scaled:
        @tf.custom_gradient
        def function(self, x):
            return x * 2.0, lambda g: g * 5.0

    x = tf.constant(1.0)
    tape, y = recorded(Scaled().function, x)
    assert tape.gradient(y, x).numpy() == 5.0


def test_cotangents_of_unwatched_inputs_are_left_alone():
    function = tf.custom_gradient(
        lambda *x: (x[0] * 2.0, lambda g: (g, tf.ones([2]), tf.ones([3])))
    )
    x = tf.constant(1.0)
    tape, y = recorded(lambda x: function(x, tf.ones([2]), tf.ones([3])), x)
    assert tape.gradient(y, x).numpy() == 1.0


def test_an_assigned_variable_is_read_and_so_watched():
    v, u = tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        v.assign(u)
    assert [watched is u for watched in tape.watched_variables()] == [True]


def test_recompute_grad_runs_again_and_differentiates_variables():
    v, runs = tf.Variable(3.0), []

    @tf.recompute_grad
    def function(x):
        runs.append(x)
        return x * x * v

    x = tf.constant(2.0)
    tape, y = recorded(function, x)
    assert len(runs) == 1
    assert [g.numpy() for g in tape.gradient(y, [x, v])] == [12.0, 4.0]
    assert len(runs) == 2


def test_a_tape_keeps_of_an_operation_what_its_derivative_needs():
    kept = {}
    x = tf.constant([0.5, 2.0])
    for name in ("nn.relu", "exp", "sin", "negative", "math.log"):
        function = tf
        for part in name.split("."):
            function = getattr(function, part)
        with tf.GradientTape() as tape:
            tape.watch(x)
            argument = x * 2.0
            reference = weakref.ref(argument)
            result = function(argument)
            del argument
        kept[name] = reference() is not None
        assert tape.gradient(result, x) is not None
    assert kept == {
        "nn.relu": False,
        "exp": False,
        "sin": True,
        "negative": False,
        "math.log": True,
    }


def test_nothing_waits_for_the_garbage_collector():
    v = tf.Variable([1.0, 2.0])

    def program():
        with tf.GradientTape(persistent=True) as outer:
            with tf.GradientTape() as inner:
                y = tf.reduce_sum(tf.nn.softmax(v * v) * tf.einsum("i,i->i", v, v))
            gradient = inner.gradient(y, v)
        outer.jacobian(gradient, v)

    program()
    gc.collect()
    gc.disable()
    try:
        program()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_random_numbers_depend_on_the_seed_alone():
    tf.random.set_seed(3)
    first = tf.random.normal([4])
    tf.random.set_seed(3)
    np.testing.assert_array_equal(first, tf.random.normal([4]))
    ours, others = (tf.random.stateless_uniform([4], seed=[1, n]).numpy() for n in (2, 3))
    assert not np.array_equal(ours, others)


def test_there_is_one_device_and_no_other():
    (device,) = tf.config.list_logical_devices()
    assert (device.name, device.device_type) == ("/device:CPU:0", "CPU")
    with tf.device("/CPU:0"), tf.device("CPU:0"):
        assert tf.constant(1.0).device == "CPU:0"
    with pytest.raises(ValueError, match="no device"), tf.device("GPU:0"):
        pass


@pytest.mark.parametrize(
    "name", ["function", "IndexedSlices", "sparse", "ragged", "keras", "gradients", "raw_ops"]
)
def test_what_the_namespace_lacks_is_not_there(name):
    assert not hasattr(tf, name)


def test_the_tape_imports_neither_tensorflow_nor_the_rest_of_the_package():
    program = (
        "import sys, types\n"
        "import tapecheck\n"
        "before = {n for n in sys.modules if n.startswith('tapecheck.')}\n"
        "import tapecheck.tapes.numpy\n"
        "new = {n for n in sys.modules if n.startswith('tapecheck.')} - before\n"
        "assert 'tensorflow' not in sys.modules\n"
        "print([n for n in new if not n.startswith('tapecheck.tapes')])\n"
    )
    output = subprocess.check_output([sys.executable, "-c", program], universal_newlines=True)
    assert output.strip() == "[]"
