"""Test-time augmentation is measured beside the other figures, which stay."""

import json

import numpy as np
import pytest

from cnncli import RunError, open_run

pytestmark = pytest.mark.slow


@pytest.fixture
def shifted(run):
    """The run, as if it was trained on shifted images."""
    spec = run.folder.spec
    moves = "augment:\n- RandomTranslation: {height_factor: 0.1, width_factor: 0.0, fill_mode: constant}"
    spec.write_text(spec.read_text().replace("augment: []", moves))
    return open_run(run.path)


def test_the_gain_is_that_of_all_views_on_the_same_images(shifted, images):
    plain, result = shifted.evaluate("test"), shifted.evaluate("test", tta=True)
    assert np.array_equal(result.evaluation.probabilities, plain.evaluation.probabilities)
    assert {**result.metrics, "tta": 0} == {**plain.metrics, "tta": 0}
    network = shifted.model()
    down, up = (np.roll(images, by, axis=1) for by in (1, -1))  # digits have dark edges
    answers = [np.asarray(network(each, training=False), np.float64) for each in (images, down, up)]
    right = np.mean(answers, axis=0).argmax(axis=1) == plain.evaluation.labels
    before = plain.evaluation.predicted == plain.evaluation.labels
    gain = result.metrics["tta"]
    assert (gain["views"], gain["words"]) == (3, "shifts by 1 pixel")
    assert gain["accuracy"] == pytest.approx(right.mean())
    assert (gain["gained"], gain["lost"]) == ((right & ~before).sum(), (before & ~right).sum())
    assert gain["gain"] == pytest.approx(right.mean() - before.mean())
    assert gain["gain_interval"][0] < gain["gain"] < gain["gain_interval"][1]
    assert "tta" not in json.loads((shifted.path / "metrics.json").read_text())
    shifted.evaluate(tta=True, write=True)
    assert json.loads((shifted.path / "metrics.json").read_text())["tta"] == json.loads(json.dumps(gain))
    assert "with 3 views of each image (shifts by 1 pixel):" in (shifted.path / "report.txt").read_text()


def test_a_run_that_saw_no_flips_or_shifts_is_refused(run):
    with pytest.raises(RunError, match="was not trained on flipped or shifted images"):
        run.evaluate(tta=True)
