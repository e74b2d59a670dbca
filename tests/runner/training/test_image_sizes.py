"""A training whose images grow: each epoch's size, and that it can be stopped anywhere."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from comparison import assert_same, resume

from cnncli.errors import SpecError
from cnncli.runs import RunDir, files

pytestmark = pytest.mark.slow

SCHEDULE = "data.image.schedule=[{epochs: 1, size: 8}, {epochs: 0.4, size: 12}]"
POOLED = "model.layers.4=GlobalAveragePooling2D"


@pytest.fixture(scope="module")
def growing(stateful, watcher, tmp_path_factory) -> Any:
    """A whole run of three epochs, one of each size, with a copy of its folder at every moment of its checkpoint."""
    from cnncli.runner.train import train
    from cnncli.runner.training import batches
    from cnncli.runner.training.checkpoint import read_progress

    folder, copies, sizes = tmp_path_factory.mktemp("growing"), {}, []

    def copy(_: Path) -> None:
        state = folder / "stateful-001" / "checkpoint" / "state.npz"
        if state.exists() and (now := read_progress(state)):
            place = folder / "copies" / f"{len(now.epochs)}-{now.steps}"
            copies[len(now.epochs), now.steps] = shutil.copytree(folder / "stateful-001", place, dirs_exist_ok=True)

    def smaller(read: Any, shape: Any, size: Any) -> Any:
        sizes.append(size)
        return own(read, shape, size)

    own = batches.smaller
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "at_boundary", copy)
        patch.setattr(batches, "smaller", smaller)
        run = train(stateful(SCHEDULE, POOLED), folder, [watcher()]).run
    return SimpleNamespace(run=run, copies=copies, sizes=sizes)


@pytest.mark.exhaustive
def test_the_images_grow_from_part_to_part(growing):
    assert [size for size, after in pairwise([*growing.sizes, None]) if size != after] == [(8, 8), (12, 12)]


@pytest.mark.exhaustive
@pytest.mark.representatives("on the first", "after the second")
@pytest.mark.parametrize(
    "moment",
    [(0, 3), (1, 0), (1, 3), (2, 0), (2, 3)],
    ids=["on the first size", "after the first", "on the second", "after the second", "at full size"],
)
def test_a_run_killed_on_any_size_is_resumed_to_the_same_bits(growing, watcher, tmp_path, moment):
    run = RunDir(shutil.copytree(growing.copies[moment], tmp_path / "moved"))
    resume(run, [watcher()])
    assert_same(run, growing.run)


def test_every_batch_has_the_size_of_its_epoch(stateful):
    phase = started(stateful(SCHEDULE, POOLED, "augment=[]"))
    shapes = [tuple(phase.batch(step)[0].shape[1:3]) for step in (0, 5, 6, 11, 12, 17)]
    assert shapes == [(8, 8), (8, 8), (12, 12), (12, 12), (16, 16), (16, 16)]
    assert phase.parts == [range(1), range(1, 2), range(2, 3)]


def test_at_full_size_the_batches_are_those_of_a_training_without_a_schedule(stateful):
    growing, plain = (started(stateful(*keys, POOLED)) for keys in ([SCHEDULE], []))
    for ours, theirs in zip(growing.batch(13), plain.batch(13), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_size_that_only_the_images_rule_out_is_refused_before_the_first_step(folder_spec):
    with pytest.raises(SpecError) as raised:
        started(folder_spec("data.image.size=null", "data.image.schedule=[{epochs: 1, size: 64}]"))
    assert "expected a size below that of the images" in raised.value.problems[0].message


@pytest.mark.exhaustive
def test_a_backbone_takes_the_sizes_that_its_layers_leave_something_of(folder_spec):
    layers = "[{MobileNetV2: {alpha: 0.35}}, GlobalAveragePooling2D, {Dense: {units: classes, activation: softmax}}]"
    keys = "data.image.size=64", f"model.layers={layers}"
    assert started(folder_spec(*keys, "data.image.schedule=[{epochs: 1, size: 32}]")).batch(0)[0].shape[1] == 32
    with pytest.raises(SpecError) as raised:
        started(folder_spec(*keys, "data.image.schedule=[{epochs: 1, size: 5}]"))
    assert "images of 5×5" in raised.value.problems[0].message


def started(spec: Any) -> Any:
    """The first phase of a training."""
    from cnncli.runner.inputs.splits import load_splits
    from cnncli.runner.training.preparation import prepare_phases

    splits = load_splits(spec.data, spec.seed)
    return prepare_phases(spec, splits, splits.input_spec(spec.data)).start()


@pytest.mark.exhaustive
def test_with_max_time_the_sizes_follow_what_was_decided_before_the_epoch(stateful):
    from cnncli.records import Epoch
    from cnncli.runner.training.checkpoint import TrainingState
    from cnncli.runner.training.pace import Leg, Pace

    parts = "data.image.schedule=[{epochs: 0.5, size: 8}, {epochs: 0.25, size: 12}]"
    phase = started(stateful(parts, POOLED, "train.epochs=100", "train.max_time=1h"))
    phase.train(0, lambda *_: None, until=1)  # metrics have a state from then on
    numbers, arrays = phase.state(True)
    four, hundred = Leg(0, 2, 0.0, 22, 24), Leg(0, 14, 12.0, 22, 600)  # epochs; decided after so many steps

    def share_at(epochs: int, steps: int) -> float:
        before = tuple(Epoch(number, {}, 0.1, 1.0) for number in range(epochs))
        pace = Pace(legs=(four, hundred))
        phase.restore(TrainingState(before, 0, steps, callbacks=tuple(numbers), arrays=arrays, pace=pace))
        return phase.pixel_share

    assert [share_at(*at) for at in ((0, 0), (0, 3), (1, 5), (2, 0), (2, 3), (3, 0))] == [0.25] * 3 + [0.5625] * 2 + [
        0.25
    ]
    batches = [phase.batch(step)[0].shape[1] for step in (0, 299, 300, 449, 450)]  # as decided last
    assert batches == [8, 8, 12, 12, 16]


def test_steps_on_smaller_images_count_by_their_pixels(stateful):
    from cnncli.runner.inputs.splits import load_splits
    from cnncli.runner.training.batches import Batches

    spec = stateful(SCHEDULE, POOLED)
    batches = Batches(load_splits(spec.data, 0), "sparse", spec.train, (), 0, spec.data.image.schedule)
    assert batches.work(0, 18) == pytest.approx(6 * 0.25 + 6 * 0.5625 + 6)
    assert batches.work(9, 18) == pytest.approx(3 * 0.5625 + 6)
