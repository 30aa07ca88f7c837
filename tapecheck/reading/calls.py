"""What a call gives, by the kinds of what is called and of its arguments."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Set

from tapecheck.reading.kinds import (
    ATTRIBUTES,
    DESCRIBED,
    LIKE_SOURCES,
    METHODS,
    NOT_OF_TENSORS,
    OTHER_RESULTS,
    RESULTS,
    SEVERAL,
    TENSOR,
    TRANSFORMS,
    VARIABLE,
    Class,
    Foreign,
    Function,
    Instance,
    Many,
    Member,
    Method,
    Part,
    Text,
    Thing,
    kinds_of,
)

# fmt: off
BUILTINS = frozenset([
    "abs", "bool", "complex", "dict", "enumerate", "filter", "float", "getattr", "hasattr",
    "hash", "id", "int", "isinstance", "iter", "len", "list", "map", "max", "min", "next",
    "print", "range", "repr", "reversed", "round", "set", "sorted", "str", "sum", "tuple",
    "type", "zip",
])

_PROTOCOLS = frozenset([
    "abs", "bool", "complex", "float", "hash", "int", "iter", "len", "reversed", "round",
])
# fmt: on

_COLLECTING = frozenset(["list", "set", "sorted", "tuple"])
_REDUCING = frozenset(["max", "min", "next", "sum"])
_READING = ("assert_close", "assert_structure", "np.")
"""What reads tensors as NumPy does."""

Named = Dict[str, Any]


class Calls:
    """Calls and attributes; keeps the names that are used.

    Attributes:
        used: the names so far.
    """

    def __init__(self) -> None:
        self.used: Set[str] = set()

    def enter(self, function: Function, given: List[Any], named: Named, default: Any) -> Any:
        """The result of a function of the clause.

        Args:
            default: the kind of a parameter for which there is no argument.
        """
        raise NotImplementedError

    def call(self, function: Any, given: List[Any], named: Named) -> Any:
        """The kind of what `function` gives for these arguments."""
        if isinstance(function, Function):
            return self.enter(function, given, named, TENSOR)
        if isinstance(function, Part):
            return self._call_part(function, given, named)
        if isinstance(function, Member):
            return self._call_member(function, given, named)
        if isinstance(function, Method):
            return self._call_method(function, given)
        if isinstance(function, Foreign):
            return self._call_foreign(function.name, given, named)
        if isinstance(function, Class):
            return self._construct(function.instance, given, named)
        if isinstance(function, Instance):
            return self._call_instance(function, given, named)
        self._pass_on([*given, *named.values()], TENSOR if isinstance(function, Thing) else None)
        return TENSOR if isinstance(function, Thing) else None

    def attribute(self, owner: Any, name: str) -> Any:
        if isinstance(owner, Part):
            return Part((*owner.path, name))
        if isinstance(owner, Foreign):
            return Foreign("{}.{}".format(owner.name, name))
        if isinstance(owner, Instance):
            found = owner.fields.get(name)
            if isinstance(found, Function):
                return found.bound(owner)
            if found is None and owner.base is not None:
                return self.attribute(Thing(owner.base.name), name)
            return found
        if isinstance(owner, Member):
            return self._attribute_of_attribute(owner, name)
        if isinstance(owner, Thing):
            kind = NOT_OF_TENSORS.get(name, owner.type) if owner == TENSOR else owner.type
            self.used.add("{}.{}".format(kind, name))
            return ATTRIBUTES.get(name, Member(owner, name))
        if isinstance(owner, (Many, Function)):
            return Method(owner, name)
        return None

    def _attribute_of_attribute(self, owner: Member, name: str) -> Any:
        if owner.name in DESCRIBED:
            self.used.add("{}.{}.{}".format(owner.owner.type, owner.name, name))
        return None

    def special(self, value: Any, method: str) -> None:
        """A special method of the value is used, if it is a thing of the namespace."""
        if isinstance(value, Thing) and method:
            self.used.add("{}.__{}__".format(value.type, method))

    def items(self, value: Any) -> List[Any]:
        """What iterating over it gives, or one of that where it gives any number of them."""
        if isinstance(value, Many):
            return list(value.items)
        if isinstance(value, Thing):
            self.special(value, "iter")
            return [value]
        return [None]

    def _call_part(self, part: Part, given: List[Any], named: Named) -> Any:
        functions = kinds_of(given, Function, Instance)
        if part.name in TRANSFORMS or part.path[-1] == "RegisterGradient":
            if kinds_of(functions[:1], Function):
                functions[0].transform = part.name
            return functions[0] if functions else part
        results = self._pass_on([*given, *named.values()], TENSOR)
        classes = [place for place, word in enumerate(part.path) if word[0].isupper()]
        if classes:
            return Thing(".".join(part.path[: classes[0] + 1]))
        if part.name == "while_loop" and kinds_of(given, Many):
            return kinds_of(given, Many)[-1]
        if part.name in SEVERAL:
            return Many([TENSOR], endless=True)
        if part.name.startswith(OTHER_RESULTS):
            return None
        return RESULTS.get(part.name) or (Many(results).one if results else TENSOR)

    def _call_member(self, member: Member, given: List[Any], named: Named) -> Any:
        other = member.owner.type.startswith(OTHER_RESULTS)
        results = self._pass_on([*given, *named.values()], None if other else TENSOR)
        if member.name in LIKE_SOURCES:
            place = LIKE_SOURCES[member.name]
            return self._like(given[place] if place < len(given) else named.get("sources"))
        if member.name in METHODS:
            return METHODS[member.name]
        if member.owner == VARIABLE and member.name.startswith("assign"):
            return TENSOR
        return Many(results).one

    def _like(self, sources: Any) -> Any:
        """Tensors in the structure of the sources."""
        if isinstance(sources, Many):
            return Many([self._like(one) for one in sources.items], endless=sources.endless)
        special = isinstance(sources, Thing) and sources not in (TENSOR, VARIABLE)
        return sources if special else TENSOR

    def _construct(self, made: Instance, given: List[Any], named: Named) -> Any:
        if "__init__" in made.fields:
            self.call(self.attribute(made, "__init__"), given, named)
        return made

    def _call_instance(self, made: Instance, given: List[Any], named: Named) -> Any:
        for name in ("__call__", "call"):
            if name in made.fields:
                return self.call(self.attribute(made, name), given, named)
        return TENSOR

    def _call_method(self, method: Method, given: List[Any]) -> Any:
        owner = method.owner
        if isinstance(owner, Function):
            # What a compiled function offers beside being called.
            self.used.add("{}().{}".format(owner.transform, method.name))
            return owner
        if method.name in ("append", "add"):
            owner.items += given
        elif method.name in ("extend", "update"):
            for one in given:
                owner.items += self.items(one)
        elif method.name == "items":
            return Many([Many([None, owner.one])], endless=True)
        elif method.name == "values":
            return owner
        elif method.name in ("get", "pop", "setdefault"):
            return owner.one
        return None

    def _call_foreign(self, name: str, given: List[Any], named: Named) -> Any:
        if name in ("getattr", "hasattr") and kinds_of(given[1:2], Text):
            found = self.attribute(given[0], given[1].text)
            if isinstance(found, Part):
                self.used.add(found.name)
            return found
        if name in _PROTOCOLS:
            for one in given:
                self.special(one, "iter" if name == "reversed" else name)
            return given[0] if name in ("abs", "iter", "reversed") and given else None
        if name in _COLLECTING | _REDUCING:
            items = [item for one in given for item in self.items(one)]
            together = Many(items, endless=not all(_is_exact(one) for one in given))
            return together if name in _COLLECTING else together.one
        if name == "zip":
            return self._zip(given)
        if name == "enumerate":
            return Many([Many([None, item]) for item in self.items(given[0])], _is_exact(given[0]))
        if name.endswith("namedtuple"):
            return Foreign("tuple of names")
        if name == "tuple of names":
            return Many([*given, *named.values()])
        if name.startswith(_READING):
            self._read(Many([*given, *named.values()]))
        if name == "run":
            return self.call(given[0], given[1:], named)
        return Many(self._pass_on([*given, *named.values()], None)).one

    def _zip(self, given: List[Any]) -> Any:
        columns = [self.items(one) for one in given]
        exact = [len(column) for column, one in zip(columns, given) if _is_exact(one)]
        rows = [
            Many([column[min(place, len(column) - 1)] if column else None for column in columns])
            for place in range(min(exact) if exact else 1)
        ]
        return Many(rows, endless=not exact)

    def _read(self, value: Any) -> None:
        """NumPy reads what there are of tensors in it."""
        if isinstance(value, Many):
            for one in value.items:
                self._read(one)
        elif value in (TENSOR, VARIABLE):
            self.special(value, "array")

    def _pass_on(self, given: Iterable[Any], default: Any) -> List[Any]:
        """Call the functions among the arguments, as whoever receives them will.

        They receive what the first container among the arguments holds, such as the variables of a
        loop, and else `default`.
        """
        given = list(given)
        containers = [one.items for one in kinds_of(given, Many) if not _functions_in(one)]
        values = containers[0] if containers else []
        results = []
        for one in given:
            if isinstance(one, Function):
                results.append(self.enter(one, list(values), {}, default))
            elif isinstance(one, Instance):
                results.append(self._call_instance(one, list(values), {}))
            elif isinstance(one, Many) and _functions_in(one):
                results += self._pass_on(one.items, default)
        return results


def _functions_in(container: Many) -> bool:
    return any(
        isinstance(one, Function) or (isinstance(one, Many) and _functions_in(one))
        for one in container.items
    )


def _is_exact(value: Any) -> bool:
    return isinstance(value, Many) and not value.endless
