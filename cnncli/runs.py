"""The run folder: which file is what, how files get there whole, and how runs are found."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cnncli.errors import ResourceError, RunError

STATES = ("running", "finished", "interrupted", "diverged", "failed")


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A path to write to, that becomes `path` when the block ends well and vanishes when it does not.

    The file is written aside under a name with the same suffix (Keras insists on it), synced to disk and renamed, so
    that nobody ever sees half a file.

    Raises:
        ResourceError: the disk is full, or the folder cannot be written to.
    """
    aside = path.with_name(f".tmp-{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise ResourceError(f"cannot write '{path}': {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # a folder cannot be opened there, and a rename is durable without it
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def now() -> str:
    """The time in UTC, as runs record it: `2026-11-21T03:42:00Z`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class RunDir:
    """One run folder, and the paths of what is in it.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.spec = path / "spec.yaml"
        self.status_file = path / "status.json"
        self.environment = path / "environment.json"
        self.data = path / "data.json"
        self.history = path / "history.csv"
        self.metrics_file = path / "metrics.json"
        self.best_weights = path / "weights" / "best.weights.h5"
        self.last_weights = path / "weights" / "last.weights.h5"
        self.log = path / "log.txt"

    @property
    def name(self) -> str:
        """The name of the folder: `mnist-001`."""
        return self.path.name

    @classmethod
    def claim(cls, folder: Path, prefix: str) -> RunDir:
        """Makes the next numbered folder of a name; two processes never get the same one.

        Args:
            folder: where runs live; made when it is missing.
            prefix: the name of the spec.

        Raises:
            ResourceError: the folder cannot be written to.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            taken = [int(tail) for entry in folder.iterdir() if (tail := _number(entry.name, prefix))]
            number = max(taken, default=0) + 1
            while True:
                path = folder / f"{prefix}-{number:03d}"
                try:
                    path.mkdir()  # exclusive: whoever makes it owns it
                    return cls(path)
                except FileExistsError:
                    number += 1
        except OSError as error:
            message = f"cannot make a run folder in '{folder}': {error.strerror or error}"
            raise ResourceError(message, "choose another folder with --runs-dir") from error

    def write(self, name: str) -> contextlib.AbstractContextManager[Path]:
        """A path to write the file `name` of this run to; it appears whole or not at all."""
        return writing(self.path / name)

    def write_text(self, name: str, text: str) -> None:
        """Writes a text file of this run."""
        with self.write(name) as path:
            path.write_text(text, encoding="utf-8")

    def write_json(self, name: str, value: Any) -> None:
        """Writes a JSON file of this run."""
        self.write_text(name, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")

    def read_json(self, name: str) -> dict[str, Any]:
        """Reads a JSON file of this run.

        Raises:
            RunError: it is missing or no JSON.
        """
        try:
            value = json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(f"'{self.path}' is no complete run: {name} cannot be read ({error})") from None
        if not isinstance(value, dict):
            raise RunError(f"'{self.path}' is no complete run: {name} holds no mapping")
        return value

    def set_status(self, state: str, **more: Any) -> None:
        """Records the state of the run; what was recorded before stays unless it is given anew."""
        before = self.read_json("status.json") if self.status_file.exists() else {"started": now()}
        if state == "running":  # again, after an interruption: what ended it is history
            before = {key: value for key, value in before.items() if key not in ("ended", "reason")}
        ended = {} if state == "running" else {"ended": now()}
        self.write_json(
            "status.json", {**before, "state": state, "pid": os.getpid(), "host": socket.gethostname(), **ended, **more}
        )

    def status(self) -> dict[str, Any]:
        """The recorded state; `interrupted` for a run that says it is running but whose process is gone."""
        status = self.read_json("status.json")
        if status.get("state") == "running" and status.get("host") == socket.gethostname():
            alive = _is_alive(status.get("pid"))
            if not alive:
                status["state"], status["reason"] = "interrupted", "the process ended without a word"
        return status

    def is_finished(self) -> bool:
        """Whether every artefact is there; not so when the records are broken."""
        try:
            return self.status().get("state") == "finished"
        except RunError:
            return False

    def metrics(self) -> Mapping[str, Any]:
        """The metrics on the test split; empty before they are known."""
        return self.read_json("metrics.json") if self.metrics_file.exists() else {}


def _number(name: str, prefix: str) -> str:
    tail = name.removeprefix(f"{prefix}-")
    return tail if tail != name and tail.isdigit() else ""


def _is_alive(pid: Any) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def list_runs(folder: Path) -> list[RunDir]:
    """Every run in a folder, by name; folders that are no runs are passed over."""
    if not folder.is_dir():
        return []
    return [RunDir(path) for path in sorted(folder.iterdir()) if (path / "status.json").is_file()]


def find_run(named: str | None, folder: Path) -> RunDir:
    """A run by its path or its name; the newest finished one when none is named.

    Args:
        named: a path, the name of a run in `folder`, or None.
        folder: where runs live.

    Raises:
        RunError: there is no such run.
    """
    if named is None:
        finished = [run for run in list_runs(folder) if run.is_finished()]
        if not finished:
            others = [run for run in list_runs(folder) if run.best_weights.is_file()]
            hint = f"name one that is not finished: --run {others[-1].name}" if others else ""
            raise RunError(
                f"there is no finished run in '{folder}'", hint or "train one first: cnncli train configs/mnist.yaml"
            )
        return max(finished, key=lambda run: str(run.status().get("ended", "")))
    for path in (Path(named), folder / named):
        if (path / "status.json").is_file() or (path / "spec.yaml").is_file():
            return RunDir(path)
    from cnncli.catalog.kinds import nearest

    if Path(named).is_dir():
        raise RunError(f"'{named}' is a folder, but not of a run: it has no status.json")
    near = nearest(named, [run.name for run in list_runs(folder)])
    raise RunError(f"there is no run '{named}'{near}", "'cnncli runs' lists the runs there are")
