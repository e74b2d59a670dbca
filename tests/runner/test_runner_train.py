"""A training leaves a whole run, the same one every time, and says how it ended when it did not end well."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics
from PIL import Image

from cnncli.errors import Interrupted, ResourceError, TrainingError
from cnncli.observer import TrainingObserver
from cnncli.report import ARTIFACTS
from cnncli.runs import RunDir, list_runs
from cnncli.spec import load

pytestmark = pytest.mark.slow

FILES = {
    "spec.yaml",
    "status.json",
    "environment.json",
    "data.json",
    *(artifact.name for artifact in ARTIFACTS),
    "weights/best.weights.h5",
    "weights/last.weights.h5",
    "weights.sha256",
    "checkpoint/state.npz",
    "log.txt",
}


@pytest.fixture(scope="module")
def training():
    from cnncli.runner import train

    return train


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers_of(run: RunDir) -> list[dict[str, str]]:
    """The history of a run without what no two runs share."""
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows_of(run.history)]


class TestTheRun:
    def test_every_file_is_there_and_nothing_half_written(self, trained):
        found = {
            path.relative_to(trained.run.path).as_posix() for path in trained.run.path.rglob("*") if path.is_file()
        }
        assert found >= FILES
        assert not [name for name in found if ".tmp-" in name]

    def test_it_is_finished(self, trained):
        status = trained.run.status()
        assert (status["state"], status["epochs"]) == ("finished", 2)

    def test_the_history_is_what_was_returned(self, trained):
        rows = rows_of(trained.run.history)
        assert [row["epoch"] for row in rows] == ["1", "2"]
        assert list(rows[0]) == [
            "epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds",
        ]  # fmt: skip
        for row, epoch in zip(rows, trained.history.epochs, strict=True):
            assert {name: float(row[name]) for name in epoch.metrics} == pytest.approx(epoch.metrics, rel=1e-6)
            assert float(row["learning_rate"]) == pytest.approx(0.01)
            assert float(row["seconds"]) == pytest.approx(epoch.seconds, abs=1e-3)

    def test_it_learned_and_the_best_epoch_is_the_one_with_the_best_validation(self, trained):
        values = [epoch.metrics["val_accuracy"] for epoch in trained.history.epochs]
        assert trained.history.monitor == "val_accuracy"
        assert values[trained.history.best - 1] == max(values) > 0.5  # at random it would be 0.1

    def test_the_report_is_sklearns_of_the_predictions(self, trained):
        rows = rows_of(trained.run.path / "predictions.csv")
        assert [row["image"] for row in rows] == [str(number) for number in range(100)]
        true, predicted = [row["true"] for row in rows], [row["predicted"] for row in rows]
        names = list("0123456789")

        def report(**kind):
            return sklearn.metrics.classification_report(true, predicted, labels=names, zero_division=0, **kind)

        table, line = (trained.run.path / "report.txt").read_text().removesuffix("\n").rsplit("\n\n", 1)
        lines = zip(table.splitlines(), report().splitlines(), strict=True)  # ours go on with the intervals
        assert all(own.startswith(theirs) for own, theirs in lines)
        metrics = trained.run.metrics()
        assert line.startswith(f"test   loss {metrics['loss']:.4f}   accuracy {metrics['accuracy']:.2f} (")
        recorded, theirs = json.loads((trained.run.path / "report.json").read_text()), report(output_dict=True)
        assert recorded.pop("accuracy", None) == theirs.pop("accuracy")
        assert {row: {name: recorded[row][name] for name in values} for row, values in theirs.items()} == theirs
        accuracy = sklearn.metrics.accuracy_score(true, predicted)
        assert trained.run.metrics()["accuracy"] == pytest.approx(accuracy, abs=1e-7)

    def test_the_loss_is_that_of_the_probabilities(self, trained):
        right = trained.evaluation.probabilities[range(100), trained.evaluation.labels]
        assert trained.run.metrics()["loss"] == pytest.approx(-np.log(right).mean(), rel=1e-4)
        assert trained.run.metrics()["log_loss"] == pytest.approx(trained.run.metrics()["loss"], rel=1e-4)

    def test_the_data_record_counts_every_image_and_names_the_split(self, trained):
        record = trained.run.read_json("data.json")
        assert record["class_names"] == list("0123456789")
        assert {split: sum(count.values()) for split, count in record["counts"].items()} == {
            "train": 1000, "validation": 200, "test": 100,
        }  # fmt: skip
        assert len(set(record["validation"])) == 200
        assert record["counts"]["test"]["0"] == 8  # of MNIST's first 100

    def test_the_environment_tells_what_it_takes_to_repeat_the_run(self, trained):
        environment = trained.run.read_json("environment.json")
        assert environment["command"] == ["cnncli", "train", "tiny.yaml"]
        assert environment["seed"] == 0
        assert {"tensorflow", "keras", "numpy"} <= environment["packages"].keys()

    @pytest.mark.parametrize("name", sorted(name for name in FILES if name.endswith(".png")))
    def test_the_pictures_can_be_opened(self, trained, name):
        with Image.open(trained.run.path / name) as picture:
            picture.verify()
            assert min(picture.size) > 200

    def test_whoever_watched_saw_every_epoch_to_its_end(self, trained, watched):
        assert watched.started == [trained.run.name] == ["tiny-001"]
        assert [epoch for epoch, done, steps in watched.done if done == steps] == [1, 2]
        assert {steps for _, _, steps in watched.done} == {32}  # 1000 images, 32 in a batch
        events = zip(watched.metrics, watched.done, strict=True)
        last = [metrics for metrics, (_, done, steps) in events if done == steps]
        assert last == [
            {name: value for name, value in epoch.metrics.items() if not name.startswith("val_")}
            for epoch in trained.history.epochs
        ]
        assert watched.ended == ["finished"]
        assert watched.best.count(True) >= 1
        assert max(number for number, best in enumerate(watched.best, 1) if best) == trained.history.best


def test_without_observers_a_training_is_silent_sets_no_handler_and_works_in_a_thread(
    training, few_digits_spec, tmp_path, capfd
):
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with ThreadPoolExecutor(1) as thread:
        result = thread.submit(training.train, few_digits_spec("train.epochs=1"), tmp_path).result()
    assert result.run.status()["state"] == "finished"
    assert capfd.readouterr() == ("", "")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


class Tracker(TrainingObserver):
    """A toy tracker: two methods are all it takes."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.best = 0

    def on_step(self, epoch, step, steps, metrics) -> None:
        self.losses.append(metrics["loss"])

    def on_epoch_end(self, epoch, best) -> None:
        self.best = epoch.number if best else self.best


