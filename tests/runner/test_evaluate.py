"""A run is measured again with nothing but its folder, and gives the same numbers to the last digit."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from cnncli.errors import DataError, RunError
from cnncli.runner.open_run import OpenRun
from cnncli.runs import RunDir

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def evaluate():
    from cnncli.runner.evaluate import evaluate

    return evaluate


@pytest.fixture
def copy(trained, tmp_path) -> RunDir:
    """The run in another place under another name."""
    return RunDir(shutil.copytree(trained.run.path, tmp_path / "elsewhere"))


def test_a_run_that_was_moved_gives_the_same_numbers(evaluate, trained, copy):
    evaluation = evaluate(OpenRun(copy), "test")
    assert evaluation.metrics == trained.evaluation.metrics
    assert np.array_equal(evaluation.probabilities, trained.evaluation.probabilities)
    assert evaluation.images == trained.evaluation.images
    assert evaluation.class_names == trained.evaluation.class_names


def test_validation_images_are_those_of_the_training(evaluate, trained):
    evaluation = evaluate(OpenRun(trained.run), "validation")
    assert evaluation.images == tuple(map(str, trained.run.read_json("data.json")["validation"]))
    expected = trained.history.best_epoch().metrics
    measured = {f"val_{name}": value for name, value in evaluation.metrics.items()}
    assert measured == pytest.approx({name: expected[name] for name in measured}, rel=1e-5)


def test_a_split_that_the_run_does_not_keep_is_told_with_those_it_keeps(evaluate, make_spec, copy):
    spec = make_spec("data.split.validation=0").plain()
    del spec["data"]["split"]["test"]  # MNIST has test images of its own
    copy.write_json("spec.yaml", spec)  # JSON is YAML
    copy.write_json("data.json", {**copy.read_json("data.json"), "validation": None})
    with pytest.raises(RunError, match="has no validation images") as caught:
        evaluate(OpenRun(copy), "validation")
    assert caught.value.hint == "it has train, test"


@pytest.mark.parametrize("missing", ["spec.yaml", "data.json", "weights/best.weights.h5"])
def test_a_run_with_a_file_missing_is_told_so(evaluate, copy, missing):
    (copy.path / missing).unlink()
    with pytest.raises(RunError, match=missing.rpartition("/")[2]):
        evaluate(OpenRun(copy), "test")


def test_a_spec_that_was_changed_into_another_model_is_told_so(evaluate, copy):
    copy.spec.write_text(copy.spec.read_text().replace("pool_size: 4", "pool_size: 2"))
    with pytest.raises(RunError, match="does not hold the weights of this run's model"):
        evaluate(OpenRun(copy), "test")


def test_a_spec_that_is_none_is_told_so(evaluate, copy):
    copy.spec.write_text("data: [")
    with pytest.raises(RunError, match="is not a complete run"):
        evaluate(OpenRun(copy), "test")


def test_only_the_images_that_are_measured_are_needed_and_a_new_class_disturbs_nothing(
    evaluate, folder_spec, squares, watcher, tmp_path
):
    from cnncli.runner.resume import resume
    from cnncli.runner.resume_plan import plan_resume
    from cnncli.runner.train import train

    trained = train(folder_spec("train.epochs=1"), tmp_path / "runs", [watcher()])
    shutil.copytree(squares / "red", squares / "yellow")
    opened = OpenRun(trained.run)
    with trained.run.locked():
        longer = resume(opened, plan_resume(opened, 2), [watcher()])
    assert len(longer.history.epochs) == 2
    moved = tmp_path / "moved"
    for name in longer.evaluation.images:
        (moved / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(squares / name, moved / name)
    shutil.rmtree(squares)
    again = evaluate(OpenRun(trained.run), "test", data_path=moved)
    assert again.metrics == longer.evaluation.metrics
    assert np.array_equal(again.probabilities, longer.evaluation.probabilities)
    with pytest.raises(DataError, match="train images of this run are missing"):
        evaluate(OpenRun(trained.run), "train", data_path=moved)
