"""The parts of the API that an implementation may lack, each with a probe.

A probe uses its capability in the smallest way. Of a backend that declares a lack the probe must
be refused, by whatever exception: a declaration that hides something that works is a failure.
"""

from __future__ import annotations

import inspect
from typing import Any, Callable, Dict, Optional

import numpy as np

from tapecheck.errors import words

Probe = Callable[..., Any]
Program = Callable[[Any], Any]

CAPABILITIES: Dict[str, Probe] = {}
"""Probes by the name of their capability; the docstring of each says what it stands for."""


def _capability(name: str) -> Callable[[Probe], Probe]:
    def register(probe: Probe) -> Probe:
        takes_one = len(inspect.signature(probe).parameters) > 1
        CAPABILITIES[name] = probe if takes_one else lambda tf, one=None: probe(tf)
        CAPABILITIES[name].__doc__ = probe.__doc__
        return probe

    return register


HARDWARE: Dict[str, str] = {"gpu": "GPU"}
"""Capabilities that a machine has, not an implementation, by the kind of device that they need.

Where no such device is visible, what needs it does not apply, whatever is declared.
"""


def refusal(
    name: str, tf: Any, compiled: Callable[[Program], Program] = lambda program: program
) -> Optional[str]:
    """How `tf` refuses the capability `name`: the text of the exception; None if it works.

    Args:
        compiled: makes of a program what some mode executes; by default eager.
    """
    try:
        # Given from outside, the one is not known while a program is traced
        compiled(lambda one: CAPABILITIES[name](tf, one))(tf.constant(1.0))
    except Exception as error:
        return "{}: {}".format(type(error).__name__, words(error))
    return None


def _squared(tf: Any, x: Any, **options: Any) -> Any:
    """A tape that has recorded x * x, and the result."""
    with tf.GradientTape(**options) as tape:
        tape.watch(x)
        y = x * x
    return tape, y


def _demand(condition: bool, problem: str) -> None:
    if not condition:
        raise NotImplementedError(problem)


@_capability("arrays")
def _arrays(tf: Any) -> None:
    """Tensors with axes. Without it every tensor is a single number."""
    x = tf.constant([2.0, 3.0])
    tape, y = _squared(tf, x)
    _demand(np.shape(tape.gradient(y, x)) == (2,), "no gradient of the shape of its source")


@_capability("comparison")
def _comparison(tf: Any) -> None:
    """Comparisons of tensors, by which Python's branches and loops decide."""
    less, greater = tf.constant(2.0) < 3.0, tf.constant(2.0) > 3.0
    _demand(bool(less) and not bool(greater), "a comparison does not tell the smaller one")


@_capability("exp")
def _exp(tf: Any) -> None:
    """The exponential function."""
    tf.exp(tf.constant(1.0))


@_capability("elementary")
def _elementary(tf: Any) -> None:
    """Elementary functions beyond exp: of powers, logarithms, angles, signs and extremes."""
    x = tf.constant(2.0)
    for function in (tf.sqrt, tf.math.log, tf.sin, tf.tanh, tf.abs):
        function(x)
    tf.maximum(x, x)


@_capability("struct")
def _struct(tf: Any) -> None:
    """Sources and targets in dicts and nested structures."""
    x = tf.constant(3.0)
    tape, y = _squared(tf, x)
    _demand(tape.gradient(y, {"x": [x]})["x"][0] is not None, "no nested structures")


@_capability("variables")
def _variables(tf: Any) -> None:
    """Mutable variables with a trainable flag, watched when they are read."""
    variable = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = variable * variable
    _demand(tape.gradient(y, variable) is not None, "variables are not watched")


@_capability("persistent")
def _persistent(tf: Any) -> None:
    """Tapes that answer more than once."""
    x = tf.constant(3.0)
    tape, y = _squared(tf, x, persistent=True)
    tape.gradient(y, x)
    tape.gradient(y, x)


