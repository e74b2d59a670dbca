"""A dry run: what it estimates, what it refuses, and that it leaves nothing behind."""

import shutil
import tempfile
from collections import namedtuple

import numpy as np
import pytest

from cnncli.errors import DataError, ResourceError, TrainingError
from cnncli.runner.inputs.splits import decoded, load_splits
from cnncli.runner.preflight import dry_run as module, timing
from cnncli.runner.preflight.dry_run import Rehearsal, dry_run, sample_images
from cnncli.runner.training.observers import Observers
from cnncli.runs import RunDir

pytestmark = pytest.mark.slow

Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Where the temporary run folder is; it is gone after each test, however the dry run ended."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def rehearse(folder_spec, tmp_path):
    """Makes a dry run of the training of the squares, which takes no time."""
    return lambda *overrides: dry_run(folder_spec(*overrides), tmp_path / "runs", Observers())


@pytest.fixture
def _is_not_loaded_again(monkeypatch):
    """For tests of something else than that the model is the same once it was saved and loaded."""
    monkeypatch.setattr(Rehearsal, "require_same_outputs_after_loading", lambda rehearsal: None)


@pytest.fixture
def written(monkeypatch):
    """The files of a run that a dry run writes, as the training itself does."""
    written, size_of_run = set(), Rehearsal.size_of_run

    def spied(self):
        written.update(path.relative_to(self.run.path).as_posix() for path in self.run.path.rglob("*.*"))
        return size_of_run(self)

    monkeypatch.setattr(Rehearsal, "size_of_run", spied)
    return written


