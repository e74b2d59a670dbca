"""Weights that are not finite end a training, also where a ReLU turns NaN into 0 and the loss stays at ln(classes)."""

from __future__ import annotations

from math import inf, isfinite

import numpy as np
import pytest

from cnncli.errors import RunError, TrainingError
from cnncli.runner.open_run import OpenRun
from cnncli.runner.resume_plan import plan_resume
from cnncli.runs import list_runs

pytestmark = pytest.mark.slow

# A step too far makes the kernel infinite, and its constraint NaN: convolution, bias and ReLU as one operation give 0
DEAD = (
    "model.layers=[{Conv2D: {filters: classes, kernel_size: 3, activation: relu, "
    "kernel_constraint: MaxNorm, name: dead}}, "
    "GlobalAveragePooling2D, Softmax]",
    "data.scale=[0, 255]",
    "train.batch_size=4",
)
RATES = "{PiecewiseConstantDecay: {boundaries: [%d], values: [1.0e-6, 3.0e+38]}}"


def train_dead(folder_spec, watcher, folder, *overrides, after=0, **watching):
    """The error that ends a training whose kernel breaks after some steps though the loss is finite, and its run."""
    from cnncli.runner.train import train

    observer = watcher(**watching)
    optimizer = f"train.optimizer={{SGD: {{learning_rate: {RATES % after}}}}}"
    with pytest.raises(TrainingError) as caught:
        train(folder_spec(*DEAD, optimizer, *overrides), folder, [observer])
    if not all(isfinite(metrics["loss"]) for metrics in observer.metrics):
        pytest.skip("without oneDNN the loss shows the NaN")
    (run,) = list_runs(folder)
    return caught.value, run


def weights_in(checkpoint):
    with np.load(checkpoint) as arrays:
        return [arrays[name] for name in arrays.files if name.startswith("model/")]


def test_the_end_of_an_epoch_ends_it_and_nothing_broken_is_left(folder_spec, watcher, tmp_path):
    error, run = train_dead(folder_spec, watcher, tmp_path, after=11)
    assert "the weights became NaN in dead/kernel by the end of epoch 2" in error.message
    assert "loss" not in error.message
    assert "learning rate" in error.hint
    assert (run.status()["state"], run.status()["epochs"]) == ("diverged", 1)
    assert run.status()["reason"] == error.message
    assert all(np.isfinite(weights).all() for weights in weights_in(run.checkpoint))
    assert all(np.isfinite(weights).all() for weights in OpenRun(run).model().get_weights())
    with pytest.raises(RunError, match="diverged"):
        plan_resume(OpenRun(run))


@pytest.mark.representatives("steps")
@pytest.mark.parametrize("when", ["{steps: 2}", "{minutes: 1.0e-9}"])
def test_a_save_within_an_epoch_ends_it(folder_spec, watcher, tmp_path, when):
    error, run = train_dead(folder_spec, watcher, tmp_path, f"train.checkpoint={when}", after=3)
    assert "the weights became NaN in dead/kernel by step " in error.message
    assert error.message.count("of epoch 1") == 1
    assert run.status()["state"] == "diverged"
    assert OpenRun(run).progress.steps <= 4
    assert all(np.isfinite(weights).all() for weights in weights_in(run.checkpoint))


def test_a_stop_between_two_steps_saves_nothing_broken(folder_spec, watcher, tmp_path):
    error, run = train_dead(folder_spec, watcher, tmp_path, "train.checkpoint.steps=7", after=1, stop=(1, 7))
    assert "by step 7 of epoch 1" in error.message
    assert run.status()["state"] == "diverged"
    assert not (run.path / "weights" / "last.weights.h5").exists()
    assert all(np.isfinite(weights).all() for weights in weights_in(run.checkpoint))


def test_a_checkpoint_with_broken_weights_is_not_resumed(folder_spec, watcher, tmp_path):
    from cnncli.errors import Interrupted
    from cnncli.runner.resume import resume
    from cnncli.runner.train import train
    from cnncli.runner.training.checkpoint import read_checkpoint, write_checkpoint

    with pytest.raises(Interrupted):
        train(folder_spec("train.batch_size=4"), tmp_path, [watcher(stop=(1, 2))])
    (run,) = list_runs(tmp_path)
    with np.load(run.checkpoint) as saved:
        arrays = {
            name.removesuffix(".npy"): saved[name] for name in saved.files if name.endswith(".npy") or "/" in name
        }
    state = read_checkpoint(run.checkpoint, lambda metrics: (arrays, {}))
    kernel = next(name for name in state.arrays if name.endswith("/kernel"))
    broken = {**state.arrays, kernel: np.full_like(state.arrays[kernel], inf)}
    write_checkpoint(run.checkpoint, type(state)(**{**vars(state), "arrays": broken}))
    opened = OpenRun(run)
    spec = plan_resume(opened)
    with run.locked(), pytest.raises(RunError, match="a weight in its checkpoint is infinite"):
        resume(opened, spec, [watcher()])
    assert run.status()["state"] == "interrupted"
