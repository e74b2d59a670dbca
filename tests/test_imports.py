"""Who imports whom, what starts without TensorFlow, and that nothing read from a file can run code."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from package_trees import PACKAGE, SOURCES, dotted, nodes_of, tree_of

REPOSITORY = Path(__file__).parents[1]

# The rooms from the street door down to the cellar. Each may import those named beside it, and itself; as every name
# stands in a line further down, nobody can import upwards.
ROOMS = {
    "__main__": {"cli"},
    "cli": {
        "workers",
        "api",
        "folds",
        "track",
        "serve",
        "doctor",
        "runner",
        "draft",
        "explain",
        "report",
        "runs",
        "spec",
        "catalog",
        "notices",
        "observer",
        "records",
        "environment",
        "errors",
        "machine",
        "temporary",
        "wording",
        "__init__",
    },
    "doctor": {
        "data",
        "runs",
        "environment",
        "errors",
        "startup",
        "factory",
        "machine",
        "temporary",
        "wording",
        "__init__",
    },
    "serve": {
        "runner",
        "inference",
        "insight",
        "data",
        "runs",
        "records",
        "notices",
        "errors",
        "machine",
        "wording",
        "__init__",
    },
    "api": {
        *(
            "workers",
            "temporary",
            "track",
            "search",
            "folds",
            "runner",
            "explain",
            "report",
            "runs",
            "spec",
            "notices",
            "observer",
            "records",
            "environment",
            "errors",
            "isolation",
        ),
        *("lasting", "machine", "wording"),
    },
    "search": {
        *("runner", "report", "explain", "runs", "spec", "catalog", "notices", "observer", "records", "environment"),
        *("errors", "isolation", "machine", "wording", "__init__"),
    },
    "folds": {
        *("runner", "data", "report", "explain", "insight", "runs", "spec", "notices", "observer", "records"),
        *("environment", "errors", "isolation", "temporary", "machine", "wording", "__init__"),
    },
    "runner": {
        "workers",
        "factory",
        "track",
        "explain",
        "data",
        "report",
        "insight",
        "runs",
        "spec",
        "catalog",
        "notices",
        "observer",
        "records",
        "environment",
        "errors",
        "startup",
        "isolation",
        "machine",
        "temporary",
        "wording",
        "inference",
        "export",
        "chatter",
        "__init__",
    },
    "inference": {
        "chatter",
        "export",
        "factory",
        "insight",
        "runs",
        "spec",
        "catalog",
        "notices",
        "environment",
        "errors",
        "startup",
        "isolation",
        "machine",
    },
    "export": {
        "data",
        "spec",
        "catalog",
        "records",
        "chatter",
        "errors",
        "startup",
        "temporary",
        "wording",
        "__init__",
    },
    "track": {
        *("report", "runs", "spec", "catalog", "notices", "observer", "records"),
        *("errors", "machine", "temporary", "wording", "__init__"),
    },
    "draft": {"data", "spec", "errors", "machine", "wording"},
    "factory": {"insight", "spec", "catalog", "records", "errors", "startup", "machine", "temporary", "wording"},
    "data": {"catalog", "notices", "observer", "records", "errors", "startup", "machine", "wording"},
    "report": {"insight", "records", "environment", "temporary", "errors", "wording"},
    "insight": {"catalog", "records", "startup", "wording"},
    "runs": {"catalog", "records", "errors", "lasting", "machine", "wording"},
    "explain": {"spec", "catalog", "errors", "wording"},
    "spec": {"catalog", "errors", "machine", "wording"},
    "catalog": {"errors", "wording"},
    "workers": {"environment", "errors", "temporary", "wording", "observer", "notices", "__init__"},
    "records": {"lasting"},
    "isolation": {"startup", "environment", "errors"},
    "startup": {"chatter", "environment", "errors", "imports", "machine"},
    "imports": {"chatter", "environment"},
    "environment": {"machine"},
    "chatter": set(),
    "errors": set(),
    "lasting": set(),
    "machine": set(),
    "temporary": set(),
    "wording": set(),
    "observer": set(),
    "notices": set(),
    "__init__": set(),
}
HEAVY_ROOMS = {
    *("api", "isolation", "doctor", "runner", "inference", "draft", "factory", "data", "report", "insight", "startup"),
    *("export", "serve", "track", "search", "folds"),
}
HEAVY = {"tensorflow", "keras", "numpy", "matplotlib", "sklearn", "PIL", "tensorflow_datasets"}
TERMINAL = {"click", "rich"}

# Ways to make a file run code. YAML is read by SafeLoader alone: it is the one in pure Python, which survives deep
# nesting. A pickle is read only by a subclass that refuses every class but NumPy's own.
UNSAFE = re.compile(
    r"(.*\.)?(load_model|enable_unsafe_deserialization|deserialize_keras_object|model_from_json|model_from_config)"
    r"|(pickle|cPickle|marshal|dill|joblib)\.loads?"
    r"|shelve\.open"
    r"|yaml\.((unsafe_|full_)?load(_all)?|C?(Unsafe|Full)?Loader|CSafeLoader|CBaseLoader|.*\.C?(Unsafe|Full)?Loader)"
    r"|eval|exec|__import__|os\.system"
)


class Import(NamedTuple):
    """One import: the full name of what is imported, its line, and when it happens."""

    name: str
    line: int
    at_start: bool


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(tree: ast.Module, package: str = "") -> Iterator[Import]:
    """Every import that can happen; those under `if TYPE_CHECKING` never do."""

    def walk(node: ast.AST, at_start: bool) -> Iterator[Import]:
        if isinstance(node, ast.expr):
            return  # most of a module, in which nothing can be imported
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, at_start) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            kept = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = [*kept, *([node.module] if node.module else [])]
            yield from (Import(".".join([*base, alias.name]), node.lineno, at_start) for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for child in node.orelse:
                yield from walk(child, at_start)
        else:
            inside = at_start and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for child in ast.iter_child_nodes(node):
                yield from walk(child, inside)

    yield from walk(tree, True)


def names_used(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every dotted name in a module, what was imported under another name called by its own."""
    own: dict[str, str] = {}
    for node in nodes_of(tree):
        if isinstance(node, ast.Import):
            own |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom):
            own |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in nodes_of(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            first, _, rest = dotted(node).partition(".")
            yield f"{own.get(first, first)}.{rest}".strip("."), node.lineno
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def forbidden(room: str, tree: ast.Module, package: str = "") -> list[str]:
    """Everything in a module of this room that the picture of the rooms does not allow."""
    found = []
    for name, line, at_start in imports_of(tree, package):
        top, _, inner = name.partition(".")
        if top == "cnncli":
            other = inner.split(".")[0]
            other = other if other in ROOMS else "__init__"  # `from cnncli import __version__`
            if other not in ROOMS[room] | {room}:
                found.append(f"line {line}: {room} must not import {other}")
            elif room in {"__main__", "cli"} and other in HEAVY_ROOMS and at_start:
                found.append(f"line {line}: {other} must be imported inside the command")
        elif top in HEAVY and room not in HEAVY_ROOMS:
            found.append(f"line {line}: {top} is not for {room}")
        elif top in {"tensorflow", "keras"} and room not in {"startup", "isolation"}:
            found.append(f"line {line}: {top} would not start quietly; take it from cnncli.startup")
        elif top in TERMINAL and room != "cli":
            found.append(f"line {line}: {top} is for cli alone")
    return found


def unsafe(tree: ast.Module) -> list[str]:
    """Everything in a module that could make a file run code."""
    found = [f"line {line}: {name}" for name, line in names_used(tree) if UNSAFE.fullmatch(name)]
    for node in nodes_of(tree):
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle" and ast.unparse(node.value) != "False":
            found.append(f"line {node.value.lineno}: allow_pickle")
    return found


def test_every_room_is_on_the_picture():
    assert {room_of(file) for file in SOURCES} == set(ROOMS)


def test_the_picture_lets_nobody_import_upwards():
    order = list(ROOMS)
    assert all(order.index(other) > order.index(room) for room, others in ROOMS.items() for other in others)


def test_every_module_imports_only_what_its_room_may():
    offenders = {}
    for file in SOURCES:
        package = ".".join(file.relative_to(PACKAGE.parent).parent.parts)
        offenders[str(file.relative_to(PACKAGE))] = forbidden(room_of(file), tree_of(file), package)
    assert {file: lines for file, lines in offenders.items() if lines} == {}


def test_no_module_reads_a_file_that_can_run_code():
    offenders = {str(file.relative_to(PACKAGE)): unsafe(tree_of(file)) for file in SOURCES}
    assert {file: lines for file, lines in offenders.items() if lines} == {}


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("spec", "from cnncli.factory.model import build_model"),
        ("factory", "def build():\n    from cnncli import runner"),
        ("data", "import cnncli.spec.schema"),
        ("spec", "from ..runner import train"),
        ("errors", "from cnncli.records import Epoch"),
        ("cli", "from cnncli.runner.train import train"),
        ("spec", "def check():\n    import keras.layers"),
        ("records", "import numpy as np"),
        ("catalog", "try:\n    from PIL import Image\nexcept ImportError:\n    pass"),
        ("runner", "import rich.progress"),
        ("factory", "def build():\n    import keras"),
    ],
)
def test_the_guard_of_the_rooms_sees(room, source):
    assert len(forbidden(room, ast.parse(source), f"cnncli.{room}")) == 1


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("cli", "def train():\n    from cnncli.runner.train import train"),
        ("records", "if TYPE_CHECKING:\n    import numpy as np"),
        ("runner", "from cnncli import __version__, report"),
        ("spec", "from . import schema"),
    ],
)
def test_the_guard_of_the_rooms_lets_pass(room, source):
    assert forbidden(room, ast.parse(source), f"cnncli.{room}") == []