class TestRepeating:
    def test_the_runs_own_spec_repeats_it_to_the_last_digit(self, training, trained, watcher):
        watched, tracker = watcher(), Tracker()
        again = training.train(load(trained.run.spec).spec, trained.run.path.parent, [watched, tracker])
        assert again.run.name == "tiny-002"
        assert numbers_of(again.run) == numbers_of(trained.run)
        for name in ("predictions.csv", "metrics.json", "report.json"):
            assert (again.run.path / name).read_bytes() == (trained.run.path / name).read_bytes()
        assert tracker.losses == [metrics["loss"] for metrics in watched.metrics]
        assert tracker.best == again.history.best

    def test_class_weights_change_what_is_learned(self, training, few_digits_spec, watcher, tmp_path):
        weights = ", ".join(f"'{digit}': 0" for digit in range(10) if digit != 7)
        spec = few_digits_spec(f"train.class_weight={{{weights}}}", "train.epochs=1")
        evaluation = training.train(spec, tmp_path, [watcher()]).evaluation
        assert (evaluation.predicted == 7).mean() > 0.9  # nothing but sevens counted


class TestEnding:
    def test_early_stopping_stops(self, training, few_digits_spec, watcher, tmp_path):
        stop = "{EarlyStopping: {monitor: val_loss, min_delta: 1000, patience: 1}}"
        trained = training.train(few_digits_spec(f"train.callbacks=[{stop}]", "train.epochs=5"), tmp_path, [watcher()])
        assert len(trained.history.epochs) == 2
        assert trained.run.status()["epochs"] == 2

    @pytest.mark.representatives("1e38")
    @pytest.mark.parametrize("learning_rate", ["1e30", "1e38"])
    def test_a_loss_that_is_no_number_ends_the_training(
        self, training, few_digits_spec, watcher, tmp_path, learning_rate
    ):
        spec = few_digits_spec(
            "model.layers=[Flatten, {Dense: {units: 16}}, {Dense: {units: classes}}]",
            "train.loss=MeanSquaredError",
            f"train.optimizer={{SGD: {{learning_rate: {learning_rate}}}}}",
        )
        with pytest.raises(TrainingError) as caught:
            training.train(spec, tmp_path, [watcher()])
        place = r"the loss became (nan|inf) in step [23] of epoch 1, at a learning rate of 1e\+3[08]"
        assert re.match(place, caught.value.message)
        assert "learning rate" in caught.value.hint
        (run,) = list_runs(tmp_path)
        assert (run.status()["state"], run.status()["epochs"]) == ("diverged", 0)
        assert run.status()["reason"] == caught.value.message
        assert rows_of(run.history) == []
        assert not run.metrics()
        assert not run.best_weights.exists()

    @pytest.mark.exhaustive
    def test_what_was_best_before_a_divergence_is_reported(self, training, few_digits_spec, watcher, tmp_path):
        """The second epoch begins at step 32, where the learning rate becomes a million."""
        rates = "{PiecewiseConstantDecay: {boundaries: [40], values: [0.01, 1.0e+30]}}"
        spec = few_digits_spec(
            "model.layers=[{MaxPooling2D: {pool_size: 4}}, Flatten, {Dense: {units: 16}}, {Dense: {units: classes}}]",
            "train.loss=MeanSquaredError",
            f"train.optimizer={{SGD: {{learning_rate: {rates}}}}}",
        )
        with pytest.raises(TrainingError) as caught:
            training.train(spec, tmp_path, [watcher()])
        found = re.match(
            r"the loss became (nan|inf) in step 1[01234] of epoch 2, at a learning rate of 1e\+30; "
            r"the gradient one step earlier had a length of (\S+)$",
            caught.value.message,
        )
        assert found, caught.value.message
        assert math.isfinite(float(found[2]))
        (run,) = list_runs(tmp_path)
        assert (run.status()["state"], run.status()["epochs"]) == ("diverged", 1)
        run.verify("weights/best.weights.h5")
        assert run.metrics()["loss"] > 0
        assert len(rows_of(run.path / "predictions.csv")) == 100

    @pytest.mark.representatives("130")
    @pytest.mark.parametrize(
        ("end", "code", "reason"),
        [(KeyboardInterrupt(), 130, "Ctrl-C"), (BrokenPipeError(), 141, "output closed (broken pipe)")],
    )
    def test_whatever_ends_it_from_outside_leaves_what_was_reached(
        self, training, few_digits_spec, watcher, tmp_path, end, code, reason
    ):
        with pytest.raises(Interrupted) as caught:
            training.train(few_digits_spec(), tmp_path, [watcher(at_epoch=end)])
        (run,) = list_runs(tmp_path)
        assert (caught.value.run, caught.value.exit_code, caught.value.epochs) == (str(run.path), code, 1)
        status = run.status()
        assert (status["state"], status["reason"], status["epochs"]) == ("interrupted", reason, 1)
        assert not run.metrics()  # it was not asked between two steps, so nothing is begun any more
        assert math.isfinite(float(rows_of(run.history)[0]["val_loss"]))
        assert run.best_weights.is_file()

    def test_a_start_sweeps_what_killed_trainings_left(self, training, few_digits_spec, watcher, tmp_path):
        leftover = tmp_path / "killed-001" / ".tmp-123-0a1b2c3d-history.csv"
        with RunDir(leftover.parent).locked():
            leftover.write_text("half")
        os.utime(leftover, (0, 0))
        with pytest.raises(Interrupted):
            training.train(few_digits_spec(), tmp_path, [watcher(at_begin=KeyboardInterrupt())])
        assert not leftover.exists()

    def test_a_lack_of_memory_says_what_takes_less(self, training, few_digits_spec, watcher, tmp_path):
        with pytest.raises(ResourceError, match="out of memory") as caught:
            training.train(few_digits_spec(), tmp_path, [watcher(at_begin=MemoryError())])
        assert "train.batch_size" in caught.value.hint
        assert "data.image.size" in caught.value.hint
        (run,) = list_runs(tmp_path)
        assert run.status()["state"] == "failed"

    def test_whatever_else_ends_it_is_recorded_as_a_failure(self, training, few_digits_spec, watcher, tmp_path):
        full = ResourceError("cannot write 'history.csv': No space left on device")
        with pytest.raises(ResourceError):
            training.train(few_digits_spec(), tmp_path, [watcher(at_begin=full)])
        (run,) = list_runs(tmp_path)
        assert run.status()["state"] == "failed"
        assert "No space left" in run.status()["reason"]


@pytest.mark.exhaustive
@pytest.mark.usefixtures("drawn")
def test_a_network_with_too_many_layers_to_look_at_is_not_drawn(folder_spec, watcher, tmp_path, training, monkeypatch):
    monkeypatch.setattr("cnncli.report.plots.network.MOST_LAYERS", 2)
    watched = watcher()
    run = training.train(folder_spec("train.epochs=1"), tmp_path / "runs", [watched]).run
    assert (run.path / "plots/samples.png").is_file()
    assert not (run.path / "plots/network.png").exists()
    (told,) = [text for text in watched.notices if "network.png" in text]
    assert "a picture of 3 layers is too large" in told
    assert "cnncli summary RUN --plot" in told
