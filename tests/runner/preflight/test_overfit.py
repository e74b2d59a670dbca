"""Whether a network memorises one batch, and why not."""

import shutil
from math import log

import numpy as np
import pytest

from cnncli.errors import DataError, TrainingError
from cnncli.runner.inputs.splits import load_splits
from cnncli.runner.preflight.overfit import MEMORISED, batch_of, build_for_memorising, overfit_batch

pytestmark = pytest.mark.slow

DENSE = "{Dense: {units: classes, activation: softmax}}"


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    monkeypatch.setattr("cnncli.runner.preflight.overfit.MAX_STEPS", 150)


@pytest.fixture
def overfit(folder_spec, tmp_path, watcher):
    """Has a network of these layers memorise twelve of the squares."""

    def overfit(layers, *overrides):
        spec = folder_spec(f"model.layers=[{layers}]", "train.batch_size=12", *overrides)
        return overfit_batch(spec, tmp_path / "runs", watcher())

    return overfit


@pytest.fixture
def build(folder_spec, tmp_path):
    """Builds the model and the batch of a spec, with keys changed."""

    def build(*overrides, rate=None):
        spec = folder_spec(*overrides)
        batch = batch_of(load_splits(spec.data, spec.seed), spec.train.batch_size)
        return build_for_memorising(spec, batch, tmp_path, lambda text: None, rate)

    return build


def test_a_batch_is_memorised_and_nothing_is_left(overfit, tmp_path, cache_folder):
    result = overfit(f"Flatten, {DENSE}")
    attempt = result.attempt
    assert (attempt.learned, attempt.correct, result.images, result.reasons) == (True, 12, 12, ())
    assert 0 < attempt.steps < 150
    assert attempt.losses[-1] <= MEMORISED * log(3) < attempt.losses[0]
    assert attempt.learning_rate == pytest.approx(0.02)
    assert not (tmp_path / "runs").exists()
    assert not cache_folder.exists()


@pytest.mark.exhaustive
def test_weights_that_are_not_finite_are_told_whatever_the_loss_says(overfit):
    rate = "{PiecewiseConstantDecay: {boundaries: [3], values: [1.0e-6, 3.0e+38]}}"
    layers = "{Conv2D: {filters: classes, kernel_size: 3, activation: relu, kernel_constraint: MaxNorm, name: dead}}"
    result = overfit(
        f"{layers}, GlobalAveragePooling2D, Softmax",
        "data.scale=[0, 255]",
        f"train.optimizer={{SGD: {{learning_rate: {rate}}}}}",
    )
    assert not result.attempt.learned
    assert result.attempt.broken == "NaN in dead/kernel"
    assert any("the weights became NaN in dead/kernel" in reason.finding for reason in result.reasons)
    assert not any("unit" in reason.finding for reason in result.reasons)


def test_a_batch_has_images_of_every_class(folder_spec):
    batch = batch_of(load_splits(folder_spec().data, 0), 9).samples["train"]
    assert np.bincount(batch.labels).min() >= 2
    assert len(batch) == 9


def test_a_learning_rate_that_is_too_high_is_found_by_trying_a_tenth(overfit):
    # of a linear network with squared errors every step beyond a certain length makes the error larger
    high = ("train.optimizer={SGD: {learning_rate: 0.05}}", "train.loss=MeanSquaredError")
    result = overfit("Flatten, {Dense: {units: classes}}", *high)
    assert not np.isfinite(result.attempt.losses[-1])
    assert result.reasons[0].finding.startswith(
        "the learning rate, 0.05, is too high: at 0.005 the batch is memorised in"
    )
    assert result.reasons[0].advice.endswith("to 0.005")


@pytest.mark.exhaustive
def test_a_learning_rate_that_is_too_low_is_found_by_trying_ten_times(overfit):
    result = overfit(f"Flatten, {DENSE}", "train.optimizer={Adam: {learning_rate: 0.0001}}")
    assert "is too low: at 0.001" in result.reasons[0].finding


@pytest.mark.exhaustive
def test_a_loss_that_is_not_finite_at_any_learning_rate_is_reported(overfit):
    exploding = ("train.optimizer={SGD: {learning_rate: 1e36}}", "train.loss=MeanSquaredError")
    result = overfit("Flatten, {Dense: {units: classes}}", *exploding)
    assert not np.isfinite(result.attempt.losses[-1])
    assert "even at a tenth of the learning rate" in result.reasons[0].finding


