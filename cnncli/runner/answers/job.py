"""What was asked for: what a continued command, and the parts of a merge, must have in common."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

from cnncli.errors import RunError
from cnncli.runs.untrusted import Unreadable, read_json
from cnncli.wording import counted

_WORDS = {
    "cnncli": "the version of cnncli",
    "weights": "--weights",
    "engine": "--engine",
    "top_k": "--top-k",
    "probabilities": "--probabilities",
    "embeddings": "--embeddings",
    "invert": "--invert",
    "tta": "--tta",
    "temperature": "the temperature of --calibrated",
    "coverage": "--coverage",
    "unknown": "--unknown",
}
"""Settings by their field, as a command line has them."""

_LONGEST = 1 << 16


class Noted(NamedTuple):
    """How many images a warning applies to, and the position and name of the first of them."""

    images: int
    position: int
    name: str

    def __add__(self, other: Noted) -> Noted:  # type: ignore[override]
        """Both together."""
        return Noted(self.images + other.images, *min(self[1:], other[1:]))


def added(notes: Mapping[str, Noted], others: Mapping[str, Noted]) -> dict[str, Noted]:
    """All warnings of two, in the order of the alphabet."""
    both = {note: notes[note] + others[note] for note in notes.keys() & others.keys()}
    return dict(sorted({**notes, **others, **both}.items()))


def notes_of(content: Any) -> dict[str, Noted]:
    """Warnings from JSON; a TypeError, ValueError or AttributeError if it has something else."""
    return {note: Noted(int(count), int(first), str(name)) for note, (count, first, name) in content.items()}


@dataclass(frozen=True)
class Job:
    """Everything that decides the contents of a file of answers.

    Args:
        cnncli: Version of cnncli.
        run: Name of the run.
        run_sha256: Of its spec and classes.
        weights: `best` or `last`.
        weights_sha256: Of the file of these weights.
        engine: Name of the engine.
        top_k: Number of classes for each image.
        probabilities: Whether all probabilities are there.
        embeddings: Whether the inputs of the last layer are there.
        invert: Whether brightness is inverted.
        form: `csv`, `jsonl` or `parquet`.
        images: Number of images that were asked for, of all shards.
        images_sha256: Of their names.
        coverage: Level of the sets of classes; 0 without.
        unknown: Whether doubts are there.
        shard: Number of the shard, from 1.
        shards: Number of shards.
        temperature: What logits are divided by.
        tta: Whether several views of each image answer.
    """

    cnncli: str
    run: str
    run_sha256: str
    weights: str
    weights_sha256: str
    engine: str
    top_k: int
    probabilities: bool
    embeddings: bool
    invert: bool
    form: str
    images: int
    images_sha256: str
    coverage: float = 0.0
    unknown: bool = False
    shard: int = 1
    shards: int = 1
    temperature: float = 1.0
    tta: bool = False

    def differences(self, other: Job) -> list[str]:
        """How the other differs but for its shard, a line each."""
        lines = []
        if self.run_sha256 != other.run_sha256:
            same = " of the same name" if self.run == other.run else ""
            lines.append(f"the run is {other.run}{', another one' + same if same else ''}, not {self.run}")
        for field, word in _WORDS.items():
            ours, theirs = getattr(self, field), getattr(other, field)
            if ours != theirs:
                lines.append(f"{word} is {_value(theirs)}, not {_value(ours)}")
        if self.weights_sha256 != other.weights_sha256 and self.weights == other.weights:
            lines.append(f"the {self.weights} weights of {self.run} have changed")
        if self.form != other.form:
            lines.append(f"the format is {other.form}, not {self.form}")
        if self.images_sha256 != other.images_sha256:
            theirs = counted(other.images, "image")
            others = "others" if self.images == other.images else f"not {self.images:,}"
            lines.append(f"the list of images is another one: {theirs}, {others}")
        if self.shards != other.shards:
            lines.append(f"the number of shards is {other.shards}, not {self.shards}")
        return lines

    @property
    def shard_text(self) -> str:
        """The shard as a command line has it: `3/16`."""
        return f"{self.shard}/{self.shards}"


@dataclass(frozen=True)
class Outcome:
    """What a finished file of answers holds; the contents of the file NAME.job.json beside it.

    Args:
        job: What was asked for.
        answers: Number of images with an answer.
        unreadable: Number of images that cannot be read.
        files_sha256: Of the file, and of the list of images that cannot be read if there are any.
        notes: Warnings about images, and to which each applies.
    """

    job: Job
    answers: int
    unreadable: int
    files_sha256: Mapping[str, str]
    notes: Mapping[str, Noted]

    def text(self) -> str:
        """As JSON; the same for the same outcome."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def read(cls, file: Path) -> Self:
        """Reads such a file.

        Raises:
            RunError: It is damaged.
        """
        content = read_record(file)
        try:
            notes = notes_of(content["notes"])
            hashes = {str(name): str(value) for name, value in content["files_sha256"].items()}
            return cls(job_of(content["job"], file), int(content["answers"]), int(content["unreadable"]), hashes, notes)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise damaged(file) from None


def job_of(content: Any, file: Path) -> Job:
    """A job from the JSON of a file.

    Raises:
        RunError: It has other fields.
    """
    try:
        job = Job(**content)
    except TypeError:
        raise damaged(file) from None
    if any(type(getattr(job, field.name)).__name__ != field.type for field in dataclasses.fields(Job)):
        raise damaged(file)
    return job


def read_record(file: Path) -> dict[str, Any]:
    """A JSON file that is beside a file of answers.

    Raises:
        RunError: It cannot be read.
    """
    try:
        return read_json(file)
    except Unreadable as reason:
        raise RunError(f"'{file}' cannot be read: {reason}", "start again with --overwrite") from None


def damaged(file: Path) -> RunError:
    """A file beside a file of answers is not as it was written."""
    return RunError(f"'{file}' is damaged", "start again with --overwrite")


def _value(value: object) -> str:
    return "off" if value in (False, 0.0) else "on" if value is True else str(value)
