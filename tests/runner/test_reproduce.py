"""A run that is trained again, although its images have changed around it."""

from __future__ import annotations

import shutil

import pytest

pytestmark = pytest.mark.slow


def test_a_class_that_was_added_since_changes_nothing(folder_spec, squares, tmp_path):
    from cnncli.runner.open_run import OpenRun
    from cnncli.runner.reproduce import reproduce
    from cnncli.runner.train import train

    run = OpenRun(train(folder_spec("train.epochs=1"), tmp_path / "runs").run)
    shutil.copytree(squares / "red", squares / "yellow")
    again = reproduce(run, tmp_path / "runs")
    assert again.is_same, again.difference
    assert again.again.endswith("squares-002")
