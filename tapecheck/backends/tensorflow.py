"""TensorFlow as a backend: set up before its first operation runs."""

from __future__ import annotations

import os
from typing import Any, Callable

from packaging.version import Version

from tapecheck.backends.backend import Backend
from tapecheck.modes import EAGER, JIT

_FIRST_JIT = Version("2.1")
_JIT_RENAMED = Version("2.5")


class TensorFlow(Backend):
    """The implementation that made the API familiar, of any version 2."""

    def __init__(self) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import tensorflow

        _add_second_cpu(tensorflow)
        version = tensorflow.__version__
        self._release = Version(version)
        super().__init__(
            name="tensorflow",
            namespace=tensorflow,
            version=version,
            lacks=() if self._release >= _FIRST_JIT else ("xla",),
            tensorflow_version=version,
        )

    def compile(self, program: Callable[..., Any], mode: str) -> Callable[..., Any]:
        """Without AutoGraph: clauses that speak of it ask for it themselves."""
        if mode == EAGER:
            return program
        options = {}
        if mode == JIT:
            renamed = self._release >= _JIT_RENAMED
            options["jit_compile" if renamed else "experimental_compile"] = True
        compiled: Callable[..., Any] = self.namespace.function(program, autograph=False, **options)
        return compiled


def _add_second_cpu(tensorflow: Any) -> None:
    """Split the processor into two logical devices, for clauses that need two."""
    config = tensorflow.config
    if hasattr(config, "set_logical_device_configuration"):
        configuration = config.LogicalDeviceConfiguration
        assign = config.set_logical_device_configuration
    else:
        configuration = config.experimental.VirtualDeviceConfiguration
        assign = config.experimental.set_virtual_device_configuration
    physical = getattr(config, "list_physical_devices", None)
    if physical is None:
        physical = config.experimental.list_physical_devices
    processor = physical("CPU")[0]
    try:
        assign(processor, [configuration(), configuration()])
    except RuntimeError:
        # Something ran an operation before us: the devices are what they are.
        return
