"""The modules of the package, parsed once for all tests that look into them."""

import ast
from functools import cache
from pathlib import Path

import cnncli

PACKAGE = Path(cnncli.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


@cache
def nodes_of(tree: ast.Module) -> tuple[ast.AST, ...]:
    """All nodes of a module, for which `ast.walk` takes half as long as the parser does."""
    return tuple(ast.walk(tree))


def dotted(node: ast.expr) -> str:
    """The text of a name or an attribute, for which `ast.unparse` takes ten times as long."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ast.unparse(node)
