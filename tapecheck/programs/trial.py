"""A program on a namespace in some mode: what laws are told of and ask questions to."""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence, Tuple

from tapecheck.programs.answers import Answers, check
from tapecheck.programs.execution import execute, sources_of
from tapecheck.programs.numbers import direction, numbers
from tapecheck.programs.program import Program

Question = Callable[["Trial", List[Any]], Any]
"""From a trial and its sources, as they are in the mode of the case, to tensors."""


class Trial:
    """One program, its sources as tensors and variables, and the exact answers.

    Attributes:
        sources: in the order of the program.
        exact: the answers of the oracle.
    """

    def __init__(self, tf: Any, run: Any, program: Program, dtype: str = "float64") -> None:
        self.tf = tf
        self.program = program
        self.exact = Answers(program)
        self.sources = sources_of(program, tf, dtype)
        self._run = run
        self._dtype = dtype

    def compute(self, sources: Sequence[Any], program: Optional[Program] = None) -> List[Any]:
        """The targets of the program, or of another one with the same sources."""
        return list(execute(program or self.program, self.tf, sources))

    def record(
        self, sources: Sequence[Any], persistent: bool = False, program: Optional[Program] = None
    ) -> Tuple[Any, List[Any]]:
        """A tape that has recorded the program, or another one, and the targets."""
        with self.tf.GradientTape(persistent=persistent) as tape:
            tape.watch(list(sources))
            targets = self.compute(sources, program)
        return tape, targets

    def ask(self, question: Question) -> Any:
        """What a question returns in the mode of the case, with dense tensors."""
        return ask_together([self], question)[0]

    def dense(self, answer: Any) -> Any:
        """An answer with tensors in place of sparse gradients; None stays None."""
        if isinstance(answer, (list, tuple)):
            return type(answer)(self.dense(one) for one in answer)
        return None if answer is None else self.tf.convert_to_tensor(answer)

    def with_zeros(self, answers: Sequence[Any], like: Sequence[Any]) -> List[Any]:
        """Answers with zeros in place of None, each of the shape of a tensor."""
        pairs = zip(answers, like)
        return [self.tf.zeros_like(one) if a is None else self.dense(a) for a, one in pairs]

    def weights(self, start: int = 0) -> List[Any]:
        """For each target a tensor of its shape; another number to start with, other ones."""
        return [self.tensor(array) for array in self.weight_arrays(start)]

    def weight_arrays(self, start: int = 0) -> List[Any]:
        """The same as arrays of float64."""
        shapes = [target.shape for target in self.exact.targets()]
        return [numbers(shape, start + 3 * place) for place, shape in enumerate(shapes)]

    def direction_arrays(self) -> List[Any]:
        """For each source an array of its shape."""
        return [direction(one.shape, n) for n, one in enumerate(self.program.sources)]

    def tensor(self, array: Any) -> Any:
        """A tensor of the dtype of the trial."""
        return self.tf.constant(array, dtype=getattr(self.tf, self._dtype))

    def check_gradients(
        self, answers: Sequence[Any], chosen: Any = None, cotangents: Any = None
    ) -> None:
        """Compare gradients of some targets, by each source, with those of the oracle."""
        expected = self.exact.gradients(chosen, cotangents)
        for answer, one, path in zip(answers, expected, self.exact.paths(chosen)):
            check(answer, one, path)


def ask_together(trials: Sequence[Trial], question: Question) -> List[Any]:
    """The answers of several trials, of which one program is made: each costs a compilation.

    Tensors are handed to that program; variables it finds.
    """

    def is_given(trial: Trial) -> List[bool]:
        return [not source.is_variable for source in trial.program.sources]

    tensors = [
        one for trial in trials for one, given in zip(trial.sources, is_given(trial)) if given
    ]

    def together(*arguments: Any) -> List[Any]:
        left = iter(arguments)
        answers = []
        for trial in trials:
            pairs = zip(trial.sources, is_given(trial))
            sources = [next(left) if given else one for one, given in pairs]
            answers.append(trial.dense(question(trial, sources)))
        return answers

    found: List[Any] = trials[0]._run(together, *tensors)
    return found
