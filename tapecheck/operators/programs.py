"""What a clause lets a tape compute for one operation: values and derivatives of every kind.

Scripts that reproduce a failure copy from here what they use.
"""

# mypy: no-warn-return-any
from __future__ import annotations

import re
from typing import Any, Callable, Dict, List, Sequence, Tuple

import numpy as np

from tapecheck.operators.floats import dtype_of
from tapecheck.operators.problem import Problem
from tapecheck.operators.table import Row

Program = Callable[..., Any]


def operation(row: Row, tf: Any, dtype: str) -> Program:
    """The operation as a function from its inputs to the list of its outputs."""

    def compute(*inputs: Any) -> List[Any]:
        names: Dict[str, Any] = {"tf": tf, **_constants(row, tf, dtype)}
        names.update(zip(row.inputs, inputs))
        return flat(eval(row.code, names))

    return compute


def forward(row: Row, tf: Any, dtype: str = "float64") -> Callable[..., List[np.ndarray]]:
    """The operation from arrays to arrays, as its oracle by differences wants it."""
    code = row.forward or row.code

    def compute(*inputs: np.ndarray) -> List[np.ndarray]:
        names: Dict[str, Any] = {"tf": tf, **_constants(row, tf, dtype)}
        names.update(zip(row.inputs, (tensor(tf, x, dtype) for x in inputs)))
        return [array(output) for output in flat(eval(code, names))]

    return compute


def tensor(tf: Any, values: np.ndarray, dtype: str) -> Any:
    """A tensor of the namespace that holds `values`."""
    wide = "complex128" if dtype.startswith("complex") else "float64"
    if dtype in ("float16", "bfloat16"):
        wide = "float32"
    made = tf.constant(np.asarray(values, dtype=wide), dtype=getattr(tf, wide))
    return made if dtype == wide else tf.cast(made, getattr(tf, dtype))


def array(value: Any) -> np.ndarray:
    """A tensor as float64 or complex128."""
    read = np.asarray(value)
    return read.astype(np.complex128 if read.dtype.kind == "c" else np.float64)


def along(gradients: Sequence[Any], directions: Sequence[Any]) -> float:
    """The real inner product of gradients and directions; None counts nothing."""
    total = 0.0
    for gradient, direction in zip(gradients, directions):
        if gradient is not None:
            total += float(np.sum(np.real(np.conj(array(gradient)) * array(direction))))
    return total


def applied(jacobians: Any, directions: Sequence[Any]) -> Any:
    """Jacobians of one target by each source times the directions; None where all of them are."""
    terms = [
        np.tensordot(array(jacobian), array(direction), array(direction).ndim)
        for jacobian, direction in zip(jacobians or (), directions)
        if jacobian is not None
    ]
    return sum(terms[1:], terms[0]) if terms else None


def unknown(tf: Any, arguments: Any, ranks: bool) -> Any:
    """The signature of tensors, or of lists of them, with every size, or every rank, unknown."""
    if isinstance(arguments, (list, tuple)):
        return [unknown(tf, one, ranks) for one in arguments]
    shape = None if ranks else [None] * len(arguments.shape)
    return tf.TensorSpec(shape, arguments.dtype)


_CHANGING = re.compile(r"\S*(?:__|_\d|/|0x|\d{4})\S*")
"""Words of an exception that differ from process to process: paths, counted names, addresses."""


def told(error: BaseException) -> str:
    """What an exception says, in a line, with three points for what another run says otherwise."""
    lines = [line.strip() for line in str(error).split("\n") if line.strip()] or [""]
    line = lines[-1] if lines[0].startswith("in user code") else lines[0]
    return _CHANGING.sub("...", line)[:200]


def readable(tf: Any, answers: Any) -> Any:
    """Tensors of bfloat16, which NumPy does not know, as float32."""
    if isinstance(answers, (list, tuple)):
        return [readable(tf, one) for one in answers]
    return None if answers is None else tf.cast(answers, tf.float32)


def tensors(tf: Any, problem: Problem, dtype: str) -> Tuple[List[Any], List[Any], List[Any]]:
    """Inputs, directions and cotangents as tensors."""
    return (
        [tensor(tf, x, dtype) for x in problem.inputs],
        [tensor(tf, v, dtype) for v in problem.directions],
        [tensor(tf, w, dtype_of(w, dtype)) for w in problem.cotangents],
    )


def first_order(tf: Any, compute: Program) -> Program:
    """From inputs and cotangents to outputs and gradients."""

    def program(inputs: Sequence[Any], cotangents: Sequence[Any]) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = compute(*inputs)
        return outputs, _dense(tf, tape.gradient(outputs, inputs, output_gradients=cotangents))

    return program


def by_one_input(tf: Any, compute: Program, place: int) -> Program:
    """From inputs and cotangents to the list of the gradient by one input, the only one watched."""

    def program(inputs: Sequence[Any], cotangents: Sequence[Any]) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(inputs[place])
            outputs = compute(*inputs)
        gradient = tape.gradient(outputs, inputs[place], output_gradients=cotangents)
        return _dense(tf, [gradient])

    return program


