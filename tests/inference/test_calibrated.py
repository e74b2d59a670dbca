"""Calibrated answers are those of the network with divided logits, whichever engine gives them."""

import csv
import json

import numpy as np
import pytest

from cnncli import RunError, open_run
from cnncli.inference import open_engine

pytestmark = pytest.mark.slow

TEMPERATURE = 2.5


def fitted(run, temperature=TEMPERATURE):
    """The run with another temperature, opened again."""
    record = {"temperature": temperature, "fit": {"images": 100}}
    (run.path / "calibration.json").write_text(json.dumps(record))
    return open_run(run.path)


def engine_of(run, name):
    return open_engine(run, name, temperature=TEMPERATURE)


@pytest.mark.exhaustive
def test_engines_agree_and_no_answer_changes(run, images):
    run = fitted(run)
    plain = open_engine(run, "tensorflow").probabilities(images)
    raised = plain.astype(np.float64) ** (1 / TEMPERATURE)
    expected = raised / raised.sum(axis=1, keepdims=True)
    (exported,) = run.export("litert", calibrated=True)
    assert exported.path.name == "litert-calibrated"
    assert json.loads((exported.path / "model.json").read_text())["temperature"] == TEMPERATURE
    assert exported.check["answers_other_than_in_predictions.csv"] == 0
    baked = engine_of(run, "litert")
    assert baked.temperature == 1
    for engine in (baked, engine_of(run, "onnx"), engine_of(run, "tensorflow")):
        found = engine.probabilities(images)
        assert np.abs(found - expected).max() <= 2e-5
        assert np.array_equal(found.argmax(axis=1), plain.argmax(axis=1))
    assert np.abs(open_engine(run, "litert").probabilities(images) - plain).max() <= 1e-5
    run = fitted(run, 4.0)  # what was exported with another temperature is not used
    assert open_engine(run, "litert", temperature=4.0).temperature == 4.0


def test_the_call_and_the_spec_decide(run, images, tmp_path):
    plain = [each.probability for each in run.predict(images[:20])]
    with pytest.raises(RunError, match="cannot be calibrated"):
        run.predict(images[:20], calibrated=True, weights="last")
    run = fitted(run)
    calibrated = run.predict(images[:20], calibrated=True)
    assert [each.class_name for each in calibrated] == [each.class_name for each in run.predict(images[:20])]
    assert np.mean([each.probability for each in calibrated]) < np.mean(plain)
    from PIL import Image

    Image.fromarray(images[0, :, :, 0]).save(tmp_path / "digit.png")
    run.predict_to(tmp_path / "answers.csv", tmp_path / "digit.png", calibrated=True)
    with (tmp_path / "answers.csv").open() as file:
        assert float(next(csv.DictReader(file))["probability"]) == pytest.approx(calibrated[0].probability, abs=1e-5)
    with pytest.raises(RunError, match=r"the temperature of --calibrated is 1\.0, not 2\.5"):
        run.predict_to(tmp_path / "answers.csv", tmp_path / "digit.png", resume=True)
    spec = run.folder.spec
    spec.write_text(spec.read_text().replace("calibration: null", "calibration: temperature"))
    assert open_run(run.path).predict(images[:20]) == calibrated
    assert [each.probability for each in open_run(run.path).predict(images[:20], calibrated=False)] == plain


ONE_UNIT = """\
name: unit
data: {source: {arrays: {path: two.npz}}, split: {validation: 60}}
model: {layers: [Flatten, {Dense: {units: 1, activation: sigmoid}}]}
train: {epochs: 1, batch_size: 50, loss: BinaryCrossentropy}
"""


@pytest.mark.exhaustive
def test_of_one_unit_a_plain_export_has_too_few_digits(tmp_path, monkeypatch):
    import cnncli

    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 200)
    pixels = (random.integers(0, 100, (200, 6, 6)) + 100 * labels[:, None, None]).astype(np.uint8)
    np.savez(tmp_path / "two.npz", x_train=pixels[:140], y_train=labels[:140], x_test=pixels[140:], y_test=labels[140:])
    monkeypatch.chdir(tmp_path)
    run = fitted(cnncli.train(cnncli.load_spec(ONE_UNIT)))
    run.export("litert")
    assert open_engine(run).name == "litert"
    assert engine_of(run, None).name == "tensorflow"
    with pytest.raises(RunError, match="too few digits for 1 − p of one sigmoid unit") as refused:
        engine_of(run, "litert")
    assert refused.value.hint.endswith("--format litert --calibrated")
    run.export("litert", calibrated=True)
    plain, exact, baked = (
        engine.probabilities(pixels[..., None])
        for engine in (open_engine(run), engine_of(run, "tensorflow"), engine_of(run, None))
    )
    assert np.abs(baked - exact).max() <= 1e-5
    assert np.array_equal(baked.argmax(axis=1), plain.argmax(axis=1))
