"""A rehearsal of a training: what it finds, what it refuses, and that it leaves nothing behind."""

import shutil
from collections import namedtuple

import numpy as np
import pytest

from cnncli.errors import DataError, ResourceError, TrainingError
from cnncli.runner.inputs.splits import decoded, load_splits
from cnncli.runner.model.build import InputSpec, compiled, inputs_of_splits
from cnncli.runner.preflight import files, forecast
from cnncli.runner.preflight.dryrun import dry_run
from cnncli.runner.preflight.records import Seconds, StageSeconds
from cnncli.runner.preflight.stages import checkpoints_within
from cnncli.runner.preflight.standins import rehearsal_of
from cnncli.runner.preflight.timing import _Clock, _Enough
from cnncli.runner.training.preparation import prepare_phases
from cnncli.spec.schema import Checkpoint

pytestmark = pytest.mark.slow

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def rehearse(folder_spec, tmp_path, watcher):
    """Rehearses the training of the squares, which takes no time."""

    def rehearse(*overrides):
        return dry_run(folder_spec(*overrides), tmp_path / "runs", watcher())

    return rehearse


def test_it_tells_what_a_training_takes_and_leaves_nothing(rehearse, tmp_path, cache_folder, folder_spec):
    found = rehearse("train.epochs=5")
    assert sum(found.images.values()) == 60
    assert found.steps == -(-found.images["train"] // 8)
    assert found.disk.cache == 60 * 16 * 16 * 3
    assert found.disk.run > 10_000
    assert found.seconds.decoding > 0
    (stage,) = found.seconds.stages
    assert found.seconds.total > 5 * stage.epoch > 0
    assert found.epochs == stage.epochs == 5
    assert 50e6 < found.memory.peak < found.memory.free
    assert 0 < found.measured_steps < 5 * found.steps
    assert not (tmp_path / "runs").exists()
    assert not cache_folder.exists()


STAGES = "train.stages=[{{epochs: 1, freeze: [conv2d_1]}}, {{epochs: 2, thaw: [conv2d_1], learning_rate: {}}}]"


def test_every_stage_is_rehearsed(rehearse):
    found = rehearse(STAGES.format(0.001), "train.epochs=3", "train.checkpoint={steps: 2}")
    first, second = found.seconds.stages
    assert (first.epochs, second.epochs, found.epochs) == (1, 2, 3)
    assert all(min(stage.before, stage.training, stage.validation, stage.saving) > 0 for stage in (first, second))
    assert first.checkpoints > 0  # saved within an epoch, too
    assert found.measured_steps > found.steps
    with pytest.raises(TrainingError, match=r"at a learning rate of 1e\+30"):
        rehearse(STAGES.format("1e30"), "train.epochs=3")


def test_what_is_decoded_already_or_never_will_be_needs_no_stand_ins(folder_spec, cache_folder):
    found = load_splits(folder_spec())
    never = rehearsal_of(folder_spec("data.cache=false"), found)
    assert (never.splits, never.seconds, never.cache, never.mapped) == (found, 0, 0, 0)
    there = decoded(found, cache=True)
    rehearsal = rehearsal_of(folder_spec(), found)
    assert (rehearsal.seconds, rehearsal.cache, rehearsal.mapped) == (0, 0, 0)
    everything = np.arange(len(found.samples["test"]))
    shown = rehearsal.splits.samples["test"].read(everything)
    assert np.array_equal(shown, there.samples["test"].read(everything))


def test_stand_ins_are_read_in_place_of_all_and_keep_every_label(folder_spec, monkeypatch):
    monkeypatch.setattr("cnncli.runner.preflight.standins.LEAST", 6)
    monkeypatch.setattr("cnncli.runner.preflight.standins.CHUNK", 6)
    monkeypatch.setattr("cnncli.runner.preflight.standins.SECONDS", 0)
    found = load_splits(folder_spec())
    standing = rehearsal_of(folder_spec(), found).splits.samples["train"]
    real = found.samples["train"]
    assert np.array_equal(standing.labels, real.labels)
    images = standing.read(np.arange(len(real)))
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == 6
    # the folders are colours, so that a neighbour has the colour of whom it stands for, but at the borders
    same = images.mean(axis=(1, 2)).argmax(axis=1) == real.read(np.arange(len(real))).mean(axis=(1, 2)).argmax(axis=1)
    assert same.mean() > 0.8


@pytest.mark.parametrize("cache", ["true", "false"])
def test_an_image_that_cannot_be_decoded_is_named(rehearse, squares, cache):
    for picture in (squares / "red").glob("*.jpg"):
        picture.write_bytes(picture.read_bytes()[:-60])
    with pytest.raises(DataError, match=r"red/\d+\.jpg"):
        rehearse(f"data.cache={cache}")


def test_a_loss_that_is_no_number_is_found_in_the_first_steps(rehearse):
    with pytest.raises(TrainingError, match=r"at a learning rate of 1e\+30") as raised:
        rehearse("train.optimizer={SGD: {learning_rate: 1e30}}", "train.epochs=20")
    assert "learning rate" in raised.value.hint


def test_a_batch_that_is_too_large_for_the_memory_is_refused_with_one_that_fits(folder_spec, monkeypatch):
    spec = folder_spec()
    model, _ = compiled(spec, InputSpec((16, 16, 3), ("blue", "green", "red")), total_steps=1)
    monkeypatch.setattr(forecast, "available_memory", lambda: 50_000)
    with pytest.raises(ResourceError, match="a step on 512 images") as raised:
        forecast.require_memory_for_steps(model, spec.model.nodes, 512)
    fitting = int(raised.value.hint.split("train.batch_size to ")[1].split()[0])
    assert 1 <= fitting < 512
    forecast.require_memory_for_steps(model, spec.model.nodes, fitting)
    with pytest.raises(ResourceError):
        forecast.require_memory_for_steps(model, spec.model.nodes, 2 * fitting + 1)


def test_a_process_that_outgrows_the_memory_is_told_which_settings_take_less(rehearse, monkeypatch):
    monkeypatch.setattr("cnncli.runner.preflight.dryrun.free_memory", lambda: 10_000_000)
    with pytest.raises(ResourceError, match=r"9\.5 MiB are free") as raised:
        rehearse()
    assert raised.value.hint == "lower train.batch_size, or data.image.size"


def test_a_disk_without_room_is_told_before_the_training(rehearse, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(1, 1, 1000))
    with pytest.raises(ResourceError, match="decoded images") as raised:
        rehearse()
    assert "data.cache: false" in raised.value.hint
    with pytest.raises(ResourceError, match="the run takes") as raised:
        rehearse("data.cache=false")
    assert "--runs-dir" in raised.value.hint


def test_a_model_that_is_not_the_same_after_loading_is_found(folder_spec, tmp_path, watcher):
    spec = folder_spec()
    splits = load_splits(spec)
    inputs = inputs_of_splits(spec.data, splits)
    stage = prepare_phases(spec, splits, inputs).start()
    saved = files.save(stage, tmp_path)
    images = splits.samples["test"].read(np.arange(4))
    files.compare_reloaded(spec, inputs, stage.model, saved.weights, images)
    kernel = stage.model.layers[-1].kernel
    kernel.assign(kernel + 1e-6)
    with pytest.raises(TrainingError, match="something else after it was saved"):
        files.compare_reloaded(spec, inputs, stage.model, saved.weights, images)


def clock_of(*marks, budget=6.0, warming_up=1.0):
    clock = _Clock(budget, warming_up, [(0.0, 0)])
    for mark in marks:
        clock.mark(*mark)
    return clock


def test_the_first_steps_do_not_count():
    assert clock_of((0.5, 1), (1.1, 7), (1.6, 8), (3.1, 11)).seconds_per_step() == pytest.approx(0.5)
    # nor those whose batches were waiting, though they are slow
    assert clock_of((1.1, 2), (3.0, 6), (5.0, 8), (7.0, 10)).seconds_per_step() == pytest.approx(1.0)


def test_steps_of_many_seconds_are_not_waited_for():
    with pytest.raises(_Enough):
        clock_of((7.0, 1), (14.0, 2))


def test_where_hardly_a_step_is_left_all_count():
    assert clock_of((1.0, 30), (1.2, 33)).seconds_per_step() == pytest.approx(1.2 / 33)
    assert clock_of((5.0, 1)).seconds_per_step() == 5.0


def test_steps_are_counted_over_epochs_until_they_are_enough():
    clock = _Clock(1e9)
    clock.start(done=1)
    clock(3, 3)
    clock.start()
    clock(2, 3)
    assert clock.steps == 4
    clock.budget = 0
    with pytest.raises(_Enough):
        clock(3, 3)


@pytest.mark.parametrize(
    ("when", "steps", "seconds", "expected"),
    [
        ({}, 100, 299, 0),
        ({}, 100, 301, 1),
        ({"minutes": None}, 100, 1e6, 0),
        ({"steps": 10}, 100, 1, 9),  # the last is the one at the end
        ({"steps": 10}, 101, 1, 10),
        ({"steps": 50, "minutes": 1}, 100, 600, 10),
    ],
)
def test_checkpoints_within_an_epoch_are_counted(when, steps, seconds, expected):
    assert checkpoints_within(Checkpoint(**when), steps, seconds) == expected


def test_a_whole_training_is_the_sum_of_its_parts():
    first = StageSeconds(epochs=4, before=1, training=10, validation=5, checkpoints=0, saving=0.5)
    second = StageSeconds(epochs=2, before=2, training=30, validation=5, checkpoints=1, saving=0.5)
    assert Seconds(decoding=1, before=2, stages=(first, second), after=3).total == 6 + (1 + 4 * 15.5) + (2 + 2 * 36.5)
