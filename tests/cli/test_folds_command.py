"""Folds on the command line: what is refused, and how groups are listed. Nothing is trained."""

import json
from types import SimpleNamespace

import pytest

from cnncli import Folds
from cnncli.cli.terminal.screen import TrainingScreen, show_folds
from cnncli.runs.groups import GroupDir, GroupRecord


@pytest.fixture
def group(tmp_path):
    """A group of two folds, of which the first is finished."""
    made = GroupDir(tmp_path / "photos-folds-001")
    made.write_record(GroupRecord(2, False, False, "name: photos\n", ["train"], "2026-11-29T15:00:00Z", "0.1.0"))
    made.fold(1).path.mkdir()
    made.fold(1).write_json("status.json", {"state": "finished", "started": "2026-11-29T15:00:00Z", "epochs": 2})
    made.fold(1).write_json("metrics.json", {"accuracy": 0.91, "images": 100})
    return made


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--folds", "1"], "2<=x<=100"),
        (["--final"], "--final requires --folds"),
        (["--folds", "5", "--overfit-batch"], "cannot be combined"),
    ],
)
def test_options_that_do_not_go_together(call, options, words):
    refused = call("train", "configs/mnist.yaml", *options)
    assert refused.code == 2
    assert words in refused.err


def test_a_contradiction_is_shown_with_its_place(call, tmp_path):
    refused = call(
        "train", "configs/mnist.yaml", "--folds", "5", "--set", "data.split.validation=test", "--runs-dir", tmp_path
    )
    assert refused.code == 2
    assert "--set data.split.validation=test  data.split.validation  with --folds" in refused.err
    assert list(tmp_path.iterdir()) == []


def test_a_group_is_one_line_and_its_runs_are_listed(call, group, tmp_path):
    (row,) = json.loads(call("runs", "--json", "--runs-dir", tmp_path).out)
    assert (row["name"], row["state"], row["folds"]) == ("photos-folds-001", "1 of 2 runs", 2)
    listed = call("runs", "--group", "photos-folds-001", "--runs-dir", tmp_path)
    assert [line.split()[0] for line in listed.out.splitlines()] == ["run", "fold-1"]
    assert call("runs", "--group", "nothing", "--runs-dir", tmp_path).code == 6
    (group.path / "group.json").write_text("{}")
    assert "broken" in call("runs", "--runs-dir", tmp_path).out


def test_a_command_for_a_run_names_the_runs_of_a_group(call, group, tmp_path):
    refused = call("evaluate", group.path)
    assert refused.code == 6
    assert "is a group of runs" in refused.err
    assert "fold-1" in refused.err


def test_a_finished_group_is_not_trained_again(call, group):
    group.fold(2).path.mkdir()
    group.fold(2).write_json("status.json", {"state": "finished"})
    group.page.write_text("")
    assert "is finished" in call("resume", group.path).err
    assert call("resume", group.path, "--epochs", "9").code == 2
    assert "--devices is for a run, and this is a group of runs" in call("resume", group.path, "--devices", 2).err
    moved = call("report", group.path, "--data", "my photos").err
    assert f"have it name the place: cnncli resume {group.path} --data 'my photos'" in moved


def test_what_a_training_shows_of_its_folds(group, capsys):
    fold = {"accuracy": 0.91, "images": 100, "intervals": {"accuracy": [0.85, 0.95]}}
    folds = [{"run": "fold-1", **fold}, {"run": "fold-2", **fold, "intervals": {"accuracy": None}}]
    over = {"accuracy": {"mean": 0.91, "std": 0.0123, "interval": [0.8, 1]}}
    figures = {"accuracy": 0.91, "images": 200, "intervals": {"accuracy": [0.87, 0.94]}}
    group.write_json("metrics.json", {**figures, "folds": folds, "over_folds": over})
    TrainingScreen(False, SimpleNamespace()).on_fold(2, 2)
    show_folds(Folds(group), quiet=False)
    shown = capsys.readouterr().out
    assert "fold 2 of 2" in shown
    assert "fold-1     100  0.91 (0.85–0.95)" in shown
    assert "all images  accuracy 0.91 (0.87–0.94), 200 images, each tested once" in shown
    assert "standard deviation 0.0123" in shown
    assert [line for line in shown.splitlines() if len(line) > 80 and str(group.path) not in line] == []
    show_folds(Folds(group), quiet=True)
    assert capsys.readouterr().out == f"{group.path}\n"
