"""Trials of a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnncli.lasting import lasting


@lasting("path")
@dataclass(frozen=True)
class TuneTrial:
    """A trial of a search.

    Args:
        number: From 0, as Optuna counts.
        state: `complete`, `pruned`, `failed` or `running`.
        value: The metric of the search at the epoch whose weights are kept; None unless it is complete.
        values: What was tried, by key of the spec.
        path: Folder of its run; None where that is on another machine.
        reason: Why it failed.

    Example:
        >>> import cnncli
        >>> space = {"train.batch_size": {"CategoricalDistribution": {"choices": [25, 50]}}}
        >>> tune = {"trials": 1, "space": space}
        >>> trial = cnncli.tune(cnncli.load_spec("mnist.yaml", {"tune": tune, "train.epochs": 1})).trials[0]
        >>> trial.number, trial.state, list(trial.values)
        (0, 'complete', ['train.batch_size'])
    """

    number: int
    state: str
    value: float | None
    values: Mapping[str, Any]
    path: Path | None
    reason: str = ""
