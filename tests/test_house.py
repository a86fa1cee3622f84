"""The shape of the source tree: no circle of imports, few rooms, short files and functions."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "repdiff"

MOST_NODES, MOST_EDGES = 19, 99
LONGEST_FILE, LONGEST_FUNCTION = 350, 60
MOST_STATEMENTS_OF_AN_OPTION_LIST = 10

Graph = dict[str, set[str]]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Everything below a node but what stands under ``if TYPE_CHECKING``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield other
                yield from statements(other)
            continue
        yield child
        yield from statements(child)


def imported_by(tree: ast.AST, package: str, modules: set[str]) -> Iterator[str]:
    """Modules of the package that a file imports, at its top or inside a function."""
    for node in statements(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                submodule = f"{base}.{alias.name}"
                if submodule in modules or base in modules:
                    yield submodule if submodule in modules else base


@pytest.fixture(scope="module")
def graph() -> Graph:
    found = {}
    for name, path in SOURCES.items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        found[name] = set(imported_by(ast.parse(path.read_text("utf-8")), package, set(SOURCES))) - {name}
    return found


def circle_in(graph: Graph) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def rooms_of(graph: Graph) -> Graph:
    """The same between what stands at the top of the package."""
    rooms: Graph = {}
    for name, imported in graph.items():
        if name != "repdiff":
            room = name.split(".")[1]
            rooms.setdefault(room, set()).update(one.split(".")[1] for one in imported if one != "repdiff")
            rooms[room].discard(room)
    return rooms


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def n_lines(function: Function) -> int:
    first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
    return (function.end_lineno or first) - first + 1


def is_option_list(function: Function) -> bool:
    """Whether there is little but the options and what they mean: they are handed on without a branch or a loop."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    simple = (ast.Assign, ast.AnnAssign, ast.Expr, ast.Return, ast.Import, ast.ImportFrom)
    return len(body) <= MOST_STATEMENTS_OF_AN_OPTION_LIST and all(isinstance(one, simple) for one in body)


def long_functions(tree: ast.AST) -> list[str]:
    return [
        f"{function.name} has {n_lines(function)} lines"
        for function in functions(tree)
        if n_lines(function) > LONGEST_FUNCTION and not is_option_list(function)
    ]


def test_imports_are_found(graph):
    assert "repdiff.core.errors" in graph["repdiff.inputs.images"]
    assert "repdiff.cli.app" in graph["repdiff.cli"]  # imported inside a function
    text = (
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING\nimport numpy\nimport repdiff.a\n"
        "from . import b\nfrom .c import thing\nfrom .. import a\nfrom ..d import e\n"
        "if TYPE_CHECKING:\n    from repdiff import f\nelse:\n    from repdiff import g\n"
    )
    known = {f"repdiff.{name}" for name in ("a", "room", "room.b", "room.c", "d", "f", "g")}
    expected = ["repdiff.a", "repdiff.room.b", "repdiff.room.c", "repdiff.a", "repdiff.d", "repdiff.g"]
    assert list(imported_by(ast.parse(text), "repdiff.room", known)) == expected


def test_no_modules_import_each_other_in_a_circle(graph):
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    assert circle_in(graph) == []


def test_the_rooms_are_few_and_none_imports_itself_by_way_of_others(graph):
    rooms = rooms_of(graph)
    assert {"core", "inputs", "cli"} <= set(rooms)
    assert len(rooms) <= MOST_NODES
    assert sum(map(len, rooms.values())) <= MOST_EDGES
    assert circle_in(rooms) == []


def test_no_contract_makes_an_exception_for_an_import_within_the_package():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    exceptions = [entry for contract in contracts for entry in contract.get("ignore_imports", ())]
    assert exceptions  # of imports of extras, where they are wanted
    assert [entry for entry in exceptions if entry.split("->")[1].strip().startswith("repdiff")] == []


def test_no_file_is_long():
    lengths = {name: len(path.read_text("utf-8").splitlines()) for name, path in SOURCES.items()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_long_but_lists_of_options():
    options = ",\n    ".join(f"option_{number}=None" for number in range(LONGEST_FUNCTION))
    lists = f"def command(\n    {options},\n):\n    '''Do it.'''\n    return run(option_1)\n"
    assert long_functions(ast.parse(lists)) == []
    branches = lists.replace("    return", "    if option_1:\n        return 0\n    return")
    assert long_functions(ast.parse(branches)) == [f"command has {LONGEST_FUNCTION + 6} lines"]
    found = {name: long_functions(ast.parse(path.read_text("utf-8"))) for name, path in SOURCES.items()}
    assert {name: functions for name, functions in found.items() if functions} == {}