def test_it_estimates_what_a_training_takes_and_leaves_nothing_behind(rehearse, written, tmp_path, cache_folder):
    estimate = rehearse("train.epochs=5")
    assert sum(estimate.images.values()) == 60
    assert estimate.steps_per_epoch == -(-estimate.images["train"] // 8)
    assert estimate.disk.cache == 60 * 16 * 16 * 3
    assert estimate.disk.run > 10_000
    assert estimate.seconds.decoding > 0
    (stage,) = estimate.seconds.stages
    assert estimate.seconds.total > 5 * stage.epoch > 0
    assert estimate.epochs == stage.epochs == 5
    assert 50e6 < estimate.memory.peak < estimate.memory.free
    assert 0 < estimate.measured_steps <= 5 * estimate.steps_per_epoch
    assert not (tmp_path / "runs").exists()
    assert not cache_folder.exists()
    expected = {"spec.yaml", "environment.json", "data.json", "images.csv", "history.csv", "metrics.json"}
    expected |= {"predictions.csv", "report.txt", "weights/best.weights.h5", "checkpoint/state.npz"}
    assert expected | {"plots/samples.png", "plots/network.png", "plots/confusion_matrix.png"} <= written


STAGES = "train.stages=[{{epochs: 1, freeze: [conv2d_1]}}, {{epochs: 2, thaw: [conv2d_1], learning_rate: {}}}]"


@pytest.mark.exhaustive
def test_every_stage_is_timed(rehearse):
    estimate = rehearse(STAGES.format(0.001), "train.epochs=3", "train.checkpoint={steps: 2}")
    first, second = estimate.seconds.stages
    assert (first.epochs, second.epochs, estimate.epochs) == (1, 2, 3)
    assert all(min(stage.before, stage.training, stage.validation, stage.saving) > 0 for stage in (first, second))
    assert first.checkpoints > 0  # saved within an epoch, too
    assert estimate.measured_steps > estimate.steps_per_epoch
    with pytest.raises(TrainingError, match=r"at a learning rate of 1e\+30"):
        rehearse(STAGES.format("1e30"), "train.epochs=3")


def test_ctrl_c_leaves_nothing_behind(folder_spec, tmp_path, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(timing, "time_validation", interrupt)
    with pytest.raises(KeyboardInterrupt):
        dry_run(folder_spec(), tmp_path / "runs", Observers())


def test_images_that_are_decoded_already_or_never_cached_need_no_sample(folder_spec, cache_folder):
    source = load_splits(folder_spec().data, 0)
    never = sample_images(source, "off")
    assert (never.splits, never.decoding, never.cache, never.mapped) == (source, 0, 0, 0)
    cached = decoded(source, folder_spec().data)
    sampled = sample_images(source, "disk")
    assert (sampled.decoding, sampled.cache, sampled.mapped) == (0, 0, 0)
    everything = np.arange(len(source.samples["test"]))
    read = sampled.splits.samples["test"].read(everything)
    assert np.array_equal(read, cached.samples["test"].read(everything))


def test_sampled_images_represent_their_neighbours_and_labels_stay(folder_spec, monkeypatch):
    monkeypatch.setattr(module, "SAMPLED", 6)
    source = load_splits(folder_spec().data, 0)
    sampled, real = sample_images(source, "disk").splits.samples["train"], source.samples["train"]
    assert np.array_equal(sampled.labels, real.labels)
    images = sampled.read(np.arange(len(real)))
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == 6
    # the folders are colours, so a neighbour has the colour of what it represents, except at the borders
    same = images.mean(axis=(1, 2)).argmax(axis=1) == real.read(np.arange(len(real))).mean(axis=(1, 2)).argmax(axis=1)
    assert same.mean() > 0.8


@pytest.mark.parametrize("cache", ["true", "false"])
def test_an_image_that_cannot_be_decoded_is_named(rehearse, squares, cache):
    for picture in (squares / "red").glob("*.jpg"):
        picture.write_bytes(picture.read_bytes()[:-60])
    with pytest.raises(DataError, match=r"red/\d+\.jpg"):
        rehearse(f"data.cache={cache}")


def test_a_loss_that_is_not_finite_is_found_in_the_first_steps(rehearse):
    with pytest.raises(TrainingError, match=r"at a learning rate of 1e\+30") as raised:
        rehearse("train.optimizer={SGD: {learning_rate: 1e30}}", "train.epochs=20")
    assert "learning rate" in raised.value.hint


def test_a_process_that_outgrows_the_memory_is_refused_with_a_hint(rehearse, monkeypatch):
    monkeypatch.setattr(module, "free_memory", lambda: 10_000_000)
    monkeypatch.setattr(Rehearsal, "report", lambda rehearsal: 0.0)
    with pytest.raises(ResourceError, match=r"only 9\.5 MiB are free") as raised:
        rehearse()
    assert raised.value.hint == "lower train.batch_size or data.image.size"


@pytest.mark.usefixtures("_is_not_loaded_again")
def test_a_full_disk_is_reported_before_the_training(rehearse, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(1, 1, 1000))
    with pytest.raises(ResourceError, match="the run needs") as raised:
        rehearse("data.cache=false")
    assert "--runs-dir" in raised.value.hint


@pytest.mark.usefixtures("_is_not_loaded_again")
def test_a_full_cache_is_a_warning_as_in_the_training(folder_spec, tmp_path, watcher, monkeypatch):
    full = tmp_path / "full"
    full.mkdir()
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(full))
    free = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(1, 1, 1000) if full == place else free(place))
    observer = watcher()
    estimate = module.dry_run(folder_spec("train.epochs=1"), tmp_path / "runs", observer)
    (warning,) = [line for line in observer.notices if "decoded images" in line]
    assert "has only 1000 B free; images are decoded each time they are needed" in warning
    assert "set data.cache: off" in warning
    assert (estimate.disk.cache, estimate.seconds.decoding) == (0, 0)


def test_a_model_that_differs_after_loading_is_found(folder_spec, tmp_path, temporary):
    spec = folder_spec()
    run = RunDir.claim(tmp_path / "runs", "squares")
    splits = load_splits(spec.data, spec.seed)
    rehearsal = Rehearsal(spec, splits, run, tmp_path / "runs", Observers())
    rehearsal.write_start(splits)
    rehearsal._save(0)
    rehearsal.require_same_outputs_after_loading()
    kernel = rehearsal.phases.model.layers[-1].kernel
    kernel.assign(kernel + 1e-6)
    with pytest.raises(TrainingError, match="gives other outputs"):
        rehearsal.require_same_outputs_after_loading()
