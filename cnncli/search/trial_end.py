"""How a trial ended, as its run says."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Literal

from optuna.trial import TrialState

from cnncli.errors import RunError
from cnncli.runner.open_run import OpenRun
from cnncli.runs import RunDir
from cnncli.runs.searches import PRUNED
from cnncli.wording import counted

State = Literal["complete", "pruned", "failed"]

STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
"""Optuna's words for them."""


@dataclass(frozen=True)
class TrialEnd:
    """How a trial ended.

    Args:
        state: A trial whose training diverged counts as pruned: Optuna then looks elsewhere.
        value: The metric of the epoch whose weights are kept; None unless it is complete.
        reason: Why it is not complete.
        hint: What to do about it.
        exit_code: That of the error, if there was one.
    """

    state: State
    value: float | None = None
    reason: str = ""
    hint: str = ""
    exit_code: int = 0


def end_of_run(run: RunDir, metric: str) -> TrialEnd | None:
    """How the training of a run ended; None if it did not end yet. One whose records are damaged has failed."""
    try:
        return _end_of_run(run, metric) if run.status_file.exists() else None
    except RunError as error:
        return TrialEnd("failed", None, error.message, error.hint, error.exit_code)


def _end_of_run(run: RunDir, metric: str) -> TrialEnd | None:
    status = run.status()
    if status["state"] == "finished":
        progress = OpenRun(run).progress  # exact, while history.csv has the digits of a float32
        value = progress.epochs[progress.best - 1].metrics[metric]
        return TrialEnd("complete", value) if isfinite(value) else TrialEnd("pruned", reason=f"its {metric} is {value}")
    if status["state"] == "diverged":
        return TrialEnd("pruned", reason=f"diverged: {status.get('reason')}")
    if status.get("reason") == PRUNED:
        return TrialEnd("pruned", reason=f"after {counted(status.get('epochs', 0), 'epoch')}")
    return None


def values_of_epochs(run: RunDir, metric: str) -> dict[int, float]:
    """The metric of every epoch that has a finite one, by number."""
    if not run.checkpoint.exists():
        return {}
    values = {epoch.number: epoch.metrics[metric] for epoch in OpenRun(run).progress.epochs}
    return {number: value for number, value in values.items() if isfinite(value)}
