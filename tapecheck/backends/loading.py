"""From what a user names to an implementation under test."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
from typing import Any, Callable, Dict, Tuple

from tapecheck.backends.backend import Backend
from tapecheck.errors import BackendMissing, UsageError


def _tensorflow() -> Backend:
    from tapecheck.backends.tensorflow import TensorFlow

    return TensorFlow()


def _numpy() -> Backend:
    return Backend("numpy", importlib.import_module("tapecheck.tapes.numpy"))


KNOWN: Dict[str, Tuple[str, Callable[[], Backend]]] = {
    "numpy": ("the embedded tape on NumPy, the default", _numpy),
    "tensorflow": ("TensorFlow 2, any version", _tensorflow),
}
"""Backends by name: what each is, and how it is set up."""


def resolve(name: str) -> None:
    """Check that `name` can mean a backend, without importing anything of it.

    Of ``package.module`` only the package is looked for: to look further is to import it.

    Raises:
        UsageError: it is neither a known name nor a module that can be found.
    """
    if name in KNOWN:
        return
    package = name.partition(":")[0].partition(".")[0]
    try:
        found = bool(package) and importlib.util.find_spec(package) is not None
    except ValueError:
        found = False
    if not found:
        close = difflib.get_close_matches(name, KNOWN, n=1)
        hint = ", did you mean {}?".format(close[0]) if close else ""
        raise UsageError(
            "unknown backend {!r}: neither one of {} nor a module that can be imported{}".format(
                name, ", ".join(sorted(KNOWN)), hint
            )
        )


def load(name: str) -> Backend:
    """The backend that `name` means: a known name, or ``package.module[:attribute]``.

    Raises:
        UsageError: there is no such backend, or what is there is not a tape.
        BackendMissing: it is there but its import fails.
    """
    resolve(name)
    known = KNOWN.get(name)
    backend = _set_up(name, known[1] if known else lambda: Backend(name, _namespace(name)))
    if not callable(getattr(backend.namespace, "GradientTape", None)):
        raise UsageError("backend {!r} is not a tape: it has no GradientTape".format(name))
    return backend


def _set_up(name: str, make: Callable[[], Backend]) -> Backend:
    try:
        return make()
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        reason = " ".join(str(error).split())
        raise BackendMissing(
            "backend {!r} cannot be imported: {}: {}".format(name, type(error).__name__, reason)
        ) from error


def _namespace(name: str) -> Any:
    module, _, attribute = name.partition(":")
    namespace = importlib.import_module(module)
    for part in filter(None, attribute.split(".")):
        if not hasattr(namespace, part):
            raise UsageError("backend {!r}: {} has no attribute {}".format(name, module, part))
        namespace = getattr(namespace, part)
    return namespace
