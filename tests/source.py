"""What the tests that keep the whole in order read: the files of the project and the names in its code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("engine", "api")

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def python_files(*packages: str) -> list[Path]:
    """Return the Python files of those packages, paths from the root of the project."""
    found = (path for package in packages for path in (ROOT / package).rglob("*.py"))
    return sorted(path.relative_to(ROOT) for path in found)


@cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file of the project."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), str(path))


def module_name(path: Path) -> str:
    """Return the name that imports the file: engine/checks/names.py is engine.checks.names."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[str]:
    """Yield the dotted name of everything that the file imports, anywhere in it."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules_imported(path: Path, modules: set[str]) -> set[str]:
    """Return which of those modules the file imports; `from a import b` is module a.b or else a."""
    found = set()
    for name in imported(path):
        if name in modules:
            found.add(name)
        elif name.rpartition(".")[0] in modules:
            found.add(name.rpartition(".")[0])
    return found - {module_name(path)}


def given_names(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every name that the file gives to something of its own, with the line."""
    yield path.parent.name, 1
    yield path.stem, 1
    for node in ast.walk(tree(path)):
        match node:
            case (
                ast.FunctionDef(name=str(name))
                | ast.AsyncFunctionDef(name=str(name))
                | ast.ClassDef(name=str(name))
                | ast.arg(arg=str(name))
                | ast.Name(id=str(name), ctx=ast.Store())
                | ast.Attribute(attr=str(name), ctx=ast.Store())
                | ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
                | ast.MatchMapping(rest=str(name))
            ):
                yield name, node.lineno
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                yield from ((alias.asname, node.lineno) for alias in aliases if alias.asname)


def words(name: str) -> list[str]:
    """Return the words of a name, lower case, of both si_applica and SiApplica; __str__ is Python's."""
    if name.startswith("__") and name.endswith("__"):
        return []
    return [part.lower() for part in _PART.findall(name) if len(part) > 1]
