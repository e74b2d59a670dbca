"""The page of a run of files, of one whose images are gone, and of one that was trained further."""

import shutil

import pytest

import cnncli
from cnncli.errors import DataError

pytestmark = pytest.mark.slow


@pytest.fixture
def run(folder_spec, tmp_path):
    return cnncli.train(folder_spec("train.epochs=1"), tmp_path / "runs")


def test_it_names_files_and_is_removed_when_the_weights_change(run):
    page = run.write_report().read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "squares" in page
    assert "green" in page
    further = run.resume(epochs=4)
    assert (further.history.best > 1) != (run.path / "report.html").exists()


def test_without_its_images_there_is_none(run, squares):
    shutil.rmtree(squares)
    with pytest.raises(DataError):
        run.write_report()
    assert not (run.path / "report.html").exists()


def test_a_network_without_feature_maps_has_maps_by_occlusion(folder_spec, tmp_path):
    flat = folder_spec("model.layers=[Flatten, {Dense: {units: classes, activation: softmax}}]", "train.epochs=1")
    run = cnncli.train(flat, tmp_path / "runs")
    assert "image" in run.write_report().read_text("utf-8")
