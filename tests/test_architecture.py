"""The shape of the code: imports point one way, the engine is pure, files and functions stay small."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.source import PACKAGES, ROOT, imported, module_name, modules_imported, python_files, tree

LINES_PER_FILE = 400
LINES_PER_FUNCTION = 60
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}
COMMAND = Path("engine/__main__.py")
#: The modules that may read files of their own package: schemas, sentences, registers, placeholders.
READS_ITS_OWN = tuple(Path(f"engine/{name}.py") for name in ("shape", "messages", "comune", "placeholder"))

#: Packages that open files, ask the time, or throw dice.
IMPURE = {
    *("asyncio", "builtins", "fileinput", "glob", "http", "importlib", "io", "locale", "logging"),
    *("os", "pathlib", "random", "requests", "secrets", "select", "shutil", "signal", "socket", "sqlite3"),
    *(
        "multiprocessing",
        "ssl",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
        "urllib",
        "uuid",
        "zoneinfo",
    ),
}
IMPURE_MODULES = {"datetime.datetime", "datetime"}
IMPURE_CALLS = {"breakpoint", "input", "open", "print"}
IMPURE_METHODS = {"now", "open", "read_text", "today", "utcnow", "write_text"}

FILES = python_files(*PACKAGES)
ENGINE = python_files("engine")
PURE = [path for path in ENGINE if path != COMMAND]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def declared_order() -> tuple[str, ...]:
    """Return the order of the engine's modules, as ARCHITECTURE.md declares it."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- ordine dei moduli -->\n+```[a-z]*\n(.*?)```", text, re.DOTALL)
    assert block, "ARCHITECTURE.md has no fenced block after <!-- ordine dei moduli -->"
    return tuple(block[1].split())


def stage(module: str) -> str:
    """Return the name in the declared order: that of engine.tipo is tipo, of engine.checks.names checks."""
    return module.split(".")[1]


def test_the_declared_order_names_every_module_of_the_engine_and_no_other() -> None:
    modules = {stage(module_name(path)) for path in ENGINE if path != Path("engine/__init__.py")}
    assert sorted(declared_order()) == sorted(modules)


@pytest.mark.parametrize("path", ENGINE, ids=str)
def test_the_engine_imports_only_what_comes_before(path: Path) -> None:
    modules = {module_name(other) for other in FILES}
    names = modules_imported(path, modules)
    assert not [name for name in names if name.startswith("api")]
    stages = {stage(name) for name in names if "." in name}
    if path != Path("engine/__init__.py"):
        order = declared_order()
        before = order[: order.index(stage(module_name(path))) + 1]
        assert stages <= set(before), f"{path} imports {sorted(stages - set(before))}, which come after it"


def test_imports_have_no_cycle() -> None:
    modules = {module_name(path) for path in FILES}
    graph = {module_name(path): modules_imported(path, modules) for path in FILES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" > ".join(error.args[1]))


def impurities(path: Path) -> Iterator[str]:
    """Yield what in the file opens files, asks the time, throws dice or changes a global, with the line."""
    for name in imported(path):
        own_schemas = path in READS_ITS_OWN and name.startswith("importlib.resources")
        if (name.split(".")[0] in IMPURE or name in IMPURE_MODULES) and not own_schemas:
            yield f"{path}: imports {name}"
    for node in ast.walk(tree(path)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_CALLS:
                yield f"{path}:{node.lineno}: {name}()"
            case ast.Attribute(attr=name) if name in IMPURE_METHODS and path not in READS_ITS_OWN:
                yield f"{path}:{node.lineno}: .{name}"
            case ast.Global(names=names):
                yield f"{path}:{node.lineno}: global {', '.join(names)}"


@pytest.mark.parametrize("path", PURE, ids=str)
def test_the_engine_has_no_files_clock_chance_or_global_state(path: Path) -> None:
    assert not list(impurities(path))


def undocumented(path: Path) -> Iterator[str]:
    """Yield the public classes and functions of the file that have no docstring."""
    pending: list[ast.Module | ast.ClassDef] = [tree(path)]
    while pending:
        for node in pending.pop().body:
            if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
                if ast.get_docstring(node) is None:
                    yield f"{path}:{node.lineno}: {node.name}"
                if isinstance(node, ast.ClassDef):
                    pending.append(node)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_every_module_class_and_public_function_has_a_docstring(path: Path) -> None:
    assert ast.get_docstring(tree(path)), f"{path} has no docstring"
    assert not list(undocumented(path))


@pytest.mark.parametrize("path", FILES, ids=str)
def test_files_and_functions_stay_small(path: Path) -> None:
    lines = (ROOT / path).read_text(encoding="utf-8").count("\n")
    assert lines <= LINES_PER_FILE, f"{path} has {lines} lines"
    for node in ast.walk(tree(path)):
        if isinstance(node, Function):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= LINES_PER_FUNCTION, f"{path}:{node.lineno}: {node.name} has {length} lines"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_module_has_a_name_that_says_nothing(path: Path) -> None:
    assert not EMPTY_NAMES & {part for name in path.with_suffix("").parts for part in name.strip("_").split("_")}
