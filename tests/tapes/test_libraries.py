"""The tapes on JAX, PyTorch and MLX: what the standard does not see of how they are built."""

import gc
import importlib

import numpy as np
import pytest

LIBRARIES = {"jax": "jax", "mlx": "mlx.core", "torch": "torch"}


@pytest.fixture(params=sorted(LIBRARIES))
def tf(request):
    """The namespace of each library that is installed."""
    pytest.importorskip(LIBRARIES[request.param], reason=request.param + " is not installed")
    return importlib.import_module("tapecheck.tapes." + request.param)


@pytest.fixture
def jax_tape():
    """The namespace on JAX, which has a compiler."""
    pytest.importorskip("jax", reason="jax is not installed")
    return importlib.import_module("tapecheck.tapes.jax")


def test_a_namespace_shares_the_modules_that_it_does_not_replace(tf):
    shared = importlib.import_module(tf.__name__ + ".math")
    own = importlib.import_module(tf.__name__ + ".xp")
    assert shared.__file__.endswith("numpy/math.py")
    assert not own.__file__.endswith("numpy/xp.py")


def test_namespaces_of_two_libraries_have_nothing_in_common_but_the_recorder(tf):
    other = importlib.import_module("tapecheck.tapes.numpy")
    assert tf.Tensor is not other.Tensor
    assert tf.GradientTape.library is not other.GradientTape.library


def test_pullbacks_are_recorded_so_that_there_are_derivatives_of_any_order(tf):
    x = tf.constant(2.0)
    with tf.GradientTape() as third:
        third.watch(x)
        with tf.GradientTape() as second:
            second.watch(x)
            with tf.GradientTape() as first:
                first.watch(x)
                y = x * x * x * x
            slope = first.gradient(y, x)
        curvature = second.gradient(slope, x)
    assert float(third.gradient(curvature, x)) == 24 * 2.0


def test_the_derivative_of_a_holomorphic_function_is_conjugated(tf):
    z = tf.constant(1 + 2j, tf.complex64)
    with tf.GradientTape() as tape:
        tape.watch(z)
        w = z * z * z
    gradient = np.asarray(tape.gradient(w, z))
    np.testing.assert_allclose(gradient, np.conj(3 * (1 + 2j) ** 2), rtol=1e-6)


def test_the_derivative_of_a_linear_operation_is_not_connected_to_its_input(tf):
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.reduce_sum(tf.reshape(3.0 * x, [2, 1]))
        slope = inner.gradient(y, x)
    assert outer.gradient(slope, x) is None


def test_what_is_piecewise_constant_is_not_connected(tf):
    x = tf.constant(1.5)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.floor(x)
    assert tape.gradient(y, x) is None


def test_an_operation_without_a_derivative_is_refused(tf):
    x = tf.constant([1.0, 2.0, 1.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y, _ = tf.unique(x)
    with pytest.raises(LookupError, match="unique has no gradient"):
        tape.gradient(y, x)


def test_an_index_out_of_range_is_refused(tf):
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.gather(tf.constant([1.0, 2.0]), [5])


def test_one_vector_jacobian_product_serves_all_inputs_of_a_join(tf, monkeypatch):
    xp = importlib.import_module(tf.__name__ + ".xp")
    calls, honest = [], xp.vjp

    def counted(function, primals, cotangents):
        calls.append(len(primals))
        return honest(function, primals, cotangents)

    monkeypatch.setattr(xp, "vjp", counted)
    parts = [tf.constant([float(i)]) for i in range(5)]
    with tf.GradientTape() as tape:
        tape.watch(parts)
        y = tf.concat(parts, 0)
    tape.gradient(y, parts, output_gradients=tf.constant([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert calls == [5]


def test_forward_mode_transposes_the_pullbacks_of_the_library(tf):
    x, v = tf.constant([1.0, 2.0]), tf.constant([3.0, 5.0])
    with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
        y = tf.sin(x) * x
    slope = np.cos([1.0, 2.0]) * [1.0, 2.0] + np.sin([1.0, 2.0])
    product = np.asarray(accumulator.jvp(y))
    np.testing.assert_allclose(product, slope * [3.0, 5.0], rtol=1e-5)


def test_what_a_namespace_lacks_has_a_reason(tf):
    assert all(reason for reason in tf.__tapecheck__["lacks"].values())


def test_a_compiled_program_reads_and_assigns_variables(jax_tape):
    tf = jax_tape
    variable = tf.Variable(2.0)

    @tf.function(jit_compile=True)
    def step(x):
        variable.assign_add(x)
        return variable * 10.0

    assert [float(step(tf.constant(1.0))) for _ in range(3)] == [30.0, 40.0, 50.0]
    assert float(variable) == 5.0


def test_a_compiled_program_takes_labels_as_an_argument(jax_tape):
    tf = jax_tape
    loss = tf.function(tf.nn.sparse_softmax_cross_entropy_with_logits, jit_compile=True)
    found = loss(tf.constant([1, 0]), tf.constant([[1.0, 1.0], [3.0, 3.0]]))
    np.testing.assert_allclose(found.numpy(), np.log([2.0, 2.0]), rtol=1e-6)


def test_a_compiled_program_is_traced_once_for_each_signature(jax_tape):
    tf, traced = jax_tape, []
    gc.collect()  # a variable that goes away is another signature

    @tf.function(jit_compile=True)
    def program(x, power):
        traced.append(tuple(x.shape))
        return x * power

    program(tf.constant([1.0]), 2)
    program(tf.constant([5.0]), 2)
    program(tf.constant([1.0, 2.0]), 2)
    assert float(program(tf.constant([5.0]), 3)[0]) == 15.0
    assert traced == [(1,), (2,), (1,)]


def test_a_compiled_program_is_one_operation_for_the_tapes_around_it(jax_tape):
    tf = jax_tape
    x, variable = tf.constant(3.0), tf.Variable(2.0)
    program = tf.function(lambda x: (x * x * variable, "a text"), jit_compile=True)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y, text = program(x)
    assert text == "a text"
    assert [float(g) for g in tape.gradient(y, [x, variable])] == [12.0, 9.0]


def test_a_compiled_program_leaves_variables_as_they_were_when_it_fails(jax_tape):
    tf = jax_tape
    variable = tf.Variable(2.0)

    @tf.function(jit_compile=True)
    def program():
        variable.assign(7.0)
        raise KeyError("in the program")

    with pytest.raises(KeyError, match="in the program"):
        program()
    assert float(variable) == 2.0


def test_a_compiled_program_creates_no_variables(jax_tape):
    tf, kept = jax_tape, []

    @tf.function(jit_compile=True)
    def program():
        kept.append(tf.Variable(1.0))
        return kept[0] * 2.0

    with pytest.raises(ValueError, match="tried to create variables"):
        program()


def test_without_the_compiler_there_is_no_function(jax_tape):
    with pytest.raises(NotImplementedError, match="jit_compile=True"):
        jax_tape.function(lambda x: x)
