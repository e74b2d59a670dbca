"""What two runs must have in common when one of them was interrupted and resumed."""

from __future__ import annotations

import csv
import os

import numpy as np

from cnncli.runner.resume_plan import plan_resume
from cnncli.runs import RunDir

SAME = (
    "weights/best.weights.h5",
    "weights/last.weights.h5",
    "predictions.csv",
    "metrics.json",
    "report.txt",
    "report.json",
)
"""Files of results, which are the same to the byte."""

WHOLE = (*SAME, "weights.sha256", "data.json", "images.csv")


def resume(folder, observers, epochs=None):
    """Resumes a run as `cnncli.Run.resume` does: locked, which sweeps what a killed process left half-written."""
    from cnncli.runner.open_run import OpenRun
    from cnncli.runner.resume import resume

    with folder.locked():
        run = OpenRun(folder)
        spec = plan_resume(run, epochs)
        return spec and resume(run, spec, observers)


def arrays_of(run: RunDir) -> dict[str, np.ndarray]:
    """The arrays of the checkpoint."""
    with np.load(run.checkpoint, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files if name != "training.json"}


def history_of(run: RunDir) -> list[dict[str, str]]:
    """The rows of the history, without the seconds."""
    with run.history.open(newline="") as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def assert_same(run: RunDir, whole: RunDir) -> None:
    """A run is finished, and equal to another to the last bit."""
    assert run.status()["state"] == "finished"
    assert history_of(run) == history_of(whole)
    for name in WHOLE:
        assert (run.path / name).read_bytes() == (whole.path / name).read_bytes(), name
    ours, theirs = arrays_of(run), arrays_of(whole)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not np.array_equal(ours[name], theirs[name])] == []
    assert not list(run.path.rglob(".tmp-*"))


def threads_here() -> dict[str, str]:
    """The variable with which TensorFlow takes as many threads for an operation as that of this process does."""
    from cnncli.startup import operation_threads

    return {"TF_NUM_INTRAOP_THREADS": str(operation_threads())}


def same_threads() -> dict[str, str]:
    """Variables for a process whose TensorFlow takes as many threads for an operation as that of this one does."""
    return {**os.environ, **threads_here()}
