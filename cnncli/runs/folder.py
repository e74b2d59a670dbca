"""One run folder: paths of its files, its state, and how it is written to."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cnncli.errors import ResourceError, RunError
from cnncli.runs import hashes
from cnncli.runs.files import sweep_leftovers, writing
from cnncli.runs.lock import Lock, is_free
from cnncli.runs.untrusted import Unreadable, read_json

BEST = "weights/best.weights.h5"
"""Weights that evaluate and predict use, relative to the run folder."""
LAST = "weights/last.weights.h5"
"""Weights at the end of the training."""
CHECKPOINT = "checkpoint/state.npz"
"""State from which a training resumes."""
LOCK = "checkpoint/lock"


def now() -> str:
    """The time in UTC, as runs record it: `2026-11-21T03:42:00Z`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class RunDir:
    """One run folder, and the paths of its files.

    Args:
        path: Path of the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.spec = path / "spec.yaml"
        self.status_file = path / "status.json"
        self.data = path / "data.json"
        self.history = path / "history.csv"
        self.metrics_file = path / "metrics.json"
        self.best_weights = path / BEST
        self.checkpoint = path / CHECKPOINT

    @property
    def name(self) -> str:
        """Name of the folder: `mnist-001`."""
        return self.path.name

    @classmethod
    def claim(cls, folder: Path, prefix: str) -> RunDir:
        """Creates the next numbered folder of a name; two processes never get the same one.

        Args:
            folder: Directory of runs; created if it is missing.
            prefix: Name of the spec.

        Raises:
            ResourceError: The folder cannot be written to.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            taken = [int(tail) for entry in folder.iterdir() if (tail := _number(entry.name, prefix))]
            number = max(taken, default=0) + 1
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
        current = {name: self._hash_of(name) for name in unsettled}
        matching = {name for value, name in recorded if current.get(name) == value}
        settled = [line for line in recorded if line[1] not in matching or line[0] == current[line[1]]]
        if settled != recorded:
            self.write_text(hashes.FILE, hashes.text_of(settled))

    def verify(self, name: str) -> None:
        """Checks a file against its hash in `weights.sha256`.

        Args:
            name: Name relative to the run folder, with forward slashes: `weights/best.weights.h5`.

        Raises:
            RunError: The file is missing, was changed, or is not listed.
        """
        path = self.path / name
        recorded = {value for value, file in hashes.read_hashes(self.path / hashes.FILE) if file == name}
        if not recorded:
            raise RunError(f"'{path}' cannot be trusted: {hashes.FILE} has no line for it")
        if path.is_symlink() or path.parent.is_symlink():
            raise RunError(f"'{path}' points outside the run directory")
        if self._hash_of(name) not in recorded:
            raise RunError(f"'{path}' is not what the training wrote: its hash differs from the one in {hashes.FILE}")

    def _hash_of(self, name: str) -> str:
        try:
            return hashes.sha256_of(self.path / name)
        except OSError as error:
            raise RunError(f"'{self.path / name}' cannot be read: {error.strerror or error}") from None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the lock of this run within the block; temporary files of a killed process are removed first.

        Raises:
            RunError: Another process writes it.
            ResourceError: The folder cannot be written to.
        """
        for name in ("weights", "plots", "checkpoint"):
            if (self.path / name).is_symlink():
                raise RunError(f"'{self.path / name}' points outside the run directory; nothing is written to it")
        try:
            lock = Lock(self.path / LOCK)
        except BlockingIOError:
            raise RunError(f"'{self.path}' is being written by {self._holder()}", "wait until it ends") from None
        except OSError as error:
            raise ResourceError(f"cannot write to '{self.path}': {error.strerror or error}") from error
        try:
            sweep_leftovers(self.path)
            yield
        finally:
            lock.release()

    def _holder(self) -> str:
        try:
            status = self.read_json("status.json")
        except RunError:
            return "another process"
        return f"process {status.get('pid')} on {status.get('host')}, since {status.get('since', 'a moment')}"

    def write_text(self, name: str, text: str) -> None:
        """Writes a text file of this run."""
        with self.write(name) as path:
            path.write_text(text, encoding="utf-8")

    def remove(self, names: Iterable[str]) -> None:
        """Removes those of the named files of this run that exist.

        Raises:
            ResourceError: The folder cannot be written to.
        """
        try:
            for name in names:
                (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            raise ResourceError(f"cannot write to '{self.path}': {error.strerror or error}") from error

    def write_json(self, name: str, value: Any) -> None:
        """Writes a JSON file of this run."""
        self.write_text(name, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")

    def read_json(self, name: str) -> dict[str, Any]:
        """Reads a JSON file of this run.

        Raises:
            RunError: It is missing, or is not JSON.
        """
        try:
            return read_json(self.path / name)
        except Unreadable as reason:
            raise RunError(f"'{self.path}' is not a complete run: {name} cannot be read ({reason})") from None

    def set_status(self, state: str, **more: Any) -> None:
        """Records the state of the run; earlier entries stay unless they are replaced."""
        earlier = self.read_json("status.json") if self.status_file.exists() else {"started": now()}
        if state == "running":  # resumed after an interruption
            earlier = {key: value for key, value in earlier.items() if key not in ("ended", "reason")}
        ended = {"since": now()} if state == "running" else {"ended": now()}
        self.write_json(
            "status.json",
            {**earlier, "state": state, "pid": os.getpid(), "host": socket.gethostname(), **ended, **more},
        )

    def status(self) -> dict[str, Any]:
        """The recorded state; `interrupted` if it is `running` but the process is gone.

        The system releases a lock when its process ends. So a free lock proves it, even if the process ID was reused,
        and from within another container.
        """
        status = self.read_json("status.json")
        if status.get("state") == "running":
            here = status.get("host") == socket.gethostname()
            if is_free(self.path / LOCK) or (here and not _is_alive(status.get("pid"))):
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
        return self.read_json("metrics.json") if self.metrics_file.exists() else {}


def _number(name: str, prefix: str) -> str:
    tail = name.removeprefix(f"{prefix}-")
    return tail if tail != name and tail.isdecimal() else ""


def _is_alive(pid: Any) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):  # the second for numbers that no process can have
        return False
    except OSError:
        return True
    return True