@_capability("unconnected_zero")
def _unconnected_zero(tf: Any) -> None:
    """Zeros instead of None for unconnected sources, on request."""
    x, z = tf.constant(3.0), tf.constant(1.0)
    tape, y = _squared(tf, x)
    zero = tape.gradient(y, z, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    _demand(zero is not None, "None instead of zero")


@_capability("output_gradients")
def _output_gradients(tf: Any) -> None:
    """Cotangents of the target, given by the caller."""
    x = tf.constant(3.0)
    tape, y = _squared(tf, x)
    tape.gradient(y, x, output_gradients=tf.constant(2.0))


@_capability("stop_recording")
def _stop_recording(tf: Any) -> None:
    """Pausing one tape."""
    with tf.GradientTape() as tape:
        with tape.stop_recording():
            pass


@_capability("reset")
def _reset(tf: Any) -> None:
    """Forgetting what was recorded so far."""
    with tf.GradientTape() as tape:
        tape.reset()


@_capability("nested")
def _nested(tf: Any) -> None:
    """Several tapes at once, gradients of gradients."""
    x = tf.constant(3.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        tape, y = _squared(tf, x)
        first = tape.gradient(y, x)
    _demand(outer.gradient(first, x) is not None, "no second derivative")


@_capability("jacobian")
def _jacobian(tf: Any) -> None:
    """Jacobians of a tensor by tensors."""
    x = tf.constant([1.0, 2.0])
    tape, y = _squared(tf, x)
    _demand(tape.jacobian(y, x) is not None, "no jacobian")


@_capability("batch_jacobian")
def _batch_jacobian(tf: Any) -> None:
    """A jacobian for each example of a batch."""
    x = tf.constant([[1.0, 2.0]])
    tape, y = _squared(tf, x)
    _demand(tape.batch_jacobian(y, x) is not None, "no batch jacobian")


@_capability("pfor")
def _pfor(tf: Any) -> None:
    """The options parallel_iterations and experimental_use_pfor of jacobians."""
    x = tf.constant([1.0, 2.0])
    tape, y = _squared(tf, x, persistent=True)
    tape.jacobian(y, x, parallel_iterations=4)
    tape.jacobian(y, x, experimental_use_pfor=False)


@_capability("dtype-int")
def _integers(tf: Any) -> None:
    """Integer tensors and casts between them and floats."""
    tf.cast(tf.constant([1, 2]), tf.float32)


@_capability("dtype-string")
def _strings(tf: Any) -> None:
    """Tensors of strings."""
    tf.constant("a")


@_capability("dtype-float")
def _doubles(tf: Any) -> None:
    """float64 beside float32."""
    tf.cast(tf.constant(1.0), tf.float64)


@_capability("dtype-half")
def _halves(tf: Any) -> None:
    """float16 tensors."""
    tf.cast(tf.constant(1.0), tf.float16)


@_capability("dtype-bfloat16")
def _bfloat16(tf: Any) -> None:
    """bfloat16 tensors."""
    tf.cast(tf.constant(1.0), tf.bfloat16)


@_capability("complex")
def _complex(tf: Any) -> None:
    """Complex tensors and their gradients."""
    z = tf.constant(1.0 + 2.0j)
    tape, w = _squared(tf, z)
    _demand(tape.gradient(w, z) is not None, "complex tensors are not differentiated")


@_capability("dtype-complex128")
def _double_complex(tf: Any) -> None:
    """complex128 tensors, which is what Python's complex numbers become."""
    _demand(tf.constant(1.0 + 2.0j).dtype == tf.complex128, "no double precision")


@_capability("control_flow")
def _control_flow(tf: Any, one: Any = None) -> None:
    """cond and while_loop, by values that need not be known before they run."""
    one = tf.constant(1.0) if one is None else one
    tf.cond(one > 0.0, lambda: tf.constant(1.0), lambda: tf.constant(2.0))
    tf.while_loop(lambda i: i < 3.0, lambda i: (i + 1.0,), (one,))


@_capability("graph")
def _graph(tf: Any) -> None:
    """Programs that the implementation traces and compiles: function."""
    tf.function(lambda x: x * x)(tf.constant(3.0))


@_capability("xla")
def _xla(tf: Any) -> None:
    """An optimising compiler: function(jit_compile=True)."""
    tf.function(lambda x: x * x, jit_compile=True)(tf.constant(3.0))


@_capability("state")
def _state(tf: Any) -> None:
    """Assignment to variables."""
    tf.Variable(1.0).assign_add(1.0)


@_capability("data")
def _data(tf: Any) -> None:
    """Datasets, and iterators over them."""
    next(iter(tf.data.Dataset.from_tensors(tf.constant(1.0))))


@_capability("queue")
def _queue(tf: Any) -> None:
    """Queues of tensors."""
    queue = tf.queue.FIFOQueue(1, [tf.float32])
    queue.enqueue(tf.constant(1.0))
    queue.dequeue()


@_capability("lookup_table")
def _lookup_table(tf: Any) -> None:
    """Tables that map keys to values."""
    keys, values = tf.constant([1]), tf.constant([2.0])
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), 0.0)
    table.lookup(keys)


