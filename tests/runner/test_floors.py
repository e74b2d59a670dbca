"""The runner is at most six floors of imports high, with its entry pages on top, and has no import circle."""

from __future__ import annotations

import ast
from functools import cache

from package_trees import PACKAGE, tree_of

MODULES = {
    ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): file
    for file in (PACKAGE / "runner").rglob("*.py")
}
HIGHEST = 6


def imported(node: ast.AST) -> set[str]:
    """Modules of the runner that are imported, now or later; those under `if TYPE_CHECKING` never are."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return set()
    names = set()
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            names |= {f"{node.module}.{alias.name}", str(node.module)} & MODULES.keys()
    return names.union(*map(imported, ast.iter_child_nodes(node)))


@cache
def chain(module: str) -> tuple[str, ...]:
    """The longest chain of imports from a module down; a circle would be endless."""
    below = imported(tree_of(MODULES[module])) - {module}
    return (module, *max(map(chain, sorted(below)), key=len, default=()))


def test_the_longest_chain_of_imports_has_six_modules():
    longest = max(map(chain, MODULES), key=len)
    assert len(longest) <= HIGHEST, " > ".join(longest)
    assert len(longest) > 3  # so that the test reads imports at all