@pytest.mark.parametrize(
    "source",
    [
        "import keras\nmodel = keras.models.load_model(path)",
        "from keras.saving import load_model",
        "import pickle as p\np.load(file)",
        "from pickle import loads as read\nread(data)",
        "import yaml\nyaml.load(text, Loader=yaml.SafeLoader)",
        "import yaml\nyaml.parse(text, Loader=yaml.CSafeLoader)",
        "import yaml\nyaml.unsafe_load(text)",
        "import numpy as np\nnp.load(path, allow_pickle=True)",
        "eval(text)",
    ],
)
def test_the_guard_against_code_in_files_sees(source):
    assert unsafe(ast.parse(source))


@pytest.fixture
def runs_folder(tmp_path: Path) -> Path:
    """A folder with one finished run, as far as a list of runs looks."""
    run = tmp_path / "runs" / "mnist-001"
    run.mkdir(parents=True)
    times = {"started": "2026-01-01T10:00:00Z", "ended": "2026-01-01T10:01:00Z"}
    (run / "status.json").write_text(json.dumps({"state": "finished", "epochs": 3, "pid": 1, "host": "", **times}))
    (run / "metrics.json").write_text(json.dumps({"split": "test", "images": 10_000, "loss": 0.1, "accuracy": 0.97}))
    (run / "spec.yaml").write_text((REPOSITORY / "configs" / "mnist.yaml").read_text())
    return run.parent


