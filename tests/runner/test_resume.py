"""A run that is stopped at any moment and resumed ends as if it never had been, to the last bit."""

from __future__ import annotations

import csv
import json
import math
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from comparison import SAME, arrays_of, assert_same, history_of, resume, same_threads

from cnncli.errors import DataError, Interrupted, RunError
from cnncli.report import artifact_names
from cnncli.runs import RunDir, files

pytestmark = pytest.mark.slow

KILLED_AT = Path(__file__).with_name("killed_at.py")


@pytest.fixture(scope="module")
def train() -> Any:
    from cnncli.runner.train import train

    return train


@pytest.fixture(scope="module")
def moments(train, stateful, watcher, tmp_path_factory) -> tuple[RunDir, list[Path]]:
    """A whole run, and copies of its folder at every boundary of a write: what a kill at that moment leaves.

    Each copy ends in the name of the file that was being written: `017-history.csv`.
    """
    folder = tmp_path_factory.mktemp("moments")
    copies: list[Path] = []

    def copy(path: Path) -> None:
        if (folder / "stateful-001").exists():
            copies.append(folder / "copies" / f"{len(copies):03}-{path.name}")
            shutil.copytree(folder / "stateful-001", copies[-1])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "at_boundary", copy)
        whole = train(stateful(), folder, [watcher()]).run
    return whole, copies


def test_at_every_boundary_of_a_write_every_file_is_whole(moments):
    _, copies = moments
    assert len(copies) > 100
    for copy in copies:
        run = RunDir(copy)
        for path in copy.rglob("[!.]*.json"):
            json.loads(path.read_text())
        for path in copy.rglob("[!.]*.h5"):
            run.verify(path.relative_to(copy).as_posix())
        if run.checkpoint.exists():
            assert arrays_of(run)
        for path in copy.rglob("[!.]*.csv"):
            assert path.read_bytes().endswith(b"\n")


# One file of each kind: a table, a record, weights, their hashes, the checkpoint, a picture
KINDS = ("history.csv", "metrics.json", "best.weights.h5", "weights.sha256", "state.npz", "mistakes.png")


@pytest.mark.representatives("state.npz")
@pytest.mark.parametrize("name", KINDS)
def test_a_kill_while_a_kind_of_file_is_written_is_resumed_to_the_same_bits(moments, watcher, tmp_path, name):
    whole, copies = moments
    writes = [copy for copy in copies if copy.name.endswith(f"-{name}")]
    at = KINDS.index(name) % 3 - 3  # before, within or after the last write of it
    run = RunDir(shutil.copytree(writes[at], tmp_path / "elsewhere" / "moved"))
    resume(run, [watcher()])
    assert_same(run, whole)


@pytest.mark.exhaustive
def test_a_kill_at_a_tenth_of_the_boundaries_is_resumed_to_the_same_bits(moments, watcher, tmp_path):
    """Random moments of a process that is killed from outside are those of `benchmarks/kills.py`."""
    whole, copies = moments
    seen = set()  # after one write is mostly before the next
    for copy in copies:
        content = frozenset((path.relative_to(copy), path.read_bytes()) for path in copy.rglob("*") if path.is_file())
        left_to_do = (copy / "checkpoint" / "state.npz").exists() and RunDir(copy).status()["state"] != "finished"
        if left_to_do and content not in seen:
            seen.add(content)
            if len(seen) % 10 != 1:
                continue
            run = RunDir(shutil.copytree(copy, tmp_path / copy.name))
            resume(run, [watcher()])
            assert_same(run, whole)
            shutil.rmtree(run.path)


