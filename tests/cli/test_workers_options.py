"""Several processes on the command line: what is refused before any of them waits for another."""

import json

import pytest

TWO = ("--workers", "localhost:1,localhost:2")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (TWO, "--workers requires --rank, the number of this process from 0 to 1"),
        ((*TWO, "--rank", "2"), "--rank: expected a number from 0 to 1, got 2"),
        (("--rank", "0"), "--rank requires --workers"),
        (("--wait", "1m"), "--wait requires --workers"),
        ((*TWO, "--rank", "0", "--wait", "soon"), "--wait: expected a time such as 90s or 10m, got 'soon'"),
        (("--workers", "slurm"), "SLURM_STEP_NODELIST is not set; start it with srun"),
        ((*TWO, "--rank", "0", "--folds", "3"), "--workers and --folds cannot be combined"),
        ((*TWO, "--rank", "0", "--dry-run"), "--workers and --dry-run cannot be combined"),
        ((*TWO, "--rank", "0", "--overfit-batch"), "--workers and --overfit-batch cannot be combined"),
    ],
)
def test_options_that_do_not_go_together(call, monkeypatch, options, words):
    monkeypatch.delenv("SLURM_STEP_NODELIST", raising=False)
    refused = call("train", "configs/mnist.yaml", *options)
    assert refused.code == 2
    assert words in refused.err


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("train.devices=2", "each rank trains on all graphics cards that it sees"),
        ("train.jit_compile=true", "XLA compiles a step for one device, and 2 share each step"),
        ("train.batch_size=1", "each of 2 devices needs an image in every step"),
    ],
)
def test_a_spec_that_cannot_be_shared_is_refused_before_anybody_waits(call, tmp_path, monkeypatch, setting, words):
    monkeypatch.setattr("cnncli.workers.meeting._LAST_CALLS", 0.1)  # for others, who do not call here
    refused = call("train", "configs/mnist.yaml", *TWO, "--rank", "0", "--set", setting, "--runs-dir", tmp_path)
    assert refused.code == 2
    assert words in refused.err
    assert list(tmp_path.iterdir()) == []


def test_resume_takes_devices_or_processes(call):
    refused = call("resume", "mnist-001", *TWO, "--rank", "1", "--devices", "2")
    assert refused.code == 2
    assert "--workers and --devices cannot be combined" in refused.err


def test_processes_of_a_variable_that_are_not_used_are_named(call, monkeypatch):
    config = {"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    answer = call("train", "configs/mnist.yaml", "--set", "train.epochs=0")
    assert "note: TF_CONFIG names 2 processes; to train with them: --workers TF_CONFIG" in answer.err
