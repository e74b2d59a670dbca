"""Trackers: they show trainings as they run, or later, and nothing that goes wrong with one ends a training.

TensorBoard gets files, which are written here. MLflow has a process of its own: whatever a server does, the training
continues. Both read the run folder, so a run can be sent at any time, and as often as one likes.

The process of MLflow starts beside each training, so what it does not need is imported in functions.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cnncli.errors import CnncliError, RunError
from cnncli.notices import Notice
from cnncli.observer import TrainingObserver
from cnncli.runs import RunDir
from cnncli.track.sent import Sent
from cnncli.track.tracked_run import spec_of

if TYPE_CHECKING:
    from cnncli.catalog.entries import Entry


def trackers_for(trackers: Sequence[Entry], notice: Notice) -> list[TrainingObserver]:
    """The observers of a training that the trackers of its spec are.

    One that cannot be used on this machine is left out, with a notice.
    """
    from cnncli.catalog.trackers import not_usable

    observers: list[TrainingObserver] = []
    for tracker in trackers:
        if error := not_usable(tracker):
            notice(f"warning: {error.message}, so this part of the training is not tracked; {error.hint}")
        else:
            observers.append(_module(tracker).Observer(tracker.arguments, notice))
    return observers


def send_runs(runs: Sequence[RunDir], to: Sequence[Entry] = (), unsent: bool = False) -> Iterator[Sent]:
    """Sends runs to trackers; what was sent before is not sent twice.

    Args:
        runs: The runs, finished or not.
        to: The trackers; those of each run's spec by default. One without arguments has those of the spec.
        unsent: Leave out runs that name no tracker, and those that were sent.
    """
    from cnncli.catalog.trackers import not_usable

    by_tracker: dict[str, tuple[Entry, list[RunDir]]] = {}
    for run in runs:
        try:
            own = spec_of(run).track
            chosen = [_with_arguments(tracker, own) for tracker in to] or own
            chosen = [each for each in chosen if not (unsent and _module(each).is_sent(run, each.arguments))]
        except CnncliError as error:
            yield Sent(run, error=error)
            continue
        if not chosen and not unsent:
            yield Sent(run, error=RunError(f"the spec of '{run.path}' names no tracker", "say which: --to MLflow"))
        for tracker in chosen:
            by_tracker.setdefault(json.dumps(tracker.plain()), (tracker, []))[1].append(run)
    for tracker, folders in by_tracker.values():
        if reason := not_usable(tracker):
            yield from (Sent(run, error=reason) for run in folders)
        else:
            yield from _module(tracker).send(folders, tracker.arguments)


def _with_arguments(tracker: Entry, own: Sequence[Entry]) -> Entry:
    return next((each for each in own if each.name == tracker.name and not tracker.arguments), tracker)


def _module(tracker: Entry) -> Any:
    """The module of a tracker: `Observer` follows a training, `send` sends runs, `is_sent` tells of which."""
    from cnncli.catalog.trackers import TRACKERS

    return importlib.import_module(f".{TRACKERS[tracker.name].module}", __name__)
