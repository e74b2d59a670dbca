"""`cnncli train --dry-run` and `--overfit-batch`: what is shown, the exit codes, and that no run is made."""

import json
from dataclasses import replace

import pytest

from cnncli.cli.terminal.preflight import show_dry_run

SMALL = ("--set", "data.split.validation=3000", "--set", "train.stages=[{epochs: 1}, {epochs: 2, freeze: [conv2d_1]}]")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--dry-run", "--overfit-batch"], "cannot be combined"),
        (["--find-lr", "--find-batch"], "cannot be combined"),
        (["--find-lr", "--folds", "5"], "--find-lr and --folds cannot be combined"),
        (["--json"], "--json requires --dry-run"),
    ],
)
def test_options_that_cannot_be_combined_are_refused(call, options, said):
    result = call("train", "configs/mnist.yaml", *options)
    assert result.code == 2
    assert said in result.err


@pytest.mark.slow
def test_each_stage_has_a_line_where_there_are_several(capsys):
    from cnncli.runner.preflight.dry_run import DryRun
    from cnncli.runner.preflight.memory import Disk, Memory
    from cnncli.runner.preflight.timing import Seconds, StageSeconds

    frozen = StageSeconds(epochs=10, before=4, training=8, validation=1, checkpoints=0, saving=0)
    thawed = StageSeconds(epochs=1, before=6, training=24, validation=1, checkpoints=2, saving=0)
    images, memory, disk = {"train": 64}, Memory(2**30, None), Disk(2**20, 2**40, 0, 2**40)

    def shown(*stages, limit=None):
        show_dry_run(DryRun(images, False, limit, 2, 32, 40, 1.5, Seconds(0, 10, stages, 5), memory, disk))
        return capsys.readouterr().out

    assert "\nepoch    9 s: 8 s for 2 steps, 1 s validation\none-off  14 s to start" in shown(frozen)
    both = shown(frozen, thawed)
    assert "\nstage 1  9 s: 8 s for 2 steps, 1 s validation; 10 epochs\n" in both
    assert "\nstage 2  27 s: 24 s for 2 steps, 1 s validation, 2 s for checkpoints within it; 1 epoch\n" in both
    assert "\ntotal    2 min 22 s for 11 epochs\n" in both
    assert "\ntotal    1 min 1 s for 4.7 epochs that fit into 1 min\n" in shown(replace(frozen, epochs=4.7), limit=60)


@pytest.mark.slow
def test_a_dry_run_estimates_what_a_training_takes_and_makes_no_run(call, few_digits, tmp_path):
    small = (*few_digits, *SMALL)
    result = call("train", "configs/mnist.yaml", *small, "--dry-run", "--json", "--runs-dir", tmp_path / "runs")
    assert (result.code, result.err) == (0, "")
    said = json.loads(result.out)
    assert said["images"] == {"train": 1000, "validation": 3000, "test": 1000}
    assert (said["steps_per_epoch"], said["epochs"], said["disk"]["cache"]) == (32, 3, 0)
    stages = said["seconds"]["stages"]
    assert [stage["epochs"] for stage in stages] == [1, 2]
    for stage in stages:
        assert stage["epoch"] == stage["training"] + stage["validation"] > stage["validation"] > 0
    assert said["seconds"]["total"] > sum(stage["total"] for stage in stages) > 0
    assert 1.5 < said["first_loss"] < 4
    assert said["memory"]["peak"] > 5_000 * 28 * 28
    assert not (tmp_path / "runs").exists()


@pytest.mark.exhaustive
@pytest.mark.slow
def test_overfitting_ends_in_0_or_4_and_makes_no_run(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(
        "data: {source: mnist}\nmodel: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}\n"
        "train: {batch_size: 8, optimizer: {Adam: {learning_rate: 0.01}}}\n"
    )
    learned = call("train", "tiny.yaml", "--overfit-batch")
    assert learned.code == 0
    assert learned.out.startswith("the network memorised its batch of 8 images in ")
    monkeypatch.setattr("cnncli.runner.preflight.overfit.MAX_STEPS", 20)
    slow = ("--set", "train.optimizer.Adam.learning_rate=1e-7")
    failed = call("train", "tiny.yaml", "--overfit-batch", *slow)
    assert failed.code == 4
    assert failed.out.startswith("the network did not memorise its batch of 8 images in 20 steps: loss ")
    assert "neither a tenth nor ten times the learning rate helps" in failed.out
    as_json = call("train", "tiny.yaml", "--overfit-batch", *slow, "--json", "--quiet")
    assert json.loads(as_json.out)["learned"] is False
    assert as_json.code == 4
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.yaml"]


@pytest.mark.slow
def test_a_learning_rate_is_found_and_drawn(capsys, tmp_path):
    from PIL import Image

    from cnncli.cli.terminal.find import _show_range_test
    from cnncli.report.plots.range_test import draw_range_test
    from cnncli.runner.preflight.range_test import RangeTest

    rates, losses = tuple(10.0**power for power in range(-6, 1)), (2.3, 2.3, 2.0, 1.0, 0.5, 3.0, float("inf"))
    key = ("train", "optimizer", "Adam", "learning_rate")
    picture = tmp_path / "rates.png"
    for suggested, said in (
        (0.001, "rate    0.001, a tenth of that (the spec has 0.01)"),
        (None, "The loss never fell."),
    ):
        _show_range_test(RangeTest(rates, losses, losses, suggested, key, 0.01, 5.0), picture)
        shown = capsys.readouterr().out
        assert said in shown
        assert max(map(len, shown.replace(str(tmp_path), "").splitlines())) <= 80
        draw_range_test(rates, losses, losses, suggested, picture)
        assert Image.open(picture).size[0] > 600
    draw_range_test(rates[:1], losses[-1:], losses[-1:], None, picture)


@pytest.mark.slow
def test_batch_sizes_are_a_table_with_the_key_to_set(capsys):
    from cnncli.cli.terminal.find import _show_batch_sizes
    from cnncli.runner.preflight.batch_sizes import BatchSizes, BatchSpeed

    speeds = tuple(BatchSpeed(size, 10.0 * size, 0.1) for size in (8, 16, 32))
    _show_batch_sizes(BatchSizes(speeds, 16, 64, 9.0))
    shown = capsys.readouterr().out
    assert "\n        16        160   100.0 ms  (of the spec)\n" in shown
    assert "\n        64 does not fit into memory\n" in shown
    assert "\ntrain.batch_size: 32 is the smallest" in shown
    assert "--set train.batch_size=32 --find-lr" in shown
