"""How a trial ended, as its run says."""

import pytest

from cnncli.records import Epoch
from cnncli.runner.training.checkpoint import TrainingState, write_checkpoint
from cnncli.runs import CHECKPOINT, RunDir
from cnncli.runs.searches import PRUNED
from cnncli.search.trial_end import TrialEnd, end_of_run, values_of_epochs


@pytest.fixture
def run(tmp_path):
    """A run of three epochs, of which the second is the best; the last one has no finite loss."""
    run = RunDir(tmp_path / "trial-000")
    losses = (0.5, 0.25, float("nan"))
    epochs = tuple(Epoch(number, {"val_loss": loss}, 0.1, 1.0) for number, loss in enumerate(losses, 1))
    with run.write(CHECKPOINT) as path:
        write_checkpoint(path, TrainingState(epochs, best=2))
    return run


@pytest.mark.parametrize(
    ("status", "end"),
    [
        ({"state": "finished"}, TrialEnd("complete", 0.25)),
        ({"state": "diverged", "reason": "inf"}, TrialEnd("pruned", reason="diverged: inf")),
        ({"state": "interrupted", "reason": PRUNED, "epochs": 3}, TrialEnd("pruned", reason="after 3 epochs")),
        ({"state": "interrupted", "reason": "SIGTERM"}, None),
        ({"state": "running"}, None),
        ({"state": "failed", "reason": "no disk"}, None),
    ],
)  # fmt: skip
def test_the_end_of_a_run(run, status, end):
    assert end_of_run(run, "val_loss") is None
    run.write_json("status.json", status)
    assert end_of_run(run, "val_loss") == end


def test_a_damaged_run_has_failed(run):
    run.write_text("status.json", "{")
    assert end_of_run(run, "val_loss").state == "failed"
    run.write_json("status.json", {"state": "finished"})
    run.checkpoint.write_bytes(b"PK")
    assert "is damaged" in end_of_run(run, "val_loss").reason


def test_a_value_that_is_not_finite_counts_as_pruned(run):
    run.write_json("status.json", {"state": "finished"})
    with run.write(CHECKPOINT) as path:
        write_checkpoint(path, TrainingState((Epoch(1, {"val_loss": float("nan")}, 0.1, 1.0),), best=1))
    assert end_of_run(run, "val_loss") == TrialEnd("pruned", reason="its val_loss is nan")


def test_only_finite_values_are_reported(run):
    assert values_of_epochs(run, "val_loss") == {1: 0.5, 2: 0.25}
