"""What the suite asks of an implementation beside its namespace: modes, devices, declarations."""

from __future__ import annotations

import contextlib
from types import MappingProxyType
from typing import (
    Any,
    Callable,
    ContextManager,
    Dict,
    FrozenSet,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Tuple,
)

from tapecheck.modes import EAGER, JIT

DECLARATION = "__tapecheck__"
"""Optional attribute of a namespace: a dict with ``name``, ``version``, ``lacks``, ``lacks_in``."""


class Backend:
    """An implementation of the tape, as a namespace spelled as TensorFlow spells it.

    Attributes:
        name: how reports call it.
        version: its version, a text.
        namespace: what clauses receive as `tf`.
        lacks: the capabilities that it declares not to have.
        reasons: why it lacks them, by capability, as far as its declaration says so: there
            ``lacks`` may be a dict.
        lacks_in: by mode, the capabilities that it declares not to have in that mode alone, such
            as Python's control flow in a compiler that traces.
        tensorflow_version: the version of TensorFlow that it is, or None for anything else.
            Clauses that are younger than it do not apply; OBSERVED clauses are asked of
            TensorFlow alone.
    """

    def __init__(
        self,
        name: str,
        namespace: Any,
        version: Optional[str] = None,
        lacks: Iterable[str] = (),
        tensorflow_version: Optional[str] = None,
        lacks_in: Mapping[str, Iterable[str]] = MappingProxyType({}),
    ) -> None:
        declared = getattr(namespace, DECLARATION, {})
        self.name = str(declared.get("name") or name)
        self.namespace = namespace
        self.version = str(
            version or declared.get("version") or getattr(namespace, "__version__", "unknown")
        )
        self.lacks: FrozenSet[str] = frozenset(lacks) | frozenset(declared.get("lacks", ()))
        self.reasons: Dict[str, str] = {
            str(name): str(reason) for name, reason in _pairs(declared.get("lacks"))
        }
        self.tensorflow_version = tensorflow_version
        self.lacks_in: Dict[str, FrozenSet[str]] = {
            mode: frozenset(names)
            for mode, names in {**lacks_in, **declared.get("lacks_in", {})}.items()
        }

    def compile(self, program: Callable[..., Any], mode: str) -> Callable[..., Any]:
        """`program` as `mode` executes it; eager leaves it as it is."""
        if mode == EAGER:
            return program
        options = {"jit_compile": True} if mode == JIT else {}
        compiled: Callable[..., Any] = self.namespace.function(program, **options)
        return compiled

    def devices(self) -> List[str]:
        """Names of the places to compute on which clauses run, such as ``CPU:0``.

        Of several logical CPUs the others only stand in where a clause needs two devices.
        """
        accelerators = [name for name in self.all_devices() if "CPU" not in name]
        return ["CPU:0", *accelerators]

    def all_devices(self) -> List[str]:
        """Names of all devices, those included that only stand in where a clause needs two."""
        config = getattr(self.namespace, "config", None)
        listing = getattr(config, "list_logical_devices", None)
        if listing is None:
            return ["CPU:0"]
        return [short_device(device.name) for device in listing()]

    def device(self, name: str) -> ContextManager[Any]:
        """A block whose operations run on the device `name`."""
        scope = getattr(self.namespace, "device", None)
        if scope is None:
            return _no_device()
        context: ContextManager[Any] = scope(name)
        return context


def _pairs(declared: Any) -> Iterable[Tuple[Any, Any]]:
    return declared.items() if isinstance(declared, Mapping) else ()


@contextlib.contextmanager
def _no_device() -> Iterator[None]:
    """A scope for an implementation that knows a single place to compute."""
    yield


def short_device(name: str) -> str:
    """``CPU:0`` for ``/device:CPU:0`` and ``/job:localhost/replica:0/task:0/device:CPU:0``."""
    return name.rpartition("device:")[2].lstrip("/")
