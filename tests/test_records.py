"""Records answer the questions that reports ask of them, and cannot be changed."""

import dataclasses
import math

import numpy as np
import pytest

from cnncli.records import Epoch, Evaluation, History, LayerRow, ModelSummary, Prediction, TrainingMemory


def epoch(number: int) -> Epoch:
    return Epoch(number, {"loss": 1 / number}, 0.01, 2.0)


def test_the_best_epoch_is_found_by_its_number():
    epochs = tuple(epoch(number) for number in (1, 2, 3))
    assert History(epochs, "val_accuracy", best=2).best_epoch() is epochs[1]


def test_without_an_epoch_none_is_best():
    assert History((), "val_accuracy", best=0).best_epoch() is None


def measured(accuracy: float, loss: float) -> Epoch:
    return Epoch(1, {"loss": 0.5, "val_accuracy": accuracy, "val_loss": loss}, 0.01, 1.0)


@pytest.mark.parametrize(
    ("candidate", "best", "improves"),
    [
        (measured(0.5, 1.0), None, True),
        (measured(0.6, 2.0), measured(0.5, 1.0), True),
        (measured(0.5, 0.9), measured(0.5, 1.0), True),  # a tie, broken by the loss
        (measured(0.5, 1.0), measured(0.5, 1.0), False),  # the earlier one stays
        (measured(0.4, 0.1), measured(0.5, 1.0), False),
        (measured(math.nan, 1.0), None, False),
        (measured(0.9, math.inf), measured(0.5, 1.0), False),
    ],
)
def test_an_epoch_improves_by_its_metric_then_by_its_loss_and_never_by_what_is_not_finite(candidate, best, improves):
    assert candidate.improves_on(best, "val_accuracy", True) is improves


def test_of_a_metric_of_which_less_is_better_the_smaller_value_wins():
    assert measured(0.1, 0.5).improves_on(measured(0.9, 0.6), "val_loss", False)


def test_an_evaluation_knows_the_predicted_class_and_how_sure_the_model_is():
    probabilities = np.array([[0.2, 0.7, 0.1], [0.5, 0.25, 0.25]], np.float32)
    evaluation = Evaluation("test", ("a", "b", "c"), ("0", "1"), np.array([1, 2]), probabilities, {"loss": 0.5})
    assert evaluation.predicted.tolist() == [1, 0]
    assert evaluation.predicted.dtype == np.int64
    assert evaluation.confidence.tolist() == [np.float32(0.7), 0.5]
    assert evaluation.confidence.dtype == np.float32


def test_the_most_probable_classes_come_first_and_equal_ones_in_their_own_order():
    of_image = "cat.png", ("ant", "bee", "cat", "dog"), (0.1, 0.2, 0.6, 0.1)
    assert Prediction(*of_image, top_k=2).top == (("cat", 0.6), ("bee", 0.2))
    assert [name for name, _ in Prediction(*of_image, top_k=9).top] == ["cat", "bee", "ant", "dog"]


@pytest.mark.parametrize(
    ("probabilities", "name"),
    [((0.5, 0.25, 0.25), "dog"), ((0.51, 0.25, 0.24), None), ((0.3, 0.3, 0.4), "cat"), ((1.0, 0.0, 0.0), None)],
)
def test_the_second_class_is_a_runner_up_from_half_of_the_first_on(probabilities, name):
    runner_up = Prediction("a.png", ("cat", "dog", "owl"), probabilities).runner_up
    assert (runner_up and runner_up[0]) == name


def test_a_summary_adds_up_its_layers():
    rows = (
        LayerRow("conv2d_1", "Conv2D", (32, 32, 16), 208, 0, 196_608, 400_000, frozen=208),
        LayerRow("batch_normalization_1", "BatchNormalization", (32, 32, 16), 64, 32, 0, 32_768),
        LayerRow("own", "Own", (32, 32, 16), 10, 10, None),
    )
    summary = ModelSummary(rows, (32, 32, 3), 1128)
    assert (summary.parameters, summary.trainable, summary.frozen) == (282, 42, 208)
    assert (summary.macs, summary.flops, summary.uncounted) == (196_608, 432_768, rows[2:])


def test_the_memory_of_training_is_that_of_all_its_parts():
    assert TrainingMemory(32, weights=1, gradients=20, optimizer=300, activations=4000, working=50_000).total == 54_321


def test_records_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        epoch(1).number = 2
