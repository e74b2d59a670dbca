"""Which image is tested by which fold, and what folds contradict; nothing is trained."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from cnncli.errors import SpecError
from cnncli.folds.plan import first_fold, fold_spec, plan_folds
from cnncli.notices import ignore
from cnncli.observer import TrainingObserver
from cnncli.runner.inputs.splits import load_splits
from cnncli.spec import load


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A spec of 30 training and 10 test images, without files."""
    file, labels = tmp_path_factory.mktemp("digits") / "few.npz", np.arange(30) % 3
    test = {"x_test": np.full((10, 4, 4), 200, np.uint8), "y_test": np.arange(10) % 3}
    np.savez(file, x_train=np.full((30, 4, 4), 200, np.uint8), y_train=labels, **test)
    text = f"""\
data: {{source: {{arrays: {{path: {file}}}}}, split: {{validation: 6}}}}
model: {{layers: [Flatten, {{Dense: {{units: classes, activation: softmax}}}}]}}
"""
    return lambda *overrides: load(text, overrides).spec


def splits_of(spec, plan, number, place):
    file = place / f"fold-{number}.csv"
    plan.write(number, file)
    return load_splits(fold_spec(spec, file).data, spec.seed).samples


def test_each_image_is_tested_once_and_validates_where_it_does_not_test(digits, tmp_path):
    notices = []
    plan = plan_folds(digits(), 5, True, notices.append)
    assert plan.own_test == 10
    assert "10 test images" in notices[0]
    assert "in no fold" in notices[0]
    tested = []
    for number in range(1, 6):
        samples = splits_of(digits(), plan, number, tmp_path)
        assert [len(samples[split]) for split in ("train", "validation", "test")] == [18, 6, 6]
        names = [name for split in samples.values() for name in split.names]
        assert len(set(names)) == 30
        assert all(name.startswith("train/") for name in names)
        assert np.bincount(samples["train"].labels).tolist() == [6, 6, 6]
        tested += samples["test"].names
    assert sorted(tested) == sorted(f"train/{number}" for number in range(30))


def test_groups_are_divided_neither_by_folds_nor_by_validation(patients_spec, tmp_path):
    plan = plan_folds(patients_spec(), 5, False, ignore)
    for number in range(1, 6):
        samples = splits_of(patients_spec(), plan, number, tmp_path)
        patients = [{name.split("/")[1][:3] for name in of.names} for of in samples.values()]
        assert sum(map(len, patients)) == 20


def test_without_validation_images_there_are_none(digits, tmp_path):
    spec = digits("data.split.validation=0")
    assert set(splits_of(spec, plan_folds(spec, 3, False, ignore), 1, tmp_path)) == {"train", "test"}


@pytest.mark.parametrize(
    ("setting", "key", "words"),
    [
        ("data.split.validation=test", "data.split.validation", "must not choose its best epoch"),
        ("data.split.file=somewhere.csv", "data.split.file", "so does --folds"),
    ],
)
def test_what_folds_contradict_is_named_with_its_key(digits, setting, key, words):
    with pytest.raises(SpecError) as raised:
        plan_folds(digits(setting), 5, False, ignore)
    assert [problem.key for problem in raised.value.problems] == [key]
    assert words in raised.value.problems[0].message


def test_a_run_on_all_images_needs_something_to_be_measured_on(patients_spec, digits):
    with pytest.raises(SpecError, match="needs validation images"):
        plan_folds(patients_spec("data.split.validation=0"), 5, True, ignore)
    plan_folds(digits("data.split.validation=0"), 5, True, ignore)  # it has test images


def test_a_test_part_that_has_no_effect_is_said(patients_spec):
    notices = []
    plan_folds(patients_spec("data.split.test=0.3"), 5, False, notices.append)
    assert notices == ["data.split.test: 0.3 has no effect: with --folds, each image is tested once"]


def test_the_first_fold_alone(patients_spec):
    with first_fold(patients_spec(), 4, False, TrainingObserver()) as (spec, _):
        assert Path(spec.data.split.file).read_text().count("test,") == 10


def test_notices_that_all_runs_give_are_given_once_and_name_no_temporary_file(digits):
    class Listener(TrainingObserver):
        notices: ClassVar[list[str]] = []

        def on_notice(self, text):
            self.notices.append(text)

    with first_fold(digits(), 5, False, Listener()) as (spec, observer):
        for _ in range(2):
            load_splits(spec.data, spec.seed, notice=observer.on_notice)
    _, unused = Listener.notices
    assert "10 images" in unused
    assert "not used: the division into folds does not list them" in unused
