"""The few calls that read what a stranger wrote stand where they are checked, and nowhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from package_trees import PACKAGE, SOURCES, dotted, nodes_of, tree_of

ONLY_IN = {
    "h5py": {"data/sources/published/hdf5.py", "factory/hdf5.py", "factory/pretrained.py"},
    # TensorFlow, started once to see whether it accepts its flags; predict.py of an export, written just before; trials
    # of a search, what sends to MLflow, and what draws: modules of ours, by this Python, in words that no file decides
    "subprocess": {"export/benchmark.py", "startup.py", "track/mlflow.py", "report/process.py", "search/process.py"},
    "yaml.SafeLoader": {"spec/reader.py"},
}
"""Names, and the only files that may use them."""


LOADERS = {"factory/pretrained.py", "factory/weights.py"}
"""Files that let Keras read weights, which `contents_of` has looked at before."""


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in nodes_of(tree):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def careless(tree: ast.Module, file: str) -> list[str]:
    """What a module does that reads a file without the checks."""
    found = []
    for name, call in calls(tree):
        if name.endswith((".load", ".read_array")) and name.split(".")[0] in ("np", "numpy"):
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
            if given.get("allow_pickle") != "False":
                found.append(f"line {call.lineno}: {name} without allow_pickle=False")
        if name.endswith(".load_weights") and file not in LOADERS:
            found.append(f"line {call.lineno}: Keras reads weights that nobody checked")
    used = {dotted(node) for node in nodes_of(tree) if isinstance(node, ast.Name | ast.Attribute)}
    for name, files in ONLY_IN.items():
        if name in used and file not in files:
            found.append(f"{name} is for {', '.join(sorted(files)) or 'no file'}")
    return found


FILES = {str(path.relative_to(PACKAGE)): path for path in SOURCES}
WORDS = re.compile(r"\b(load|read_array|load_weights|h5py|subprocess|SafeLoader)\b")
"""What a careless module has in its text; to parse the others takes two seconds."""


def test_no_module_reads_anything_unchecked():
    suspects = {file: path for file, path in FILES.items() if WORDS.search(path.read_text("utf-8"))}
    assert {"runner/training/checkpoint.py", *LOADERS} < suspects.keys()
    offenders = {file: careless(tree_of(path), file) for file, path in suspects.items()}
    assert {file: lines for file, lines in offenders.items() if lines} == {}


@pytest.mark.parametrize(
    "source",
    [
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "numpy.lib.format.read_array(file)",
        "model.load_weights(path)",
        "import h5py\nh5py.File(path)",
        "import subprocess\nsubprocess.run(words)",
        "yaml.SafeLoader(text)",
    ],
)
def test_the_guard_sees(source):
    assert WORDS.search(source)
    assert careless(ast.parse(source), "runner/evaluate.py")


def test_what_the_guard_names_is_there():
    assert {file for files in ONLY_IN.values() for file in files} <= FILES.keys()
