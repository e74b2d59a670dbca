"""The monitored metric, and the epochs that improve it."""

from __future__ import annotations

import math

import pytest

from cnncli.catalog import Entry
from cnncli.records import Epoch
from cnncli.runner.training.best_epoch import Monitor

ACCURACY = [Entry("metric", "accuracy")]
TRAINED, VALIDATED = ["loss", "accuracy"], ["loss", "accuracy", "val_loss", "val_accuracy"]


@pytest.mark.parametrize(
    ("monitor", "reported", "metrics", "name", "more_is_better"),
    [
        (None, VALIDATED, ACCURACY, "val_accuracy", True),
        (None, TRAINED, ACCURACY, "accuracy", True),
        (None, ["loss", "val_loss"], [], "val_loss", False),
        (None, ["loss"], [], "loss", False),
        ("val_loss", VALIDATED, ACCURACY, "val_loss", False),
        ("accuracy", VALIDATED, ACCURACY, "accuracy", True),
    ],
)
def test_the_monitor_is_the_specs_or_the_most_telling_metric(monitor, reported, metrics, name, more_is_better):
    assert Monitor.of(monitor, reported, metrics) == Monitor(name, more_is_better)


def epoch(accuracy: float, loss: float) -> Epoch:
    return Epoch(1, {"loss": 0.5, "val_accuracy": accuracy, "val_loss": loss}, 0.01, 1.0)


@pytest.mark.parametrize(
    ("candidate", "best", "improves"),
    [
        (epoch(0.5, 1.0), None, True),
        (epoch(0.6, 2.0), epoch(0.5, 1.0), True),
        (epoch(0.5, 0.9), epoch(0.5, 1.0), True),  # a tie, broken by the loss
        (epoch(0.5, 1.0), epoch(0.5, 1.0), False),  # the earlier one stays
        (epoch(0.4, 0.1), epoch(0.5, 1.0), False),
        (epoch(math.nan, 1.0), None, False),
        (epoch(0.9, math.inf), epoch(0.5, 1.0), False),
    ],
)
def test_an_epoch_improves_by_its_metric_then_by_its_loss_and_never_by_what_is_not_finite(candidate, best, improves):
    assert Monitor("val_accuracy", True).improves(candidate, best) is improves


def test_of_a_metric_of_which_less_is_better_the_smaller_value_wins():
    assert Monitor("val_loss", False).improves(epoch(0.1, 0.5), epoch(0.9, 0.6))
