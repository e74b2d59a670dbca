"""One run folder: paths of its files, its state, and how it is written to."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from cnncli.errors import ResourceError, RunError
from cnncli.machine import create_folder
from cnncli.runs import hashes
from cnncli.runs.files import write_text, writing
from cnncli.runs.lock import locked_folder, may_be_held
from cnncli.runs.place import File, Place
from cnncli.runs.untrusted import Unreadable, read_json

BEST = (
    "weights/best.weights.h5"  # of the epoch that evaluate and predict use; relative to the run folder, as the others
)
LAST = "weights/last.weights.h5"  # at the end of the training
CHECKPOINT = "checkpoint/state.npz"  # from which a training resumes
PAGE = "report.html"
PACE = "pace.json"  # with max_time, how many epochs fitted
LOCK = "checkpoint/lock"


def now() -> str:
    """The time in UTC, as runs record it: `2026-11-21T03:42:00Z`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class RunDir(Place):
    """One run folder, and the paths of its files."""

    spec, status_file, data = File("spec.yaml"), File("status.json"), File("data.json")
    history, metrics_file = File("history.csv"), File("metrics.json")
    best_weights, checkpoint = File(BEST), File(CHECKPOINT)

    @classmethod
    def claim(cls, folder: Path, prefix: str) -> RunDir:
        """Creates the next numbered folder of a name in a directory of runs; two processes never get the same one.

        Raises:
            ResourceError: The folder cannot be written to.
        """
        try:
            create_folder(folder)
            numbered = (re.fullmatch(rf"{re.escape(prefix)}-(\d+)", entry.name) for entry in folder.iterdir())
            number = max((int(match[1]) for match in numbered if match), default=0) + 1
            while True:
                path = folder / f"{prefix}-{number:03d}"
                try:
                    path.mkdir()  # exclusive: the process that creates it owns it
                    return cls(path)
                except FileExistsError:
                    number += 1
        except OSError as error:
            message = f"cannot create a run folder in '{folder}': {error.strerror or error}"
            raise ResourceError(message, "choose another folder with --runs-dir") from error

    def write(self, name: str) -> contextlib.AbstractContextManager[Path]:
        """Yields a path to write the file `name` of this run to; it appears whole or not at all."""
        return writing(self.path / name)

    @contextlib.contextmanager
    def write_hashed(self, name: str) -> Iterator[Path]:
        """As `write`, with a line in `weights.sha256`.

        The process can be killed between the two renames. So the new line is written before the file is renamed, and
        the line of the previous file stays beside it until `settle_hashes`.
        """
        with self.write(name) as path:
            yield path
            recorded = hashes.read_hashes(self.path / hashes.FILE)
            previous = [line for line in recorded if line[1] == name][-1:]
            others = [line for line in recorded if line[1] != name]
            lines = dict.fromkeys([*others, *previous, (hashes.sha256_of(path), name)])
            self.write_text(hashes.FILE, hashes.text_of(list(lines)))

    def settle_hashes(self) -> None:
        """Removes outdated lines of unchanged files from `weights.sha256`; to be called while nobody writes weights."""
        recorded = hashes.read_hashes(self.path / hashes.FILE)
        lines = Counter(name for _, name in recorded)
        unsettled = [name for name, count in lines.items() if count > 1 and (self.path / name).is_file()]
        current = {name: hashes.sha256_of(self.path / name) for name in unsettled}
        matching = {name for value, name in recorded if current.get(name) == value}
        remainder = [line for line in recorded if line[1] not in matching or line[0] == current[line[1]]]
        if remainder != recorded:
            self.write_text(hashes.FILE, hashes.text_of(remainder))

    def verify(self, name: str) -> None:
        """Checks a file, such as `weights/best.weights.h5`, against its hash in `weights.sha256`.

        Raises:
            RunError: The file is missing, was changed, or is not listed.
        """
        path = self.path / name
        recorded = {value for value, file in hashes.read_hashes(self.path / hashes.FILE) if file == name}
        if not recorded:
            raise RunError(f"'{path}' cannot be trusted: {hashes.FILE} has no line for it")
        if path.is_symlink() or path.parent.is_symlink():
            raise RunError(f"'{path}' points outside the run directory")
        if hashes.sha256_of(path) not in recorded:
            raise RunError(f"'{path}' is not what the training wrote: its hash differs from the one in {hashes.FILE}")

    @contextlib.contextmanager
    def locked(self) -> Iterator[Self]:
        """Holds the lock of this run within the block; temporary files of a killed process are removed first.

        Raises:
            RunError: Another process writes it.
            ResourceError: The folder cannot be written to.
        """
        for name in ("weights", "plots", "checkpoint"):
            if (self.path / name).is_symlink():
                raise RunError(f"'{self.path / name}' points outside the run directory; nothing is written to it")
        with locked_folder(self.path, LOCK, self._holder):
            yield self

    def _holder(self) -> str:
        try:
            status = self.read_json("status.json")
        except RunError:
            return "another process"
        return f"process {status.get('pid')}, since {status.get('since', 'a moment')}"

    def write_text(self, name: str, text: str) -> None:
        """Writes a text file of this run."""
        write_text(self.path / name, text)

    def remove(self, names: Iterable[str]) -> None:
        """Removes those of the named files of this run that exist."""
        try:
            for name in names:
                (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            raise ResourceError(f"cannot write to '{self.path}': {error.strerror or error}") from error

    def write_json(self, name: str, value: Any) -> None:
        """Writes a JSON file of this run."""
        self.write_text(name, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")

    def read_json(self, name: str) -> dict[str, Any]:
        """Reads a JSON file of this run; raises a `RunError` if it is missing or is not JSON."""
        try:
            return read_json(self.path / name)
        except Unreadable as reason:
            self.require()
            raise RunError(f"'{self.path}' is not a complete run: {name} cannot be read ({reason})") from None

    def set_status(self, state: str, **more: Any) -> None:
        """Records the state of the run; earlier entries stay unless they are replaced."""
        status = self.read_json("status.json") if self.status_file.exists() else {"started": now()}
        if state == "running":  # possibly resumed after an interruption
            status = {key: value for key, value in status.items() if key not in ("ended", "reason", "host")}
        status |= {"state": state, "pid": os.getpid()}
        self.write_json("status.json", {**status, "since" if state == "running" else "ended": now(), **more})

    def status(self) -> dict[str, Any]:
        """The recorded state; `interrupted` if it is `running` but nobody holds the lock.

        The system releases a lock when its process ends, also that of a process in another container.
        """
        status = self.read_json("status.json")
        if status.get("state") == "running" and not may_be_held(self.path / LOCK):
            status["state"], status["reason"] = "interrupted", "the process was killed"
        return status

    def is_finished(self) -> bool:
        """Whether every artefact is there; False if the records are damaged."""
        try:
            return self.status().get("state") == "finished"
        except RunError:
            return False

    def metrics(self) -> Mapping[str, Any]:
        """Metrics on the test split; empty before the evaluation."""
        if self.metrics_file.exists():
            return self.read_json("metrics.json")
        self.require()
        return {}
