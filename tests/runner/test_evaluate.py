"""A run is measured again with nothing but its folder, and gives the same numbers to the last digit."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from runner_squares import write_squares

from cnncli.errors import DataError, RunError
from cnncli.runner.inputs.other_images import OtherImages, other_images
from cnncli.runner.open_run import OpenRun
from cnncli.runs import RunDir
from cnncli.spec import load

pytestmark = pytest.mark.slow

SPEC = """\
data:
  source: {{folder: {{path: {path}}}}}
  image: {{size: 16}}
model:
  layers: [Flatten, {{Dense: {{units: classes, activation: softmax}}}}]
train: {{epochs: 1, batch_size: 8, optimizer: {{Adam: {{learning_rate: 0.02}}}}}}
"""


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


def test_it_computes_as_the_record_of_the_run_says(evaluate, copy, monkeypatch):
    from cnncli.factory.computation.choices import record_of_choices
    from cnncli.runner import evaluate as module

    choices = []

    def seen(*arguments):
        choices.append(record_of_choices())
        raise ZeroDivisionError  # the numbers are none of this test

    monkeypatch.setattr(module, "evaluate_split", seen)
    for recorded in ({}, {"batches": "halves"}, {"columns": "pairs"}):
        copy.write_json("environment.json", {"threads": 2, **recorded})
        with pytest.raises(ZeroDivisionError):
            evaluate(OpenRun(copy), "test")
    assert choices == [{}, {"batches": "halves"}, {"columns": "pairs"}]


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
    with pytest.raises(ValueError, match="no split is called 'val'; they are train, validation, test"):
        evaluate(OpenRun(copy), "val")


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


@pytest.fixture(scope="module")
def of_files(tmp_path_factory, watcher):
    """A training on pictures, and their folder."""
    from cnncli.runner.train import train

    folder = tmp_path_factory.mktemp("files")
    file, squares = folder / "squares.yaml", write_squares(folder / "squares", 20)
    file.write_text(SPEC.format(path=squares))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNCLI_CACHE_DIR", str(folder / "cache"))
        return train(load(file).spec, folder / "runs", [watcher()]), squares


def test_only_the_images_that_are_measured_are_needed_and_a_new_class_disturbs_nothing(
    evaluate, of_files, cache_folder, watcher, tmp_path
):
    from cnncli.runner.resume import resume
    from cnncli.runner.resume_plan import plan_resume

    run = RunDir(shutil.copytree(of_files[0].run.path, tmp_path / "run"))
    squares = shutil.copytree(of_files[1], tmp_path / "squares")
    run.spec.write_text(run.spec.read_text().replace(str(of_files[1]), str(squares)))
    shutil.copytree(squares / "red", squares / "yellow")
    opened = OpenRun(run)
    with run.locked():
        longer = resume(opened, plan_resume(opened, 2), [watcher()])
    assert len(longer.history.epochs) == 2
    moved = tmp_path / "moved"
    for name in longer.evaluation.images:
        (moved / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(squares / name, moved / name)
    shutil.rmtree(squares)
    again = evaluate(OpenRun(run), "test", data_path=moved)
    assert again.metrics == longer.evaluation.metrics
    assert np.array_equal(again.probabilities, longer.evaluation.probabilities)
    with pytest.raises(DataError, match="train images of this run are missing") as caught:
        evaluate(OpenRun(run), "train", data_path=moved)
    assert caught.value.hint == f"they were looked for in '{moved}'; put them back"


class TestWeights:
    def test_the_last_ones_are_those_of_the_end_of_the_training(self, evaluate, trained, copy, make_spec):
        from cnncli.runner.predict import Predictor

        other = OpenRun(copy).model()
        other.set_weights([weights / 2 for weights in other.get_weights()])
        other.save_weights(copy.best_weights)  # the best epoch may have been the last
        last = evaluate(OpenRun(copy), "validation", weights="last")
        assert (last.weights, last.title) == ("last", "validation, last weights")
        expected = trained.history.epochs[-1].metrics
        assert last.metrics["loss"] == pytest.approx(expected["val_loss"], rel=1e-5)
        shutil.copyfile(copy.path / "weights" / "last.weights.h5", copy.best_weights)  # as if they had been the best
        same = evaluate(OpenRun(copy), "validation", allow_changed_weights=True)
        assert np.array_equal(last.probabilities, same.probabilities)
        digit = np.zeros((28, 28), np.uint8)
        predicted = next(Predictor(OpenRun(copy), weights="last").predict([digit]))
        assert (
            predicted.probabilities
            == next(Predictor(OpenRun(copy), allow_changed_weights=True).predict([digit])).probabilities
        )

    def test_a_run_without_them_says_so(self, evaluate, copy):
        (copy.path / "weights" / "last.weights.h5").unlink()
        with pytest.raises(RunError, match=r"has no last weights: '.*last\.weights\.h5' is missing") as caught:
            evaluate(OpenRun(copy), "test", weights="last")
        assert "best weights are there" in caught.value.hint

    def test_changed_ones_are_refused_or_used_with_a_notice(self, evaluate, copy):
        last, told = copy.path / "weights" / "last.weights.h5", []
        shutil.copyfile(copy.best_weights, last)
        if last.read_bytes() == (copy.best_weights).read_bytes():
            last.write_bytes(last.read_bytes() + b"\0")
        with pytest.raises(RunError, match="its hash differs"):
            evaluate(OpenRun(copy), "test", weights="last")
        evaluate(OpenRun(copy), "test", told.append, allow_changed_weights=True, weights="last")
        assert "last.weights.h5' is not what the training wrote" in told[0]

    def test_those_of_an_earlier_part_are_gone_when_a_run_is_resumed(self, few_digits_spec, watcher, tmp_path):
        from cnncli.errors import Interrupted
        from cnncli.runner.resume import resume
        from cnncli.runner.train import train
        from cnncli.runs import list_runs

        with pytest.raises(Interrupted):
            train(few_digits_spec("train.checkpoint.steps=2"), tmp_path, [watcher(stop=(1, 2))])
        (run,) = list_runs(tmp_path)
        last = run.path / "weights" / "last.weights.h5"
        assert last.exists()
        with run.locked(), pytest.raises(ZeroDivisionError):
            resume(OpenRun(run), OpenRun(run).spec, [watcher(at_epoch=ZeroDivisionError())])
        assert not last.exists()


class TestOtherImages:
    def test_the_same_images_elsewhere_give_the_same_numbers(self, evaluate, of_files, cache_folder, tmp_path):
        trained, squares = of_files
        on, own = tmp_path / "on", trained.evaluation
        for name in own.images:
            (on / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(squares / name, on / name)
        before = {path: path.read_bytes() for path in trained.run.path.rglob("*") if path.is_file()}
        run = OpenRun(trained.run)
        evaluation = evaluate(run, on=other_images(on, None, run.spec.data, run.data_record))
        order = [own.images.index(name) for name in evaluation.images]
        assert evaluation.labels.tolist() == own.labels[order].tolist()
        np.testing.assert_allclose(evaluation.probabilities, own.probabilities[order], rtol=1e-5)
        assert (evaluation.on, evaluation.split) == (str(on), "")
        assert before == {path: path.read_bytes() for path in trained.run.path.rglob("*") if path.is_file()}

    def test_a_new_place_and_other_images_at_once_are_refused(self, evaluate, trained, tmp_path):
        with pytest.raises(RunError, match="--on names others"):
            evaluate(OpenRun(trained.run), "test", data_path=tmp_path, on=OtherImages(tmp_path, "", None))
