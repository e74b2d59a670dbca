"""Whether a network learns one batch by heart, and why not."""

import shutil
from math import log

import numpy as np
import pytest

from cnncli.errors import DataError, TrainingError
from cnncli.runner.inputs.splits import load_splits
from cnncli.runner.preflight.attempt import LEARNED, Learner, batch_of
from cnncli.runner.preflight.overfit import overfit_batch

pytestmark = pytest.mark.slow

DENSE = "{Dense: {units: classes, activation: softmax}}"


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    monkeypatch.setattr("cnncli.runner.preflight.attempt.MOST_STEPS", 150)


@pytest.fixture
def overfit(folder_spec, tmp_path, watcher):
    """Has a network of these layers learn twelve of the squares."""

    def overfit(layers, *overrides):
        spec = folder_spec(f"model.layers=[{layers}]", "train.batch_size=12", *overrides)
        return overfit_batch(spec, tmp_path / "runs", watcher())

    return overfit


@pytest.fixture
def learner(folder_spec, tmp_path):
    """The learner of a batch, with keys changed."""

    def make(*overrides):
        spec = folder_spec(*overrides)
        return Learner(spec, batch_of(load_splits(spec), spec.train.batch_size), tmp_path, lambda text: None)

    return make


def test_a_batch_is_learned_and_nothing_is_left(overfit, tmp_path, cache_folder):
    found = overfit(f"Flatten, {DENSE}")
    tried = found.attempt
    assert (tried.learned, tried.right, found.images, found.reasons) == (True, 12, 12, ())
    assert 0 < tried.steps < 150
    assert tried.last_loss <= LEARNED * log(3) < tried.first_loss
    assert tried.learning_rate == pytest.approx(0.02)
    assert not (tmp_path / "runs").exists()
    assert not cache_folder.exists()


def test_a_batch_has_images_of_every_class(folder_spec):
    batch = batch_of(load_splits(folder_spec()), 9).samples["train"]
    assert np.bincount(batch.labels).min() >= 2
    assert len(batch) == 9


def test_a_learning_rate_that_is_too_high_is_found_by_trying_a_tenth(overfit):
    # of a linear network with squared errors every step beyond a certain length makes the error larger
    high = ("train.optimizer={SGD: {learning_rate: 0.05}}", "train.loss=MeanSquaredError")
    found = overfit("Flatten, {Dense: {units: classes}}", *high)
    assert not np.isfinite(found.attempt.last_loss)
    assert found.reasons[0].found.startswith("the learning rate, 0.05, is too high: with 0.005 the batch is learned in")
    assert found.reasons[0].advice.endswith("to 0.005")


def test_a_learning_rate_that_is_too_low_is_found_by_trying_ten_times(overfit):
    found = overfit(f"Flatten, {DENSE}", "train.optimizer={Adam: {learning_rate: 0.0001}}")
    assert "is too low: with 0.001" in found.reasons[0].found


def test_a_loss_that_is_no_number_whatever_the_learning_rate_is_told(overfit):
    exploding = ("train.optimizer={SGD: {learning_rate: 1e36}}", "train.loss=MeanSquaredError")
    found = overfit("Flatten, {Dense: {units: classes}}", *exploding)
    assert not np.isfinite(found.attempt.last_loss)
    assert "also with a tenth of the learning rate" in found.reasons[0].found


def test_dead_units_are_counted_and_named(overfit):
    dead = "{Dense: {units: 8, activation: relu, bias_initializer: {Constant: {value: -1000}}, name: deaf}}"
    found = overfit(f"Flatten, {dead}, {DENSE}")
    told = [reason.found for reason in found.reasons]
    assert "100% of the units of deaf are zero for every image" in told
    assert any("the gradient hardly reaches deaf" in reason for reason in told)


