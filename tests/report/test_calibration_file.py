"""calibration.json has what confidences mean; its temperature is that of the validation images."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax

from cnncli.report import EvaluationData
from cnncli.report.artifacts import NotApplicable
from cnncli.report.calibration import write_calibration
from cnncli.report.plots import style
from cnncli.report.plots.reliability import draw_reliability, figure_of


@pytest.fixture
def too_sure(make_evaluation):
    """An evaluation that is right in 80 of 100 images and surer than that."""

    def make(images, factor):
        evaluation = make_evaluation(4, images)
        logits = factor * evaluation.logits
        return replace(evaluation, logits=logits, probabilities=softmax(logits, axis=1))

    return make


def test_the_temperature_is_that_of_the_validation_images(too_sure, tmp_path):
    data = EvaluationData(too_sure(600, 8), list, too_sure(400, 8))
    write_calibration(data, tmp_path / "calibration.json")
    record = json.loads((tmp_path / "calibration.json").read_text())
    assert (record["split"], record["fit"]["images"]) == ("test", 400)
    assert record["temperature"] == record["fit"]["value"] > 2
    assert record["with"]["ece"] < record["without"]["ece"]
    assert record["with"]["accuracy"] == record["without"]["accuracy"]
    assert record["without"]["is_off"]
    assert record["without"]["sentence"].endswith(" here")


def test_without_validation_images_there_is_none(too_sure, tmp_path):
    write_calibration(EvaluationData(too_sure(600, 8), list), tmp_path / "calibration.json")
    record = json.loads((tmp_path / "calibration.json").read_text())
    assert (record["temperature"], record["fit"], record["with"]) == (1.0, None, None)


def test_bins_of_one_group_have_no_interval(too_sure, tmp_path):
    evaluation = replace(too_sure(600, 8), groups=np.zeros(600, np.int64))
    data = EvaluationData(evaluation, list)
    write_calibration(data, tmp_path / "calibration.json")
    record = json.loads((tmp_path / "calibration.json").read_text(), parse_constant=pytest.fail)
    assert record["without"]["interval"] == [None, None]
    draw_reliability(data, tmp_path / "reliability.png")


@pytest.mark.parametrize(("images", "reason"), [(40, "fewer than 50"), (200, "do not add up")])
def test_where_nothing_can_be_said_there_is_no_file(too_sure, tmp_path, images, reason):
    evaluation = too_sure(images, 1)
    if images > 50:
        evaluation = replace(evaluation, logits=None)
    for write in (write_calibration, draw_reliability):
        with pytest.raises(NotApplicable, match=reason):
            write(EvaluationData(evaluation, list), tmp_path / "file.png")


def test_the_picture_shows_both(too_sure, tmp_path, opened, overlapping):
    data = EvaluationData(too_sure(1200, 8), list, too_sure(400, 8))
    draw_reliability(data, tmp_path / "reliability.png")
    assert opened(tmp_path / "reliability.png").shape[2] == 3
    with style.applied():
        temperature, plain, calibrated = data.calibrations
        assert overlapping(figure_of(plain, calibrated, temperature.value, "test")) == []
