"""Comparing runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cnncli.api.functions import open_run
from cnncli.api.several import several
from cnncli.runner.open_run import OpenRun

if TYPE_CHECKING:
    from cnncli.records.comparison import Comparison


def compare(runs: Iterable[str | os.PathLike[str] | OpenRun], runs_dir: str | os.PathLike[str] = "runs") -> Comparison:
    """Compares two or more runs by the answers that they recorded for their test images; nothing is measured again.

    Args:
        runs: Opened runs, their folders, or their names in `runs_dir`.
        runs_dir: Directory of runs.

    Raises:
        RunError: There is no such run, it has no answers yet, or fewer than two are named.

    Example:
        >>> import cnncli
        >>> comparison = cnncli.compare(["runs/mnist-001", "runs/mnist-001"])
        >>> comparison.pairs[0].difference, comparison.pairs[0].p
        (0.0, 1.0)
    """
    from cnncli.runner.compare import compare as compare_runs

    named = several(runs, "runs")
    return compare_runs([run if isinstance(run, OpenRun) else open_run(run, runs_dir) for run in named])
