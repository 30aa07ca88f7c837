"""What the suites draw at random: how much of it, and from which seed."""

from __future__ import annotations

import zlib
from typing import Any, Optional, Tuple

from tapecheck.standard import SPEC

BRIEF = "brief"
DEFAULT = "default"
DEEP = "deep"

PROFILES: Tuple[str, ...] = (BRIEF, DEFAULT, DEEP)
"""brief is for what is slow at each new program, default for every run, deep for a night."""

ONE_IN = 5
"""Of how many examples of the default profile the brief one draws one."""

TIME_LIMITS = {BRIEF: 60.0, DEFAULT: 60.0, DEEP: 900.0}
"""The seconds that one case may take where nothing else is said, by profile."""

DEFAULT_SEED = 0

_chosen = DEFAULT


def choose(profile: str) -> None:
    """Let `budget` speak of this profile from now on."""
    global _chosen
    _chosen = profile


def budget(default: int, deep: int, brief: Optional[int] = None) -> int:
    """How many examples to draw: one number for each profile.

    Args:
        brief: where it is not said, a fifth of `default`, rounded up.
    """
    if _chosen == DEEP:
        return deep
    if _chosen == BRIEF:
        return -(-default // ONE_IN) if brief is None else brief
    return default


def shows_deviations(suite: str, seed: int, profile: str) -> bool:
    """Whether a run draws what deviations are listed by: a known one that passes there is fixed.

    What another seed, or a shorter profile, draws for a suite may happen not to show it: a wrong
    derivative and the right one may be as near to each other as roundings. The standard draws
    nothing.
    """
    return suite == SPEC or (seed == DEFAULT_SEED and profile != BRIEF)


def seed_of(seed: int, clause: str) -> int:
    """A number for one clause, so that clauses do not all draw the same: 0 to 2**32 - 1."""
    return zlib.crc32("{} {}".format(seed, clause).encode("utf-8"))


def set_up_hypothesis() -> None:
    """Let hypothesis draw the same examples on every machine, however slow, and keep none."""
    from hypothesis import HealthCheck, settings

    settings.register_profile(
        "tapecheck",
        deadline=None,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        # The namespace under test is a fixture, the same for all examples of a case.
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("tapecheck")
    _draw_no_constants_of_modules()


def _draw_no_constants_of_modules() -> None:
    """Let examples not depend on which modules happen to be loaded.

    From 6.131 on hypothesis prefers numbers that stand in the code of local modules, and has no
    setting for that. One chapter alone would then draw other examples than among others.
    """
    try:
        from hypothesis.internal.conjecture import providers
    except ImportError:
        return
    if hasattr(providers, "_get_local_constants"):
        none = providers.Constants()
        providers._get_local_constants = lambda: none


def sow(function: Any, seed: int) -> None:
    """Let a function that hypothesis gave its arguments draw them from `seed`; no other cares."""
    if hasattr(function, "hypothesis"):
        from hypothesis import seed as sown

        sown(seed)(function)
