"""However a training ends, its run records it, and `resume` answers accordingly."""

from __future__ import annotations

import signal

import pytest

from cnncli.errors import Interrupted, ResourceError, RunError, TrainingError
from cnncli.observer import TrainingObserver
from cnncli.records import Epoch, History
from cnncli.runner.open_run import OpenRun
from cnncli.runner.resume_plan import plan_resume
from cnncli.runs import RunDir

pytestmark = pytest.mark.slow

SPEC = """\
data: {source: mnist}
model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}
"""
FULL = ResourceError("cannot write 'metrics.json': No space left on device", "make room")
EPOCH = Epoch(1, {"loss": 1.0}, 0.01, 1.0, 0)


class FakeSession:
    """A training of one epoch that raises an error in its epochs, in its reports, or in both.

    Args:
        run: Run folder.
        in_epochs: Raised after the epoch.
        in_reports: Raised before anything is reported.
        best: Number of the best epoch; 0 when none has a finite metric.
    """

    def __init__(self, run, in_epochs=None, in_reports=None, best=1):
        self.run, self.in_epochs, self.in_reports = run, in_epochs, in_reports
        self.history = History((EPOCH,), "loss", best)
        self.status_at_report, self.report_seconds = "", 1.0

    def train(self):
        if self.in_epochs:
            raise self.in_epochs
        self.report()

    @property
    def results(self):
        return self

    def settle(self):
        self.is_settled = True

    def write_history(self, history):
        self.status_at_report = self.run.status()["state"]

    def report(self):
        self.status_at_report = self.run.status()["state"]
        if self.in_reports:
            raise self.in_reports


class Recorder(TrainingObserver):
    def __init__(self):
        self.notices = []
        self.ended = []

    def on_notice(self, text):
        self.notices.append(text)

    def on_end(self, status):
        self.ended.append(status)


@pytest.fixture
def run(tmp_path):
    run = RunDir(tmp_path / "run-001")
    run.path.mkdir()
    run.write_text("spec.yaml", SPEC)
    run.set_status("running")
    return run


def end(run: RunDir, **how):
    """The error that a training ends with, what was reported, and the session."""
    from cnncli.runner.training.outcome import recording_outcome

    session, observer, error = FakeSession(run, **how), Recorder(), None
    try:
        with run.locked(), recording_outcome(run, observer) as outcome:
            outcome.session = session
            session.train()
    except BaseException as raised:
        error = raised
    expected = {None: "finished", Interrupted: "interrupted", TrainingError: "diverged"}
    assert observer.ended == [expected.get(error and type(error), "failed")]
    return error, observer.notices, session


def stop(code: int) -> Exception:
    from cnncli.runner.training.observers import StopRequested

    return StopRequested(code)


def test_a_training_to_the_end_is_finished_and_nothing_is_left_to_resume(run):
    error, _, _ = end(run)
    assert error is None
    assert (run.status()["state"], run.status()["epochs"]) == ("finished", 1)
    assert plan_resume(OpenRun(run)) is None


@pytest.mark.parametrize("in_reports", [None, FULL, MemoryError(), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize(("code", "reason"), [(130, "Ctrl-C"), (143, "SIGTERM")])
def test_a_stop_between_two_steps_is_an_interruption_whatever_becomes_of_its_report(run, code, reason, in_reports):
    error, _, session = end(run, in_epochs=stop(code), in_reports=in_reports)
    assert isinstance(error, Interrupted)
    assert (error.exit_code, error.epochs, bool(error.left_out)) == (code, 1, in_reports is not None)
    assert (run.status()["state"], run.status()["reason"]) == ("interrupted", reason)
    assert session.status_at_report == "interrupted"
    assert plan_resume(OpenRun(run)) is not None


@pytest.mark.parametrize(
    ("how", "code", "reason"),
    [(KeyboardInterrupt(), 130, "Ctrl-C"), (BrokenPipeError(), 141, "output closed (broken pipe)")],
    ids=repr,
)
def test_an_interruption_in_the_middle_of_something_is_recorded_and_reports_nothing(run, how, code, reason):
    error, _, session = end(run, in_epochs=how)
    assert isinstance(error, Interrupted)
    assert error.exit_code == code
    assert (run.status()["state"], run.status()["reason"]) == ("interrupted", reason)
    assert session.status_at_report == ""
    assert plan_resume(OpenRun(run)) is not None


@pytest.mark.parametrize("best", [1, 0])
@pytest.mark.parametrize("in_reports", [None, FULL, MemoryError(), KeyboardInterrupt()], ids=repr)
def test_a_divergence_is_recorded_before_its_report_and_is_not_resumed(run, in_reports, best):
    diverged = TrainingError("the loss became nan", "try a tenth of the learning rate")
    error, notices, session = end(run, in_epochs=diverged, in_reports=in_reports, best=best)
    assert error is diverged
    assert (run.status()["state"], run.status()["reason"]) == ("diverged", "the loss became nan")
    assert session.status_at_report == "diverged"
    assert bool(notices) == (best > 0 and in_reports is not None)
    with pytest.raises(RunError, match="diverged"):
        plan_resume(OpenRun(run))


@pytest.mark.parametrize(
    ("how", "kind", "reason"),
    [
        (MemoryError(), ResourceError, "out of memory"),
        (FULL, ResourceError, "No space left"),
        (OSError(28, "No space left on device"), OSError, "No space left"),
        (ZeroDivisionError("division by zero"), ZeroDivisionError, "ZeroDivisionError: division by zero"),
        (SystemExit(3), SystemExit, "SystemExit: 3"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("place", ["in_epochs", "in_reports"])
def test_any_other_error_is_a_failure_that_can_be_resumed(run, how, kind, reason, place):
    error, _, _ = end(run, **{place: how})
    assert isinstance(error, kind)
    assert run.status()["state"] == "failed"
    assert reason in run.status()["reason"]
    assert plan_resume(OpenRun(run)) is not None


@pytest.mark.parametrize("how", [TrainingError("nan"), MemoryError(), KeyboardInterrupt(), None], ids=repr)
def test_a_disk_that_is_too_full_for_the_status_leaves_a_run_that_resumes(run, how, monkeypatch):
    def refuse(*_, **__):
        raise FULL

    monkeypatch.setattr(RunDir, "set_status", refuse)
    error, _, _ = end(run, in_epochs=how, best=0)
    monkeypatch.undo()
    kinds = {TrainingError: TrainingError, KeyboardInterrupt: Interrupted}
    assert isinstance(error, kinds.get(type(how), ResourceError))
    assert run.status()["state"] == "interrupted"  # nobody holds the lock any more
    assert plan_resume(OpenRun(run)) is not None


def test_an_interruption_of_the_last_write_is_an_interruption(run, monkeypatch):
    set_status = RunDir.set_status

    def interrupt(self, state, **more):
        if state == "finished":
            signal.raise_signal(signal.SIGINT)
        set_status(self, state, **more)

    monkeypatch.setattr(RunDir, "set_status", interrupt)
    error, _, _ = end(run)
    assert isinstance(error, Interrupted)
    assert run.status()["state"] == "interrupted"