@_capability("random")
def _random(tf: Any) -> None:
    """Random tensors."""
    tf.random.normal([2])


@_capability("stop_gradient")
def _stop_gradient(tf: Any) -> None:
    """A tensor that no gradient passes."""
    tf.stop_gradient(tf.constant(1.0))


@_capability("custom_gradient")
def _custom_gradient(tf: Any) -> None:
    """Functions that bring their own gradient."""
    tf.custom_gradient(lambda x: (x, lambda upstream: upstream))(tf.constant(1.0))


@_capability("recompute_grad")
def _recompute_grad(tf: Any) -> None:
    """Functions that are computed again in the backward pass."""
    tf.recompute_grad(lambda x: x * x)(tf.constant(1.0))


@_capability("grad_pass_through")
def _grad_pass_through(tf: Any) -> None:
    """Functions with the gradient of the identity."""
    tf.grad_pass_through(lambda x: x * x)(tf.constant(1.0))


@_capability("indexed_slices")
def _indexed_slices(tf: Any) -> None:
    """Sparse gradients of gathered rows."""
    tf.IndexedSlices(tf.constant([1.0]), tf.constant([0]))


@_capability("sparse")
def _sparse(tf: Any) -> None:
    """Sparse tensors."""
    tf.sparse.SparseTensor([[0, 0]], [1.0], [1, 1])


@_capability("ragged")
def _ragged(tf: Any) -> None:
    """Ragged tensors."""
    tf.ragged.constant([[1.0], [2.0, 3.0]])


@_capability("extension_type")
def _extension_type(tf: Any) -> None:
    """User-defined types that hold tensors."""
    _demand(callable(tf.experimental.ExtensionType), "no extension types")


@_capability("tnp")
def _tnp(tf: Any) -> None:
    """The NumPy API on the implementation's tensors."""
    tf.experimental.numpy.add(tf.constant(1.0), tf.constant(2.0))


@_capability("dtype-float8")
def _float8(tf: Any) -> None:
    """8-bit floats."""
    tf.cast(tf.constant(1.0), tf.dtypes.experimental.float8_e5m2)


@_capability("no_gradient")
def _no_gradient(tf: Any) -> None:
    """A registry of gradients by the name of the operation."""
    _demand(callable(tf.RegisterGradient) and callable(tf.no_gradient), "no registry")


@_capability("py_function")
def _py_function(tf: Any) -> None:
    """Python functions inside traced programs, differentiated."""
    tf.py_function(lambda x: x * x, [tf.constant(1.0)], tf.float32)


@_capability("numpy_function")
def _numpy_function(tf: Any) -> None:
    """NumPy functions inside traced programs."""
    tf.numpy_function(lambda x: x * x, [tf.constant(1.0)], tf.float32)


@_capability("savedmodel")
def _savedmodel(tf: Any) -> None:
    """Saving traced programs and loading them."""
    _demand(callable(tf.saved_model.save) and callable(tf.saved_model.load), "no saving")


