"""Kinds of values, and what is known of the names of the namespace beside their spelling."""

from __future__ import annotations

import ast
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple, Union


class Part(NamedTuple):
    """The namespace, or what is reached from it by its attributes."""

    path: Tuple[str, ...]

    @property
    def name(self) -> str:
        return ".".join(self.path)


class Thing(NamedTuple):
    """Something of a type of the namespace: a tensor, a variable, a tape, a layer."""

    type: str


class Member(NamedTuple):
    """An attribute of a thing."""

    owner: Thing
    name: str


class Text(NamedTuple):
    """A text that the clause spells out, since it may be the name of an attribute."""

    text: str


class Foreign(NamedTuple):
    """A module of Python, something in it, or one of Python's own functions."""

    name: str


class Many:
    """A container; where it is `endless`, of any number of what it holds."""

    def __init__(self, items: Iterable[Any], endless: bool = False) -> None:
        self.items = list(items)
        self.endless = endless

    @property
    def one(self) -> Any:
        """An item that stands for all of them."""
        return next((item for item in self.items if item is not None), None)


class Scope:
    """Names and the kinds of what they stand for; what is not here is looked for outside."""

    def __init__(self, outer: Optional[Scope] = None) -> None:
        self.outer = outer
        self.names: Dict[str, Any] = {}

    def find(self, name: str) -> Any:
        if name in self.names:
            return self.names[name]
        return self.outer.find(name) if self.outer is not None else None


class Function:
    """A function of the clause or of its chapter, with what it sees around it.

    Attributes:
        owner: the object, of a method.
        transform: the name of the namespace that it went through, such as ``custom_gradient``.
    """

    def __init__(
        self,
        node: Union[ast.FunctionDef, ast.Lambda],
        scope: Scope,
        owner: Optional[Instance] = None,
        transform: str = "",
    ) -> None:
        self.node = node
        self.scope = scope
        self.owner = owner
        self.transform = transform

    def bound(self, owner: Instance) -> Function:
        return Function(self.node, self.scope, owner, self.transform)


class Instance:
    """An object of a class that a clause defines; one stands for all objects of the class.

    Attributes:
        base: the part of the namespace that the class derives from, if it does.
        fields: its attributes and methods.
    """

    def __init__(self, base: Optional[Part]) -> None:
        self.base = base
        self.fields: Dict[str, Any] = {}


class Class(NamedTuple):
    """A class that a clause defines."""

    instance: Instance


class Method(NamedTuple):
    """An attribute of a container or of a function."""

    owner: Any
    name: str


NAMESPACE = Part(())
TENSOR = Thing("Tensor")
VARIABLE = Thing("Variable")

TRANSFORMS = frozenset(["function", "recompute_grad", "grad_pass_through", "custom_gradient"])
"""Names that take a function and give one that is called in the same way."""

# fmt: off
SEVERAL = frozenset([
    "clip_by_global_norm", "dynamic_partition", "gradients", "identity_n", "linalg.eigh",
    "linalg.qr", "linalg.slogdet", "linalg.svd", "math.top_k", "meshgrid", "nn.moments",
    "split", "test.compute_gradient", "unique", "unstack", "while_loop",
])
# fmt: on
"""Names whose results are several tensors."""

OTHER_RESULTS = ("config.", "compat.", "distribute.", "get_", "is_tensor", "saved_model.")
"""Beginnings of names whose results are no tensors."""

RESULTS = {"ragged.constant": Thing("RaggedTensor")}
"""The results of names that do not tell by their spelling."""

LIKE_SOURCES = {"gradient": 1, "jacobian": 1, "batch_jacobian": 1, "jvp": 0}
"""Methods whose answer has the structure of one of their arguments, and which one that is."""

ATTRIBUTES: Dict[str, Any] = {
    "bias": VARIABLE,
    "flat_values": TENSOR,
    "indices": TENSOR,
    "iterations": VARIABLE,
    "kernel": VARIABLE,
    "losses": Many([TENSOR], endless=True),
    "moving_mean": VARIABLE,
    "trainable_variables": Many([VARIABLE], endless=True),
    "values": TENSOR,
    "variables": Many([VARIABLE], endless=True),
}
"""Attributes of things whose kind is known."""

METHODS: Dict[str, Any] = {
    "read_value": TENSOR,
    "stack": TENSOR,
    "to_dense": TENSOR,
    "value": TENSOR,
    "watched_variables": Many([VARIABLE], endless=True),
}
"""Methods of things whose results are known."""

NOT_OF_TENSORS = {
    "dense_shape": "IndexedSlices",
    "flat_values": "RaggedTensor",
    "indices": "IndexedSlices",
    "row_lengths": "RaggedTensor",
    "values": "IndexedSlices",
}
"""Attributes that no tensor has, and what it really is that seems to be a tensor with one."""

DESCRIBED = frozenset(["dtype", "shape"])
"""Attributes whose own attributes are asked for, too."""


def kinds_of(values: Iterable[Any], *types: type) -> List[Any]:
    """Those of the values that are of one of the types."""
    return [value for value in values if isinstance(value, types)]
