"""The folder of a search, `runs/NAME-tune`, and those of its trials, each of which is an ordinary run."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cnncli import __version__
from cnncli.errors import RunError
from cnncli.machine import create_folder
from cnncli.runs import RunDir, now, write_text
from cnncli.runs.files import leftovers_of
from cnncli.runs.folder import LOCK
from cnncli.runs.groups import RECORD
from cnncli.runs.lock import Lock, may_be_held
from cnncli.runs.searches import KIND, TRIAL
from cnncli.runs.untrusted import Unreadable, read_json

WORKER_LOCK = "worker.lock"


def folder_of(runs_dir: Path, name: str) -> Path:
    """Folder of a search."""
    return runs_dir / f"{name}-tune"


class SearchFolder:
    """The folder of a search on this machine.

    Args:
        path: The folder; a missing one is made.
        token: What distinguishes the search from all others.
        about: What group.json says besides.

    Raises:
        RunError: It holds another search.
    """

    def __init__(self, path: Path, token: str, about: Mapping[str, Any]) -> None:
        self.path, self.token = path, token
        create_folder(path)
        if (path / RECORD).exists():
            record = _read(path / RECORD)
            if record.get("token") != token:
                kind = "another search" if "token" in record else "other runs"
                raise RunError(
                    f"'{path}' holds {kind}, which is not in this storage",
                    "name the storage of that search with --storage, begin another with --name, or remove the folder",
                )
        else:
            record = {"kind": KIND, "token": token, "folder": secrets.token_hex(8), **about, "created": now()}
            record["cnncli"] = __version__
            write_text(path / RECORD, json.dumps(record, indent=2, ensure_ascii=False) + "\n")

        self.id = str(record.get("folder"))

    def sweep(self, names: Iterable[str]) -> None:
        """Removes what killed processes left of files that are written during a turn; the caller has it."""
        for name in names:
            for leftover in leftovers_of(self.path / name):
                leftover.unlink(missing_ok=True)

    def trial(self, number: int) -> TrialFolder:
        """Folder of a trial, which need not exist yet."""
        return TrialFolder(RunDir(self.path / f"trial-{number:03d}"), self.token, number)

    def find(self, number: int, path: str) -> TrialFolder | None:
        """The folder of a trial that some process made at a path, if it can be seen from here; runs may be moved."""
        made = TrialFolder(RunDir(Path(path)), self.token, number)
        return next((folder for folder in (self.trial(number), made) if folder.is_own()), None)


class TrialFolder:
    """The folder of a trial.

    Args:
        run: Its run.
        token: That of the search.
        number: Number of the trial, as Optuna counts, from 0.
    """

    def __init__(self, run: RunDir, token: str, number: int) -> None:
        self.run, self.number, self._token = run, number, token

    def is_own(self) -> bool:
        """Whether it is there and of this trial."""
        try:
            record = self.record()
        except RunError:
            return False
        return (record.get("token"), record.get("number")) == (self._token, self.number)

    def record(self) -> dict[str, Any]:
        """What is known of the trial: its spec, how often its process died, and its result once there is one."""
        return _read(self.run.path / TRIAL)

    def create(self, spec: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Makes the folder, with the spec of the trial, and the values that differ from that of the search."""
        create_folder(self.run.path)
        record = {"token": self._token, "number": self.number, "host": socket.gethostname(), "deaths": 0}
        self._write({**record, "values": dict(values), "spec": dict(spec)})

    def update(self, **entries: Any) -> None:
        """Changes entries of the record."""
        self._write({**self.record(), **entries})

    def find_images(self, data: Mapping[str, Any]) -> None:
        """Has the trial take the section `data` of the search as it is now: files may lie elsewhere by now."""
        spec = self.record()["spec"]
        if spec.get("data") != data:
            self.update(spec={**spec, "data": dict(data)})

    def take(self) -> Lock | None:
        """The lock of the process that has this trial; None while another one has it, or its training still runs."""
        try:
            lock = Lock(self.run.path / WORKER_LOCK)
        except BlockingIOError:
            return None
        if may_be_held(self.run.path / LOCK):
            lock.release()
            return None
        return lock

    def _write(self, record: Mapping[str, Any]) -> None:
        self.run.write_json(TRIAL, record)


def _read(path: Path) -> dict[str, Any]:
    try:
        return read_json(path)
    except Unreadable as reason:
        raise RunError(f"'{path}' cannot be read: {reason}") from None
