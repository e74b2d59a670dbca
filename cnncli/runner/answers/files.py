"""A file of answers and what is beside it; which of them may be written."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from cnncli.errors import DataError, ResourceError, RunError
from cnncli.records import WrittenPredictions
from cnncli.runner.answers import csv_form, json_form, parquet_form
from cnncli.runner.answers.census import Census
from cnncli.runner.answers.job import Outcome
from cnncli.runner.answers.parts import Parts
from cnncli.runs import write_text, writing
from cnncli.runs.files import leftovers_of
from cnncli.runs.hashes import sha256_of

FORMS: dict[str, ModuleType] = {f".{form.name}": form for form in (csv_form, json_form, parquet_form)}
"""Formats by their suffix."""


@dataclass(frozen=True)
class Destination:
    """Where answers go, to which part of the images, and what becomes of what is there: see `cnncli.Run.predict_to`."""

    out: Path
    shard: tuple[int, int]
    resume: bool
    overwrite: bool


class AnswerFile:
    """A file of answers, with the files whose names begin with its own.

    NAME.job.json says what was asked for and what came of it, NAME.unreadable.csv lists the images that cannot be read
    if there are any, and NAME.parts is there until all is written.

    Raises:
        DataError: There is no such format.
        ResourceError: The package for it is not installed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        form = FORMS.get(path.suffix.lower())
        if form is None:
            raise DataError(f"{path} has no suffix of a format that is written", f"choose one of {', '.join(FORMS)}")
        if form is parquet_form:
            parquet_form.require_pyarrow(path)
        self.form = form
        self.record = path.with_name(f"{path.name}.job.json")
        self.unreadable = path.with_name(f"{path.name}.unreadable.csv")
        self.parts = Parts(path, form.name)

    def require_free(self) -> None:
        """Raises a ResourceError if something is there that would be replaced."""
        if begun := self.parts.begun():
            done = self.parts.tally().images
            raise ResourceError(
                f"{self.path} was started and not finished: {done:,} images are done"
                + (f", of shard {begun.shard_text}" if begun.shards > 1 else ""),
                "continue with --resume, or start again with --overwrite",
            )
        for file in (self.path, self.record, self.unreadable):
            if file.exists():
                raise ResourceError(f"{file} exists already", "replace it with --overwrite, or choose another name")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Inside, no other process writes this file; what a killed one left unfinished is removed first.

        Raises:
            RunError: Another process is writing it.
            ResourceError: The folder cannot be written to.
        """
        with self.parts.locked():
            for file in (self.path, self.record, self.unreadable):
                for leftover in leftovers_of(file):
                    leftover.unlink(missing_ok=True)
            yield

    def outcome(self) -> Outcome | None:
        """What is there when all is written; None otherwise.

        Raises:
            RunError: The record is damaged.
        """
        return Outcome.read(self.record) if self.path.exists() and self.record.exists() else None

    def require_unchanged(self, outcome: Outcome) -> None:
        """Raises a RunError if a file is not the one that was written."""
        for name, value in outcome.files_sha256.items():
            file = self.path.with_name(self.path.name + name)
            if not file.exists():
                raise RunError(f"'{file}' is missing: it was written with {self.path}", "copy it as well")
            if sha256_of(file) != value:
                raise RunError(f"'{file}' was changed after it was written, or is cut off", "copy it once more")

    def finish(
        self,
        outcome: Callable[[dict[str, str]], Outcome],
        answers: Sequence[Sequence[Path]],
        unreadable: Sequence[Sequence[Path]],
        images: int,
        positions: int,
        keep: bool,
    ) -> Outcome:
        """Joins parts or shards into this file.

        Args:
            outcome: Makes the record, of the hashes of the files.
            answers: For each source the files of answers, in order.
            unreadable: The same for the images that cannot be read.
            images: How many images there must be.
            positions: Length of the list.
            keep: Whether positions remain.

        Raises:
            RunError: An image is lacking, or is there twice.
        """
        census, hashes = Census(positions), {}
        unreadable = [files for files in unreadable if files]
        if unreadable:
            with writing(self.unreadable) as aside:
                csv_form.join(unreadable, aside, keep, census)
        else:
            self.unreadable.unlink(missing_ok=True)
        with writing(self.path) as aside:
            self.form.join(answers, aside, keep, census)
            census.require(images)
        for file in (self.path, *([self.unreadable] if unreadable else [])):
            hashes[file.name.removeprefix(self.path.name)] = sha256_of(file)
        made = outcome(hashes)
        write_text(self.record, made.text())
        return made


def written(file: AnswerFile, outcome: Outcome, before: int) -> WrittenPredictions:
    """What a caller gets; `before` is the number of images that were done when it called."""
    return WrittenPredictions(
        file.path,
        outcome.answers + outcome.unreadable,
        outcome.answers,
        outcome.unreadable,
        file.unreadable if outcome.unreadable else None,
        {note: (noted.images, noted.name) for note, noted in outcome.notes.items()},
        before,
    )
