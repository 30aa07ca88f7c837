"""Writes scripts at random: step by step, asking the model what each step means.

`words` says what scripts may be made of. `draw` makes choices, `draft` is a script that is being
written, with what is known of it so far. What can be written stands in modules of functions, each
of which adds to a draft: `givens`, `blocks`, `lives`, `computing`, `questions`, `refusals` and
`deleting`; `formulas` and `containers` help some of them. `moves` lists which steps can come next,
and `strategy` writes whole scripts. Imports run one way, from `strategy` down to `draw`.
"""

from tapecheck.lifecycle.author.strategy import scripts
from tapecheck.lifecycle.author.words import WORDS

__all__ = ["WORDS", "scripts"]