def test_a_network_that_lost_what_tells_images_apart_is_told_so(overfit):
    blind = "{Dense: {units: 4, activation: sigmoid, kernel_initializer: Zeros, trainable: false}}"
    found = overfit(f"Flatten, {blind}, {DENSE}")
    assert "the network gives the same answer for every image" in [reason.found for reason in found.reasons]


def test_a_frozen_network_is_refused_at_once(overfit):
    with pytest.raises(TrainingError, match="none of its layers is trained"):
        overfit("Flatten, {Dense: {units: classes, activation: softmax, trainable: false}}")


def test_the_same_picture_in_two_classes_is_named(overfit, squares):
    for picture in squares.glob("green/*"):
        shutil.copy(squares / "red" / picture.name, picture)
    # every picture is in both classes now, so the batch cannot but hold one twice when it holds them all
    found = overfit(f"Flatten, {DENSE}", "train.batch_size=60")
    assert len(found.reasons) == 1
    assert "their pixels are the same" in found.reasons[0].found
    assert "is green and" in found.reasons[0].found or "is red" in found.reasons[0].found


def test_a_picture_that_cannot_be_read_is_named(overfit, squares):
    for picture in squares.glob("red/*"):
        picture.write_bytes(picture.read_bytes()[:-60])
    with pytest.raises(DataError, match="red/"):
        overfit(f"Flatten, {DENSE}")


def test_nothing_works_against_learning_by_heart(learner):
    penalty = "kernel_regularizer: {L2: {l2: 0.1}}, activity_regularizer: {L1: {l1: 0.1}}"
    noise = "{Dropout: {rate: 0.9}}, {GaussianNoise: {stddev: 0.9}}"
    made = learner(
        f"model.layers=[Flatten, {noise}, {{Dense: {{units: classes, {penalty}}}}}]",
        "train.loss={CategoricalCrossentropy: {from_logits: true, label_smoothing: 0.3}}",
        "train.optimizer={AdamW: {weight_decay: 0.1}}",
        "train.class_weight=balanced",
    )
    model, (images, targets) = made.model()
    assert np.array_equal(model(images, training=True), model(images, training=False))
    assert model.losses == []
    assert model.optimizer.weight_decay is None
    sure = 1000.0 * targets - 500.0
    assert float(model.compute_loss(images, targets, sure)) == pytest.approx(0, abs=1e-6)


def test_recurrent_layers_drop_nothing(learner):
    made = learner(
        "model.layers=[{Reshape: {target_shape: [-1, 3]}}, {LSTM: {units: 4, dropout: 0.9, recurrent_dropout: 0.5}},"
        " {Dense: {units: classes, activation: softmax}}]"
    )
    model, (images, _) = made.model()
    assert np.array_equal(model(images, training=True), model(images, training=False))


def test_the_rate_of_a_schedule_that_warms_up_is_that_which_it_comes_to(learner):
    warm = "{CosineDecay: {initial_learning_rate: 0, decay_steps: 9, warmup_target: 0.5, warmup_steps: 9}}"
    made = learner(f"train.optimizer={{SGD: {{learning_rate: {warm}}}}}")
    made.model()
    assert made.learning_rate == 0.5
    made.model(0.01)
    assert made.learning_rate == 0.01


def test_a_schedule_over_all_steps_is_gone_through_in_one_attempt(learner):
    made = learner(
        "train.optimizer={Adam: {learning_rate: {CosineDecay: {initial_learning_rate: 0.1, decay_steps: total_steps}}}}"
    )
    model, _ = made.model()
    schedule = model.optimizer._learning_rate
    assert (float(schedule(0)), float(schedule(150))) == (pytest.approx(0.1), pytest.approx(0))
    constant, _ = made.model(0.01)
    assert float(constant.optimizer.learning_rate) == pytest.approx(0.01)


def test_other_losses_need_only_be_right(learner):
    crossentropy, other = learner(), learner("train.loss=MeanSquaredError")
    assert not crossentropy.is_learned(0.5, 8)
    assert not other.is_learned(0.0, 7)
    assert other.is_learned(0.5, 8)
