"""A run whose division is written down: trained, resumed, reproduced and compared without the file."""

from __future__ import annotations

import csv
import shutil

import pytest

from cnncli.errors import Interrupted
from cnncli.runner.inputs.division_file import write_division
from cnncli.runner.inputs.splits import load_splits
from cnncli.runner.open_run import OpenRun
from cnncli.runs import RunDir


@pytest.fixture
def pinned(folder_spec, tmp_path):
    """A spec whose images are divided by a file."""
    plain = folder_spec("data.split.validation=15")
    splits = load_splits(plain.data, plain.seed)
    write_division(tmp_path / "split.csv", splits.samples, splits.source_split, has_files=True)
    return folder_spec(f"data.split.file={tmp_path / 'split.csv'}", "train.epochs=1", "seed=3")


def images_of(run):
    """Split and image of each row of images.csv."""
    with (run / "images.csv").open() as file:
        return {(row["split"], row["image"]) for row in csv.DictReader(file)}


@pytest.mark.slow
@pytest.mark.exhaustive
def test_nothing_depends_on_the_file_once_the_run_has_it(pinned, folder_spec, watcher, tmp_path):
    from cnncli.runner.evaluate import evaluate
    from cnncli.runner.reproduce import reproduce
    from cnncli.runner.resume import resume
    from cnncli.runner.train import train

    stopped = watcher(stop=(1, 2))
    with pytest.raises(Interrupted):
        train(pinned, tmp_path / "runs", [stopped])
    (tmp_path / "split.csv").unlink()
    shutil.move(tmp_path / "runs", tmp_path / "moved")
    run = OpenRun(RunDir(tmp_path / "moved" / "squares-001"))
    resume(run, run.spec)
    run = OpenRun(RunDir(tmp_path / "moved" / "squares-001"))
    assert len(evaluate(run, "test").images) == 12
    assert reproduce(run, tmp_path / "again").difference == ""

    other = folder_spec(f"data.split.file={run.path}", "train.epochs=1", "seed=8")
    splits = load_splits(other.data, other.seed).samples
    assert {(split, name) for split, samples in splits.items() for name in samples.names} == images_of(run.path)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_built_in_images_are_divided_like_those_of_another_run(make_spec, tmp_path):
    from cnncli.runner.evaluate import evaluate
    from cnncli.runner.train import train

    first = train(make_spec("train.epochs=1"), tmp_path)
    again = train(make_spec(f"data.split.file={first.run.path}", "train.epochs=1", "seed=9"), tmp_path)
    before = load_splits(make_spec().data, 0)
    run = OpenRun(again.run)
    images = evaluate(run, "validation").images
    assert set(images) == {f"train/{name}" for name in before.samples["validation"].names}
    assert len(evaluate(run, "test").images) == 10_000
