"""The temperature of a run is used where the call or its spec wants it, and its lack is told."""

import json
from types import SimpleNamespace

import pytest

from cnncli.errors import RunError
from cnncli.runner.temperature import temperature_for


@pytest.fixture
def run(tmp_path):
    """A run that wants no calibration, and has a temperature of 2.5."""
    fitted = {"temperature": 2.5, "fit": {"value": 2.5, "images": 300}}
    (tmp_path / "calibration.json").write_text(json.dumps(fitted))
    return SimpleNamespace(path=tmp_path, spec=SimpleNamespace(calibration=None), metrics={})


@pytest.fixture
def notes():
    return []


@pytest.mark.parametrize(
    ("in_spec", "calibrated", "temperature"),
    [
        (None, None, 1),
        (None, True, 2.5),
        ("temperature", None, 2.5),
        ("temperature", False, 1),
    ],
)
def test_the_call_comes_before_the_spec(run, notes, in_spec, calibrated, temperature):
    run.spec.calibration = in_spec
    assert temperature_for(run, calibrated, "best", notes.append) == temperature
    assert notes == []


def without_file(run):
    (run.path / "calibration.json").unlink()


def with_few_images(run):
    without_file(run)
    run.metrics = {"images": 49, "log_loss": 0.5}


def with_several_sigmoids(run):
    without_file(run)
    run.metrics = {"images": 200, "log_loss": None}


def without_validation(run):
    (run.path / "calibration.json").write_text('{"temperature": 1.0, "fit": null}')


@pytest.mark.parametrize(
    ("change", "weights", "reason"),
    [
        (without_file, "best", "it has no calibration.json, as runs of older versions do not"),
        (with_few_images, "best", "it was tested on fewer than 50 images"),
        (with_several_sigmoids, "best", "the outputs of its network for an image do not add up to 1"),
        (without_validation, "best", "a temperature is fitted on validation images, and it has none"),
        (lambda run: None, "last", "the temperature belongs to the best weights, not to the last ones"),
    ],
)
def test_a_run_without_one_is_refused_where_the_call_wants_it_and_told_of_where_its_spec_does(
    run, notes, change, weights, reason
):
    change(run)
    with pytest.raises(RunError, match=f"cannot be calibrated: {reason}"):
        temperature_for(run, True, weights, notes.append)
    assert notes == []
    run.spec.calibration = "temperature"
    assert temperature_for(run, None, weights, notes.append) == 1
    assert len(notes) == 1
    assert notes[0].startswith(f"note: confidences are not calibrated: {reason}")


def test_where_none_helps_confidences_stay_as_they_are(run, notes):
    (run.path / "calibration.json").write_text('{"temperature": 1.0, "fit": {"images": 1234}}')
    assert temperature_for(run, True, "best", notes.append) == 1
    assert notes == [
        "note: confidences stay as they are: no temperature helps by more than luck on 1,234 validation images"
    ]
    run.spec.calibration = "temperature"
    assert temperature_for(run, None, "best", notes.append) == 1
    assert len(notes) == 1


@pytest.mark.parametrize(
    "text", ["2.5", "{}", '{"temperature": "2"}', '{"temperature": 0}', '{"temperature": 2, "fit": {"images": "many"}}']
)
def test_a_file_that_no_training_wrote_is_refused(run, notes, text):
    (run.path / "calibration.json").write_text(text)
    with pytest.raises(RunError, match=r"calibration\.json' is damaged"):
        temperature_for(run, True, "best", notes.append)