IN_ONE_PROCESS = """
import contextlib, io, json, sys
from cnncli.cli import main
given = {}
for command in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try: main(command.split())
        except SystemExit as end: code = end.code or 0
    given[command] = [code, out.getvalue(), err.getvalue(), sorted(sys.modules)]
print(json.dumps(given))
"""


def answers_of(*commands: str) -> dict[str, tuple[int, str, str, set[str]]]:
    """Exit code, stdout and stderr of commands, one after the other in a process, and the modules loaded by then."""
    program = [sys.executable, "-c", IN_ONE_PROCESS, json.dumps(commands)]
    result = subprocess.run(program, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert result.returncode == 0, result.stderr
    return {command: (*given, set(loaded)) for command, (*given, loaded) in json.loads(result.stdout).items()}


NEED_NO_TENSORFLOW = {
    "evaluate nosuch": (6, "there is no run"),
    "evaluate RUN --fail-under accuracy=nan": (2, "METRIC=VALUE"),
    "evaluate RUN --fail-under f1=0.9": (2, "no metric is called 'f1'; the metrics are loss, log_loss, accuracy, mac"),
    "evaluate RUN --fail-under macro_f2=0.9": (2, "did you mean 'macro_f1'?"),
    "evaluate RUN --fail-under log_loss=0.1": (2, "less of log_loss is better"),
    "evaluate RUN --on nosuch": (3, "nosuch does not exist"),
    "evaluate PHOTOS --data nosuch": (3, "nosuch does not exist"),
    "evaluate PHOTOS": (3, "name their new place: --data PATH"),
    "reproduce PHOTOS": (3, "name their new place: --data PATH"),
    "reproduce PHOTOS --data nosuch": (3, "nosuch does not exist"),
    "resume PHOTOS --epochs 9": (3, "name their new place: --data PATH"),
    "resume PHOTOS --epochs 9 --data nosuch": (3, "nosuch does not exist"),
    "evaluate RUN --data configs": (6, "come from mnist, which has no path"),
    "export PHOTOS --format onnx --data nosuch": (3, "nosuch does not exist"),
    "evaluate RUN": (6, "the run has no weights"),
    "report RUN": (6, "the run has no weights"),
    "predict a.png --run RUN": (6, "the run has no weights"),
    "heatmap a.png --run RUN": (6, "the run has no weights"),
    "export RUN --format onnx": (6, "the run has no weights"),
    "export RUN --format onnx --weights last --calibrated": (6, "the temperature belongs to the best weights"),
    "export RUN --format keras --int8": (7, "there is no int8 version of keras"),
    "export RUN --benchmark": (6, "has no exports"),
    "reproduce STOPPED": (6, "is not finished"),
    "preview SPEC": (3, "nowhere does not exist"),
    "evaluate WHOLE --negatives nosuch": (3, "nosuch does not exist"),
    "evaluate WHOLE --negatives EMPTY": (3, "there are no images in"),
    "evaluate WHOLE --negatives configs": (3, "there are no images in"),
    "evaluate WHOLE --negatives README.md": (6, "has no logits.npz, from which doubts take their thresholds"),
    "evaluate WHOLE --split validation": (6, "this run has no validation images"),
    "evaluate WHOLE --tta": (6, "was not trained on flipped or shifted images"),
    "evaluate WHOLE --on OTHER": (3, "a class that this run does not know: pig"),
    "evaluate WHOLE --on OTHER --split test": (3, "it has no splits: leave out --split"),
    "predict nosuch.png --run WHOLE": (3, "nosuch.png"),
    "predict nosuch.png README.md --run WHOLE": (3, "README.md"),
    "predict nosuch.png --run WHOLE --unknown": (3, "nosuch.png"),
    "predict README.md --run WHOLE --unknown": (6, "has no logits.npz, from which doubts take their thresholds"),
    "predict nosuch.png --run WHOLE --unknown --out EMPTY/a.csv": (3, "nosuch.png does not exist"),
    "predict EMPTY --run WHOLE": (3, "there are no images in"),
    "heatmap nosuch.png README.md --run WHOLE": (3, "README.md"),
    "heatmap nosuch.png --run WHOLE --class 11": (2, "no class is called '11'"),
    "resume nosuch": (6, "there is no run"),
    "resume RUN": (0, "is finished"),
    "resume RUN --data configs": (6, "come from mnist, which has no path"),
    "resume PHOTOS --data nosuch": (3, "nosuch does not exist"),
    "resume FOLDS": (3, "name their new place: --data PATH"),
    "resume FOLDS --data nosuch": (3, "nosuch does not exist"),
    "report FOLDS": (3, "photos-folds-001 --data PATH"),
    "data --labels PHOTOS": (3, "photos-001 --data PATH"),
    "data --labels nosuch": (6, "there is no run"),
    "resume RUN --epochs 3": (6, "has already been trained for 4 epochs, more than 3"),
}


def test_a_run_that_needs_no_tensorflow_is_answered_without(tmp_path):
    from cnncli.records import Epoch
    from cnncli.runner.training.checkpoint import TrainingState, write_checkpoint
    from cnncli.runs import BEST, CHECKPOINT, RunDir
    from cnncli.runs.groups import GroupDir, GroupRecord

    run = RunDir(tmp_path / "mnist-001")
    run.write_text("spec.yaml", (REPOSITORY / "configs" / "mnist.yaml").read_text())
    run.write_json("status.json", {"state": "finished"})
    pixels = {"border_mean": 0.0, "border_std": 0.0}
    run.write_json("data.json", {"class_names": list("0123456789"), "image": [28, 28, 1], "pixels": pixels})
    with run.write(CHECKPOINT) as path:
        write_checkpoint(path, TrainingState(tuple(Epoch(number, {}, 0.1, 1.0) for number in range(1, 5))))
    photos = RunDir(shutil.copytree(run.path, tmp_path / "photos-001"))
    source = "source: {folder: {path: nowhere}}"
    photos.write_text("spec.yaml", run.spec.read_text().replace("source: mnist", source))
    stopped = RunDir(shutil.copytree(run.path, tmp_path / "stopped-001"))
    stopped.write_json("status.json", {"state": "interrupted"})
    whole = RunDir(shutil.copytree(run.path, tmp_path / "whole-001"))
    with whole.write_hashed(BEST) as path:
        path.write_bytes(b"none")
    counts = dict.fromkeys(("train", "test"), dict.fromkeys("0123456789", 9))
    whole.write_json("data.json", {**whole.read_json("data.json"), "counts": counts})
    empty, other = tmp_path / "empty", tmp_path / "other"
    empty.mkdir()
    (other / "pig").mkdir(parents=True)
    (other / "pig" / "a.png").write_bytes(b"")
    folds = GroupDir(tmp_path / "photos-folds-001")
    folds.write_record(GroupRecord(2, False, False, photos.spec.read_text(), [], "2026-11-29T15:00:00Z", "0.1.0"))
    paths = {"RUN": run.path, "PHOTOS": photos.path, "STOPPED": stopped.path, "SPEC": photos.spec, "FOLDS": folds.path}
    paths |= {"WHOLE": whole.path, "EMPTY": empty, "OTHER": other}
    expected = {
        re.sub("[A-Z]{4,}|RUN", lambda word: str(paths.get(word[0], word[0])), command): said
        for command, said in NEED_NO_TENSORFLOW.items()
    }
    for command, (code, out, err, loaded) in answers_of(*expected).items():
        assert (code, out, "tensorflow" in loaded) == (expected[command][0], "", False), (command, err)
        assert expected[command][1] in err, command


def test_no_object_changes_its_class():
    """An assignment to `__class__` skips whatever the constructor does; build the right class instead."""
    offenders = [
        f"{file}:{node.lineno}"
        for file in SOURCES
        for node in nodes_of(tree_of(file))
        if isinstance(node, ast.Attribute) and node.attr == "__class__" and isinstance(node.ctx, ast.Store)
    ]
    assert not offenders


COMPUTE_NOTHING = (
    *("--help", "train --help", "check configs/mnist.yaml", "explain --list", "explain Conv2D", "explain overfitting"),
    *("schema", "runs --runs-dir RUNS", "configs", "configs mnist"),
)


def test_commands_that_do_not_compute_start_nothing_heavy(runs_folder):
    for command, (code, out, err, loaded) in answers_of(
        *(command.replace("RUNS", str(runs_folder)) for command in COMPUTE_NOTHING)
    ).items():
        assert (code, loaded & HEAVY) == (0, set()), (command, err)
        assert out, command


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    named = {}
    for file in SOURCES:
        parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return named


def imports_among(files: dict[str, Path]) -> dict[str, set[str]]:
    """The modules that each module imports, at the start or inside a function."""
    graph = {}
    for module, file in files.items():
        package = module if file.name == "__init__.py" else module.rpartition(".")[0]
        names = {each.name for each in imports_of(tree_of(file), package)}
        targets = {name if name in files else name.rpartition(".")[0] for name in names}
        graph[module] = {target for target in targets if target in files and target != module}
    return graph


def circles(graph: dict[str, set[str]]) -> list[str]:
    """The modules in circles of imports, and those on a way from one circle to another."""
    left = dict(graph)
    while free := {module for module in left if not left[module] & left.keys()} | (
        left.keys() - set().union(*left.values())
    ):
        left = {module: targets for module, targets in left.items() if module not in free}
    return sorted(left)


def test_no_modules_import_each_other():
    assert circles(imports_among(modules())) == []


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}) == ["b", "c"]
