"""sets.json and abstention.json are measured on the test images, with thresholds of the validation images."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from cnncli.report import EvaluationData
from cnncli.report.artifacts import NotApplicable
from cnncli.report.classification import write_text
from cnncli.report.sure import write_abstention, write_sets


@pytest.fixture
def data(make_evaluation):
    def make(images=600, validation=400, **changed):
        of_validation = replace(make_evaluation(4, validation, lacking=3), split="validation") if validation else None
        return EvaluationData(replace(make_evaluation(4, images), **changed), list, of_validation)

    return make


def written(write, data, tmp_path):
    write(data, tmp_path / "file.json")
    return json.loads((tmp_path / "file.json").read_text(), parse_constant=pytest.fail)


def test_sets_are_recorded_for_each_level_and_class(data, tmp_path):
    record = written(write_sets, data(), tmp_path)
    assert record["thresholds_from"] == {"split": "validation", "images": 400}
    assert record["measured_on"] == {"split": "test", "images": 600}
    assert [each["level"] for each in record["levels"]] == [0.8, 0.9, 0.95, 0.99]
    level = record["levels"][2]
    assert level["interval"][0] <= level["coverage"] <= level["interval"][1]
    assert [(each["class"], each["own"]) for each in level["classes"]] == [
        ("class 0", True),
        ("class 1", True),
        ("class 2", True),
        ("class 3", False),
    ]
    sizes = [each["size"] for each in record["levels"]]
    assert sizes == sorted(sizes)


def test_abstention_is_recorded(data, tmp_path):
    record = written(write_abstention, data(), tmp_path)
    assert record["points"][0]["asked"] == record["points"][0]["answered"] == 1
    assert record["sentence"].count(";") == 1


def test_of_one_group_and_few_images_there_is_no_interval(data, tmp_path):
    few = data(30, 25, groups=np.zeros(30, np.int64))
    record = written(write_sets, few, tmp_path)
    assert [each["level"] for each in record["levels"]] == [0.8, 0.9, 0.95]
    assert record["levels"][0]["interval"] == [None, None]
    assert written(write_abstention, few, tmp_path)["points"][0]["interval"] == [None, None]


def test_the_report_has_both_sentences_on_short_lines(data, tmp_path):
    write_text(data(), tmp_path / "report.txt")
    lines = (tmp_path / "report.txt").read_text().splitlines()
    assert lines[-4].strip().startswith("sets at 0.95 hold the right class in 0.9")
    assert lines[-2].strip().startswith("answers of 0.")
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"validation": 0}, "there are no validation images"),
        ({"validation": 3}, "there are only 3 validation images"),
        ({"logits": None}, "do not add up to 1"),
    ],
)
def test_where_nothing_can_be_said_there_is_no_file(data, tmp_path, arguments, reason):
    for write in (write_sets, write_abstention):
        with pytest.raises(NotApplicable, match=reason):
            write(data(**arguments), tmp_path / "file.json")
    write_text(data(**arguments), tmp_path / "report.txt")
    assert "sets at" not in (tmp_path / "report.txt").read_text()
