"""Small faults, one at a time: a comparison that is off by one, a sign, a rounding, a larger for a smaller.

The classic operators, chosen for integer arithmetic and rules. Type annotations, docstrings and declarations of
dataclasses are left alone: faults there are the type checker's to find.
"""

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.LShift: ast.RShift,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
CALLS = {"max": "min", "min": "max", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Fault:
    """What is changed, without the change.

    Attributes:
        line: where.
        what: in words.
        key: what it does and in which function, whatever line that is on; unique in its module.
    """

    line: int
    what: str
    key: str


@dataclass(frozen=True)
class Mutant:
    """One fault in a module.

    Attributes:
        path: of the module.
        fault: what is changed.
        source: of the whole module with the fault in it.
    """

    path: Path
    fault: Fault
    source: str

    @property
    def key(self) -> str:
        """What it does and where, unique over all modules and the same after edits elsewhere."""
        return f"{self.path.name}: {self.fault.key}"

    def __str__(self) -> str:
        return f"{self.path.name}:{self.fault.line}: {self.fault.key}"


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for (index, number), fault in faults_of(tree):
        mutated = copy.deepcopy(tree)
        target = list(_places(mutated))[index]
        _, change = list(_changes(target.node))[number]
        change()
        yield Mutant(path, fault, ast.unparse(mutated))


def faults_of(tree: ast.Module) -> Iterator[tuple[tuple[int, int], Fault]]:
    """Yield every fault of a module, with the numbers of its place and of the change there."""
    seen: Counter[str] = Counter()
    for index, place in enumerate(_places(tree)):
        for number, (what, _) in enumerate(_changes(copy.deepcopy(place.node))):
            key = f"{place.scope}: {place.text()}: {what}"
            seen[key] += 1
            again = f" ({seen[key]})" if seen[key] > 1 else ""
            yield (index, number), Fault(place.node.lineno, what, key + again)


@dataclass(frozen=True)
class _Place:
    """A node that may be changed.

    Attributes:
        node: the node.
        around: the expression or statement that it is part of.
        scope: the function, after the classes and functions that it is in.
    """

    node: ast.expr | ast.If
    around: ast.AST
    scope: str

    def text(self) -> str:
        """The source that is changed: of a number or a truth value, what it stands in."""
        match self.node:
            case ast.If() | ast.IfExp():
                return ast.unparse(self.node.test)
            case ast.Constant() if not hasattr(self.around, "body"):
                return ast.unparse(self.around)
            case _:
                return ast.unparse(self.node)


def _places(node: ast.AST, around: ast.AST | None = None, scope: str = "") -> Iterator[_Place]:
    """Yield the nodes that may be changed, in a fixed order."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        scope = f"{scope}.{node.name}" if scope else node.name
    around = node if around is None or isinstance(node, ast.expr | ast.stmt) else around
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "type_params", "bases"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or _is_docstring(child):
                continue
            if isinstance(child, ast.If | ast.expr):
                yield _Place(child, around, scope or "module")
            yield from _places(child, around, scope)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _changes(node: ast.expr | ast.If) -> "Iterator[tuple[str, Change]]":
    match node:
        case ast.Compare():
            for index, operator in enumerate(node.ops):
                for other in COMPARISONS[type(operator)]:
                    yield f"{_name(operator)} -> {other.__name__}", _Set(node.ops, index, other())
        case ast.Constant():
            yield from _constants(node)
        case ast.BinOp() | ast.BoolOp() | ast.UnaryOp():
            yield from _operators(node)
        case ast.Call(func=ast.Name(id=name)) if name in CALLS:
            yield f"{name} -> {CALLS[name]}", _Put(node.func, "id", CALLS[name])
        case ast.If() | ast.IfExp():
            yield "condition inverted", _Put(node, "test", ast.UnaryOp(ast.Not(), node.test))


def _constants(node: ast.Constant) -> "Iterator[tuple[str, Change]]":
    if isinstance(node.value, bool):
        yield f"{node.value} -> {not node.value}", _Put(node, "value", not node.value)
    elif isinstance(node.value, int):
        yield f"{node.value} -> {node.value + 1}", _Put(node, "value", node.value + 1)


def _operators(node: ast.BinOp | ast.BoolOp | ast.UnaryOp) -> "Iterator[tuple[str, Change]]":
    match node:
        case ast.BinOp() if type(node.op) in ARITHMETIC and not _is_text(node):
            other = ARITHMETIC[type(node.op)]
            yield f"{_name(node.op)} -> {other.__name__}", _Put(node, "op", other())
        case ast.BoolOp():
            either = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield f"{_name(node.op)} -> {_name(either)}", _Put(node, "op", either)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield f"{_name(node.op)} removed", _Put(node, "op", ast.UAdd())


@dataclass(frozen=True)
class _Put:
    node: ast.AST
    field: str
    value: object

    def __call__(self) -> None:
        setattr(self.node, self.field, self.value)
        ast.fix_missing_locations(self.node)


@dataclass(frozen=True)
class _Set:
    items: list[ast.cmpop]
    index: int
    value: ast.cmpop

    def __call__(self) -> None:
        self.items[self.index] = self.value


Change = _Put | _Set


def _is_text(node: ast.BinOp) -> bool:
    """Whether a sum is of texts, which no sign can change into another text."""
    return any(isinstance(each, ast.JoinedStr) for each in (node.left, node.right))


def _name(node: ast.AST) -> str:
    return type(node).__name__
