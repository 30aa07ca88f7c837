"""``tf.config``: the one device there is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, List, NamedTuple, Optional


class LogicalDevice(NamedTuple):
    """A place to compute on."""

    name: str
    device_type: str


_CPU = LogicalDevice("/device:CPU:0", "CPU")


def list_logical_devices(device_type: Optional[str] = None) -> List[LogicalDevice]:
    """The devices of a type, or all."""
    return [_CPU] if device_type in (None, "CPU") else []


def list_physical_devices(device_type: Optional[str] = None) -> List[LogicalDevice]:
    """The devices of a type, or all."""
    return list_logical_devices(device_type)


@contextmanager
def device(device_name: Any) -> Iterator[None]:
    """Compute on a device inside the block.

    Raises:
        ValueError: if there is no such device.
    """
    name = str(device_name or "CPU:0").upper().rpartition("DEVICE:")[2].lstrip("/")
    if name not in ("CPU", "CPU:0"):
        raise ValueError(f"There is no device {device_name!r}; there is CPU:0.")
    yield