@pytest.mark.exhaustive
def test_dead_units_are_counted_and_named(overfit):
    dead = "{Dense: {units: 8, activation: relu, bias_initializer: {Constant: {value: -1000}}, name: deaf}}"
    result = overfit(f"Flatten, {dead}, {DENSE}")
    findings = [reason.finding for reason in result.reasons]
    assert "100% of the units of deaf are zero for every image" in findings
    assert any("the gradient hardly reaches deaf" in finding for finding in findings)


@pytest.mark.exhaustive
def test_a_network_that_discards_all_differences_is_reported(overfit):
    blind = "{Dense: {units: 4, activation: sigmoid, kernel_initializer: Zeros, trainable: false}}"
    result = overfit(f"Flatten, {blind}, {DENSE}")
    assert "the network gives the same output for every image" in [reason.finding for reason in result.reasons]


def test_a_frozen_network_is_refused_at_once(overfit):
    with pytest.raises(TrainingError, match="all layers are frozen"):
        overfit("Flatten, {Dense: {units: classes, activation: softmax, trainable: false}}")


def test_the_same_picture_in_two_classes_is_named(overfit, squares):
    for picture in squares.glob("green/*"):
        shutil.copy(squares / "red" / picture.name, picture)
    # every picture is in both classes now, so the batch cannot but hold one twice when it holds them all
    result = overfit(f"Flatten, {DENSE}", "train.batch_size=60")
    assert len(result.reasons) == 1
    assert "the same pixels but different classes" in result.reasons[0].finding
    assert {"(green)", "(red)"} <= set(result.reasons[0].finding.split())


def test_a_picture_that_cannot_be_read_is_named(overfit, squares):
    for picture in squares.glob("red/*"):
        picture.write_bytes(picture.read_bytes()[:-60])
    with pytest.raises(DataError, match="red/"):
        overfit(f"Flatten, {DENSE}")


def test_nothing_works_against_memorising(build):
    penalty = "kernel_regularizer: {L2: {l2: 0.1}}, activity_regularizer: {L1: {l1: 0.1}}"
    noise = "{Dropout: {rate: 0.9}}, {GaussianNoise: {stddev: 0.9}}"
    model, (images, targets) = build(
        f"model.layers=[Flatten, {noise}, {{Dense: {{units: classes, {penalty}}}}}]",
        "train.loss={CategoricalCrossentropy: {from_logits: true, label_smoothing: 0.3}}",
        "train.optimizer={AdamW: {weight_decay: 0.1}}",
        "train.class_weight=balanced",
    )
    assert np.array_equal(model(images, training=True), model(images, training=False))
    assert model.losses == []
    assert model.optimizer.weight_decay is None
    sure = 1000.0 * targets - 500.0
    assert float(model.compute_loss(images, targets, sure)) == pytest.approx(0, abs=1e-6)


def test_the_rate_of_a_schedule_that_warms_up_is_that_which_it_comes_to(overfit):
    warm = "{CosineDecay: {initial_learning_rate: 0, decay_steps: 9, warmup_target: 0.5, warmup_steps: 9}}"
    result = overfit(f"Flatten, {DENSE}", f"train.optimizer={{SGD: {{learning_rate: {warm}}}}}")
    assert result.attempt.learning_rate == 0.5


def test_a_schedule_over_all_steps_is_gone_through_in_one_attempt(build):
    cosine = "{CosineDecay: {initial_learning_rate: 0.1, decay_steps: total_steps}}"
    optimizer = f"train.optimizer={{Adam: {{learning_rate: {cosine}}}}}"
    schedule = build(optimizer)[0].optimizer._learning_rate
    assert (float(schedule(0)), float(schedule(150))) == (pytest.approx(0.1), pytest.approx(0))
    assert float(build(optimizer, rate=0.01)[0].optimizer.learning_rate) == pytest.approx(0.01)


@pytest.mark.exhaustive
def test_a_cross_entropy_must_be_low_and_another_loss_must_only_not_have_risen(overfit, monkeypatch):
    monkeypatch.setattr("cnncli.runner.preflight.overfit.MEMORISED", -1.0)
    assert overfit("Flatten, {Dense: {units: classes}}", "train.loss=MeanSquaredError").attempt.learned
    failed = overfit(f"Flatten, {DENSE}").attempt
    assert (failed.learned, failed.correct) == (False, 12)
