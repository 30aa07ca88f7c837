"""Evaluates the code of a clause on kinds, statement by statement."""

from __future__ import annotations

import ast
import functools
from pathlib import Path
from typing import Any, Callable, Dict, FrozenSet, Iterable, List, Optional, Set

from tapecheck.reading.calls import BUILTINS, Calls, Named
from tapecheck.reading.kinds import (
    NAMESPACE,
    TENSOR,
    VARIABLE,
    Class,
    Foreign,
    Function,
    Instance,
    Many,
    Part,
    Scope,
    Text,
    Thing,
    kinds_of,
)

_OPERATORS = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
}
_COMPARISONS = {
    ast.Lt: ("lt", "gt"),
    ast.LtE: ("le", "ge"),
    ast.Gt: ("gt", "lt"),
    ast.GtE: ("ge", "le"),
    ast.Eq: ("eq", "eq"),
    ast.NotEq: ("ne", "ne"),
}
_UNARY = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert", ast.Not: "bool"}

_GIVEN = {
    "tf": NAMESPACE,
    "run": Foreign("run"),
    "devices": Many([Foreign("device")], endless=True),
    "variables": Many([VARIABLE], endless=True),
}
"""What clauses, their helpers and custom gradients receive by these names."""


@functools.lru_cache(maxsize=None)
def names_used(path: Path, function: str) -> FrozenSet[str]:
    """What the clause `function` of the file `path` uses of the namespace that it is given.

    Returns:
        Names such as ``constant``, ``math.sin``, ``GradientTape.watch`` and ``Tensor.__mul__``.
    """
    reader = Reader()
    reader.call(_chapter(path).find(function), [], {})
    reader.call_the_uncalled()
    return frozenset(_without_modules(reader.used))


@functools.lru_cache(maxsize=None)
def _chapter(path: Path) -> Scope:
    """What a file defines."""
    scope = Scope()
    Reader().statements(ast.parse(path.read_text(encoding="utf-8")).body, scope)
    return scope


def _without_modules(names: Set[str]) -> Set[str]:
    """Without names in lower case that only lead to longer ones."""
    prefixes = {name.rpartition(".")[0] for name in names}
    return {name for name in names if name not in prefixes or name.split(".")[-1][0].isupper()}


