"""``tf.config``: the devices there are."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, List, NamedTuple, Optional

from . import xp


class LogicalDevice(NamedTuple):
    """A place to compute on."""

    name: str
    device_type: str


def list_logical_devices(device_type: Optional[str] = None) -> List[LogicalDevice]:
    """The devices of a type, or all."""
    devices = [LogicalDevice("/device:" + name, name.partition(":")[0]) for name in xp.devices()]
    return [device for device in devices if device_type in (None, device.device_type)]


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
    name = name if ":" in name else name + ":0"
    if name not in xp.devices():
        raise ValueError(f"There is no device {device_name!r}; there are {xp.devices()}.")
    with xp.computing_on(name):
        yield
