"""The checkpoint: everything that an interrupted training needs to resume, in one file.

The file is a `.npz`, a zip of NumPy arrays, with `training.json` beside them. It is replaced as a whole, so weights,
optimizer and history are always of the same moment. It may come from anybody: nothing in it can be executed, and only
arrays of the names, shapes and types of this model are read.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from cnncli.errors import RunError
from cnncli.records import Epoch
from cnncli.runner.training.pace import Pace, parse_pace

FORMAT = 1
_RECORD = "training.json"
_LARGEST_RECORD = 1 << 26  # bytes: room for a hundred thousand epochs
_HEADER = 4096  # bytes of a member besides the numbers of its array, at most; NumPy writes 128
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RuntimeError, EOFError)

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class TrainingState:
    """The progress of a training."""

    epochs: tuple[Epoch, ...] = ()  # completed epochs
    best: int = 0  # number of the best of them; 0 when there is none
    steps: int = 0  # steps done in the current epoch
    measured: Mapping[str, float] | None = None  # metrics of the current epoch, when only its validation is missing
    seconds: float = 0.0  # duration of the current epoch so far
    stopped: bool = False  # whether a callback ended the current stage
    stage: int = 0  # number of the current stage, counted from 1; 0 in a training without stages
    callbacks: tuple[Mapping[str, Any], ...] = ()  # changing attributes of each callback
    arrays: Arrays = field(default_factory=dict)  # values of all variables, by name
    pace: Pace | None = None  # time and decisions of a training with `max_time`

    @property
    def mid_epoch(self) -> bool:
        """Whether the state is within an epoch, so that the values of the metrics belong to it."""
        return self.steps > 0 and self.measured is None

    @property
    def is_after_epoch(self) -> bool:
        """Whether the weights are those that the last epoch ended with."""
        return bool(self.epochs) and not self.steps and self.epochs[-1].stage == self.stage

    @property
    def is_best(self) -> bool:
        """Whether they are those of the best epoch."""
        return self.is_after_epoch and self.best == len(self.epochs)


def write_checkpoint(path: Path, state: TrainingState) -> None:
    """Writes a state; equal states give equal bytes."""
    record = {"format": FORMAT, **{key: value for key, value in vars(state).items() if key != "arrays"}}
    record["epochs"] = [asdict(epoch) for epoch in state.epochs]
    if state.pace is None:
        del record["pace"]
    else:
        record["pace"] = asdict(state.pace)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(_RECORD), json.dumps(record))
        for name, array in state.arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def read_checkpoint(path: Path, expected: Callable[[bool], tuple[Arrays, Arrays]]) -> TrainingState:
    """Reads a state.

    Args:
        path: File to read.
        expected: Gives arrays of the names, shapes and types of those that the file must hold, and of those that it
            may hold; its argument is whether metrics are among them.

    Raises:
        RunError: The file is missing, damaged, or belongs to another model.
    """
    with _opened(path) as (archive, state):
        return replace(state, arrays=_arrays(archive, *expected(state.mid_epoch)))


def read_progress(path: Path) -> TrainingState:
    """The state of a training without the arrays.

    Raises:
        RunError: The file is missing or damaged.
    """
    with _opened(path) as (_, state):
        return state


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, TrainingState]]:
    if path.is_symlink() or path.parent.is_symlink():
        raise RunError(f"'{path}' points outside the run directory")
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive, _state(_record(archive))
    except FileNotFoundError:
        raise RunError(f"'{path}' is missing, so the run cannot be resumed", "train again") from None
    except (*_UNREADABLE, zipfile.BadZipFile) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else error
        raise RunError(f"'{path}' is damaged: {reason}", "train again") from None


def _arrays(archive: zipfile.ZipFile, required: Arrays, optional: Arrays) -> dict[str, np.ndarray]:
    members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
    del members[_RECORD]
    expected = {**optional, **required}
    differing = (required.keys() - members.keys()) | (members.keys() - expected.keys())
    if differing:
        raise ValueError(f"its variables are not those of this run's model, for example '{min(differing)}'")
    return {name: _array(archive, member, expected[name]) for name, member in members.items()}


def _record(archive: zipfile.ZipFile) -> dict[str, Any]:
    member = archive.getinfo(_RECORD)
    if member.compress_type != zipfile.ZIP_STORED or member.file_size > _LARGEST_RECORD:
        raise ValueError(f"{_RECORD} is compressed or too large")
    record = json.loads(archive.read(member))
    if not isinstance(record, dict) or record.pop("format", None) != FORMAT:
        raise ValueError("it was written by another version of cnncli")
    return record


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, like: np.ndarray) -> np.ndarray:
    """One array; read only if its member is no larger than it must be."""
    if member.compress_type != zipfile.ZIP_STORED or member.file_size > like.nbytes + _HEADER:
        raise ValueError(f"{member.filename} is compressed or too large")
    content = io.BytesIO(archive.read(member))
    if np.lib.format.read_magic(content) != (1, 0):
        raise ValueError(f"{member.filename} is not an array")
    shape, _, dtype = np.lib.format.read_array_header_1_0(content)
    if (shape, dtype) != (like.shape, like.dtype):
        raise ValueError(f"{member.filename} is {dtype} {shape}, the model's is {like.dtype} {like.shape}")
    content.seek(0)
    array: np.ndarray = np.lib.format.read_array(content, allow_pickle=False)
    return array


def _state(record: Mapping[str, Any]) -> TrainingState:
    epochs = tuple(_epoch(epoch) for epoch in record["epochs"])
    stages = [*(epoch.stage for epoch in epochs), record.get("stage", 0)]
    integers = [record["steps"], record["best"], *(epoch.number for epoch in epochs), *stages]
    if not all(type(value) is int for value in integers) or not isinstance(record["stopped"], bool):
        raise ValueError(f"{_RECORD} has other values where whole numbers belong")
    if [epoch.number for epoch in epochs] != list(range(1, len(epochs) + 1)) or not 0 <= record["best"] <= len(epochs):
        raise ValueError(f"{_RECORD} numbers its epochs wrongly")
    if stages != sorted(stages) or stages[0] < 0:
        raise ValueError(f"{_RECORD} numbers its stages wrongly")
    seconds, callbacks = _number(record["seconds"]), tuple(record["callbacks"])
    if record["steps"] < 0 or not math.isfinite(seconds):
        raise ValueError(f"{_RECORD} has an impossible number of steps or seconds")
    for callback in callbacks:
        _numbers({key: value for key, value in callback.items() if key != "name" and value is not None})
    measured = None if record["measured"] is None else _numbers(record["measured"])
    pace = None if record.get("pace") is None else parse_pace(record["pace"])
    checked = {"epochs": epochs, "measured": measured, "seconds": seconds, "callbacks": callbacks, "pace": pace}
    return TrainingState(**{**record, **checked})


def _epoch(record: Mapping[str, Any]) -> Epoch:
    epoch = Epoch(**record)
    rate, seconds = _number(epoch.learning_rate), _number(epoch.seconds)
    return replace(epoch, metrics=_numbers(epoch.metrics), learning_rate=rate, seconds=seconds)


def _numbers(record: Mapping[str, Any]) -> dict[str, float]:
    return {name: _number(value) for name, value in record.items()}


def _number(value: Any) -> float:
    """A number as a float; metrics may be infinite or NaN."""
    if type(value) not in (int, float):
        raise ValueError(f"{_RECORD} has other values where numbers belong")
    return float(value)
