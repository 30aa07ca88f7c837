"""Random programs: small computations as data, and what a tape must answer of them.

`program` is the data, `operations.toml` the table of what it is made of, `meanings` what that means
to the oracle, `drawing` draws programs with hypothesis, `spelling` prints them, `execution` runs
them on a namespace, and `answers` knows what must come out.
"""

from tapecheck.programs.answers import Answers, agree, check
from tapecheck.programs.drawing import programs
from tapecheck.programs.law import CORE, for_batches, for_programs
from tapecheck.programs.paths import Path
from tapecheck.programs.program import Program
from tapecheck.programs.trial import Trial, ask_together

__all__ = [
    "CORE",
    "Answers",
    "Path",
    "Program",
    "Trial",
    "agree",
    "ask_together",
    "check",
    "for_batches",
    "for_programs",
    "programs",
]
