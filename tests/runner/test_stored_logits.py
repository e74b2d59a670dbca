"""The logits of a run are those of its images, and a file that a stranger wrote is not believed."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from scipy.special import softmax

from cnncli.errors import RunError
from cnncli.runner.open_run import OpenRun
from cnncli.runner.stored_logits import FILE, stored_logits
from cnncli.runs import RunDir

pytestmark = pytest.mark.slow


@pytest.fixture
def copy(trained, tmp_path) -> OpenRun:
    return OpenRun(RunDir(shutil.copytree(trained.run.path, tmp_path / "copy")))


@pytest.mark.parametrize("split", ["test", "validation"])
def test_they_are_those_of_the_images_of_a_split(trained, copy, split):
    from cnncli.runner.evaluate import evaluate

    stored, evaluation = stored_logits(copy, split), evaluate(copy, split)
    assert np.array_equal(stored.logits, evaluation.logits)
    assert np.array_equal(stored.labels, evaluation.labels)
    assert stored.images.tolist() == list(range(len(evaluation.images)))
    assert np.allclose(softmax(stored.logits, axis=1), evaluation.probabilities, atol=1e-6)


def test_an_older_run_has_none(copy):
    (copy.path / FILE).unlink()
    assert stored_logits(copy, "test") is None


@pytest.mark.parametrize("kind", ["text", "compressed", "classes", "labels", "pickled", "lacking"])
def test_a_file_that_no_training_wrote_is_refused(copy, kind):
    path = copy.path / FILE
    with np.load(path) as stored:
        arrays = dict(stored)
    if kind == "text":
        path.write_text("logits")
    elif kind == "compressed":
        np.savez_compressed(path, **arrays)
    elif kind == "classes":
        np.savez(path, **{**arrays, "test": arrays["test"][:, 1:]})
    elif kind == "labels":
        np.savez(path, **{**arrays, "test_labels": arrays["test_labels"] + 1})
    elif kind == "pickled":
        np.savez(path, **{**arrays, "test": np.array([{}])})
    else:
        np.savez(path, test=arrays["test"])
    with pytest.raises(RunError, match=r"logits\.npz' is damaged"):
        stored_logits(copy, "test")
