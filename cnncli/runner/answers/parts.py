"""What is written so far of a file of answers: parts in a folder beside it, each whole or not there.

answers.csv.parts/
├── job.json               what was asked for
├── 000000.csv             answers
├── 000000.unreadable.csv  images that cannot be read, if there are any
├── 000000.json            how many images that were; written last: without it, the part is not there
└── 000001.csv …
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.runner.answers import csv_form
from cnncli.runner.answers.answers import Answers
from cnncli.runner.answers.job import Job, Noted, added, damaged, job_of, notes_of, read_record
from cnncli.runs import write_text, writing
from cnncli.runs.lock import locked_folder

if TYPE_CHECKING:
    from cnncli.runner.answers.pipeline import Piece

PART_IMAGES = 8192
"""Images after which a part is written."""

PART_SECONDS = 10.0
"""Seconds after which a part is written, however few images it has: what a kill loses at most."""

PART_NUMBERS = 1 << 21
"""Numbers, of probabilities and embeddings, after which a part is written: they take up to 12 bytes as text."""

_JOB = "job.json"
_LOCK = "lock"


@dataclass
class Tally:
    """What all parts together hold."""

    images: int = 0
    answers: int = 0
    unreadable: int = 0
    notes: Mapping[str, Noted] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Counts another one."""
        self.images += other.images
        self.answers += other.answers
        self.unreadable += other.unreadable
        self.notes = added(self.notes, other.notes)


class Parts:
    """The folder of parts beside a file of answers."""

    def __init__(self, out: Path, form: str) -> None:
        self.folder = out.with_name(f"{out.name}.parts")
        self._form = form

    def begun(self) -> Job | None:
        """What was asked for when the parts were begun; None if nothing was begun.

        Raises:
            RunError: It cannot be read.
        """
        file = self.folder / _JOB
        return job_of(read_record(file), file) if file.exists() else None

    def tally(self) -> Tally:
        """What the parts hold that are there.

        Raises:
            RunError: One is damaged.
        """
        tally = Tally()
        for number in self._numbers():
            file = self._file(number, "json")
            try:
                content = read_record(file)
                tally.add(Tally(**content | {"notes": notes_of(content["notes"])}))
            except (KeyError, TypeError, ValueError, AttributeError):
                raise damaged(file) from None
        return tally

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Inside, no other process writes these parts; what a killed one left unfinished is removed first.

        Raises:
            RunError: Another process is writing them.
            ResourceError: The folder cannot be written to.
        """
        with locked_folder(self.folder, _LOCK):
            try:
                yield
            finally:
                if not (self.folder / _JOB).exists():  # nothing was begun, or all is done
                    shutil.rmtree(self.folder, ignore_errors=True)

    def begin(self, job: Job) -> None:
        """Removes all parts and notes what is asked for."""
        for file in self.folder.iterdir():
            if file.name != _LOCK:
                file.unlink()
        write_text(self.folder / _JOB, json.dumps(dataclasses.asdict(job), indent=2) + "\n")

    def end(self) -> None:
        """Has the folder removed when its lock is released: the answers are joined."""
        (self.folder / _JOB).unlink(missing_ok=True)

    def append(self, number: int, pieces: Sequence[Piece], write: Callable[[Answers, Path], None]) -> Tally:
        """Writes a part."""
        answers = Answers.joined([piece.answers for piece in pieces])
        refused = [each for piece in pieces for each in piece.refused]
        tally = Tally(sum(piece.images for piece in pieces), len(answers.names), len(refused))
        for piece in pieces:
            tally.notes = added(tally.notes, piece.notes)
        with writing(self._file(number, self._form)) as path:
            write(answers, path)
        if refused:
            with writing(self._file(number, "unreadable.csv")) as path:
                csv_form.write_refused(refused, path)
        write_text(self._file(number, "json"), json.dumps(dataclasses.asdict(tally)) + "\n")
        return tally

    def count(self) -> int:
        """Number of parts."""
        return sum(1 for _ in self._numbers())

    def answers(self) -> list[Path]:
        """The files of answers, in order."""
        return [self._file(number, self._form) for number in self._numbers()]

    def unreadable(self) -> list[Path]:
        """The lists of images that cannot be read, in order."""
        files = (self._file(number, "unreadable.csv") for number in self._numbers())
        return [file for file in files if file.exists()]

    def _numbers(self) -> Iterator[int]:
        number = 0
        while self._file(number, "json").exists():
            yield number
            number += 1

    def _file(self, number: int, suffix: str) -> Path:
        return self.folder / f"{number:06d}.{suffix}"


class PartWriter:
    """Writes parts in a thread of its own, while the next answers are computed.

    What was added before Ctrl-C is written when the block ends.
    """

    def __init__(self, parts: Parts, tally: Tally, write: Callable[[Answers, Path], None]) -> None:
        self._parts, self._tally, self._write = parts, tally, write
        self._number = parts.count()
        self._pieces: list[Piece] = []
        self._since = time.monotonic()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="write")
        self._writing: Future[Tally] | None = None

    def __enter__(self) -> PartWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: Any) -> None:
        with self._pool:
            if kind is None or issubclass(kind, KeyboardInterrupt):
                self._flush()
                self._wait()

    def add(self, piece: Piece) -> None:
        """Adds answers, which are on the disk after some seconds."""
        self._pieces.append(piece)
        images = sum(each.images for each in self._pieces)
        late = time.monotonic() - self._since > PART_SECONDS
        if late or images >= PART_IMAGES or images * _numbers_of(piece.answers) >= PART_NUMBERS:
            self._flush()

    def _flush(self) -> None:
        self._wait()
        if self._pieces:
            self._writing = self._pool.submit(self._parts.append, self._number, self._pieces, self._write)
            self._number, self._pieces, self._since = self._number + 1, [], time.monotonic()

    def _wait(self) -> None:
        """Waits for the part that is being written, so that never more than two are held."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            self._tally.add(writing.result())


def _numbers_of(answers: Answers) -> int:
    """How many numbers an image has."""
    extra = (each.shape[1] for each in (answers.every, answers.embeddings) if each is not None)
    return answers.classes.shape[1] + sum(extra)
