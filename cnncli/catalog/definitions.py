"""Finds classes and functions in source files by following imports, without importing anything.

Importing Keras takes seconds, and importing a package runs its code; parsing the one file that a class is written in
takes a fraction of a millisecond and runs nothing.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import NamedTuple


class Definition(NamedTuple):
    """A class or function, and the file that it is written in."""

    file: Path
    node: ast.ClassDef | ast.FunctionDef


@cache
def module_file(module: str) -> Path | None:
    """The source of a module by its dotted name; None when there is none, or none in Python.

    `find_spec` would import the packages above a module to look it up, so it is asked for the first part only.
    """
    first, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(first)
        for depth, _ in enumerate(rest, start=1):
            folders = spec.submodule_search_locations if spec else None
            spec = PathFinder.find_spec(".".join([first, *rest[:depth]]), list(folders or ()))
    except (ImportError, ValueError, AttributeError):  # what a half-installed package makes of it
        return None
    file = Path(spec.origin) if spec and spec.origin else None
    return file if file and file.suffix == ".py" and file.is_file() else None


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_bytes(), str(file))


@cache
def constants(file: Path) -> dict[str, ast.expr]:
    """What a file's own names for values stand for, such as `HORIZONTAL = "horizontal"`."""
    assigned = (node for node in _tree(file).body if isinstance(node, ast.Assign))
    return {name.id: node.value for node in assigned for name in node.targets if isinstance(name, ast.Name)}


@cache
def imports(file: Path) -> dict[str, tuple[int, str, str]]:
    """What each name imported in a file is: `Conv2D` → (0, `keras.src.layers.convolutional.conv2d`, `Conv2D`).

    The number is that of the dots in front of a relative import; a module imported as a whole has no second name.
    """
    origins: dict[str, tuple[int, str, str]] = {}
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                origins[alias.asname or alias.name] = (node.level, node.module or "", alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                origins[alias.asname or first] = (0, alias.name if alias.asname else first, "")
    return origins


def _source(file: Path, level: int, module: str) -> Path | None:
    """The source of a module that another file imports, with the dots in front of it."""
    if not level:
        return module_file(module) if module else None
    if level > len(file.parents):
        return None
    path = file.parents[level - 1].joinpath(*module.split("."))
    return next((each for each in (path / "__init__.py", path.with_name(path.name + ".py")) if each.is_file()), None)


@cache
def definition(file: Path, name: str) -> Definition | None:
    """The class or function of this name, followed through imports to where it is written.

    Args:
        file: where the name is used.
        name: such as `Conv2D`, or with the module in front, such as `layers.Conv2D`.

    Raises:
        SyntaxError, ValueError: a file on the way is no Python.
    """
    return _definition(file, name, frozenset())


def _definition(file: Path, name: str, seen: frozenset[tuple[Path, str]]) -> Definition | None:
    if (file, name) in seen:  # files that import from one another
        return None
    seen |= {(file, name)}
    first, _, rest = name.partition(".")
    if not rest:
        for node in _tree(file).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
                return Definition(file, node)
    if first not in imports(file):
        return None
    level, module, original = imports(file)[first]
    if not rest and (target := _source(file, level, module)) and (symbol := _definition(target, original, seen)):
        return symbol
    *inner, last = rest.split(".") if rest else [original]
    submodule = _source(file, level, ".".join(part for part in (module, original, *inner) if part))
    return _definition(submodule, last, seen) if submodule else None


def lineage(symbol: Definition) -> Iterator[Definition | None]:
    """A class and all that it is derived from, the nearest first; None stands for what cannot be followed."""
    pending: list[Definition | None] = [symbol]
    seen = set()
    while pending:
        each = pending.pop(0)
        if each is not None and each in seen:
            continue
        yield each
        if each is None or not isinstance(each.node, ast.ClassDef):
            continue
        seen.add(each)
        names = [ast.unparse(base) for base in each.node.bases if isinstance(base, ast.Name | ast.Attribute)]
        parents = [definition(each.file, name) for name in names if name != "object"]
        pending = [*parents, *pending]


def initializer(symbol: Definition) -> Definition | None:
    """The class' own `__init__`, or the nearest one among its bases that says what it takes."""
    for each in lineage(symbol):
        for item in each.node.body if each and isinstance(each.node, ast.ClassDef) else ():
            if each and isinstance(item, ast.FunctionDef) and item.name == "__init__":
                return Definition(each.file, item)
    return None
