"""The process that makes artefacts for a training: what it does ahead, what it asks for, and what it sends."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from PIL import Image

from cnncli.report.artifacts import ARTIFACTS, EvaluationData, Moment, artifact_names, write_artifacts
from cnncli.temporary import temporary_folder

if TYPE_CHECKING:
    from cnncli.report.process import Data

ASIDE = ("plots/confusion_matrix.png", "plots/reliability.png")
"""Half of the work on an evaluation, of the kind that asks for nothing: a copy of the process does it meanwhile."""

_LEFT_OUT = "left_out.json"


class Known:
    """A function without arguments whose result is known."""

    def __init__(self, result: Any) -> None:
        self._result = result

    def __call__(self) -> Any:
        """The result."""
        return self._result


class Asked:
    """A function of the training's process."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *values: Any) -> Any:
        """What the training's function gives."""
        assert _training is not None
        _training.send(("call", self._name, *values))
        return _training.recv()


_training: Connection | None = None
"""The connection to the training, in the process that makes the artefacts."""


def serve(number: int) -> None:
    """Makes artefacts as they are asked for through a file descriptor, until nobody is there to ask."""
    global _training
    _training = Connection(number)
    for artifact in ARTIFACTS:  # while TensorFlow starts, rather than when somebody waits
        importlib.import_module(artifact.writer.partition(":")[0], __package__)
    Image.init()
    with contextlib.suppress(OSError, EOFError):
        _rehearse(_training.recv())
        gc.freeze()  # to search these modules for garbage, in the middle of a plot, takes as long as three plots
        gc.enable()
        while True:
            when, data, skip = _training.recv()
            left_out = _made(when, data, skip)
            known = {"report": data.report} if isinstance(data, EvaluationData) else {}
            _training.send(("done", left_out, known))


def _rehearse(explain: Any) -> None:
    """Makes a page of made-up answers: what is imported, read and compiled for it is there from then on."""
    from cnncli.report.rehearsal import rehearse

    with contextlib.suppress(Exception):  # whatever is wrong is told when it matters
        rehearse(explain)


def _made(when: Moment, data: Data, skip: Sequence[str]) -> dict[str, str]:
    """Makes artefacts and sends them, where Linux can copy the process on two cores; returns what was left out."""
    aside = [name for name in artifact_names(when) if name in ASIDE and name not in skip]
    if not aside or sys.platform != "linux":
        return write_artifacts(when, data, _sent, skip)
    with temporary_folder() as folder:
        copy = os.fork()
        if not copy:
            _make_aside(when, data, aside, folder)
        try:
            left_out = write_artifacts(when, data, _sent, [*skip, *aside])
        finally:
            _, status = os.waitpid(copy, 0)
        if status:  # whatever went wrong does so again here, or does not
            others = [name for name in artifact_names(when) if name not in aside]
            return left_out | write_artifacts(when, data, _sent, others)
        for name in aside:
            if (file := folder / Path(name).name).exists():
                with _sent(name) as path:
                    file.replace(path)
        return left_out | json.loads((folder / _LEFT_OUT).read_text(encoding="utf-8"))


def _make_aside(when: Moment, data: Data, names: Sequence[str], folder: Path) -> NoReturn:
    """Makes some artefacts in a folder, and ends the process: with 0 if each is there or has a reason not to be."""
    code = 1
    try:
        if _training is not None:
            _training.close()
        others = [name for name in artifact_names(when) if name not in names]
        left_out = write_artifacts(when, data, lambda name: contextlib.nullcontext(folder / Path(name).name), others)
        (folder / _LEFT_OUT).write_text(json.dumps(left_out), encoding="utf-8")
        code = 0
    finally:
        os._exit(code)


@contextlib.contextmanager
def _sent(name: str) -> Iterator[Path]:
    """Gives a path, and sends the file that is there at the end."""
    assert _training is not None
    with temporary_folder() as folder:
        path = folder / Path(name).name
        yield path
        _training.send(("file", name, path.read_bytes()))
