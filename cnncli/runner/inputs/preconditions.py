"""Checks that the files and runs which a spec names exist, before TensorFlow is started."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cnncli.catalog.entries import Entry
from cnncli.catalog.trackers import not_usable
from cnncli.catalog.weights import IMAGENET
from cnncli.data.inventory.location import require_existing
from cnncli.data.names.split_names import splits_named
from cnncli.data.remote.address import require_address
from cnncli.errors import CnncliError, DataError, KeyPath, Problem
from cnncli.machine import address_in, expanded
from cnncli.runner.inputs.moved_images import moved_to
from cnncli.runs import RunDir, find_run
from cnncli.spec.backbones import is_backbone
from cnncli.spec.schema import Data, Model
from cnncli.spec.sections.split import taken_from_training
from cnncli.wording import in_shell


def require_inputs_exist(data: Data, model: Model, runs_folder: Path, trackers: Sequence[Entry] = ()) -> None:
    """Refuses a spec whose images or weights are missing, or whose trackers cannot be used.

    Raises:
        DataError: A folder or file is missing.
        RunError: A run is missing.
        ResourceError: The package of a tracker is missing, or the address of its server.
    """
    for _, error in (*_missing(data, model, runs_folder), *_not_usable(trackers)):
        raise error


def require_images(data: Data) -> None:
    """Refuses a spec whose images, or the files that divide or correct them, are missing."""
    for _, error in _missing_images(data):
        raise error


def require_weights(model: Model, runs_folder: Path) -> None:
    """Refuses a spec whose weights are missing; errors are those of `find_weights`."""
    for _, error in _missing_weights(model, runs_folder):
        raise error


def missing_inputs(
    data: Data, model: Model, runs_folder: Path, trackers: Sequence[Entry] = (), file: str = ""
) -> list[Problem]:
    """The same as warnings, all of them: a spec may be written before its images exist.

    With these comes what a training reports as it starts about the splits of a built-in data set or a folder.

    Args:
        data: Images of the spec.
        model: Network of the spec.
        runs_folder: Where runs are found by name.
        trackers: Those of the spec.
        file: The spec, next to which images may be that are not found.
    """
    missing = []
    for place, error in (*_missing(data, model, runs_folder), *_not_usable(trackers)):
        hint = beside_the_spec(error, file) or error.hint
        missing.append(Problem(place, f"{error}; {hint}" if hint else f"{error}", code="not-there"))
    return [*missing, *(() if data.split.file is not None else _about_splits(data))]


@contextlib.contextmanager
def images_of_run(
    data: Data, moved: Path | None = None, on: Path | None = None, how: str = "--data PATH"
) -> Iterator[None]:
    """Inside, a run is measured; on the way in, images that are nowhere are refused, before TensorFlow is started.

    Images of the run that are gone are told with what names their new place.

    Args:
        data: Section `data` of the run's spec.
        moved: New place of its images.
        on: Other images, in place of those of the run.
        how: What names their new place.

    Raises:
        DataError: Nothing is there.
        RunError: The images of the run have no place that could be moved.
    """
    if moved is not None:
        moved_to(data, moved)
    is_own = moved is None and on is None
    own = data.source.paths.values() if data.source.name == "folder" else ()  # of others a part may be enough
    try:
        for path in own if is_own else (moved, on):
            if path is not None and not address_in(path):
                require_existing(path)
        yield
    except DataError as error:
        if not (is_own and error.not_there):
            raise
        hint = f"{error.hint}\nif the images of the run were moved, name their new place: {how}"
        raise DataError(error.message, hint, error.not_there) from error


def beside_the_spec(error: CnncliError, spec: Path | str) -> str:
    """What to do when the path that is not there exists relative to the file of the spec; else empty."""
    spec = Path(spec)
    not_there = Path(error.not_there) if isinstance(error, DataError) and error.not_there else None
    if not_there is None or not_there.is_absolute() or not (there := spec.parent / not_there).exists():
        return ""
    meaning = f"paths are relative to the folder in which the command runs: write '{there}'"
    return f"{meaning}, or change to the folder of the spec first: cd {in_shell(spec.parent)}"


def _about_splits(data: Data) -> Iterator[Problem]:
    """Parts of the split that the spec sets in vain, and test images that are taken from those for training."""
    own, where = _own_splits(data), data.source.where
    yield from data.split.not_used(own, where)
    if "validation" in own and "test" not in own and "test" not in data.split.set_keys:
        message = taken_from_training(where, f"{data.split.test:.0%} of its training images")
        yield Problem(("data", "split"), message, at_key=True, code="test-from-training")


def _own_splits(data: Data) -> Collection[str]:
    """The splits of a built-in data set or a folder, as far as the names of folders tell; images are not looked at."""
    if data.source.is_builtin:
        return ("train", "test")
    if data.source.name != "folder":
        return ()
    root = expanded(data.source.arguments["path"])
    if data.split.folder is not None:
        return set(data.split.folder.values()) if root.is_dir() else ()
    try:
        folders = [entry.name for entry in os.scandir(root) if entry.is_dir()]
    except OSError:  # said above
        return ()
    if data.classes is not None and all(str(name) in folders for name in data.classes):
        return ()
    own = set(splits_named(folders).values())
    return own if "train" in own else ()


def _missing(data: Data, model: Model, runs_folder: Path) -> Iterator[tuple[KeyPath, CnncliError]]:
    yield from _missing_images(data)
    yield from _missing_weights(model, runs_folder)


def _missing_images(data: Data) -> Iterator[tuple[KeyPath, CnncliError]]:
    source = data.source
    for argument, path in source.paths.items():
        address = address_in(path)
        require = require_address if address else require_existing
        yield from _failing(("data", "source", source.name, argument), require, address or path)
    if data.split.file is not None:
        yield from _failing(("data", "split", "file"), require_existing, data.split.file)
    if data.corrections is not None:
        yield from _failing(("data", "corrections"), require_existing, data.corrections)


def _missing_weights(model: Model, runs_folder: Path) -> Iterator[tuple[KeyPath, CnncliError]]:
    weights_of: list[tuple[KeyPath, Any]] = [(("model", "weights"), model.weights)]
    weights_of += [(node.at("weights"), node.entry.get("weights")) for node in model.nodes if is_backbone(node.entry)]
    for place, weights in weights_of:
        if weights not in (None, IMAGENET):
            yield from _failing(place, find_weights, weights, runs_folder)


def _not_usable(trackers: Sequence[Entry]) -> Iterator[tuple[KeyPath, CnncliError]]:
    for index, tracker in enumerate(trackers):
        if error := not_usable(tracker):
            yield ("track", index), error


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
        raise DataError(f"the weights file '{weights}' {what}", not_there="" if path.is_dir() else path)
    return path
