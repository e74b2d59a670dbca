"""`--find-lr`: the rate that is suggested, for any optimizer and schedule, and a sentence where none is."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest

from cnncli.runner.preflight.range_test import find_learning_rate, smooth, suggestion

pytestmark = pytest.mark.slow

RATES = np.geomspace(1e-6, 10, 141).tolist()


def curve(falls: float, lowest: float = 1e-2, noise: float = 0.0) -> list[float]:
    """Losses that fall from 2.3 towards a rate, and rise beyond it."""
    logs = np.log10(RATES)
    below, beyond = np.clip((logs + 4) / (np.log10(lowest) + 4), 0, 1), np.clip(logs - np.log10(lowest), 0, None)
    return (2.3 - falls * below + beyond**2 + noise * np.random.default_rng(0).normal(size=len(logs))).tolist()


def suggested(losses: list[float]) -> float | None:
    return suggestion(RATES, losses, smooth(losses))


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("lowest", [1e-3, 1e-2, 1.0])
def test_the_suggestion_is_a_tenth_of_where_the_loss_is_lowest(lowest, noise):
    assert suggested(curve(1.5, lowest, noise)) == pytest.approx(lowest / 10, rel=0.7)


def test_a_loss_that_does_not_fall_suggests_nothing():
    assert suggested([2.3] * len(RATES)) is None
    assert suggested(curve(0.0, noise=0.2)) is None
    assert suggested(curve(0.03)) is None
    assert suggested([nan] * len(RATES)) is None


def test_losses_that_are_not_finite_are_left_out():
    losses = curve(1.5)
    losses[110:] = [inf, *[nan] * (len(losses) - 111)]
    assert suggested(losses) == pytest.approx(1e-3, rel=0.7)
    assert np.isfinite(smooth(losses)[:110]).all()
    assert not np.isfinite(smooth(losses)[110:]).any()


def test_smoothing_keeps_a_straight_line_inside():
    line = np.linspace(0, 1, 90)
    np.testing.assert_allclose(smooth(line.tolist())[5:-5], line[5:-5])


@pytest.fixture
def find(folder_spec, tmp_path, watcher, monkeypatch):
    """Makes the test with few steps on pictures of three colours, with keys changed."""
    monkeypatch.setattr("cnncli.runner.preflight.range_test.FEWEST", 50)
    monkeypatch.setattr("cnncli.runner.preflight.range_test.MOST", 50)

    def find(*overrides):
        layers = "model.layers=[Flatten, {Dense: {units: classes, activation: softmax, name: last}}]"
        return find_learning_rate(folder_spec(layers, *overrides), tmp_path / "runs", watcher())

    return find


COSINE = "{CosineDecay: {initial_learning_rate: 0.1, decay_steps: total_steps}}"
KEYS = {
    "a number": ("{SGD: {learning_rate: 0.1, momentum: 0.9}}", ("train", "optimizer", "SGD", "learning_rate")),
    "a schedule": (
        f"{{Adam: {{learning_rate: {COSINE}, gradient_accumulation_steps: 2}}}}",
        ("train", "optimizer", "Adam", "learning_rate", "CosineDecay", "initial_learning_rate"),
    ),
}


@pytest.mark.representatives("a schedule")
@pytest.mark.parametrize(("optimizer", "key"), KEYS.values(), ids=KEYS)
def test_the_key_is_that_of_the_spec_and_nothing_is_left(find, tmp_path, optimizer, key):
    test = find(f"train.optimizer={optimizer}")
    assert (test.key, test.before) == (key, 0.1)
    assert test.suggested is not None
    assert 1e-5 < test.suggested <= 1
    assert len(test.rates) == len(test.losses) == len(test.smoothed)
    assert not (tmp_path / "runs").exists()


@pytest.mark.exhaustive
def test_of_several_stages_the_first_is_tried(find):
    test = find("train.stages=[{epochs: 1, learning_rate: 0.01}, {epochs: 1, learning_rate: 0.001}]", "train.epochs=2")
    assert test.key == ("train", "stages", 0, "learning_rate")
    assert test.before == 0.01


@pytest.mark.exhaustive
@pytest.mark.parametrize("more", ["train.max_time=60s", "train.precision=mixed_float16", "train.class_weight=balanced"])
def test_other_keys_of_a_training_are_no_obstacle(find, more):
    assert find(more).suggested is not None


@pytest.mark.exhaustive
def test_the_head_on_a_frozen_part_is_tried_on_its_features(find):
    layers = "{Conv2D: {filters: 8, kernel_size: 7, strides: 4, trainable: false}}, GlobalAveragePooling2D"
    test = find(f"model.layers=[{layers}, {{Dense: {{units: classes, activation: softmax}}}}]")
    assert test.suggested is not None
