"""Trains the best spec of a search with several seeds, and measures each on the test images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from cnncli.errors import CnncliError, RunError
from cnncli.machine import create_folder
from cnncli.notices import Notice
from cnncli.runs import RunDir
from cnncli.runs.lock import Lock
from cnncli.runs.searches import TRIAL
from cnncli.search.process import TrialProcess
from cnncli.search.proposal import MOST_ATTEMPTS
from cnncli.search.study import Search

LOCK = "retrain.lock"


def retrain(
    folder: Path, search: Search, best: FrozenTrial, seeds: int, weights_dir: Path, command: list[str], notice: Notice
) -> Iterator[RunDir]:
    """Trains the best spec with its own seed and those that follow; one that was trained before is not trained again.

    Args:
        folder: Folder of the search.
        search: The search.
        best: Its best trial.
        seeds: Number of seeds.
        weights_dir: Directory of the runs whose weights the spec names.
        command: Command line to record in the runs.
        notice: Receives what the trainings have to say.

    Yields:
        Each run as soon as it has ended.

    Raises:
        RunError: Another process does the same.
        CnncliError: A training failed.
    """
    try:
        lock = Lock(folder / LOCK)
    except BlockingIOError:
        raise RunError("another process of the search trains the best spec already", "wait until it ends") from None
    try:
        spec = search.trial_spec(search.space.values(best.params))
        for seed in range(search.spec.seed, search.spec.seed + seeds):
            run = RunDir(folder / f"best-{best.number:03d}-seed-{seed}")
            create_folder(run.path)
            run.write_json(TRIAL, {"number": best.number, "spec": {**spec, "seed": seed}, "evaluates": True})
            _train(run, weights_dir, command, notice, lock)
            yield run
    finally:
        lock.release()


def _train(run: RunDir, weights_dir: Path, command: list[str], notice: Notice, lock: Lock) -> None:
    answer: Mapping[str, Any] = {}
    for _ in range(MOST_ATTEMPTS):
        if run.status_file.exists() and run.is_finished():
            return
        with TrialProcess(run.path, weights_dir, command, lock) as process:
            answer = process.follow(lambda epoch, metrics: True, notice)
        if answer["state"] not in ("finished", "crashed"):
            break
    if not (run.status_file.exists() and run.is_finished()):
        error = CnncliError(f"the training of '{run.path}' failed: {answer['reason']}", str(answer["hint"]))
        error.exit_code = int(answer["exit_code"])
        raise error
