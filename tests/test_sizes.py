"""How long a file and a function may be, and how many modules may lie in a folder."""

import ast
from collections import Counter

from package_trees import PACKAGE, SOURCES, nodes_of, tree_of

MOST_LINES, MOST_LINES_OF_A_FUNCTION, MOST_MODULES = 300, 50, 25


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Its lines without the docstring."""
    first, lines = function.body[0], function.end_lineno - function.lineno + 1
    documented = ast.get_docstring(function) is not None
    return lines - (first.end_lineno - first.lineno + 1 if documented else 0)


def test_no_file_is_long():
    assert [str(file) for file in SOURCES if len(file.read_text("utf-8").splitlines()) > MOST_LINES] == []


def test_no_function_is_long():
    long = [
        f"{file.relative_to(PACKAGE)}: {node.name}"
        for file in SOURCES
        for node in nodes_of(tree_of(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and lines_of(node) > MOST_LINES_OF_A_FUNCTION
    ]
    assert long == []


def test_no_folder_is_crowded():
    counts = Counter(file.parent for file in SOURCES)
    assert {str(folder): count for folder, count in counts.items() if count > MOST_MODULES} == {}
