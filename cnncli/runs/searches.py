"""The folder of a search by `cnncli tune`: a group whose runs are its trials."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnncli.errors import RunError
from cnncli.machine import expanded
from cnncli.runs.folder import RunDir
from cnncli.runs.groups import RECORD, GroupDir, is_group
from cnncli.runs.place import Place
from cnncli.runs.untrusted import Unreadable, read_json

KIND = "search"
"""The `kind` in group.json."""

TRIAL = "trial.json"
"""The file of a run that says which trial it is."""

PRUNED = "pruned by the search"
"""The reason in status.json of a trial that the search ended early."""


@dataclass(frozen=True)
class TrialRecord:
    """What the run of a trial says.

    Args:
        run: The run.
        number: Number of the trial, from 0.
        values: What the search tries, by key.
        state: `complete`, `pruned`, `failed`, or the state of a run that has not ended.
        value: The metric of the search; None unless it is complete.
        reason: Why it is not complete.
    """

    run: RunDir
    number: int
    values: Mapping[str, Any]
    state: str
    value: float | None
    reason: str


class SearchDir(Place):
    """The folder of a search, and its trials on this machine."""

    def record(self) -> dict[str, Any]:
        """What group.json says: name, metric, storage, created.

        Raises:
            RunError: It cannot be read.
        """
        try:
            return read_json(self.path / RECORD)
        except Unreadable as reason:
            raise RunError(f"'{self.path}' is not a complete search: {RECORD} cannot be read ({reason})") from None

    def trials(self) -> list[TrialRecord]:
        """Every trial that has begun on this machine, by number; those whose records are damaged are left out."""
        folders = sorted(path.parent for path in self.path.glob(f"trial-*/{TRIAL}"))
        read = (_trial(RunDir(folder)) for folder in folders)
        return sorted((trial for trial in read if trial is not None), key=lambda trial: trial.number)

    def state(self) -> str:
        """How many trials ended, and how many are being trained: `12 trials, 2 running`."""
        states = [trial.state for trial in self.trials()]
        running = states.count("running")
        ended = sum(state in ("complete", "pruned") for state in states)
        return f"{ended} trials, {running} running" if running else f"{ended} trials"


def _trial(run: RunDir) -> TrialRecord | None:
    try:
        record = read_json(run.path / TRIAL)
        status = run.status() if run.status_file.exists() else {"state": "not started"}
        end = record.get("end")
        if not isinstance(end, dict):
            end = {"state": status.get("state"), "reason": status.get("reason")}
        value, values = end.get("value"), record.get("values")
        return TrialRecord(
            run,
            int(record["number"]),
            values if isinstance(values, dict) else {},
            str(end.get("state")),
            float(value) if isinstance(value, int | float) else None,
            str(end.get("reason") or ""),
        )
    except (RunError, Unreadable, KeyError, TypeError, ValueError):
        return None


def is_search(group: GroupDir) -> bool:
    """Whether a group is that of a search; False if its record is damaged."""
    try:
        return read_json(group.path / RECORD).get("kind") == KIND
    except Unreadable:
        return False


def search_at(name: str, folder: Path) -> SearchDir | None:
    """The search of a path, or of a name in a folder of runs; None if there is none.

    It may come from anybody and be of any size: nothing but its JSON is read.
    """
    for path in (expanded(name), folder / name, folder / f"{name}-tune"):
        if os.path.isdir(path) and is_group(path) and is_search(GroupDir(path)):  # noqa: PTH112
            return SearchDir(path)
    return None
