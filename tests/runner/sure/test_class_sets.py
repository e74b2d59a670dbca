"""The sets of a run have thresholds of its validation images, and every lack of them is said."""

from __future__ import annotations

import json

import numpy as np
import pytest

import cnncli
from cnncli.insight.sets import fit_sets, measure_sets
from cnncli.runner.sure.class_sets import class_sets

SPEC = """\
name: colors
data: {source: {folder: {path: colors}}}
model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}
"""
PIXELS = {"mean": 0.0, "border_mean": 0.0, "border_std": 10.0}


@pytest.fixture
def run(tmp_path):
    """Opens a run of so many validation images, as far as sets look at it."""

    def opened(validation=200, test=300, **metrics):
        random = np.random.default_rng(0)
        arrays = {}
        for split, images in (("validation", validation), ("test", test)):
            if images:
                labels = random.integers(0, 3, images).astype(np.int32)
                logits = random.normal(0, 1, (images, 3)) + 2 * np.eye(3)[labels]
                arrays |= {split: logits.astype(np.float32), f"{split}_labels": labels}
                arrays[f"{split}_images"] = np.arange(images, dtype=np.int32)
        (tmp_path / "spec.yaml").write_text(SPEC)
        record = {"class_names": ["a", "b", "c"], "image": [6, 6, 3], "pixels": PIXELS, "counts": {}, "source": {}}
        (tmp_path / "data.json").write_text(json.dumps(record))
        (tmp_path / "metrics.json").write_text(json.dumps(metrics))
        if arrays:
            np.savez(tmp_path / "logits.npz", **arrays)
        return cnncli.open_run(tmp_path)

    return opened


def softmax(logits):
    raised = np.exp(logits.astype(np.float64))
    return (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)


def test_thresholds_are_of_validation_and_figures_of_test_images(run):
    sets = run().class_sets(0.9)
    with np.load(run().path / "logits.npz") as arrays:
        fitted = fit_sets(softmax(arrays["validation"]), arrays["validation_labels"], 0.9)
        measured = measure_sets(fitted, softmax(arrays["test"]), arrays["test_labels"])
        few = softmax(arrays["test"][:20])
    assert np.array_equal(sets.thresholds, fitted.thresholds)
    assert (sets.measured.coverage, sets.measured.interval) == (measured.coverage, measured.interval)
    members = fitted.members(few)
    assert [set(inside) for inside in sets.members(few)] == [{*np.flatnonzero(row)} for row in members]
    assert all(list(few[at][inside]) == sorted(few[at][inside])[::-1] for at, inside in enumerate(sets.members(few)))
    promise, nothing, test, _ = sets.sentence.splitlines()
    assert "90 % of images like the validation images" in promise
    assert "nothing is promised of a single image" in nothing
    assert test.startswith("test images: sets at 0.9 hold the right class in 0.")
    assert max(map(len, sets.sentence.splitlines())) <= 80


def test_images_in_groups_have_no_interval_without_their_groups(run):
    assert "(" in run().class_sets(0.9).sentence.splitlines()[2]
    assert "(" not in run(groups=12).class_sets(0.9).sentence.splitlines()[2]
    assert run(test=0).class_sets(0.9).measured is None


@pytest.mark.parametrize(("level", "said"), [(95, "did you mean 0.95"), (1, "got 1"), (0, "got 0"), (-0.5, "got -0.5")])
def test_a_coverage_is_a_share(run, level, said):
    with pytest.raises(ValueError, match=said):
        run().class_sets(level)
    with pytest.raises(ValueError, match=said):
        run().predict([], coverage=level)


def test_too_few_images_say_how_many_it_takes_and_what_they_suffice_for(run):
    with pytest.raises(cnncli.RunError, match="need 999 validation images, and this run has 200") as caught:
        run().class_sets(0.999)
    assert caught.value.hint == "ask for a coverage of at most 0.995"
    run().class_sets(0.995)


@pytest.mark.parametrize(
    ("arguments", "options", "message", "hint"),
    [
        ({"validation": 0}, {}, "has none of its own", "train with data.split.validation"),
        ({"validation": 0, "test": 0}, {}, "has no logits.npz", "cnncli evaluate"),
        ({"validation": 0, "test": 0, "log_loss": None}, {}, "do not add up to 1", "softmax"),
        ({}, {"weights": "last"}, "the best weights alone", "leave out --weights last"),
        ({}, {"allow_changed_weights": True}, "as they were trained", "leave out --allow-changed-weights"),
    ],
)
def test_what_is_lacking_is_said_with_what_to_do(run, arguments, options, message, hint):
    opened = run(**arguments)
    with pytest.raises(cnncli.RunError, match=message) as caught:
        opened.class_sets(0.9, **options)
    assert hint in caught.value.hint


def test_a_run_is_asked_once(run):
    opened = run()
    first = opened.class_sets(0.9)
    (opened.path / "logits.npz").unlink()
    assert opened.class_sets(0.9) is first
    with pytest.raises(cnncli.RunError):
        class_sets(opened, 0.9, "best", False, None)


def test_calibrated_answers_have_thresholds_of_calibrated_ones(run):
    opened = run()
    (opened.path / "calibration.json").write_text('{"temperature": 2.0, "fit": {"images": 200}}')
    plain, calibrated = opened.class_sets(0.9), opened.class_sets(0.9, calibrated=True)
    assert np.abs(plain.thresholds - calibrated.thresholds).min() > 0.01
    assert calibrated.measured.coverage == pytest.approx(0.9, abs=0.05)