def second_order(tf: Any, compute: Program) -> Program:
    """From inputs, directions and cotangents to the derivatives of gradient times direction.

    Returns:
        Those by the inputs, which are the products, and those by the cotangents, which are the
        tangents.
    """

    def program(inputs: Sequence[Any], directions: Sequence[Any], cotangents: Sequence[Any]) -> Any:
        with tf.GradientTape() as outer:
            outer.watch(inputs)
            outer.watch(cotangents)
            with tf.GradientTape() as inner:
                inner.watch(inputs)
                outputs = compute(*inputs)
            gradients = inner.gradient(outputs, inputs, output_gradients=cotangents)
            total = _product(tf, gradients, directions)
        if total is None:
            return [None for _ in inputs], [None for _ in cotangents]
        products, tangents = outer.gradient(total, (inputs, cotangents))
        return _dense(tf, products), _dense(tf, tangents)

    return program


def forward_mode(tf: Any, compute: Program) -> Program:
    """From inputs and directions to the tangents, by a forward accumulator."""

    def program(inputs: Sequence[Any], directions: Sequence[Any]) -> Any:
        with tf.autodiff.ForwardAccumulator(inputs, directions) as accumulator:
            outputs = compute(*inputs)
        return _dense(tf, accumulator.jvp(outputs))

    return program


def forward_over_reverse(tf: Any, compute: Program) -> Program:
    """The products by forward mode over the backward pass."""

    def program(inputs: Sequence[Any], directions: Sequence[Any], cotangents: Sequence[Any]) -> Any:
        with tf.autodiff.ForwardAccumulator(inputs, directions) as accumulator:
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                outputs = compute(*inputs)
            gradients = tape.gradient(outputs, inputs, output_gradients=cotangents)
            gradients = _dense(tf, gradients)
        return _dense(tf, [None if one is None else accumulator.jvp(one) for one in gradients])

    return program


def reverse_over_forward(tf: Any, compute: Program) -> Program:
    """The products by the backward pass through forward mode."""

    def program(inputs: Sequence[Any], directions: Sequence[Any], cotangents: Sequence[Any]) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            with tf.autodiff.ForwardAccumulator(inputs, directions) as accumulator:
                outputs = compute(*inputs)
            tangents = accumulator.jvp(outputs)
        pairs = [(t, w) for t, w in zip(tangents, cotangents) if t is not None]
        if not pairs:
            return [None for _ in inputs]
        targets, weights = [t for t, _ in pairs], [w for _, w in pairs]
        return _dense(tf, tape.gradient(targets, inputs, output_gradients=weights))

    return program


def jacobians(tf: Any, compute: Program, vectorised: bool) -> Program:
    """The jacobian of each output by each input: a list of lists."""

    def program(inputs: Sequence[Any]) -> Any:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(inputs)
            outputs = [part for output in compute(*inputs) for part in _parts(tf, output)]
        return [
            _dense(tf, tape.jacobian(output, inputs, experimental_use_pfor=vectorised))
            for output in outputs
        ]

    return program


def hessians(tf: Any, compute: Program, vectorised: bool) -> Program:
    """The jacobian of each gradient by each input: a list of lists."""

    def program(inputs: Sequence[Any], cotangents: Sequence[Any]) -> Any:
        with tf.GradientTape(persistent=True) as outer:
            outer.watch(inputs)
            with tf.GradientTape() as inner:
                inner.watch(inputs)
                outputs = compute(*inputs)
            gradients = inner.gradient(outputs, inputs, output_gradients=cotangents)
            gradients = _dense(tf, gradients)
        return [
            None
            if gradient is None
            else _dense(tf, outer.jacobian(gradient, inputs, experimental_use_pfor=vectorised))
            for gradient in gradients
        ]

    return program


def _constants(row: Row, tf: Any, dtype: str) -> Dict[str, Any]:
    return {name: _constant(tf, value, dtype) for name, value in row.constants.items()}


def _constant(tf: Any, value: Any, dtype: str) -> Any:
    """Floats in the dtype of the case; a table names another one."""
    if isinstance(value, dict):
        return tf.constant(value["values"], dtype=getattr(tf, value["dtype"]))
    read = np.asarray(value)
    if read.dtype.kind == "f":
        return tensor(tf, read, dtype)
    return tf.constant(value)


def flat(outputs: Any) -> List[Any]:
    """The tensors that a structure of outputs holds, in their order."""
    if isinstance(outputs, (list, tuple)):
        return [leaf for one in outputs for leaf in flat(one)]
    return [outputs]


def _parts(tf: Any, output: Any) -> List[Any]:
    """A complex tensor as its real and its imaginary part."""
    return [tf.math.real(output), tf.math.imag(output)] if _is_complex(output) else [output]


def _is_complex(tensor: Any) -> bool:
    dtype = tensor.dtype
    return np.dtype(getattr(dtype, "as_numpy_dtype", None) or dtype).kind == "c"


def _dense(tf: Any, answers: Any) -> List[Any]:
    """Sparse gradients as tensors; None stays."""
    return [None if one is None else tf.convert_to_tensor(one) for one in answers]


def _product(tf: Any, gradients: Sequence[Any], directions: Sequence[Any]) -> Any:
    """The real inner product; a gradient that is None counts nothing."""
    terms = []
    for gradient, direction in zip(_dense(tf, gradients), directions):
        if gradient is not None:
            conjugate = tf.math.conj(gradient) if _is_complex(gradient) else gradient
            one = conjugate * direction
            one = tf.math.real(one) if _is_complex(one) else one
            terms.append(tf.reduce_sum(one))
    return sum(terms[1:], terms[0]) if terms else None
