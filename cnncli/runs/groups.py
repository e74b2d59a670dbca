"""A group of runs: a folder in which each run is an ordinary one, of a training with folds or of a search."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cnncli.errors import RunError
from cnncli.machine import expanded
from cnncli.runs.files import write_text
from cnncli.runs.folder import PAGE, RunDir
from cnncli.runs.lock import may_be_held
from cnncli.runs.place import File, Place
from cnncli.runs.untrusted import Unreadable, read_json, require_plain_folder
from cnncli.wording import in_shell, nearest

RECORD = "group.json"
"""The file of a group that says what it is; written before its first run, and when its images were moved."""

GROUP_LOCK = "lock"

FINAL = "final"
"""The run on all images."""

MOST_FOLDS = 100


@dataclass(frozen=True)
class GroupRecord:
    """What a group is.

    Args:
        folds: Number of folds.
        final: Whether a run on all images comes after them.
        own_test: Whether the source has test images of its own, which no fold uses.
        spec: Text of the spec, complete, without the division.
        command: The command line.
        created: When it was started.
        cnncli: Version of this program.
    """

    folds: int
    final: bool
    own_test: bool
    spec: str
    command: Sequence[str]
    created: str
    cnncli: str


class GroupDir(Place):
    """The folder of a group, and the runs of one with folds."""

    metrics_file = File("metrics.json")
    """The figures over all folds, written when these are finished, after the other files about them."""
    page = File(PAGE)
    """The page, written last."""

    @cached_property
    def record(self) -> GroupRecord:
        """What the group is.

        Raises:
            RunError: group.json is missing or damaged.
        """
        try:
            values = read_json(self.path / RECORD)
        except Unreadable as reason:
            self.require()
            raise RunError(f"'{self.path}' is not a complete group: {RECORD} cannot be read ({reason})") from None
        if values.get("kind") == "search":
            raise RunError(f"'{self.path}' is a search", "to continue it, start 'cnncli tune' with its spec again")
        kinds = {"folds": int, "final": bool, "own_test": bool, "spec": str, "command": list, "created": str}
        wrong = [name for name, kind in kinds.items() if type(values.get(name)) is not kind]
        if wrong or not 2 <= values["folds"] <= MOST_FOLDS:
            raise RunError(f"'{self.path}' is not a complete group: '{(wrong or ['folds'])[0]}' in {RECORD} is damaged")
        return GroupRecord(**{name: values[name] for name in kinds}, cnncli=str(values.get("cnncli", "")))

    def write_record(self, record: GroupRecord) -> None:
        """Writes group.json."""
        self.write_json(RECORD, asdict(record))
        self.record = record

    def write_json(self, name: str, value: Any) -> None:
        """Writes a JSON file of this group."""
        write_text(self.path / name, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")

    def fold(self, number: int) -> RunDir:
        """The run of a fold, counted from 1; it need not exist yet."""
        return RunDir(self.path / f"fold-{number}")

    def division(self, number: int) -> Path:
        """The file that says which image is in which split of a fold."""
        return self.path / "splits" / f"fold-{number}.csv"

    @property
    def folds(self) -> list[RunDir]:
        """The runs of all folds, in order; they need not exist yet."""
        return [self.fold(number) for number in range(1, self.record.folds + 1)]

    @property
    def runs(self) -> list[RunDir]:
        """The runs of all folds, and the one on all images if the group has it; they need not exist yet."""
        return self.folds + ([RunDir(self.path / FINAL)] if self.record.final else [])

    def state(self) -> str:
        """`finished`, or how far it is: `3 of 5 runs`, with `running` where a process writes it."""
        runs = self.runs
        done = sum(run.status_file.is_file() and run.is_finished() for run in runs)
        if may_be_held(self.path / GROUP_LOCK):
            return f"running, {done} of {len(runs)} runs"
        return "finished" if done == len(runs) and self.page.is_file() else f"{done} of {len(runs)} runs"


def is_group(folder: Path) -> bool:
    """Whether a folder is that of a group; False if it is private or the name is impossible."""
    return os.path.isfile(folder / RECORD)  # noqa: PTH113 – Path.is_file raises an error for these


def is_unstarted_group(folder: Path) -> bool:
    """Whether a folder is what a training with folds leaves that was killed before it had recorded what it is."""
    is_named_so = re.fullmatch(r".+-folds-\d+", folder.name) is not None
    return is_named_so and os.path.isdir(folder) and not is_group(folder)  # noqa: PTH112


def list_groups(folder: Path) -> list[GroupDir]:
    """Every group in a folder of runs, by name.

    Raises:
        RunError: The folder cannot be read.
    """
    if not os.path.isdir(folder):  # noqa: PTH112
        return []
    try:
        return [GroupDir(path) for path in sorted(folder.iterdir()) if is_group(path)]
    except OSError as error:
        raise RunError(f"'{folder}' cannot be read: {error.strerror or error}") from None


def group_at(name: str, folder: Path) -> GroupDir | None:
    """The group of a path, or of a name in a folder of runs; None if there is none.

    Raises:
        RunError: It contains links.
    """
    for path in (expanded(name), folder / name):
        if is_group(path):
            require_plain_folder(path)  # it may come from anybody
            return GroupDir(path)
    return None


def find_group(name: str, folder: Path) -> GroupDir:
    """The same, where there must be one.

    Raises:
        RunError: There is no such group, or it contains links.
    """
    if group := group_at(name, folder):
        return group
    near = nearest(name, [each.name for each in list_groups(folder)])
    raise RunError(
        f"there is no group '{name}'{near}", "a training with --folds or a search writes one; 'cnncli runs' lists them"
    )


def refuse_group(path: Path) -> None:
    """Refuses the folder of a group in place of a run.

    Raises:
        RunError: It is one.
    """
    if is_group(path):
        first = path / ("trial-000" if (path / "trial-000").exists() else "fold-1")
        raise RunError(
            f"'{path}' is a group of runs, not a run",
            f"name one of its runs, such as {in_shell(first)}; they are listed by: "
            f"cnncli runs --group {in_shell(path)}",
        )
