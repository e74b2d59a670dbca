"""A run keeps the logits of its images, of very many classes those of a sample."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cnncli.report import EvaluationData, logits
from cnncli.report.artifacts import NotApplicable


@pytest.fixture
def make(make_evaluation):
    def with_logits(classes, images, split="test"):
        return replace(make_evaluation(classes, images), split=split)

    return with_logits


def test_those_of_both_splits_are_there_with_their_labels(make, tmp_path):
    test, validation = make(4, 200), make(4, 30, "validation")
    logits.write_logits(EvaluationData(test, list, validation), tmp_path / "logits.npz")
    with np.load(tmp_path / "logits.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {
            f"{split}{kind}" for split in ("test", "validation") for kind in ("", "_labels", "_images")
        }
        assert arrays["test"].dtype == np.float32
        assert np.array_equal(arrays["test"], test.logits)
        assert np.array_equal(arrays["validation_labels"], validation.labels)
        assert arrays["validation_images"].tolist() == list(range(30))


def test_of_very_many_a_sample_is_kept_that_reaches_from_the_first_to_the_last(make, monkeypatch):
    monkeypatch.setattr(logits, "MOST_LOGITS", 4 * 50)
    evaluation = make(4, 200)
    arrays = logits.arrays_of(evaluation)
    places = arrays["test_images"]
    assert arrays["test"].shape == (50, 4)
    assert (places[0], places[-1], np.unique(places).size) == (0, 199, 50)
    assert np.array_equal(arrays["test"], evaluation.logits[places])
    assert np.array_equal(arrays["test_labels"], evaluation.labels[places])


def test_the_same_logits_give_the_same_bytes(make, tmp_path):
    for name in "ab":
        logits.write_logits(EvaluationData(make(4, 200), list), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_outputs_that_are_no_probabilities_leave_none(make_evaluation, tmp_path):
    with pytest.raises(NotApplicable, match="do not add up to 1"):
        logits.write_logits(EvaluationData(replace(make_evaluation(4, 20), logits=None), list), tmp_path / "logits.npz")
    assert not list(tmp_path.iterdir())
