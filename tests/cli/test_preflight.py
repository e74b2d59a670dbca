"""`cnncli train --dry-run` and `--overfit-batch`: what is shown, the exit codes, and that no run is made."""

import json

import pytest

from cnncli.cli.preflight import duration

SMALL = ("--set", "data.split.validation=59000", "--set", "train.epochs=1")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.4212, "0.42 s"),
        (9.04, "9 s"),
        (42.4, "42 s"),
        (245, "4 min 5 s"),
        (3599.7, "1 h 0 min"),
        (7800, "2 h 10 min"),
    ],
)
def test_seconds_are_told_as_people_say_them(seconds, shown):
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--dry-run", "--overfit-batch"], "one at a time"), (["--json"], "--json goes with --dry-run")],
)
def test_options_that_do_not_go_together_are_refused(call, options, said):
    result = call("train", "configs/mnist.yaml", *options)
    assert result.code == 2
    assert said in result.err


@pytest.mark.slow
def test_a_dry_run_tells_what_a_training_takes_and_makes_no_run(call, tmp_path):
    result = call("train", "configs/mnist.yaml", *SMALL, "--dry-run", "--json", "--runs-dir", tmp_path / "runs")
    assert (result.code, result.err) == (0, "")
    said = json.loads(result.out)
    assert said["images"] == {"train": 1000, "validation": 59000, "test": 10000}
    assert (said["steps_per_epoch"], said["epochs"], said["disk"]["cache"]) == (32, 1, 0)
    seconds = said["seconds"]
    assert seconds["epoch"] == seconds["training"] + seconds["validation"]
    assert seconds["total"] > seconds["epoch"] > seconds["validation"] > 0
    assert 1.5 < said["first_loss"] < 4
    assert said["memory"]["peak"] > 70_000 * 28 * 28
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_overfitting_ends_in_0_or_4_and_makes_no_run(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(
        "data: {source: mnist}\nmodel: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}\n"
        "train: {batch_size: 8, optimizer: {Adam: {learning_rate: 0.01}}}\n"
    )
    learned = call("train", "tiny.yaml", "--overfit-batch")
    assert learned.code == 0
    assert learned.out.startswith("the network learned its batch of 8 images in ")
    monkeypatch.setattr("cnncli.runner.preflight.attempt.MOST_STEPS", 20)
    slow = ("--set", "train.optimizer.Adam.learning_rate=1e-7")
    failed = call("train", "tiny.yaml", "--overfit-batch", *slow)
    assert failed.code == 4
    assert failed.out.startswith("the network did not learn its batch of 8 images in 20 steps: loss ")
    assert "neither a tenth nor ten times the learning rate helps" in failed.out
    as_json = call("train", "tiny.yaml", "--overfit-batch", *slow, "--json", "--quiet")
    assert json.loads(as_json.out)["learned"] is False
    assert as_json.code == 4
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.yaml"]
