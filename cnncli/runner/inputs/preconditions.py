"""Checks that the files and runs which a spec names exist, before TensorFlow is started."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cnncli.catalog.weights import IMAGENET
from cnncli.data.sources.location import require_existing
from cnncli.errors import CnncliError, DataError, KeyPath, Problem
from cnncli.machine import expanded
from cnncli.runs import RunDir, find_run
from cnncli.spec.backbones import is_backbone
from cnncli.spec.schema import Data, Model


def require_inputs_exist(data: Data, model: Model, runs_folder: Path) -> None:
    """Refuses a spec whose images or weights are missing.

    Raises:
        DataError: A folder or file is missing.
        RunError: A run is missing.
    """
    for _, error in _missing(data, model, runs_folder):
        raise error


def missing_inputs(data: Data, model: Model, runs_folder: Path) -> list[Problem]:
    """The same as warnings, all of them: a spec may be written before its images exist.

    With these come the parts of a built-in data set that the spec sets in vain, which a training reports as it starts.
    """
    missing = [
        Problem(place, f"{error}; {error.hint}" if error.hint else f"{error}", code="not-there")
        for place, error in _missing(data, model, runs_folder)
    ]
    is_divided = data.source.is_builtin and data.split.file is None
    return [*missing, *(data.split.not_used(("train", "test"), data.source.where) if is_divided else ())]


def _missing(data: Data, model: Model, runs_folder: Path) -> Iterator[tuple[KeyPath, CnncliError]]:
    source = data.source
    for argument, path in source.paths.items():
        yield from _failing(("data", "source", source.name, argument), require_existing, path)
    if data.split.file is not None:
        yield from _failing(("data", "split", "file"), require_existing, data.split.file)
    weights_of: list[tuple[KeyPath, Any]] = [(("model", "weights"), model.weights)]
    weights_of += [(node.at("weights"), node.entry.get("weights")) for node in model.nodes if is_backbone(node.entry)]
    for place, weights in weights_of:
        if weights not in (None, IMAGENET):
            yield from _failing(place, find_weights, weights, runs_folder)


def _failing(place: KeyPath, find: Any, *arguments: Any) -> Iterator[tuple[KeyPath, CnncliError]]:
    try:
        find(*arguments)
    except CnncliError as error:
        yield place, error
    except OSError as error:  # such as a name that is too long for any file
        yield place, DataError(f"'{arguments[0]}' cannot be read: {error.strerror}")


def find_weights(weights: str | Mapping[str, str], runs_folder: Path) -> RunDir | Path:
    """The run or the file that the key `weights` names.

    Raises:
        DataError: There is no such file.
        RunError: There is no such run.
    """
    if not isinstance(weights, str):
        return find_run(weights["run"], runs_folder)
    path = expanded(weights)
    if not path.is_file():
        what = "is a folder: write {run: FOLDER} for a run" if path.is_dir() else "does not exist: no such file"
        raise DataError(f"the weights file '{weights}' {what}")
    return path
