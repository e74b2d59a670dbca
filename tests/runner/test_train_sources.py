"""From pictures in folders, tables and arrays to a run and back: the same numbers to the last digit."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from cnncli.errors import DataError, RunError
from cnncli.runner.open_run import OpenRun
from cnncli.runs import LAST, list_runs
from cnncli.spec import load

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def training() -> ModuleType:
    from cnncli.runner import train

    return train


@pytest.fixture(scope="module")
def evaluate():
    from cnncli.runner.evaluate import evaluate

    return evaluate


@pytest.fixture
def train(training, watcher, tmp_path):
    """Trains a spec; somebody watches who minds neither files nor notices."""

    class Patient(watcher):
        def __init__(self) -> None:
            super().__init__()
            self.decoded: list[tuple[int, int]] = []

        def on_decoding(self, done: int, images: int) -> None:
            self.decoded.append((done, images))

    def train(spec):
        observer = Patient()
        result = training.train(spec, tmp_path / "runs", [observer])
        return result, observer

    return train


def weights_of(trained) -> dict[str, np.ndarray]:
    import h5py

    found: dict[str, np.ndarray] = {}
    with h5py.File(trained.run.path / LAST) as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def same_weights(first, second) -> bool:
    one, other = weights_of(first), weights_of(second)
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def same_evaluation(first, second) -> bool:
    return (
        first.metrics == second.metrics
        and first.images == second.images
        and np.array_equal(first.probabilities, second.probabilities)
    )


class TestFolder:
    def test_what_was_measured_is_measured_again_wherever_the_images_are(
        self, train, evaluate, folder_spec, squares, tmp_path
    ):
        before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in squares.glob("*/*")}
        trained, observer = train(folder_spec("data.image.size=null", "train.epochs=1"))
        assert observer.decoded[-1] == (60, 60)
        codes = [line.rpartition("[")[2] for line in observer.notices]  # lint that the images tell
        assert codes == ["small-receptive-field]", "few-validation-images]"]
        assert len(trained.evaluation.images) == 12
        again = evaluate(OpenRun(trained.run), "test")
        assert same_evaluation(again, trained.evaluation)
        assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in squares.glob("*/*")}
        squares.rename(tmp_path / "moved")
        with pytest.raises(DataError, match="squares does not exist"):
            evaluate(OpenRun(trained.run), "test")
        told: list[str] = []
        again = evaluate(OpenRun(trained.run), "test", told.append, tmp_path / "moved")
        assert same_evaluation(again, trained.evaluation)
        assert not told

    def test_the_runs_own_spec_repeats_it_from_anywhere(self, train, evaluate, folder_spec, own_splits, monkeypatch):
        """Neither the defaults it writes down nor the folder it starts in come between."""
        monkeypatch.chdir(own_splits.parent)
        source = "data.source={folder: {path: own}}"
        trained, _ = train(folder_spec(source, "data.standardize=featurewise", "train.epochs=1"))
        assert all(name.startswith("test/") for name in trained.evaluation.images)
        monkeypatch.chdir(own_splits)
        again, _ = train(load(trained.run.spec).spec)
        assert same_weights(trained, again)
        assert same_evaluation(evaluate(OpenRun(trained.run), "test"), again.evaluation)

    @pytest.mark.exhaustive
    @pytest.mark.parametrize("split", ["train", "validation", "test"])
    def test_an_image_that_cannot_be_read_is_named_whichever_split_it_is_in(
        self, training, watcher, folder_spec, squares, tmp_path, split
    ):
        broken: list[str] = []

        class Vandal(watcher):
            def on_start(self, run, spec, splits, model, device) -> None:
                broken.append(splits.samples[split].names[1])
                (squares / broken[0]).write_text("no picture any more")

        with pytest.raises(DataError, match="is a text file") as caught:
            training.train(folder_spec("data.cache=false", "train.epochs=1"), tmp_path / "runs", [Vandal()])
        assert broken[0] in caught.value.message
        (run,) = list_runs(tmp_path / "runs")
        assert run.status()["state"] == "failed"
        assert broken[0] in run.status()["reason"]


class TestStandardize:
    def test_evaluation_and_prediction_use_what_training_recorded(self, train, evaluate, folder_spec, squares):
        from cnncli.runner.predict import Predictor

        trained, _ = train(folder_spec("data.standardize=featurewise", "train.epochs=1"))
        record = trained.run.read_json("data.json")["pixels"]
        assert len(record["channel_mean"]) == len(record["channel_std"]) == 3
        # Other training images have another mean; what was recorded is what counts
        with (trained.run.path / "images.csv").open(newline="") as file:
            names = [row["image"] for row in csv.DictReader(file) if row["split"] == "train"]
        for name in names:
            Image.new("RGB", (16, 16), "white").save(squares / name)
        told: list[str] = []
        again = evaluate(OpenRun(trained.run), "test", told.append)
        assert same_evaluation(again, trained.evaluation)
        assert told == []  # training images are not measured
        evaluate(OpenRun(trained.run), "train", told.append)
        assert told == [f"warning: train images have changed since the training: '{names[0]}' and 41 more"]
        pictures = [squares / name for name in trained.evaluation.images]
        shown = [prediction.probabilities for prediction in Predictor(OpenRun(trained.run)).predict(pictures)]
        np.testing.assert_allclose(shown, trained.evaluation.probabilities, atol=1e-6)


class TestTraining:
    AUGMENT = "augment=[{RandomInvert: {factor: 1.0}}, {MixUp: {alpha: 0.4}}]"

    @pytest.mark.exhaustive
    def test_augmentation_changes_what_is_learned_and_nothing_that_is_measured(
        self, train, evaluate, folder_spec, cache_folder
    ):
        """And with and without the cache it is the same to the last bit."""
        spec = ("train.loss=CategoricalCrossentropy", "data.image.size=12", "train.epochs=1")
        without, observer = train(folder_spec(*spec, self.AUGMENT, "data.cache=false"))
        assert not observer.decoded
        assert not cache_folder.exists()
        trained, observer = train(folder_spec(*spec, self.AUGMENT))
        assert observer.decoded
        assert same_weights(without, trained)
        assert same_evaluation(without.evaluation, trained.evaluation)
        assert same_evaluation(evaluate(OpenRun(trained.run), "test"), trained.evaluation)
        measured = evaluate(OpenRun(trained.run), "validation")
        history = trained.history.best_epoch().metrics
        assert measured.metrics["loss"] == pytest.approx(history["val_loss"], rel=1e-5)
        assert measured.metrics["accuracy"] == pytest.approx(history["val_accuracy"])
        plain, _ = train(folder_spec(*spec))
        assert not same_weights(plain, trained)

    def test_balanced_sampling_of_a_table_shows_both_classes_as_often(self, train, evaluate, folder_spec, table):
        source = f"data.source={{csv: {{path: {table}}}}}"
        spec = folder_spec(source, "train.sampling=balanced", "train.epochs=1", "data.standardize=samplewise")
        trained, observer = train(spec)
        record = trained.run.read_json("data.json")
        assert record["counts"]["train"] == {"cold": 28, "warm": 14}
        assert {steps for _, _, steps in observer.done} == {7}  # 56 images, 8 in a batch
        assert "channel_mean" not in record["pixels"]
        assert same_evaluation(evaluate(OpenRun(trained.run), "test"), trained.evaluation)

    def test_images_inside_of_a_table_are_found_again(self, train, evaluate, folder_spec, tmp_path):
        pixels = [
            f"{label},{' '.join([str(20 + 200 * label + number)] * 64)}" for number in range(20) for label in (0, 1)
        ]
        (tmp_path / "faces.csv").write_text("\n".join(["emotion,pixels", *pixels]))
        spec = folder_spec(f"data.source={{table: {{path: {tmp_path / 'faces.csv'}}}}}", "train.epochs=1")
        trained, _ = train(spec)
        assert same_evaluation(evaluate(OpenRun(trained.run), "test"), trained.evaluation)


class TestMoved:
    """`--data` says where the images are now, whatever the source calls that place."""

    def moved(self, spec, path: Path) -> dict:
        from cnncli.runner.inputs.moved_images import moved_to

        return dict(moved_to(spec.data, path).source.arguments)

    def test_a_folder(self, folder_spec, tmp_path):
        assert self.moved(folder_spec(), tmp_path) == {"path": str(tmp_path)}

    def test_a_table_or_the_folder_that_its_paths_start_from(self, folder_spec, tmp_path, table):
        shutil.copyfile(table, tmp_path / "copy.csv")
        spec = folder_spec("data.source={csv: {path: a.csv, root: pictures}}")
        assert self.moved(spec, tmp_path) == {"path": "a.csv", "root": str(tmp_path)}
        copy = tmp_path / "copy.csv"
        assert self.moved(spec, copy) == {"path": str(copy), "root": "pictures"}

    def test_what_has_no_place_cannot_move(self, make_spec, tmp_path):
        with pytest.raises(RunError, match="come from mnist, which has no path"):
            self.moved(make_spec(), tmp_path)