@pytest.mark.exhaustive
def test_a_process_killed_twice_is_resumed_to_the_same_bits(moments, watcher, tmp_path):
    whole, copies = moments
    arguments = ("train", str(whole.spec), "--runs-dir", str(tmp_path))
    assert killed_at(len(copies) // 4, *arguments) == -signal.SIGKILL
    run = RunDir(tmp_path / "stateful-001")
    assert run.status()["state"] == "interrupted"
    assert killed_at(len(copies) // 2, "resume", str(run.path)) == -signal.SIGKILL
    resume(run, [watcher()])
    assert_same(run, whole)


def killed_at(boundary: int, *arguments: str) -> int:
    """Runs a command that kills itself there; gives how it ended."""
    program = [sys.executable, str(KILLED_AT), str(boundary), *arguments, "--quiet"]
    return subprocess.run(program, env=same_threads(), check=False).returncode


@pytest.mark.exhaustive
def test_a_training_that_is_asked_to_stop_leaves_its_report_and_is_resumed(train, moments, stateful, watcher, tmp_path):
    with pytest.raises(Interrupted) as caught:
        train(stateful("train.checkpoint.steps=4"), tmp_path, [watcher(stop=(2, 4))])
    run = RunDir(tmp_path / "stateful-001")
    assert (caught.value.exit_code, caught.value.epochs, caught.value.left_out) == (130, 1, "")
    assert (run.status()["state"], run.status()["reason"]) == ("interrupted", "Ctrl-C")
    assert {*SAME, "plots/history.png", "plots/mistakes.png"} <= names_of(run)
    observer = watcher()
    resume(run, [observer])
    assert observer.resumed == [(1, 4)]
    assert_same(run, moments[0])


def names_of(run: RunDir) -> set[str]:
    return {path.relative_to(run.path).as_posix() for path in run.path.rglob("*") if path.is_file()}


@pytest.mark.exhaustive
def test_a_validation_is_stopped_and_done_again(train, moments, stateful, watcher, tmp_path):
    class Impatient(watcher):
        """Wants to stop when the second validation has begun: two questions after the last step."""

        asked_since = 0

        def stop_requested(self):
            if self.done and self.done[-1][:2] == (2, 6):
                self.asked_since += 1
            return 143 if self.asked_since > 1 else 0

    with pytest.raises(Interrupted) as caught:
        train(stateful(), tmp_path, [Impatient()])
    assert caught.value.exit_code == 143
    run, observer = RunDir(tmp_path / "stateful-001"), watcher()
    assert json.loads(record_of(run))["measured"]["loss"] > 0
    resume(run, [observer])
    assert (observer.resumed, [step for step in observer.done if step[0] == 2]) == ([(1, 6)], [])
    assert_same(run, moments[0])


def record_of(run: RunDir) -> str:
    with zipfile.ZipFile(run.checkpoint) as archive:
        return archive.read("training.json").decode()


PLATEAU = "[{ReduceLROnPlateau: {monitor: loss, min_delta: 10, patience: 1, cooldown: 1, factor: 0.5}}]"
SMALL = ["jit_compile=true", "metrics=[accuracy]"]  # a program that is compiled sooner
AVERAGES = ["optimizer={SGD: {momentum: 0.9, use_ema: true}}", f"callbacks={PLATEAU}", *SMALL]
OTHERS = {
    "averaged weights, a plateau and one program": AVERAGES,
    "a scaled loss": ["optimizer={Nadam: {use_ema: true}}", f"callbacks={PLATEAU}", "precision=mixed_float16"],
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("overrides", OTHERS.values(), ids=OTHERS)
def test_other_states_are_kept_as_well_when_there_is_no_time_for_reports(
    train, stateful, watcher, tmp_path, monkeypatch, overrides
):
    from cnncli.runner.training import outcome

    spec = stateful(*(f"train.{override}" for override in overrides))
    whole = train(spec, tmp_path / "whole", [watcher()]).run
    monkeypatch.setattr(outcome, "REPORT_TIME_LIMIT", 0)
    with pytest.raises(Interrupted) as caught:
        train(spec, tmp_path, [watcher(stop=(2, 3))])
    run = RunDir(tmp_path / "stateful-001")
    assert caught.value.left_out.endswith(f"more than 0 seconds: 'cnncli evaluate {run.path}' prints it")
    assert not {"metrics.json", "report.txt", "predictions.csv", "plots/mistakes.png"} & names_of(run)
    assert {"history.csv", "plots/history.png", "weights/best.weights.h5", "weights/last.weights.h5"} <= names_of(run)
    resume(run, [watcher()])
    assert_same(run, whole)


@pytest.mark.exhaustive
def test_convolutions_in_tiles_are_resumed_to_the_same_bits(train, stateful, watcher, tmp_path, monkeypatch):
    from cnncli.factory.computation import tiles

    wide = ("strides=1", "filters=12")  # with fewer, processors with AVX-512 take two columns at once
    spec = stateful(*(f"model.layers[0].Conv2D.{key}" for key in wide), "train.epochs=2", "train.callbacks=[]")
    plain = train(spec, tmp_path / "plain", [watcher()]).run
    monkeypatch.setattr(tiles, "_MOST", math.inf)  # so small a network gains nothing by them
    whole = train(spec, tmp_path / "whole", [watcher()]).run
    assert history_of(plain) != history_of(whole)
    with pytest.raises(Interrupted):
        train(spec, tmp_path, [watcher(stop=(2, 3))])
    run = RunDir(tmp_path / "stateful-001")
    assert run.read_json("environment.json")["convolutions"] == "tiles"
    resume(run, [watcher()])
    assert_same(run, whole)


@pytest.mark.exhaustive
def test_more_epochs_come_to_what_as_many_come_to_from_the_beginning(train, stateful, watcher, tmp_path):
    constant = ("train.optimizer=Adam", "train.callbacks=[]", "train.monitor=loss")
    whole = train(stateful(*constant), tmp_path / "whole", [watcher()]).run
    run = train(stateful(*constant, "train.epochs=1"), tmp_path, [watcher()]).run
    with pytest.raises(Interrupted):
        resume(run, [watcher(at_epoch=KeyboardInterrupt())], epochs=3)
    assert not {*artifact_names("evaluation")} & names_of(run)  # it was of weights that are not the best any more
    resume(run, [watcher()])
    assert_same(run, whole)
    assert "epochs: 3\n" in run.spec.read_text()
    assert resume(run, [watcher()]) is None
    with pytest.raises(RunError, match="already been trained for 3 epochs, more than 2"):
        resume(run, [watcher()], epochs=2)


@pytest.mark.exhaustive
def test_a_schedule_over_all_epochs_is_told_when_there_are_more(moments, watcher, tmp_path):
    run, observer = RunDir(shutil.copytree(moments[0].path, tmp_path / "run")), watcher()
    resume(run, [observer], epochs=4)
    assert len(history_of(run)) == 4
    assert any("follows the number of epochs" in text for text in observer.notices)


def test_an_image_that_changed_is_refused_by_name(moments, watcher, tmp_path):
    run = RunDir(shutil.copytree(moments[1][len(moments[1]) // 2], tmp_path / "run"))
    with (run.path / "images.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    rows[3][-1] = "0" * 32
    with (run.path / "images.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    with pytest.raises(DataError, match=f"train images have changed since the run began: '{rows[3][2]}'"):
        resume(run, [watcher()])


def as_it_is(run: RunDir) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}


def test_a_run_that_cannot_be_trained_further_stays_as_it_is(moments, watcher, tmp_path):
    run = RunDir(shutil.copytree(moments[0].path, tmp_path / "run"))
    record_path = run.path / "images.csv"
    record = record_path.read_text()
    record_path.write_text(record[:-33] + "0" * 32 + "\n")  # another content, as if the image had been changed
    before = as_it_is(run)
    with pytest.raises(DataError, match="have changed since the run began"):
        resume(run, [watcher()], epochs=5)
    assert as_it_is(run) == before


DAMAGED = {
    "no monitor": lambda state: state["epochs"][0].update(metrics={"loss": 1.0}),
    "no loss": lambda state: state["epochs"][1]["metrics"].pop("loss"),
    "another metric": lambda state: state["epochs"][2]["metrics"].update(other=1.0),
    "others in the middle": lambda state: state.update(measured={"zzz": 1.0}, steps=6),
    "more steps than there are": lambda state: state.update(steps=10**30),
    "a word for a callback": lambda state: state.update(callbacks=["x"]),
}


@pytest.mark.representatives("no monitor", "middle")
@pytest.mark.parametrize("spoil", DAMAGED.values(), ids=DAMAGED)
def test_a_run_whose_checkpoint_is_damaged_stays_as_it_is(moments, watcher, tmp_path, spoil):
    run = RunDir(shutil.copytree(moments[0].path, tmp_path / "run"))
    damage(run, spoil)
    before = as_it_is(run)
    with pytest.raises(RunError, match=r"state\.npz' is damaged"):
        resume(run, [watcher()], epochs=5)
    assert as_it_is(run) == before


def damage(run: RunDir, spoil: Any) -> None:
    """Changes the record in the checkpoint, whose arrays stay as they are."""
    with zipfile.ZipFile(run.checkpoint) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    state = json.loads(members["training.json"])
    spoil(state)
    with zipfile.ZipFile(run.checkpoint, "w") as archive:
        for name, content in {**members, "training.json": json.dumps(state)}.items():
            archive.writestr(name, content)


def test_a_run_that_diverged_is_not_resumed(moments, watcher, tmp_path):
    run = RunDir(shutil.copytree(moments[0].path, tmp_path / "run"))
    run.set_status("diverged", reason="the loss became nan")
    with pytest.raises(RunError, match="resuming would diverge again"):
        resume(run, [watcher()])


@pytest.mark.exhaustive
def test_another_environment_is_told(moments, watcher, tmp_path):
    run, observer = RunDir(shutil.copytree(moments[1][-30], tmp_path / "run")), watcher()
    record = run.read_json("environment.json")
    record["packages"]["keras"] = "3.14.0"
    run.write_json("environment.json", {**record, "threads": 77})
    resume(run, [observer])
    (told,) = [text for text in observer.notices if "last bits may differ" in text]
    assert "keras 3.14.0, now 3." in told
    assert "number of threads 77, now" in told
    assert run.read_json("environment.json")["resumed"][0]["differs"]


def test_a_run_with_the_same_spec_that_was_interrupted_is_proposed(train, moments, stateful, watcher, tmp_path):
    shutil.copytree(moments[1][-30], tmp_path / "stateful-001")
    run = RunDir(tmp_path / "stateful-001")
    run.set_status("interrupted")
    for spec, proposed in ((stateful(), 1), (stateful("seed=1"), 0)):
        observer = watcher(at_begin=ZeroDivisionError())
        with pytest.raises(ZeroDivisionError):
            train(spec, tmp_path, [observer])
        assert sum(f"cnncli resume {run.path}" in text for text in observer.notices) == proposed
        shutil.rmtree(tmp_path / "stateful-002")
