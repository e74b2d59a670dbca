"""Training with folds: a group of ordinary runs that can be stopped at any moment, and what it says of all images."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from comparison import SAME, assert_same, same_threads

from cnncli import Folds
from cnncli.errors import DataError, Interrupted
from cnncli.folds.training import resume_folds, train_folds
from cnncli.observer import TrainingObserver
from cnncli.runs import files
from cnncli.runs.groups import GroupDir

pytestmark = pytest.mark.slow

KILLED_AT = Path(__file__).parents[1] / "runner" / "killed_at.py"
OF_GROUP = ("predictions.csv", "metrics.json", "report.txt", "logits.npz")


class Impatient(TrainingObserver):
    """Wants to stop after the second step of a fold, as by Ctrl-C."""

    def __init__(self, fold=1):
        self.code, self._fold, self._at = 0, fold, 0

    def on_fold(self, number, folds):
        self._at = number

    def on_step(self, epoch, step, steps, metrics):
        if (self._at, epoch, step) == (self._fold, 1, 2):
            self.code = 130

    def stop_requested(self):
        return self.code


def rows_of(file):
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def moments(patients_spec, tmp_path_factory):
    """A group of two folds and a run on all images, and copies of it at every boundary of a write."""
    folder = tmp_path_factory.mktemp("moments")
    copies: list[Path] = []

    def copy(path: Path) -> None:
        if (folder / "photos-folds-001" / "group.json").exists():
            copies.append(folder / "copies" / f"{len(copies):03}" / "photos-folds-001")
            shutil.copytree(folder / "photos-folds-001", copies[-1])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "at_boundary", copy)
        group = train_folds(patients_spec(), 2, True, folder, (), ("cnncli", "train"))
    return group, copies


@pytest.fixture(scope="module")
def group(patients_spec, tmp_path_factory):
    return train_folds(patients_spec(), 2, False, tmp_path_factory.mktemp("folds"), (), ("cnncli", "train"))


def assert_same_group(group, whole):
    assert group.state() == "finished"
    for run, other in zip(group.runs, whole.runs, strict=True):
        assert_same(run, other)
    for name in OF_GROUP:
        assert (group.path / name).read_bytes() == (whole.path / name).read_bytes(), name


def test_every_image_is_answered_once_by_the_fold_that_has_not_seen_it(group):
    rows = rows_of(group.path / "predictions.csv")
    assert len({row["image"] for row in rows}) == len(rows) == 40
    for number, run in enumerate(group.folds, 1):
        own = {row["image"]: row for row in rows_of(run.path / "predictions.csv")}
        of_fold = [row for row in rows if row["fold"] == str(number)]
        assert {row["image"] for row in of_fold} == set(own)
        for row in of_fold:
            assert row["predicted"] == own[row["image"]]["predicted"]
            assert float(row["probability"]) == pytest.approx(float(own[row["image"]]["probability"]), abs=1e-6)
        trained = {row["group"] for row in rows_of(run.path / "images.csv") if row["split"] != "test"}
        assert trained.isdisjoint(row["image"].split("/")[1][:3] for row in of_fold)


def test_the_figures_are_of_all_images_and_of_each_fold(group):
    rows, metrics = rows_of(group.path / "predictions.csv"), json.loads((group.path / "metrics.json").read_text())
    right = [row["true"] == row["predicted"] for row in rows]
    assert metrics["split"] == "out-of-fold"
    assert metrics["accuracy"] == pytest.approx(np.mean(right))
    assert metrics["groups"] == 20
    assert [fold["run"] for fold in metrics["folds"]] == ["fold-1", "fold-2"]
    of_each = [fold["accuracy"] for fold in metrics["folds"]]
    assert metrics["over_folds"]["accuracy"]["mean"] == pytest.approx(np.mean(of_each))
    assert metrics["over_folds"]["accuracy"]["std"] == pytest.approx(np.std(of_each, ddof=1))


@pytest.mark.exhaustive
def test_the_run_on_all_images_tests_none(moments):
    group, _ = moments
    rows = rows_of(group.path / "final" / "images.csv")
    assert {row["split"] for row in rows} == {"train", "test"}  # its test images are those that validate
    assert len(rows) == 40


def test_an_interruption_is_that_of_the_group(patients_spec, tmp_path):
    with pytest.raises(Interrupted) as stopped:
        train_folds(patients_spec(), 2, False, tmp_path, [Impatient()], ())
    assert stopped.value.run == str(tmp_path / "photos-folds-001")
    assert "stopped in fold 1 of 2" in stopped.value.left_out


def test_a_group_whose_images_moved_is_completed_to_the_same_bits(patients_spec, tmp_path):
    """Of three folds one is finished, one under way, and one not begun."""
    photos, there, last = (tmp_path / name for name in ("photos", "there", "last"))
    shutil.copytree(patients_spec().data.source.arguments["path"], photos)
    spec = patients_spec(f"data.source.folder.path={photos}", "train.epochs=1")
    whole = train_folds(spec, 3, False, tmp_path / "whole", (), ())
    with pytest.raises(Interrupted):
        train_folds(spec, 3, False, tmp_path / "moved", [Impatient(2)], ())
    group = GroupDir(tmp_path / "moved" / "photos-folds-001")
    photos.rename(there)
    with pytest.raises(DataError, match="does not exist") as gone:
        resume_folds(group, (), ())
    assert "name their new place: --data PATH" in gone.value.hint
    one, other = there / "class0" / "p00_0.png", there / "class1" / "p00_1.png"
    before = one.read_bytes()
    shutil.copyfile(other, one)
    with pytest.raises(DataError, match="have changed since the run began: 'class0/p00_0"):
        resume_folds(group, (), (), there)
    assert not any(names(group, there))
    one.write_bytes(before)
    shutil.copytree(there / "class0", there / "class2")  # what was added makes no difference
    assert resume_folds(group, (), (), there)
    assert group.state() == "finished"
    for run, of_whole in zip(group.folds, whole.folds, strict=True):
        for name in (*SAME, "images.csv"):
            assert (run.path / name).read_bytes() == (of_whole.path / name).read_bytes(), (run.name, name)
    for name in OF_GROUP:
        assert (group.path / name).read_bytes() == (whole.path / name).read_bytes(), name
    assert all(names(group, there))
    there.rename(last)
    with pytest.raises(DataError, match="does not exist") as gone:
        Folds(group).write_report()
    assert f"cnncli resume {group.path} --data PATH" in gone.value.hint
    assert not Folds(group).resume(data=last)  # nothing remains to be trained
    assert all(names(group, last))
    Folds(group).write_report()


def names(group, place):
    """Whether the record of a group, and each run that has begun, name a place of the images."""
    specs = [run.spec.read_text() for run in group.folds if run.spec.exists()]
    return [str(place) in text for text in (GroupDir(group.path).record.spec, *specs)]


def test_images_that_changed_between_two_folds_are_refused(patients_spec, tmp_path):
    photos = tmp_path / "photos"
    shutil.copytree(patients_spec().data.source.arguments["path"], photos)
    with pytest.raises(Interrupted):
        train_folds(patients_spec(f"data.source.folder.path={photos}"), 2, False, tmp_path, [Impatient()], ())
    group = GroupDir(tmp_path / "photos-folds-001")
    group.fold(1).set_status("finished")  # so it does not look at its images itself
    shutil.copyfile(photos / "class1" / "p00_1.png", photos / "class0" / "p00_0.png")
    with pytest.raises(DataError, match="have changed since the run began"):
        resume_folds(group, (), ())
    assert not group.fold(2).path.exists()


def test_what_is_refused_leaves_nothing_behind(patients_spec, tmp_path):
    with pytest.raises(Exception, match="Conv2D"):
        train_folds(patients_spec("model.layers[1]=Conv2D: {filters: 2, kernel_size: 3}"), 2, False, tmp_path, (), ())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.exhaustive
def test_a_group_killed_at_any_moment_is_resumed_to_the_same_bits(moments):
    whole, copies = moments
    assert len(copies) > 100
    for copy in copies[:: len(copies) // 4]:
        group = GroupDir(copy)
        assert resume_folds(group, (), ("cnncli", "train"))
        assert_same_group(group, whole)
        assert not resume_folds(group, (), ())


@pytest.mark.exhaustive
def test_a_killed_process_is_resumed_by_the_command(moments, tmp_path):
    whole, _ = moments
    spec = tmp_path / "photos.yaml"
    spec.write_text(whole.record.spec)
    command = ["train", str(spec), "--folds", "2", "--final", "--runs-dir", str(tmp_path)]
    killing, variables = [sys.executable, str(KILLED_AT), "150", *command], same_threads()
    killed = subprocess.run(killing, capture_output=True, check=False, env=variables)
    assert killed.returncode == -9
    group = GroupDir(tmp_path / "photos-folds-001")
    assert group.state() != "finished"
    again = [sys.executable, "-m", "cnncli", "resume", str(group.path), "--quiet"]
    resumed = subprocess.run(again, capture_output=True, text=True, check=True, env=variables)
    assert resumed.stdout == f"{group.path}\n"
    assert_same_group(group, whole)