@_capability("device")
def _device(tf: Any) -> None:
    """Placement of operations on named devices."""
    with tf.device("CPU:0"):
        tf.constant(1.0)


@_capability("gpu")
def _gpu(tf: Any) -> None:
    """A visible GPU."""
    _demand(bool(tf.config.list_physical_devices("GPU")), "no GPU")


@_capability("distribute")
def _distribute(tf: Any) -> None:
    """Strategies that distribute a computation over devices."""
    tf.distribute.get_strategy()


@_capability("forward")
def _forward(tf: Any) -> None:
    """Forward-mode differentiation: ForwardAccumulator."""
    x = tf.constant(3.0)
    with tf.autodiff.ForwardAccumulator(x, tf.constant(1.0)) as accumulator:
        y = x * x
    _demand(accumulator.jvp(y) is not None, "no forward derivative")


@_capability("optimizer")
def _optimizer(tf: Any) -> None:
    """Optimizers with apply_gradients."""
    tf.keras.optimizers.SGD(0.1)


@_capability("keras")
def _keras(tf: Any) -> None:
    """Keras layers on the implementation's tensors."""
    tf.keras.layers.Dense(1)(tf.constant([[1.0]]))


@_capability("memory")
def _memory(tf: Any) -> None:
    """Tensors that can be referenced weakly, so that their release can be seen."""
    import weakref

    weakref.ref(tf.constant(1.0) * 2.0)


@_capability("threads")
def _threads(tf: Any) -> None:
    """Tapes in several threads."""
    import threading

    failures = []

    def work() -> None:
        try:
            x = tf.constant(3.0)
            tape, y = _squared(tf, x)
            tape.gradient(y, x)
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


@_capability("stateless_random")
def _stateless_random(tf: Any) -> None:
    """Random numbers that their seed alone decides."""
    tf.random.stateless_uniform([1], seed=[1, 2])


@_capability("decomposition")
def _decomposition(tf: Any) -> None:
    """Decompositions of matrices: qr and svd."""
    tf.linalg.qr(tf.constant([[2.0]]))
    tf.linalg.svd(tf.constant([[2.0]]))


@_capability("morphology")
def _morphology(tf: Any) -> None:
    """Dilation and erosion of images."""
    ones = [1, 1, 1, 1]
    image, kernel = tf.reshape(tf.constant(1.0), ones), tf.reshape(tf.constant(1.0), [1, 1, 1])
    tf.nn.erosion2d(image, kernel, ones, "VALID", "NHWC", ones)


@_capability("nn")
def _nn(tf: Any) -> None:
    """Operations of neural networks."""
    tf.nn.relu(tf.constant([1.0]))


@_capability("linalg")
def _linalg(tf: Any) -> None:
    """Linear algebra beyond matmul, and its gradients."""
    matrix = tf.constant([[2.0]])
    with tf.GradientTape() as tape:
        tape.watch(matrix)
        x = tf.linalg.solve(matrix, tf.constant([[1.0]]))
    _demand(tape.gradient(x, matrix) is not None, "no gradient of solve")


@_capability("special")
def _special(tf: Any) -> None:
    """Special functions: the error functions, the logarithm of gamma."""
    tf.math.erf(tf.constant(1.0))
    tf.math.lgamma(tf.constant(1.0))


@_capability("fft")
def _fft(tf: Any) -> None:
    """Fourier transforms."""
    tf.signal.rfft(tf.constant([1.0, 2.0]))


@_capability("signal")
def _signal(tf: Any) -> None:
    """Frames of signals and their spectra."""
    tf.signal.stft(tf.constant([1.0, 2.0]), 2, 2)


@_capability("image")
def _image(tf: Any) -> None:
    """Operations on images."""
    tf.image.resize(tf.constant([[[1.0]]]), [2, 2])


@_capability("compute_gradient")
def _compute_gradient(tf: Any) -> None:
    """The checker of gradients by finite differences."""
    tf.test.compute_gradient(lambda x: x * x, [tf.constant(1.0)])
