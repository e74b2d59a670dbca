"""A training in two stages: what learns in each, what is written of it, and that it can be stopped anywhere."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from comparison import arrays_of, assert_same, history_of, resume

from cnncli.errors import Interrupted, RunError, SpecError
from cnncli.runs import RunDir, files

pytestmark = pytest.mark.slow

DECAY = "{CosineDecay: {initial_learning_rate: 0.005, decay_steps: total_steps}}"
FIRST = "{epochs: 3, freeze: [conv2d_1, 'batch*'], learning_rate: 0.01}"
SECOND = f"{{epochs: 2, thaw: ['*'], learning_rate: {DECAY}}}"
# The loss never improves by so much, so that the first stage ends after two of its three epochs.
STOPPING = "[{EarlyStopping: {monitor: loss, min_delta: 10, patience: 1, restore_best_weights: true}}]"
FACTORS = "train.learning_rate_factors={'batch*/*': 2, 'dense*/kernel': 0.5}"
SMALLER = ("augment=[]", "train.metrics=[accuracy]")  # what these keep is looked at in test_resume.py
STAGED = (*SMALLER, f"train.stages=[{FIRST}, {SECOND}]", "train.epochs=5", f"train.callbacks={STOPPING}", FACTORS)


def progress_of(folder: Path) -> Any:
    from cnncli.runner.training.checkpoint import read_progress

    return read_progress(folder / "checkpoint" / "state.npz")


@pytest.fixture(scope="module")
def staged(stateful, watcher, tmp_path_factory) -> Any:
    """A whole run, who watched it, how often its steps were traced, and copies of its folder at every boundary."""
    import keras

    from cnncli.runner.train import train

    folder, copies, traces, step = tmp_path_factory.mktemp("staged"), [], [], keras.Model.train_step

    def copy(_: Path) -> None:
        if (folder / "stateful-001" / "checkpoint" / "state.npz").exists():
            place = shutil.copytree(folder / "stateful-001", folder / "copies" / f"{len(copies):03}")
            state = progress_of(place)
            copies.append(((state.stage, len(state.epochs), state.steps), place))

    observer = watcher()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "at_boundary", copy)
        patch.setattr(keras.Model, "train_step", lambda model, batch: (traces.append(model), step(model, batch))[1])
        whole = train(stateful(*STAGED), folder, [observer]).run
    return SimpleNamespace(run=whole, copies=copies, observer=observer, traces=len(traces))


def test_a_callback_ends_the_stage_and_each_has_its_own_learning_rate(staged):
    rows = history_of(staged.run)
    assert [(row["epoch"], row["stage"]) for row in rows] == [("1", "1"), ("2", "1"), ("3", "2"), ("4", "2")]
    rates = [float(row["learning_rate"]) for row in rows]
    assert rates == pytest.approx([0.01, 0.01, 0.0025, 0])  # decayed over the twelve steps of the stage


def test_a_rate_factor_for_no_weight_ends_before_a_run_exists(stateful, watcher, tmp_path):
    from cnncli.runner.train import train

    with pytest.raises(SpecError, match="no weight is called 'conv2d_1/gamma'; did you mean"):
        train(stateful(*STAGED[:-1], "train.learning_rate_factors={conv2d_1/gamma: 2}"), tmp_path, [watcher()])
    assert not list(tmp_path.iterdir())


def test_the_stages_say_what_they_change(staged):
    first, second = staged.observer.stages
    assert (first.number, first.count, first.frozen, first.thawed, first.schedule) == (1, 2, 2, 0, "")
    assert (second.number, second.frozen, second.thawed, second.schedule) == (2, 0, 2, "CosineDecay")
    assert (first.learning_rate, second.learning_rate) == pytest.approx((0.01, 0.005))
    dense = 7 * 7 * 4 * 3 + 3
    assert (first.trainable, second.trainable) == (dense, dense + 112 + 8)
    assert first.parameters == second.parameters == dense + 112 + 16


def test_a_stage_traces_its_step_once(staged):
    assert staged.traces == 2


def test_what_is_frozen_stays_as_it_is_and_the_next_optimizer_is_a_new_one(staged):
    at = dict(reversed(staged.copies))  # the first copy of each moment
    states = [arrays_of(RunDir(at[moment])) for moment in ((1, 0, 0), (1, 2, 0), (2, 2, 0), (2, 4, 0))]
    begin, end, again, last = (
        {name: array for name, array in state.items() if name.startswith("model/")} for state in states
    )
    frozen = [name for name in begin if "conv2d_1" in name or "batch_normalization_1" in name]
    assert len(frozen) == 6
    for name in frozen:
        np.testing.assert_array_equal(begin[name], end[name])
        assert not np.array_equal(end[name], last[name]), name
    kept = [states[1][name] for name in sorted(states[1]) if name.startswith("callbacks/0/")]
    dense = next(name for name in again if name.endswith("dense_1/kernel"))
    assert any(np.array_equal(again[dense], array) for array in kept)  # the best weights of the first stage
    assert not np.array_equal(again[dense], end[dense])
    iterations = [next(array for name, array in state.items() if "iteration" in name) for state in states]
    assert iterations == [0, 12, 0, 12]


MOMENTS = {
    "in the first stage": (1, 1, 3),
    "between the stages": (1, 2, 0),
    "at the beginning of the second": (2, 2, 0),
    "in the second stage": (2, 3, 3),
}


@pytest.mark.representatives("in the second")
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_a_run_killed_in_any_stage_is_resumed_to_the_same_bits(staged, watcher, tmp_path, moment):

    copy = [place for at, place in staged.copies if at == moment][-1]
    run, observer = RunDir(shutil.copytree(copy, tmp_path / "moved")), watcher()
    resume(run, [observer])
    assert [begun.number for begun in observer.stages] == ([1, 2] if moment[1] < 2 else [2])  # the first has two
    assert_same(run, staged.run)


@pytest.mark.exhaustive
def test_a_training_stopped_in_the_second_stage_goes_on_there(staged, stateful, watcher, tmp_path):

    from cnncli.runner.train import train

    with pytest.raises(Interrupted):
        train(stateful(*STAGED), tmp_path, [watcher(stop=(3, 3))])
    run, observer = RunDir(tmp_path / "stateful-001"), watcher()
    resume(run, [observer])
    assert [begun.number for begun in observer.stages] == [2]
    assert_same(run, staged.run)


PLAIN = (*SMALLER, "train.callbacks=[]", "train.optimizer=Adam")


def of_two(first: int, last: int) -> tuple[str, ...]:
    stages = f"[{{epochs: {first}, freeze: [conv2d_1]}}, {{epochs: {last}, thaw: [conv2d_1]}}]"
    return (*PLAIN, f"train.epochs={first + last}", f"train.stages={stages}")


@pytest.mark.exhaustive
def test_more_epochs_lengthen_the_last_stage(stateful, watcher, tmp_path):

    from cnncli.runner.train import train

    whole = train(stateful(*of_two(1, 2)), tmp_path / "whole", [watcher()]).run
    run = train(stateful(*of_two(1, 1)), tmp_path, [watcher()]).run
    resume(run, [watcher()], epochs=3)
    assert_same(run, whole)
    assert run.spec.read_text() == whole.spec.read_text()


def test_fewer_epochs_than_the_other_stages_take_are_refused(staged, watcher, tmp_path):

    copy = next(place for at, place in staged.copies if at == (1, 1, 0))
    run = RunDir(shutil.copytree(copy, tmp_path / "moved"))
    with pytest.raises(RunError, match="before the last one take 3 epochs; 3 in all leave none for the last"):
        resume(run, [watcher()], epochs=3)


def test_a_checkpoint_of_a_stage_that_the_spec_does_not_have_is_refused(staged, watcher, tmp_path):

    copy = [place for at, place in staged.copies if at == (2, 3, 3)][-1]
    run = RunDir(shutil.copytree(copy, tmp_path / "moved"))
    text = run.spec.read_text()
    run.spec.write_text(text[: text.index("  stages:")] + text[text.index("  jit_compile:") :])
    with pytest.raises(RunError, match="the checkpoint is in stage 2, but the spec has 0"):
        resume(run, [watcher()])


def test_what_is_wrong_in_a_later_stage_is_told_before_the_first_step(stateful, watcher, tmp_path):
    from cnncli.runner.train import train

    wrong = "{PiecewiseConstantDecay: {boundaries: [1, 2, 3], values: [0.1]}}"
    stages = f"[{{epochs: 1}}, {{epochs: 2, learning_rate: {wrong}}}]"
    with pytest.raises(SpecError) as caught:
        train(stateful(*PLAIN, f"train.stages={stages}"), tmp_path / "runs", [watcher()])
    (problem,) = caught.value.problems
    assert problem.path == ("train", "stages", 1, "learning_rate", "PiecewiseConstantDecay", "values")
    assert not list((tmp_path / "runs").glob("stateful*"))
