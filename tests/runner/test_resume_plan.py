"""How far a run is to be trained is known from its records, and counted as `cnncli runs` counts."""

from __future__ import annotations

import pytest

from cnncli.errors import RunError, SpecError
from cnncli.records import Epoch
from cnncli.runner.open_run import OpenRun
from cnncli.runner.resume_plan import plan_resume
from cnncli.runner.training.checkpoint import TrainingState, write_checkpoint
from cnncli.runs import CHECKPOINT, RunDir

SPEC = """\
data: {source: mnist}
model: {layers: [Flatten, Dense: {units: classes, activation: softmax}]}
train: {epochs: 7}
"""
STAGED = SPEC.replace("epochs: 7", "stages: [{epochs: 5}, {epochs: 1}]")


@pytest.fixture
def make(tmp_path):
    """A run with nothing but its records; `stages` has the stage of every epoch that was trained."""

    def make_run(spec, stages, state="finished", **progress):
        run = RunDir(tmp_path / "a-001")
        run.write_text("spec.yaml", spec)
        run.write_json("status.json", {"state": state})
        run.write_json("data.json", {})
        epochs = tuple(Epoch(number, {"loss": 1.0}, 0.1, 1.0, stage) for number, stage in enumerate(stages, 1))
        with run.write(CHECKPOINT) as path:
            write_checkpoint(path, TrainingState(epochs, stage=stages[-1] if stages else 0, **progress))
        return OpenRun(run)

    return make_run


def epochs_of(spec):
    """Those of every phase of the spec; None when the run is finished."""
    return spec and [phase.epochs for phase in spec.train.phases]


@pytest.mark.parametrize(
    ("epochs", "phases"),
    [(None, None), (7, None), (8, [8])],
)
def test_a_finished_run_is_trained_further_and_not_again(make, epochs, phases):
    assert epochs_of(plan_resume(make(SPEC, [0] * 7), epochs)) == phases


@pytest.mark.parametrize("epochs", [3, 6])
def test_fewer_epochs_than_were_trained_are_refused(make, epochs):
    with pytest.raises(RunError, match=f"has already been trained for 7 epochs, more than {epochs}"):
        plan_resume(make(SPEC, [0] * 7), epochs)


def test_other_devices_replace_those_of_the_spec_and_nothing_else(make):
    run = make(SPEC, [0] * 3, "interrupted")
    spec = plan_resume(run, devices=["GPU:0", "GPU:1"])
    assert spec.train == run.spec.train.replace(devices=["GPU:0", "GPU:1"])
    assert plan_resume(run, epochs=9, devices=2).train == run.spec.train.replace(epochs=9, devices=2)


def test_devices_that_change_nothing_leave_the_spec_as_it_is(make):
    run = make(SPEC.replace("{epochs: 7}", "{epochs: 7, devices: 2}"), [0] * 3, "interrupted")
    assert plan_resume(run, devices=2) is run.spec


def test_other_devices_do_not_continue_what_is_finished(make):
    assert plan_resume(make(SPEC, [0] * 7), devices=2) is None


@pytest.mark.parametrize("devices", ["GPU", 0, ["GPU:0", "GPU:0"]])
def test_devices_that_are_none_are_refused(make, devices):
    with pytest.raises(SpecError, match=r"train\.devices"):
        plan_resume(make(SPEC, [0] * 3, "interrupted"), devices=devices)


def test_devices_that_cannot_train_the_spec_are_refused(make):
    run = make(SPEC.replace("{epochs: 7}", "{epochs: 7, jit_compile: true}"), [0] * 3, "interrupted")
    with pytest.raises(SpecError, match="XLA compiles a step for one device"):
        plan_resume(run, devices=2)


def test_an_epoch_under_way_cannot_be_undone(make):
    run = make(SPEC, [0] * 3, "interrupted", steps=4)
    with pytest.raises(RunError, match="has already been trained for 3 epochs and 4 steps of the next, more than 3"):
        plan_resume(run, 3)
    assert epochs_of(plan_resume(run, 4)) == [4]
    assert plan_resume(run) is run.spec
    assert plan_resume(run, 4) is not run.spec


def test_what_a_callback_stopped_is_finished_with_the_epochs_it_had(make):
    run = make(SPEC, [0] * 4, stopped=True)
    assert plan_resume(run) is plan_resume(run, 4) is None
    for more in (5, 7, 9):
        with pytest.raises(RunError, match=r"EarlyStopping ended .* after 4 epochs; --epochs has no effect"):
            plan_resume(run, more)
    with pytest.raises(RunError, match="already been trained for 4 epochs, more than 3"):
        plan_resume(run, 3)
    run.folder.set_status("interrupted")  # while the report was being written
    interrupted = OpenRun(run.folder)
    assert plan_resume(interrupted, 4) is interrupted.spec


def test_a_finished_run_may_have_lost_its_checkpoint(make):
    run = make(SPEC, [0] * 7)
    run.folder.checkpoint.unlink()  # as docs/resume.md allows
    assert plan_resume(run) is None


# The first stage was stopped after three of its five epochs, so that the run is finished with four.
@pytest.mark.parametrize(("epochs", "phases"), [(4, None), (5, [5, 2]), (6, [5, 3])])
def test_after_a_stage_that_was_stopped_the_epochs_are_those_that_are_trained(make, epochs, phases):
    spec = plan_resume(make(STAGED, [1, 1, 1, 2]), epochs)
    assert epochs_of(spec) == phases
    assert spec is None or spec.train.epochs == sum(phases)


@pytest.mark.parametrize(("stages", "stopped"), [([1, 1, 1], True), ([1, 1, 1, 2], False)])
def test_a_last_stage_without_epochs_is_none(make, stages, stopped):
    run = make(STAGED, stages, "interrupted", stopped=stopped)
    with pytest.raises(
        RunError, match=r"take 3 epochs; 3 in all leave none|already been trained for 4 epochs, more than 3"
    ):
        plan_resume(run, 3)


@pytest.mark.parametrize(
    ("stages", "stopped", "epochs", "last"),
    [
        ([], False, 9, 5),
        ([1], False, 9, 5),
        ([1, 1], False, 9, 5),
        ([1, 1], True, 9, 6),  # the first stage of three ended after two of its three epochs
        ([1, 1, 2], False, 9, 6),
        ([1, 1, 2, 3], False, 9, 6),
    ],
)
def test_the_last_stage_has_what_the_others_leave(make, stages, stopped, epochs, last):
    spec = SPEC.replace("epochs: 7", "stages: [{epochs: 3}, {epochs: 1}, {epochs: 2}]")
    assert epochs_of(plan_resume(make(spec, stages, "interrupted", stopped=stopped), epochs)) == [3, 1, last]


def test_a_run_that_never_began_may_be_given_other_epochs(make):
    run = make(STAGED, [], "interrupted")
    run.folder.data.unlink()
    run.folder.checkpoint.unlink()
    assert epochs_of(plan_resume(run, 9)) == [5, 4]
    assert epochs_of(plan_resume(run)) == [5, 1]


def test_a_run_that_diverged_has_no_plan(make):
    with pytest.raises(RunError, match="resuming would diverge again"):
        plan_resume(make(SPEC, [0] * 3, "diverged"))
