"""A training with `max_time`: what it decides is recorded, so that it is resumed and reproduced to the last bit."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from comparison import assert_same, history_of, resume, same_threads

from cnncli.errors import RunError
from cnncli.runner.resume_plan import plan_resume
from cnncli.runs import RunDir, files

pytestmark = pytest.mark.slow

KILLED_AT = Path(__file__).with_name("killed_at.py")


SMALLER = ("augment=[]", "train.metrics=[accuracy]")  # what these keep is looked at in test_resume.py


def legs_of(run: RunDir) -> list[dict[str, Any]]:
    return json.loads((run.path / "pace.json").read_text())["legs"]


def reproduced(run: RunDir, folder: Path) -> Any:
    from cnncli.runner.open_run import OpenRun
    from cnncli.runner.reproduce import reproduce

    return reproduce(OpenRun(run), folder)


@pytest.fixture(scope="module")
def timed(stateful, watcher, tmp_path_factory) -> SimpleNamespace:
    """A whole run, who watched it, and copies of its folder at the boundaries of writes after the first decision."""
    from cnncli.runner.train import train

    folder, copies = tmp_path_factory.mktemp("timed"), []

    def copy(_: Path) -> None:
        run = RunDir(folder / "stateful-001")
        if (run.path / "pace.json").exists() and legs_of(run):
            copies.append(shutil.copytree(run.path, folder / "copies" / f"{len(copies):03}"))

    observer = watcher()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "at_boundary", copy)
        whole = train(stateful(*SMALLER, "train.max_time=1h"), folder, [observer]).run
    return SimpleNamespace(run=whole, copies=copies, observer=observer)


@pytest.mark.exhaustive
def test_the_epochs_that_fit_are_recorded_and_the_learning_rate_ends_at_zero(timed):
    (leg,) = legs_of(timed.run)
    assert (leg["end"], leg["position"], leg["total"]) == (18, 0, 18 - leg["step"])  # three epochs of six steps
    assert 0 < leg["step"] < 18
    assert timed.observer.fitted[-1] == 3
    rates = [float(row["learning_rate"]) for row in history_of(timed.run)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == 0 < rates[0]


@pytest.mark.exhaustive
@pytest.mark.parametrize("share", [0.02, 0.6])
def test_a_kill_after_the_decision_is_resumed_to_the_same_bits(timed, watcher, tmp_path, share):
    copy = timed.copies[int(share * len(timed.copies))]
    run = RunDir(shutil.copytree(copy, tmp_path / "moved"))
    resume(run, [watcher()])
    assert_same(run, timed.run)
    assert legs_of(run) == legs_of(timed.run)


@pytest.mark.exhaustive
def test_it_is_reproduced_with_the_same_decisions(timed, tmp_path):
    again = reproduced(timed.run, tmp_path)
    assert again.is_same, again.difference
    assert legs_of(RunDir(Path(again.again))) == legs_of(timed.run)


@pytest.mark.exhaustive
def test_a_process_that_was_killed_and_resumed_is_reproduced_to_the_same_bits(timed, watcher, tmp_path):
    program = [sys.executable, str(KILLED_AT), str(60), "train", str(timed.run.spec), "--runs-dir", str(tmp_path), "-q"]
    assert subprocess.run(program, env=same_threads(), check=False).returncode == -signal.SIGKILL
    run = RunDir(tmp_path / "stateful-001")
    resume(run, [watcher()])
    assert run.status()["state"] == "finished"
    assert reproduced(run, tmp_path).is_same


@pytest.mark.exhaustive
def test_when_the_time_is_over_it_ends_within_an_epoch_and_everything_is_there(stateful, watcher, tmp_path):
    from cnncli.runner.train import train

    observer = watcher()
    run = train(stateful(*SMALLER, "train.max_time=1e-3"), tmp_path, [observer]).run
    (leg,) = legs_of(run)
    assert leg["end"] == leg["step"] < 6
    assert observer.done[-1][1:] == (leg["end"], 6)
    assert len(history_of(run)) == 1
    assert (run.status()["state"], plan_resume(opened(run))) == ("finished", None)
    assert reproduced(run, tmp_path).is_same


@pytest.mark.exhaustive
def test_decisions_made_while_it_trains_are_repeated_at_the_same_steps(stateful, watcher, tmp_path, monkeypatch):
    from cnncli.runner.train import train
    from cnncli.runner.training import timekeeper
    from cnncli.runner.training.pace import next_leg

    ends = iter([18, 15, 11])  # the third epoch is cut short, then left out, and a part of the second with it

    def decide(self, done):
        if done % 3 != 2 or not (end := next(ends, None)):
            return None
        leg = next_leg(self._last, 0, done, end)
        self.legs = (*self.legs, leg)
        return leg

    with monkeypatch.context() as patch:
        patch.setattr(timekeeper.Timekeeper, "decide", decide)
        run = train(stateful(*SMALLER, "train.max_time=1h", "train.checkpoint.steps=1"), tmp_path, [watcher()]).run
    assert [(leg["step"], leg["end"]) for leg in legs_of(run)] == [(2, 18), (5, 15), (8, 11)]
    assert [float(row["learning_rate"]) for row in history_of(run)][-1] == 0
    assert len(history_of(run)) == 2
    again = reproduced(run, tmp_path)
    assert again.is_same, again.difference


@pytest.mark.exhaustive
def test_each_stage_gets_its_share_and_its_schedule_ends(stateful, watcher, tmp_path):
    from cnncli.runner.train import train

    rate = "{PolynomialDecay: {initial_learning_rate: 0.01, decay_steps: total_steps, end_learning_rate: 0}}"
    stages = f"train.stages=[{{epochs: 2, freeze: ['conv*']}}, {{epochs: 1, thaw: ['*'], learning_rate: {rate}}}]"
    observer = watcher()
    run = train(stateful(*SMALLER, "train.max_time=1h", stages, "train.epochs=3"), tmp_path, [observer]).run
    assert [(leg["stage"], leg["end"]) for leg in legs_of(run)] == [(1, 12), (2, 6)]
    assert observer.fitted[-1] == 3
    rates = [float(row["learning_rate"]) for row in history_of(run)]
    assert [rates[1], rates[2]] == [0, 0]
    assert reproduced(run, tmp_path).is_same


def opened(run: RunDir) -> Any:
    from cnncli.runner.open_run import OpenRun

    return OpenRun(run)


@pytest.fixture
def limited(trained, tmp_path):
    """A copy of a run without a limit, whose spec says that it had one."""
    run = RunDir(shutil.copytree(trained.run.path, tmp_path / "limited"))
    spec = run.spec.read_text()
    run.spec.write_text(spec.replace("  max_time: null\n", "  max_time: 1h\n"))
    assert run.spec.read_text() != spec
    return run


def test_more_epochs_are_refused_with_the_way_to_more_time(limited):
    with pytest.raises(RunError, match="trains for 1h, so --epochs has no effect") as caught:
        plan_resume(opened(limited), 5)
    assert "--max-time" in caught.value.hint


def test_damaged_decisions_are_no_traceback(limited):
    run = limited
    run.write_json("pace.json", {"legs": [{"stage": "one"}]})
    with pytest.raises(RunError, match=r"pace\.json is damaged"):
        opened(run).legs  # noqa: B018
