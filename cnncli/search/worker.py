"""One process of a search: takes a trial, has it trained, reports it, until there are enough."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.trial import FrozenTrial

from cnncli.errors import CnncliError, RunError, SpecError
from cnncli.observer import TuneObserver
from cnncli.records import TuneTrial
from cnncli.runs import PAGE, require_writable
from cnncli.runs.lock import Lock
from cnncli.search.folder import SearchFolder, TrialFolder, folder_of
from cnncli.search.process import TrialProcess
from cnncli.search.proposal import MOST_ATTEMPTS, ask, complete, sampler
from cnncli.search.result import BEST, trials_of, write_results
from cnncli.search.storage import AWAY, Store, open_storage, shown_place
from cnncli.search.study import ERROR, FOLDER, HOST, RUN, STARTED, TOKEN, Search, ended, open_study, running
from cnncli.search.trial_end import STATES, TrialEnd, end_of_run, values_of_epochs
from cnncli.spec import LoadedSpec, load

PAUSE = 1.0
"""Seconds between two looks at what the other processes of a search do."""

MOST_FAILURES = 5
"""Trials that fail one after the other before this process gives up."""


@dataclass(frozen=True)
class Task:
    """A trial that this process has: its folder is locked."""

    trial: FrozenTrial
    folder: TrialFolder
    lock: Lock


class Worker:
    """One process of a search.

    Args:
        loaded: The spec with its search.
        runs_dir: Directory of runs.
        location: Where the search is kept, as `open_storage` takes it.
        observer: Hears of the search.
        command: Command line to record in the runs.

    Raises:
        SpecError: The storage has a search of this name that searches something else.
        ResourceError: The storage cannot be opened, or the folder cannot be written to.
        RunError: The folder holds another search.
    """

    def __init__(
        self, loaded: LoadedSpec, runs_dir: Path, location: str | None, observer: TuneObserver, command: list[str]
    ) -> None:
        self.search, self._runs_dir, self._observer, self._command = Search(loaded), runs_dir, observer, command
        self._told: set[str] = set()
        require_writable(runs_dir)
        path = folder_of(runs_dir, self.search.name)
        self.store: Store = open_storage(location, path, observer.on_notice)
        with self.store.turn:
            self.study = open_study(self.search, self.store, time.time())
            attributes = self.study.user_attrs
            place = self.store.place if location is None else shown_place(location)
            about = {"name": self.search.name, "metric": self.search.metric, "storage": place}
            self.folder = SearchFolder(path, attributes[TOKEN], about)
            self.folder.sweep((BEST, PAGE))
        self._until = None
        if (seconds := self.search.spec.tune.max_seconds) is not None:
            self._until = attributes[STARTED] + seconds
        self._failures = 0

    def run(self) -> FrozenTrial | None:
        """Works until the search is over, and writes best.yaml and the page.

        Returns:
            The best trial; None if none is complete.

        Raises:
            CnncliError: Several trials failed one after the other, or the storage is away for too long.
        """
        trials = self.store.attempt(lambda: self.study.get_trials(deepcopy=False))
        search = self.search
        self._observer.on_start(search.spec, search.metric, self.store.place, self.folder.path, ended(trials))
        while (step := self.store.attempt(self._next)) != "over":
            if isinstance(step, Task):
                self._work(step)
            else:
                self._observer.on_wait(step)
                time.sleep(PAUSE)
        return self.store.attempt(self._write_results)

    def trials(self) -> tuple[TuneTrial, ...]:
        """All trials that have begun, in whichever process."""
        return self.store.attempt(lambda: trials_of(self.folder, self.search, self.study.get_trials(deepcopy=False)))

    def give_up(self, numbers: Sequence[int]) -> None:
        """Counts trials as failed whose machine is gone, so that nobody waits for them.

        Raises:
            RunError: One of them has not begun, has ended, or is being trained here.
        """
        with self.store.turn:
            waiting = {trial.number: trial for trial in running(self.study.get_trials(deepcopy=False))}
            for number in numbers:
                trial = waiting.get(number)
                if trial is None:
                    raise RunError(
                        f"trial {number} is not under way", f"'cnncli runs --group {self.search.name}' lists them"
                    )
                if self.folder.find(number, trial.user_attrs.get(RUN, "")):
                    raise RunError(
                        f"the run of trial {number} is here", "start the search without --give-up to continue it"
                    )
                self.study._storage.set_trial_user_attr(trial._trial_id, ERROR, "its machine is gone")
                self.study.tell(number, state=STATES["failed"])

    def _next(self) -> Task | list[str] | Literal["over"]:
        """What this process does next: a trial, waiting for those in the list, or nothing."""
        with self.store.turn:
            trials = self.study.get_trials(deepcopy=False)
            others = running(trials)
            for trial in others:
                if task := self._left(trial):
                    return task
            wanted, is_late = self.search.spec.tune.wanted, self._until is not None and time.time() >= self._until
            enough = wanted is not None and ended(trials) + len(others) >= wanted
            if not enough and not is_late and (task := self._new()):
                return task
            return [_whereabouts(trial) for trial in others] or "over"

    def _left(self, trial: FrozenTrial) -> Task | None:
        """The task of a trial that another process left: it died, or it was stopped."""
        path = trial.user_attrs.get(RUN)
        if path is None:  # it died before the run was made, during its turn
            return self._begin(trial)
        folder = self.folder.find(trial.number, path)
        if folder is None and trial.user_attrs.get(FOLDER) == self.folder.id:  # somebody removed its run
            return self._begin(trial)
        lock = folder.take() if folder else None
        return Task(trial, folder, lock) if folder and lock else None

    def _new(self) -> Task | None:
        """The task of a new trial; None when a grid has no further point."""
        trial = ask(self.study, self.search.spec.tune, self.search.space, self.search.spec.seed)
        return self._begin(trial) if trial else None

    def _begin(self, trial: FrozenTrial) -> Task | None:
        """Makes the run of a trial that has none, and takes it; None if another process has it after all."""
        if trial.params.keys() != self.search.spec.tune.space.keys():  # its process died while they were drawn
            self.study.sampler = sampler(self.search.spec.tune.sampler, self.search.spec.seed, trial.number)
            complete(optuna.Trial(self.study, trial._trial_id), self.search.space)
            trial = self.study._storage.get_trial(trial._trial_id)
        values = self.search.space.values(trial.params)
        folder = self.folder.trial(trial.number)
        if not folder.is_own():
            folder.create(self.search.trial_spec(values), values)
        if (lock := folder.take()) is None:
            return None
        attributes = {HOST: socket.gethostname(), FOLDER: self.folder.id, RUN: str(folder.run.path.absolute())}
        try:
            for key, value in attributes.items():
                self.study._storage.set_trial_user_attr(trial._trial_id, key, value)
        except BaseException:  # the storage is away: it is taken again when that is back
            lock.release()
            raise
        return Task(trial, folder, lock)

    def _work(self, task: Task) -> None:
        """Trains a trial and reports it."""
        with ExitStack() as stack:
            stack.callback(task.lock.release)
            end = self._trained(task)
            self.store.attempt(lambda: self._tell(task, end))
        best = self.store.attempt(self._write_results)
        is_best = best is not None and best.number == task.trial.number
        self._observer.on_trial_end(task.trial.number, end.state, end.value, end.reason, is_best)
        self._failures = self._failures + 1 if end.state == "failed" else 0
        if self._failures >= MOST_FAILURES:
            raise _given_up(end)

    def _trained(self, task: Task) -> TrialEnd:
        """How a trial ended: from its record or its run, or after it was trained."""
        folder, metric = task.folder, self.search.metric
        record = folder.record()
        self._observer.on_trial(task.trial.number, record["values"], len(task.trial.intermediate_values))
        if "end" in record:  # the storage was away when it ended
            return TrialEnd(**record["end"])
        folder.find_images(self.search.trial_spec(record["values"])["data"])
        end = end_of_run(folder.run, metric) or _contradiction(record["spec"])
        deaths, reason = record["deaths"], "its process died"
        while end is None and deaths < MOST_ATTEMPTS:
            answer = self._follow(task)
            if answer["state"] == "failed":
                end = TrialEnd("failed", None, answer["reason"], answer["hint"], answer["exit_code"])
            elif (end := end_of_run(folder.run, metric)) is None:  # it is continued from its checkpoint
                deaths, reason = deaths + 1, answer["reason"]
                folder.update(deaths=deaths)
        end = end or TrialEnd("failed", reason=f"{reason}, {deaths} times", exit_code=5)
        folder.update(end=vars(end))
        return end

    def _follow(self, task: Task) -> dict[str, Any]:
        reported: dict[int, float] = dict(task.trial.intermediate_values)

        def on_epoch(epoch: int, metrics: Mapping[str, float]) -> bool:
            value = metrics.get(self.search.metric)
            self._observer.on_epoch(task.trial.number, epoch, value)
            if value is not None:
                reported[epoch] = value
            return self._goes_on(task, reported)

        with TrialProcess(task.folder.run.path, self._runs_dir, self._command, task.lock) as process:
            return process.follow(on_epoch, self.notice_once)

    def _goes_on(self, task: Task, reported: Mapping[int, float]) -> bool:
        """Reports epochs and asks the pruner; while the storage is away, every trial goes on."""

        def prunes() -> bool:
            self._report(task.trial, reported)
            trial = self.study._storage.get_trial(task.trial._trial_id)
            return bool(self.study.pruner.prune(self.study, trial))

        try:
            return not prunes()
        except AWAY:
            return True

    def _report(self, trial: FrozenTrial, values: Mapping[int, float]) -> None:
        """Reports those values of epochs that the storage does not have."""
        storage = self.study._storage
        known = storage.get_trial(trial._trial_id).intermediate_values
        for epoch, value in values.items():
            if epoch not in known:
                storage.set_trial_intermediate_value(trial._trial_id, epoch, value)

    def _tell(self, task: Task, end: TrialEnd) -> None:
        """Reports a trial that has ended; once, however often it is tried."""
        trial = self.study._storage.get_trial(task.trial._trial_id)
        if trial.state.is_finished():
            return
        values = {} if end.state == "failed" else values_of_epochs(task.folder.run, self.search.metric)
        self._report(trial, values)
        if end.state == "failed":
            self.study._storage.set_trial_user_attr(trial._trial_id, ERROR, end.reason)
        self.study.tell(trial.number, end.value, STATES[end.state], skip_if_finished=True)

    def _write_results(self) -> FrozenTrial | None:
        with self.store.turn:
            return write_results(self.folder.path, self.search, self.study)

    def notice_once(self, text: str) -> None:
        """Passes on what a training has to say, which most others say as well."""
        if text not in self._told:
            self._told.add(text)
            self._observer.on_notice(text)


def _whereabouts(trial: FrozenTrial) -> str:
    return f"trial {trial.number} on {trial.user_attrs.get(HOST)}"


def _contradiction(spec: Mapping[str, Any]) -> TrialEnd | None:
    """The end of a trial whose values do not go together; None if they do."""
    try:
        load(spec)
    except SpecError as error:
        return TrialEnd("failed", reason=f"its values do not go together: {error.message}", exit_code=error.exit_code)
    return None


def _given_up(end: TrialEnd) -> CnncliError:
    error = CnncliError(f"{MOST_FAILURES} trials failed one after the other; the last: {end.reason}", end.hint)
    error.exit_code = end.exit_code or 1
    return error
