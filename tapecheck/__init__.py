"""tapecheck: the conformance suite for gradient tapes.

What a clause needs is here: the levels, the decorator and the assertions; and, for the tests of
an implementation, `parametrize_with_clauses`.
"""

from tapecheck.checks import (
    Broken,
    assert_close,
    assert_equal,
    assert_none,
    assert_same,
    assert_structure,
    raises,
)
from tapecheck.clause import MUST, OBSERVED, SHOULD, clause
from tapecheck.errors import NotApplicable
from tapecheck.parametrize import parametrize_with_clauses
from tapecheck.sampling import budget

__version__ = "0.1.0"

__all__ = [
    "MUST",
    "OBSERVED",
    "SHOULD",
    "Broken",
    "NotApplicable",
    "assert_close",
    "assert_equal",
    "assert_none",
    "assert_same",
    "assert_structure",
    "budget",
    "clause",
    "parametrize_with_clauses",
    "raises",
]
