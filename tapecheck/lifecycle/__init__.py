"""The life of tapes: what a tape must answer after any sequence of steps, without any tape.

`expression` differentiates formulas forwards, `model` follows tapes through their life, `script`
holds a sequence of steps as a program together with the answers that the model gives, and
`author` writes such scripts at random.
"""

from tapecheck.lifecycle.author import scripts
from tapecheck.lifecycle.script import Script, Stage

__all__ = ["Script", "Stage", "scripts"]
