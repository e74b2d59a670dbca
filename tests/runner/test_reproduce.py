"""A run that is trained again, although its images have changed around it."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import yaml

from cnncli.runs import RunDir

pytestmark = pytest.mark.slow


@pytest.mark.exhaustive
def test_a_run_of_dark_bytes_that_was_not_asked_about_white_is_reproduced(folder_spec, tmp_path):
    from cnncli.runner.open_run import OpenRun
    from cnncli.runner.reproduce import reproduce
    from cnncli.runner.train import train

    images = np.random.default_rng(0).integers(0, 30, (24, 8, 8), np.uint8)
    np.savez(tmp_path / "dark.npz", images=images, labels=np.arange(24) % 2)
    source = f"data.source={{arrays: {{path: {tmp_path / 'dark.npz'}}}}}"
    small = "model.layers=[Flatten, {Dense: {units: classes, activation: softmax}}]"
    spec = folder_spec(source, "data.image={white: 255}", "train.epochs=1", small)
    file = train(spec, tmp_path / "runs").run.path / "spec.yaml"
    written = yaml.safe_load(file.read_text())
    del written["data"]["image"]["white"]
    file.write_text(yaml.safe_dump(written))
    again = reproduce(OpenRun(RunDir(file.parent)), tmp_path / "again")
    assert again.is_same, again.difference


@pytest.mark.exhaustive
def test_a_class_that_was_added_since_changes_nothing(folder_spec, squares, tmp_path):
    from cnncli.runner.open_run import OpenRun
    from cnncli.runner.reproduce import reproduce
    from cnncli.runner.train import train

    run = OpenRun(train(folder_spec("train.epochs=1"), tmp_path / "runs").run)
    shutil.copytree(squares / "red", squares / "yellow")
    again = reproduce(run, tmp_path / "runs")
    assert again.is_same, again.difference
    assert again.again.endswith("squares-002")


def test_a_run_whose_images_changed_is_not_trained_again(folder_spec, squares, tmp_path):
    from cnncli.errors import DataError
    from cnncli.runner.open_run import OpenRun
    from cnncli.runner.reproduce import reproduce
    from cnncli.runner.train import train

    run = OpenRun(train(folder_spec("train.epochs=1"), tmp_path / "runs").run)
    changed = squares / run.image_rows[0]["image"]
    shutil.copyfile(squares / run.image_rows[1]["image"], changed)
    with pytest.raises(DataError, match="have changed since the run began"):
        reproduce(run, tmp_path / "runs")
    changed.unlink()
    with pytest.raises(DataError, match="images of this run are missing"):
        reproduce(run, tmp_path / "runs")
    assert [each.name for each in (tmp_path / "runs").iterdir()] == ["squares-001"]
