"""A search that is interrupted, in every way, and continued: what was trained is kept."""

import contextlib
import csv
import json
import os
import shutil
import signal
import subprocess
import time

import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

pytestmark = pytest.mark.exhaustive

EPOCHS = 100
LONG = ("--set", f"train.epochs={EPOCHS}", "--set", "tune.trials=1")


def wait_for(is_true):
    for _ in range(6000):
        if is_true():
            return
        time.sleep(0.1)
    raise AssertionError("waited in vain")


def epochs(run):
    history = run / "history.csv"
    return sum(1 for _ in csv.DictReader(history.open())) if history.exists() else 0


def times_resumed(run):
    return len(json.loads((run / "environment.json").read_text()).get("resumed", []))


def process_of(run):
    return json.loads((run / "status.json").read_text())["pid"]


def test_a_trial_is_continued_from_its_checkpoint_whatever_ends_it(commands):
    run = commands.search / "trial-000"

    worker = commands.start_tune(*LONG)
    wait_for(lambda: epochs(run) >= 3)
    os.kill(process_of(run), signal.SIGKILL)  # the training alone: its worker continues it
    wait_for(lambda: run.exists() and times_resumed(run) == 1 and epochs(run) >= 10)
    worker.send_signal(signal.SIGINT)
    _, err = worker.communicate()
    assert worker.returncode == 130
    assert "to continue the search, start the same command again" in err
    assert json.loads((run / "status.json").read_text())["state"] == "interrupted"
    assert [trial.state for trial in commands.trials()] == [TrialState.RUNNING]

    done = epochs(run)
    worker = commands.start_tune(*LONG)
    wait_for(lambda: epochs(run) >= done + 3)
    worker.kill()  # the training sees that nobody listens, and saves itself
    worker.wait()
    wait_for(lambda: json.loads((run / "status.json").read_text())["state"] == "interrupted")

    assert commands.tune(*LONG)[0] == 0
    (trial,) = commands.trials()
    assert trial.state == TrialState.COMPLETE
    assert sorted(trial.intermediate_values) == list(range(1, EPOCHS + 1))
    assert times_resumed(run) == 3

    assert commands.run("train", commands.search / "best.yaml", "-q")[0] == 0
    whole = commands.runs / "tiny-001"
    assert figures(whole) == figures(run), "the interruptions changed the result"
    assert not (run / "metrics.json").exists()


def figures(run):
    rows = csv.DictReader((run / "history.csv").open())
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def test_a_run_that_somebody_removed_is_trained_again(commands):
    worker = commands.start_tune(*LONG)
    run = commands.search / "trial-000"
    wait_for(lambda: epochs(run) >= 1)
    worker.kill()
    worker.wait()
    wait_for(lambda: json.loads((run / "status.json").read_text())["state"] == "interrupted")
    shutil.rmtree(run)
    assert commands.tune(*LONG)[0] == 0
    assert [trial.state for trial in commands.trials()] == [TrialState.COMPLETE]
    assert epochs(run) == EPOCHS


def test_the_pruner_ends_trials_by_their_validation_figures(commands):
    pruner = "tune.pruner={ThresholdPruner: {upper: 0.0001}}"
    code, out, err = commands.tune("--set", pruner)
    assert code == 0
    assert "no trial was trained to its end" in err
    assert [trial.state for trial in commands.trials()] == [TrialState.PRUNED]
    assert all(len(trial.intermediate_values) == 1 for trial in commands.trials())
    status = json.loads((commands.search / "trial-000" / "status.json").read_text())
    assert (status["state"], status["reason"]) == ("interrupted", "pruned by the search")
    assert not (commands.search / "trial-000" / "metrics.json").exists()
    code, out, _ = commands.run("runs", "--group", "tiny")
    assert out.count("pruned") == 1


def test_a_point_of_a_grid_whose_values_do_not_go_together_is_named(commands):
    grid = (
        "{train.loss: {CategoricalDistribution: {choices: [CategoricalCrossentropy, SparseCategoricalCrossentropy]}}, "
        "augment: {CategoricalDistribution: {choices: [[], [MixUp]]}}}"
    )
    base = ("--set", "train.loss=CategoricalCrossentropy", "--set", "tune.sampler=GridSampler")
    base += ("--set", "tune.metric=val_accuracy", "--set", "tune.trials=null")
    code, out, _ = commands.tune(*base, "--set", f"tune.space={grid}")
    assert code == 0
    states = sorted(trial.state.name for trial in commands.trials())
    assert states == ["COMPLETE"] * 3 + ["FAIL"] * 3
    assert out.count("MixUp mixes labels, which needs one-hot labels") == 3


def test_several_seeds_are_trained_once(commands):
    code, out, _ = commands.tune("--retrain", "2")
    assert code == 0
    seeds = [commands.search / f"best-000-seed-{seed}" for seed in (0, 1)]
    assert figures(seeds[0]) == figures(commands.search / "trial-000")
    assert figures(seeds[1]) != figures(seeds[0])
    assert all((run / "metrics.json").exists() for run in seeds)
    assert "of 2 seeds" in out
    ended = [json.loads((run / "status.json").read_text()) for run in seeds]
    assert commands.tune("--retrain", "2")[0] == 0
    assert [json.loads((run / "status.json").read_text()) for run in seeds] == ended


def test_a_full_disk_is_waited_for(commands, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False)
    if mounted.returncode:
        pytest.skip("only root may mount a disk")
    try:
        worker = commands.start_tune("--set", "tune.trials=2", "--storage", disk / "study.journal")
        wait_for(lambda: epochs(commands.search / "trial-000") >= 1)
        with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
            while filler.write(b"x" * 4096):
                pass
        told = next(line for line in worker.stderr if "cannot be reached" in line)
        assert "cannot be reached: No space left on device; trying again for 10 minutes" in told
        time.sleep(2)
        (disk / "filler").unlink()
        _, err = worker.communicate()
        assert worker.returncode == 0
        assert "can be reached again" in err
        storage = JournalStorage(JournalFileBackend(str(disk / "study.journal")))
        assert [trial.state for trial in commands.trials(storage)] == [TrialState.COMPLETE] * 2
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_trial_on_a_machine_that_is_gone_is_waited_for_until_it_is_given_up(commands, tmp_path):
    storage, first = tmp_path / "study.journal", commands.runs
    commands.runs = tmp_path / "elsewhere"
    worker = commands.start_tune(*LONG, "--storage", storage)
    run = commands.runs / "tiny-tune" / "trial-000"
    wait_for(lambda: epochs(run) >= 1)
    worker.kill()
    worker.wait()
    wait_for(lambda: json.loads((run / "status.json").read_text())["state"] == "interrupted")
    shutil.rmtree(commands.runs)

    commands.runs = first
    worker = commands.start_tune(*LONG, "--storage", storage)
    assert "waiting for trial 0 on" in worker.stderr.readline()
    worker.send_signal(signal.SIGINT)
    worker.communicate()
    assert worker.returncode == 130
    assert commands.tune(*LONG, "--storage", storage, "--give-up", "1")[0] == 6
    assert commands.tune(*LONG, "--storage", storage, "--give-up", "0")[0] == 0
    states = [trial.state for trial in commands.trials(JournalStorage(JournalFileBackend(str(storage))))]
    assert states == [TrialState.FAIL, TrialState.COMPLETE]
