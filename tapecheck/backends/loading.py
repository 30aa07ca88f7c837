"""From what a user names to an implementation under test."""

from __future__ import annotations

import difflib
import getpass
import importlib
import importlib.util
import os
import tempfile
from typing import Any, Callable, Dict, List, Optional, Tuple

from tapecheck.backends import packages
from tapecheck.backends.backend import DECLARATION, Backend
from tapecheck.backends.packages import Offer
from tapecheck.capabilities import CAPABILITIES
from tapecheck.errors import BackendMissing, UsageError


def _tensorflow() -> Backend:
    from tapecheck.backends.tensorflow import TensorFlow

    return TensorFlow()


def _tape(name: str) -> Backend:
    return Backend(name, importlib.import_module("tapecheck.tapes." + name))


def _jax() -> Backend:
    # The second logical CPU is for clauses that need two devices.
    os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=2")
    # Most of the time goes into compiling thousands of small programs: once for all processes.
    cache = os.path.join(tempfile.gettempdir(), "tapecheck-jax-{}".format(getpass.getuser()))
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", cache)
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
    return _tape("jax")


KNOWN: Dict[str, Tuple[str, Callable[[], Backend]]] = {
    "numpy": ("the embedded tape on NumPy, the default", lambda: _tape("numpy")),
    "tensorflow": ("TensorFlow 2, any version", _tensorflow),
    "jax": ("a tape on JAX, by its vector-Jacobian products and its compiler", _jax),
    "mlx": (
        "a tape on MLX, by its vector-Jacobian products",
        lambda: _tape("mlx"),
    ),
    "torch": ("a tape on PyTorch, by its vector-Jacobian products", lambda: _tape("torch")),
}
"""Backends by name: what each is, and how it is set up."""


def resolve(name: str) -> None:
    """Check that `name` can mean a backend, without importing anything of it.

    Of ``package.module`` only the package is looked for: to look further is to import it.

    Raises:
        UsageError: it is neither a known name nor a module that can be found, or the name has
            several meanings.
    """
    if offered(name) is not None or name in KNOWN:
        return
    package = name.partition(":")[0].partition(".")[0]
    try:
        found = bool(package) and importlib.util.find_spec(package) is not None
    except ValueError:
        found = False
    if not found:
        names = sorted({*KNOWN, *packages.offers()})
        close = difflib.get_close_matches(name, names, n=1)
        hint = ", did you mean {}?".format(close[0]) if close else ""
        raise UsageError(
            "unknown backend {!r}: neither one of {} nor a module that can be imported{}".format(
                name, ", ".join(names), hint
            )
        )


def offered(name: str) -> Optional[Offer]:
    """The backend of that name which an installed package brings along, or None.

    Raises:
        UsageError: several packages do, or one does though the suite itself has that name.
    """
    if not name.isidentifier() and "." in name:
        return None
    found = packages.offers().get(name, [])
    if found and (name in KNOWN or len(found) > 1):
        who = ["tapecheck itself"] if name in KNOWN else []
        who += [offer.origin for offer in found]
        raise UsageError(
            "backend {!r} is a name that {} all use; name one as {}".format(
                name, " and ".join(who), " or ".join(offer.value for offer in found)
            )
        )
    return found[0] if found else None


def load(name: str) -> Backend:
    """The backend that `name` means.

    That is a name that is known or that an installed package brings along, or
    ``package.module[:attribute]``: a namespace, a `Backend`, a subclass of it, or a function
    without arguments that returns one of these.

    Raises:
        UsageError: there is no such backend, or what is there is not a tape.
        BackendMissing: it is there but its import fails.
    """
    resolve(name)
    offer = offered(name)
    if offer is not None:
        backend = _set_up(name, lambda: _backend(name, offer.value, offer.version))
    elif name in KNOWN:
        backend = _set_up(name, KNOWN[name][1])
    else:
        backend = _set_up(name, lambda: _backend(name, name))
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


def _backend(name: str, place: str, version: str = "") -> Backend:
    """The backend at a place, whatever form it has there.

    Args:
        version: that of the distribution, for a namespace that has none of its own.
    """
    found = _object(name, place)
    if not hasattr(found, "GradientTape") and callable(found):
        found = found()
    if isinstance(found, Backend):
        return found
    own = getattr(found, DECLARATION, {}).get("version") or getattr(found, "__version__", "")
    return Backend(name, found, version=own or version or None, lacks=_lacks(name, found))


def _object(name: str, place: str) -> Any:
    module, _, attribute = place.partition(":")
    found = importlib.import_module(module)
    for part in filter(None, attribute.split(".")):
        if not hasattr(found, part):
            raise UsageError("backend {!r}: {} has no attribute {}".format(name, module, part))
        found = getattr(found, part)
    return found


def _lacks(name: str, namespace: Any) -> List[str]:
    """What a namespace lacks that declares what it ``has``: everything else.

    Raises:
        UsageError: it declares what it lacks, too, or something that is no capability.
    """
    declared = getattr(namespace, DECLARATION, {})
    if "has" not in declared:
        return []
    if "lacks" in declared:
        raise UsageError("backend {!r} declares both what it has and what it lacks".format(name))
    for capability in declared["has"]:
        if capability not in CAPABILITIES:
            close = difflib.get_close_matches(capability, CAPABILITIES, n=1)
            hint = ", did you mean {}?".format(close[0]) if close else ""
            raise UsageError(
                "backend {!r} declares to have {!r}, which is no capability{}".format(
                    name, capability, hint
                )
            )
    return sorted(set(CAPABILITIES) - set(declared["has"]))
