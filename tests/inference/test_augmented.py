"""Test-time augmentation is measured beside the other figures, which stay."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from cnncli import RunError, open_run

pytestmark = pytest.mark.slow


@pytest.fixture
def shifted(run):
    """The run, as if it was trained on shifted images."""
    spec = run.folder.spec
    moves = "augment:\n- RandomTranslation: {height_factor: 0.1, width_factor: 0.0, fill_mode: constant}"
    spec.write_text(spec.read_text().replace("augment: []", moves))
    return open_run(run.path)


@pytest.mark.exhaustive
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


@pytest.mark.exhaustive
def test_predictions_are_the_mean_over_all_views_by_whichever_engine(shifted, images, tmp_path):
    few = images[:70]
    expected = np.mean([shifted.model().predict(np.roll(few, by, axis=1), verbose=0) for by in (0, 1, -1)], axis=0)
    for engine in ("litert", "tensorflow"):
        found = shifted.predict(few, engine=engine, tta=True)
        assert np.abs(np.array([each.probabilities for each in found]) - expected).max() < 0.02  # trained in bfloat16
    assert found != shifted.predict(few, engine="tensorflow")
    Image.fromarray(few[0, :, :, 0]).save(tmp_path / "digit.png")
    out = tmp_path / "answers.csv"
    shifted.predict_to(out, tmp_path / "digit.png", tta=True)
    with out.open() as file:
        assert float(next(csv.DictReader(file))["probability"]) == pytest.approx(found[0].probability, abs=1e-5)
    with pytest.raises(RunError, match="--tta is off, not on"):
        shifted.predict_to(out, tmp_path / "digit.png", resume=True)


def test_what_was_fitted_for_one_view_is_not_used_for_several(shifted, images):
    with pytest.raises(RunError, match="its temperature was fitted for one view of each image"):
        shifted.predict(images[:1], tta=True, calibrated=True)
    with pytest.raises(ValueError, match="measured for one view"):
        shifted.predict(images[:1], tta=True, coverage=0.9)


def test_a_run_that_saw_no_flips_or_shifts_is_refused(run):
    with pytest.raises(RunError, match="was not trained on flipped or shifted images"):
        run.evaluate(tta=True)
    with pytest.raises(RunError, match="so --tta has no views to average"):
        run.predict(np.zeros((28, 28), np.uint8), tta=True)
