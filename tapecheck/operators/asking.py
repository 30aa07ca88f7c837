"""Asking a tape of one row: on what samples, by which programs, and what is wrong with it."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

import numpy as np

import tapecheck.tapes.numpy as reference
from tapecheck.modes import EAGER, JIT
from tapecheck.operators import programs, samples
from tapecheck.operators.errors import OracleFault, Refused
from tapecheck.operators.exact import EXTREME
from tapecheck.operators.example import Asked
from tapecheck.operators.judging import Verdict
from tapecheck.operators.problem import (
    Known,
    Problem,
    along_line,
    at_limits,
    at_points,
    reshaped,
    without_answers,
)
from tapecheck.operators.table import Row

POINTS = 8
"""How many ordinary points an elementwise operation is asked at."""

SHAPES: Tuple[Tuple[int, ...], ...] = ((), (0,), (1,), (2, 0, 3), (2, 1, 2))
"""Further shapes that every elementwise operation is asked for."""

Sample = Tuple[str, Problem]
"""A dtype, and a problem to be answered in it."""

_LINES: Dict[Any, Problem] = {}
"""What was computed by differences, which clauses and dtypes share."""

_ALL = ("inputs", "directions", "cotangents")
"""What programs are given, as `tapecheck.operators.programs.tensors` orders it."""

_APPLIED = "applied(answers[{}], directions)"

Run = Callable[..., Any]


class Question:
    """One row, asked through `run`, which executes a program in some mode.

    What each method finds wrong is kept; `raise_faults` says it.
    """

    def __init__(self, tf: Any, run: Run, row: Row, seed: int) -> None:
        self._tf = tf
        self._run = run
        self._row = row
        self._seed = seed
        self._verdict = Verdict(row)
        self._samples: List[Sample] = []
        self._ranks: Optional[bool] = None

    def prepare(self, kind: str) -> None:
        """Draw the samples, and keep those at which the operation itself is computed.

        Args:
            kind: one of `KINDS`.

        Raises:
            OracleFault: the derivatives there are not known.
            Refused: the implementation does not compute the operation, in any of the dtypes.
        """
        missing = [name for name in self._row.names if not _has(self._tf, name)]
        if missing:
            raise Refused("there is no {}".format(", ".join(missing)))
        refusals = []
        for sample in KINDS[kind](self):
            dtype, problem = sample
            try:
                inputs, _, _ = programs.tensors(self._tf, problem, dtype)
                self._run(programs.operation(self._row, self._tf, dtype), *inputs)
            except Exception as error:
                refusals.append(error)
            else:
                self._samples.append(sample)
        if not self._samples:
            raise Refused("; ".join(sorted({" ".join(str(e).split()) for e in refusals})))

    def ordinary(self, dtypes: Iterable[str] = (), count: int = POINTS) -> Iterator[Sample]:
        """The operation at ordinary points, in each real dtype."""
        for dtype in dtypes or self._row.dtypes:
            if self._row.elementwise:
                random = samples.generator(self._seed, self._row.name)
                domain = tuple(self._row.domain.values())
                points = samples.points(domain, count, random)
                kept = [point for point in points if self._is_ordinary(tuple(point))]
                yield dtype, at_points(self._row, np.array(kept), dtype)
            else:
                yield from self._line((dtype,))

    def halves(self) -> Iterator[Sample]:
        """The operation at ordinary points, in each 16-bit dtype.

        Whatever the seed they are the same ones: what is wrong must not pass for right where it
        happens to be as small as a rounding.
        """
        self._seed = 0
        if self._row.halves:
            yield from self.ordinary(self._row.halves)

    def complex(self) -> Iterator[Sample]:
        """The operation at a point of the complex numbers, along a direction."""
        return self._line(self._row.complex)

    def edges(self) -> Iterator[Sample]:
        """An elementwise operation where a plain formula may fail."""
        for dtype in self._row.dtypes:
            problem = at_points(self._row, np.array(self._edges()), dtype, EXTREME)
            if problem.inputs[0].size:
                yield dtype, problem

    def _is_ordinary(self, point: Tuple[float, ...]) -> bool:
        """Whether it is no edge: one is asked for itself, not where a seed happens to meet it.

        Equal operands are one, too: a formula may have a branch for them.
        """
        is_general = len(set(point)) == len(point) and not any(abs(x) in (0.0, 1.0) for x in point)
        return is_general and point not in self._edges()

    def _edges(self) -> List[Tuple[float, ...]]:
        return [tuple(_number(x) for x in point) for point in self._row.edges]

    def limits(self) -> Iterator[Sample]:
        """An elementwise operation at infinity."""
        for dtype in self._row.dtypes:
            yield dtype, at_limits(self._row)

    def shapes(self) -> Iterator[Sample]:
        """The operation on inputs of other shapes, such as empty ones."""
        dtypes = self._row.dtypes[:1]
        for shapes in self._row.shapes:
            yield from self._line(dtypes, shapes)
        if self._row.elementwise:
            for dtype, problem in self.ordinary(dtypes):
                for shape in SHAPES:
                    yield dtype, reshaped(problem, shape)

    def few(self) -> Iterator[Sample]:
        """The operation on small inputs, in one dtype, where more would take long."""
        return self.ordinary(self._row.dtypes[-1:], count=3)

    def single(self) -> Iterator[Sample]:
        """The operation at ordinary points, in the first dtype only."""
        return self.ordinary(self._row.dtypes[:1])

    def kinks(self) -> Iterator[Sample]:
        """The operation at the points that the row gives, where no derivative is known."""
        for dtype in self._row.dtypes:
            random = samples.generator(self._seed, self._row.name)
            inputs = (samples.tensor(one, one.shape, random) for one in self._row.inputs.values())
            yield dtype, without_answers(tuple(inputs))

    def _line(self, dtypes: Iterable[str], shapes: Optional[Any] = None) -> Iterator[Sample]:
        for dtype in dtypes:
            wide = "complex128" if dtype.startswith("complex") else "float64"
            key = (id(self._tf), self._row.call, self._row.name, self._seed, wide, str(shapes))
            if key not in _LINES:
                _LINES[key] = self._along_line(wide, shapes)
            problem = _LINES[key]
            yield dtype, problem

    def _along_line(self, wide: str, shapes: Optional[Any]) -> Problem:
        try:
            return self._differences(self._tf, wide, shapes)
        except OracleFault as fault:
            # Perhaps the implementation computes in fewer digits than its dtype has.
            try:
                return self._differences(reference, wide, shapes)
            except Exception:
                raise fault from None
        except Exception as error:
            raise Refused(" ".join(str(error).split())) from error

    def _differences(self, tf: Any, wide: str, shapes: Optional[Any]) -> Problem:
        compute = programs.forward(self._row, tf, wide)
        return along_line(self._row, compute, self._seed, wide, shapes)

    def trace_for_unknown(self, ranks: bool) -> None:
        """From now on let programs be traced for inputs of unknown sizes, or of unknown ranks."""

        def traced(program: Any, *arguments: Any) -> Any:
            signature = programs.unknown(self._tf, arguments, ranks)
            compiled = self._tf.function(_as_it_is(self._tf, program), input_signature=signature)
            return compiled(*arguments)

        self._run = traced
        self._ranks = ranks

    def gradients(self) -> None:
        """Values and gradients, by a tape."""
        for dtype, problem in self._samples:
            answer = self._by_tape(dtype, problem)
            if answer is not None:
                self._verdict.values(problem, answer[0], dtype, "answers[0][{}]")
                self._verdict.gradients(problem, answer[1], dtype, "answers[1][{}]")

    def _by_tape(self, dtype: str, problem: Problem, cotangents: str = "cotangents") -> Any:
        return self._answer(
            "gradient", programs.first_order, {}, dtype, problem, "inputs", cotangents
        )

    def gradients_by_each_input(self) -> None:
        """Gradients by one input while the others are constants, as they are by all at once."""
        for dtype, problem in self._samples:
            together = self._by_tape(dtype, problem)
            if together is None:
                continue
            for place, name in enumerate(self._row.inputs):
                quantity, options = "gradient by " + name, {"place": place}
                alone = self._answer(
                    quantity, programs.by_one_input, options, dtype, problem, "inputs", "cotangents"
                )
                if alone is not None:
                    known = together[1][place]
                    self._verdict.same(quantity, alone[0], known, dtype, "answers[0]")

    def second_gradients(self) -> None:
        """Products and tangents, by a tape around a tape."""
        for dtype, problem in self._samples:
            answer = self._answer(
                "second gradient", programs.second_order, {}, dtype, problem, *_ALL
            )
            if answer is not None:
                self._verdict.products(problem, answer[0], dtype, "answers[0][{}]")
                quantity = "second gradient by the cotangent"
                self._verdict.tangents(problem, answer[1], dtype, "answers[1][{}]", quantity)

    def forward_mode(self) -> None:
        """Tangents, by a forward accumulator."""
        for dtype, problem in self._samples:
            answer = self._answer(
                "tangent", programs.forward_mode, {}, dtype, problem, "inputs", "directions"
            )
            if answer is not None:
                self._verdict.tangents(problem, answer, dtype, "answers[{}]", "tangent")

    def forward_over_reverse(self) -> None:
        """Products, by a forward accumulator around a tape."""
        self._products(programs.forward_over_reverse)

    def reverse_over_forward(self) -> None:
        """Products, by a tape around a forward accumulator."""
        self._products(programs.reverse_over_forward)

    def _products(self, make: Any) -> None:
        for dtype, problem in self._samples:
            answer = self._answer("product", make, {}, dtype, problem, *_ALL)
            if answer is not None:
                self._verdict.products(problem, answer, dtype, "answers[{}]")

    def jacobians(self, vectorised: bool) -> None:
        """Jacobians, whose products with the directions are the tangents.

        Of a complex output by a real input that of its real and that of its imaginary part.
        """
        options = {"vectorised": vectorised}
        for dtype, problem in self._samples:
            answer = self._answer("jacobian", programs.jacobians, options, dtype, problem, "inputs")
            if answer is not None:
                tangents = [programs.applied(row, problem.directions) for row in answer]
                parted = problem._replace(tangents=tuple(_parts(problem.tangents)))
                self._verdict.tangents(
                    parted, tangents, dtype, _APPLIED, "jacobian times direction"
                )

    def hessians(self, vectorised: bool) -> None:
        """Jacobians of gradients, whose products with the directions are the products."""
        options = {"vectorised": vectorised}
        for dtype, problem in self._samples:
            answer = self._answer(
                "hessian", programs.hessians, options, dtype, problem, "inputs", "cotangents"
            )
            if answer is not None:
                rows = [programs.applied(row, problem.directions) for row in answer]
                self._verdict.products(problem, rows, dtype, _APPLIED)

    def agreement(self) -> None:
        """Gradients by convention: those of this mode and those of eager mode are the same.

        In eager mode itself those of the tape and those of the forward accumulator.
        """
        for dtype, problem in self._samples:
            answer = self._by_tape(dtype, problem, "ones")
            if answer is None:
                continue
            if self._mode != EAGER:
                compute = programs.operation(self._row, self._tf, dtype)
                given = self._tensors(dtype, problem, ("inputs", "ones"))
                expected = programs.first_order(self._tf, compute)(*given)
                for place, name in enumerate(self._row.inputs):
                    one, other = answer[1][place], expected[1][place]
                    read = "answers[1][{}]".format(place)
                    self._verdict.same("gradient by " + name, one, other, dtype, read)
                continue
            tangents = self._answer(
                "tangent", programs.forward_mode, {}, dtype, problem, "inputs", "directions"
            )
            if tangents is not None:
                total = programs.along(answer[1], problem.directions)
                pushed = programs.along(tangents, [1.0] * len(tangents))
                read = "along(answers, [1.0] * len(answers))"
                self._verdict.same("tangent", np.asarray(pushed), np.asarray(total), dtype, read)

    def raise_faults(self) -> None:
        """
        Raises:
            Broken: something was wrong.
        """
        self._verdict.raise_faults()

    @property
    def _mode(self) -> str:
        mode: str = getattr(self._run, "mode", EAGER)
        return mode

    def _answer(
        self,
        quantity: str,
        make: Any,
        options: Dict[str, Any],
        dtype: str,
        problem: Problem,
        *arguments: str,
    ) -> Any:
        """What the program returns; None, and a fault, where it raises."""
        compute = programs.operation(self._row, self._tf, dtype)
        written = ", ".join("{}={!r}".format(name, value) for name, value in options.items())
        compiled = self._compiled(arguments)
        self._verdict.asked = Asked(make.__name__, written, arguments, compiled, dtype, problem)
        given = self._tensors(dtype, problem, arguments)
        try:
            answer = self._run(make(self._tf, compute, **options), *given)
            if dtype == "bfloat16":
                answer = programs.readable(self._tf, answer)
            for one in programs.flat(answer):
                np.asarray(one)
        except Exception as error:
            self._verdict.raised(quantity, error, dtype)
            return None
        return answer

    def _tensors(self, dtype: str, problem: Problem, names: Sequence[str]) -> List[Any]:
        """What a program is given, by the names of its arguments."""
        made: Dict[str, Any] = dict(zip(_ALL, programs.tensors(self._tf, problem, dtype)))
        if "ones" in names:
            outputs = programs.operation(self._row, self._tf, dtype)(*made["inputs"])
            made["ones"] = [self._tf.ones_like(output) for output in outputs]
        return [made[name] for name in names]

    def _compiled(self, arguments: Sequence[str]) -> str:
        """The expression for ``program`` as it runs here."""
        options = ["program"]
        if self._ranks is not None:
            text = "input_signature=unknown(tf, [{}], ranks={})"
            options.append(text.format(", ".join(arguments), self._ranks))
        elif self._mode == EAGER:
            return "program"
        if hasattr(self._tf, "autograph"):
            options.append("autograph=False")
        if self._mode == JIT:
            options.append("jit_compile=True")
        return "tf.function({})".format(", ".join(options))


KINDS: Dict[str, Callable[[Question], Iterator[Sample]]] = {
    "ordinary": Question.ordinary,
    "single": Question.single,
    "few": Question.few,
    "halves": Question.halves,
    "complex": Question.complex,
    "edges": Question.edges,
    "limits": Question.limits,
    "shapes": Question.shapes,
    "kinks": Question.kinks,
}
"""What a row can be asked at."""


def _has(tf: Any, name: str) -> bool:
    """Whether a chain of attributes leads somewhere."""
    for part in name.split("."):
        tf = getattr(tf, part, None)
    return tf is not None


def _parts(tangents: Iterable[Known]) -> Iterator[Known]:
    """Those of complex values as two, of the real and of the imaginary part."""
    for one in tangents:
        if one.value.dtype.kind != "c":
            yield one
        else:
            yield one._replace(value=one.value.real)
            yield one._replace(value=one.value.imag)


def _as_it_is(tf: Any, program: Any) -> Any:
    """The program, not to be rewritten where an implementation rewrites Python."""
    mark = getattr(getattr(tf, "autograph", None), "experimental", None)
    return program if mark is None else mark.do_not_convert(program)


def _number(x: Any) -> float:
    """A number of the table; a text is an expression that is exact, such as ``1 - 2**-20``."""
    if isinstance(x, str):
        return float(eval(x, {}))
    return float(samples.short(x))
