"""Modules: objects that find the variables among their attributes."""

from __future__ import annotations

from typing import Any, Dict, Iterator, Optional, Tuple

from tapecheck.tapes import structure

from .variable import Variable


class Module:
    """The base of classes that hold variables, in attributes or in lists, tuples, dicts and other
    modules.
    """

    def __init__(self, name: Optional[str] = None) -> None:
        self._name = name or type(self).__name__.lower()

    @property
    def name(self) -> str:
        """The name given, or that of the class."""
        return getattr(self, "_name", type(self).__name__.lower())

    @property
    def variables(self) -> Tuple[Variable, ...]:
        """All variables, those of the attributes in alphabetical order, then those of inner
        modules.
        """
        found: Dict[int, Variable] = {}
        for module in (self, *self.submodules):
            for value in module._attributes():
                if isinstance(value, Variable):
                    found.setdefault(value.key, value)
        return tuple(found.values())

    @property
    def trainable_variables(self) -> Tuple[Variable, ...]:
        """The variables that are trainable."""
        return tuple(variable for variable in self.variables if variable.trainable)

    @property
    def non_trainable_variables(self) -> Tuple[Variable, ...]:
        """The variables that are not trainable."""
        return tuple(variable for variable in self.variables if not variable.trainable)

    @property
    def submodules(self) -> Tuple[Module, ...]:
        """All inner modules, breadth first."""
        found = [self]
        for module in found:
            found.extend(
                value
                for value in module._attributes()
                if isinstance(value, Module) and not any(value is other for other in found)
            )
        return tuple(found[1:])

    def _attributes(self) -> Iterator[Any]:
        for _, value in sorted(vars(self).items()):
            yield from structure.flatten(value)