class Reader(Calls):
    """Statements and expressions."""

    def __init__(self) -> None:
        super().__init__()
        self._uncalled: Dict[int, Function] = {}
        self._entered: List[Any] = []
        self._returned: List[List[Any]] = []

    def call_the_uncalled(self) -> None:
        """Call every function that was made and never called."""
        while self._uncalled:
            _, function = self._uncalled.popitem()
            self.enter(function, [], {}, None)

    def enter(self, function: Function, given: List[Any], named: Named, default: Any) -> Any:
        node = function.node
        self._uncalled.pop(id(node), None)
        if self._entered.count(node) > 1:
            return default
        scope = Scope(function.scope)
        owner = [function.owner] if function.owner is not None else []
        self._receive(node.args, [*owner, *given], named, scope, default)
        self._entered.append(node)
        self._returned.append([])
        if isinstance(node, ast.Lambda):
            self._returned[-1].append(self.value(node.body, scope))
        else:
            self.statements(node.body, scope)
        self._entered.pop()
        result = Many(self._returned.pop()).one
        if function.transform == "custom_gradient" and isinstance(result, Many) and result.items:
            for gradient in kinds_of(result.items[1:], Function):
                self.enter(gradient, [], {}, TENSOR)
            return result.items[0]
        return result

    def _receive(
        self, arguments: Any, given: List[Any], named: Named, scope: Scope, default: Any
    ) -> None:
        """Bind the parameters of a function."""
        plain = [one.arg for one in arguments.args]
        named = dict(named)
        for name, value in zip(plain, given):
            scope.names[name] = value
        for name in [*plain[len(given) :], *(one.arg for one in arguments.kwonlyargs)]:
            scope.names[name] = named.pop(name, _GIVEN.get(name, default))
        pairs = [*zip(reversed(plain), reversed(arguments.defaults))]
        pairs += [(one.arg, node) for one, node in zip(arguments.kwonlyargs, arguments.kw_defaults)]
        for name, node in pairs:
            if scope.names[name] is default and node is not None and scope.outer is not None:
                scope.names[name] = self.value(node, scope.outer)
        if arguments.vararg is not None:
            rest = given[len(plain) :]
            scope.names[arguments.vararg.arg] = Many(rest or [default], endless=not rest)
        if arguments.kwarg is not None:
            scope.names[arguments.kwarg.arg] = Many(named.values())

    # Statements

    def statements(self, body: Iterable[ast.stmt], scope: Scope) -> None:
        for node in body:
            self._statement(node, scope)

    def _statement(self, node: ast.stmt, scope: Scope) -> None:
        name = "_do_" + type(node).__name__.lower()
        visit: Callable[..., None] = getattr(self, name, self._do_parts)
        visit(node, scope)

    def _do_parts(self, node: ast.AST, scope: Scope) -> None:
        """Statements that only hold expressions and other statements."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.stmt):
                self._statement(child, scope)
            elif isinstance(child, ast.expr):
                self.value(child, scope)
            elif isinstance(child, ast.ExceptHandler):
                self._do_parts(child, scope)

    def _do_import(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            scope.names[bound] = Foreign(bound)

    def _do_importfrom(self, node: ast.ImportFrom, scope: Scope) -> None:
        for alias in node.names:
            scope.names[alias.asname or alias.name] = Foreign(alias.name)

    def _do_functiondef(self, node: Any, scope: Scope) -> None:
        scope.names[node.name] = self._decorated(node, scope)

    _do_asyncfunctiondef = _do_functiondef

    def _decorated(self, node: Any, scope: Scope) -> Any:
        value: Any = self._function(node, scope)
        for decorator in reversed(node.decorator_list):
            wrapper = self.value(decorator, scope)
            if isinstance(wrapper, (Part, Function)):
                value = self.call(wrapper, [value], {})
        return value

    def _do_classdef(self, node: ast.ClassDef, scope: Scope) -> None:
        bases = kinds_of([self.value(base, scope) for base in node.bases], Part)
        made = Instance(bases[0] if bases else None)
        for one in node.body:
            if isinstance(one, ast.FunctionDef):
                method = self._decorated(one, scope)
                made.fields[one.name] = method
                self._uncalled[id(one)] = method.bound(made)
        scope.names[node.name] = Class(made)

    def _do_return(self, node: ast.Return, scope: Scope) -> None:
        if node.value is not None:
            self._returned[-1].append(self.value(node.value, scope))

    def _do_assign(self, node: ast.Assign, scope: Scope) -> None:
        value = self.value(node.value, scope)
        for target in node.targets:
            self._bind(target, value, scope)

    def _do_annassign(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value is not None:
            self._bind(node.target, self.value(node.value, scope), scope)

    def _do_augassign(self, node: ast.AugAssign, scope: Scope) -> None:
        left, right = self.value(node.target, scope), self.value(node.value, scope)
        self._bind(node.target, self._operate(node.op, left, right), scope)

    def _do_for(self, node: ast.For, scope: Scope) -> None:
        for item in self.items(self.value(node.iter, scope)):
            self._bind(node.target, item, scope)
            self.statements(node.body, scope)
        self.statements(node.orelse, scope)

    def _do_with(self, node: Any, scope: Scope) -> None:
        for item in node.items:
            value = self.value(item.context_expr, scope)
            if item.optional_vars is not None:
                self._bind(item.optional_vars, value, scope)
        self.statements(node.body, scope)

    _do_asyncwith = _do_with

    def _do_if(self, node: Any, scope: Scope) -> None:
        self._truth(self.value(node.test, scope))
        self.statements([*node.body, *node.orelse], scope)

    _do_while = _do_if

    def _bind(self, target: Any, value: Any, scope: Scope) -> None:
        if isinstance(target, ast.Name):
            scope.names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            items = self.items(value)
            endless = not isinstance(value, Many) or value.endless
            for place, one in enumerate(target.elts):
                if isinstance(one, ast.Starred):
                    self._bind(one.value, Many(items[place:] or items, endless=True), scope)
                    break
                self._bind(one, _at(items, 0 if endless else place), scope)
        elif isinstance(target, ast.Attribute):
            owner = self.value(target.value, scope)
            if isinstance(owner, Instance):
                owner.fields[target.attr] = value
            else:
                self.attribute(owner, target.attr)
        elif isinstance(target, ast.Subscript):
            owner = self.value(target.value, scope)
            if isinstance(owner, Many):
                owner.items.append(value)

    # Expressions

    def value(self, node: Any, scope: Scope) -> Any:
        """The kind of an expression; a part of the namespace that it is counts as used."""
        result = self._evaluate(node, scope)
        if isinstance(result, Part) and result.path:
            self.used.add(result.name)
        return result

    def _evaluate(self, node: Any, scope: Scope) -> Any:
        name = "_see_" + type(node).__name__.lower()
        visit: Callable[..., Any] = getattr(self, name, self._see_parts)
        return visit(node, scope)

    def _see_parts(self, node: ast.AST, scope: Scope) -> None:
        """Expressions that have no kind themselves."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child, scope)

    def _see_constant(self, node: ast.Constant, scope: Scope) -> Any:
        return Text(node.value) if isinstance(node.value, str) else None

    def _see_str(self, node: Any, scope: Scope) -> Any:
        # How Python 3.7 spells a text.
        return Text(node.s)

    def _see_name(self, node: ast.Name, scope: Scope) -> Any:
        found = scope.find(node.id)
        return Foreign(node.id) if found is None and node.id in BUILTINS else found

    def _see_attribute(self, node: ast.Attribute, scope: Scope) -> Any:
        # Not `value`: what only leads to an attribute is not used itself.
        return self.attribute(self._evaluate(node.value, scope), node.attr)

    def _see_call(self, node: ast.Call, scope: Scope) -> Any:
        function = self.value(node.func, scope)
        named = {one.arg or "": self.value(one.value, scope) for one in node.keywords}
        return self.call(function, self._elements(node.args, scope), named)

    def _see_lambda(self, node: ast.Lambda, scope: Scope) -> Any:
        return self._function(node, scope)

    def _see_tuple(self, node: Any, scope: Scope) -> Any:
        return Many(self._elements(node.elts, scope))

    _see_list = _see_set = _see_tuple

    def _see_dict(self, node: ast.Dict, scope: Scope) -> Any:
        return Many([self.value(one, scope) for one in node.values])

    def _see_listcomp(self, node: Any, scope: Scope) -> Any:
        inner = Scope(scope)
        results: List[Any] = []
        self._comprehend(
            node.generators, inner, lambda: results.append(self.value(node.elt, inner))
        )
        return Many(results, endless=len(results) == 1)

    _see_generatorexp = _see_setcomp = _see_listcomp

    def _see_dictcomp(self, node: ast.DictComp, scope: Scope) -> Any:
        inner = Scope(scope)
        results: List[Any] = []
        self._comprehend(
            node.generators, inner, lambda: results.append(self.value(node.value, inner))
        )
        return Many(results, endless=True)

    def _comprehend(self, generators: List[Any], scope: Scope, each: Callable[[], None]) -> None:
        if not generators:
            each()
            return
        first, *rest = generators
        for item in self.items(self.value(first.iter, scope)):
            self._bind(first.target, item, scope)
            for test in first.ifs:
                self._truth(self.value(test, scope))
            self._comprehend(rest, scope, each)

    def _see_await(self, node: ast.Await, scope: Scope) -> Any:
        return self.value(node.value, scope)

    def _see_yield(self, node: ast.Yield, scope: Scope) -> Any:
        value = self.value(node.value, scope) if node.value is not None else None
        self._returned[-1].append(Many([value], endless=True))

    def _see_ifexp(self, node: ast.IfExp, scope: Scope) -> Any:
        self._truth(self.value(node.test, scope))
        return Many([self.value(node.body, scope), self.value(node.orelse, scope)]).one

    def _see_boolop(self, node: ast.BoolOp, scope: Scope) -> Any:
        values = [self.value(one, scope) for one in node.values]
        for one in values[:-1]:
            self._truth(one)
        return Many(values).one

    def _see_binop(self, node: ast.BinOp, scope: Scope) -> Any:
        return self._operate(node.op, self.value(node.left, scope), self.value(node.right, scope))

    def _see_unaryop(self, node: ast.UnaryOp, scope: Scope) -> Any:
        value = self.value(node.operand, scope)
        self.special(value, _UNARY[type(node.op)])
        return value if isinstance(value, Thing) else None

    def _see_compare(self, node: ast.Compare, scope: Scope) -> Any:
        values = [self.value(one, scope) for one in [node.left, *node.comparators]]
        for operator, left, right in zip(node.ops, values, values[1:]):
            plain, reflected = _COMPARISONS.get(type(operator), ("", ""))
            if isinstance(left, Thing):
                self.special(left, plain)
            else:
                self.special(right, reflected)
        compared = any(type(operator) in _COMPARISONS for operator in node.ops)
        return TENSOR if compared and kinds_of(values, Thing) else None

    def _see_subscript(self, node: ast.Subscript, scope: Scope) -> Any:
        owner, place = self.value(node.value, scope), node.slice
        if not isinstance(place, ast.Slice):
            self.value(place, scope)
        if isinstance(owner, Many):
            number = _number(place)
            if isinstance(place, ast.Slice):
                return owner
            return owner.one if owner.endless or number is None else _at(owner.items, number)
        self.special(owner, "getitem")
        return owner if isinstance(owner, Thing) else None

    # Parts of these

    def _function(self, node: Any, scope: Scope) -> Function:
        self._uncalled[id(node)] = function = Function(node, scope)
        return function

    def _elements(self, nodes: Iterable[Any], scope: Scope) -> List[Any]:
        elements: List[Any] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                elements += self.items(self.value(node.value, scope))
            else:
                elements.append(self.value(node, scope))
        return elements

    def _operate(self, operator: ast.operator, left: Any, right: Any) -> Any:
        name = _OPERATORS.get(type(operator), "")
        if isinstance(left, Thing):
            self.special(left, name)
            return TENSOR
        if isinstance(right, Thing):
            self.special(right, "r" + name)
            return TENSOR
        containers = kinds_of([left, right], Many)
        if len(containers) == 2:
            endless = left.endless or right.endless
            return Many([*left.items, *right.items], endless and not left.items)
        return containers[0] if containers else None

    def _truth(self, value: Any) -> None:
        self.special(value, "bool")


def _at(items: List[Any], place: int) -> Any:
    return items[place] if -len(items) <= place < len(items) else None


def _number(node: Any) -> Optional[int]:
    """The integer that an index spells out."""
    try:
        # Python 3.7 and 3.8 wrap an index.
        value = ast.literal_eval(node.value if type(node).__name__ == "Index" else node)
    except ValueError:
        return None
    return value if isinstance(value, int) else None
