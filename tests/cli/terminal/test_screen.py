"""What a person reads while a model trains."""

from __future__ import annotations

import re
import subprocess
import sys
from math import ceil
from pathlib import Path
from types import SimpleNamespace

import pytest

from cnncli.cli.terminal.screen import TrainingScreen
from cnncli.errors import Interrupted, ResourceError
from cnncli.records import Epoch, StageStarted


@pytest.mark.parametrize(
    ("started", "line"),
    [
        (
            StageStarted(2, 2, 0, 34, 1e-5, "", 1234567, 2000000),
            "stage 2 of 2: 34 layers thawed, learning rate 1e-05, 1,234,567 of 2,000,000 parameters train",
        ),
        (
            StageStarted(1, 3, 1, 2, 0.1, "CosineDecay", 5, 9),
            "stage 1 of 3: 2 layers thawed, 1 layer frozen, learning rate 0.1 (CosineDecay), 5 of 9 parameters train",
        ),
        (
            StageStarted(2, 2, 0, 0, 0.1, "", 9, 9),
            "stage 2 of 2: learning rate 0.1, 9 of 9 parameters train",
        ),
    ],
)
def test_a_stage_is_one_line(capsys, started, line):
    TrainingScreen(False, SimpleNamespace()).on_stage_start(started)
    assert capsys.readouterr().out == f"{line}\n"
    TrainingScreen(True, SimpleNamespace()).on_stage_start(started)
    assert capsys.readouterr().out == ""


def start(screen, limit=600, path="runs/a-001"):
    """Tells a screen that a training of no images begins."""
    train = SimpleNamespace(epochs=limit, max_seconds=600, precision="float32")
    nothing = SimpleNamespace(train=train, data=SimpleNamespace(source=SimpleNamespace(name="a")), nodes=[])
    nothing.model = nothing
    splits = SimpleNamespace(samples={}, class_names=[])
    model = SimpleNamespace(input_shape=(8, 8, 1), parameters=1)
    screen.on_start(SimpleNamespace(path=Path(path)), nothing, splits, model, "CPU")


@pytest.mark.parametrize(
    ("cause", "begun", "in_group", "hint"),
    [
        (OSError("full"), True, False, "free some space\nafterwards, to continue: cnncli resume 'my runs/a-001'"),
        (OSError("full"), True, True, "free some space\nafterwards, to continue: cnncli resume 'my runs'"),
        (OSError("full"), False, False, "free some space"),
        (MemoryError(), True, False, "free some space"),
    ],
)
def test_a_full_disk_is_told_with_the_command_that_continues(cause, begun, in_group, hint):
    error, screen = (
        ResourceError("cannot write 'state.npz'", "free some space"),
        TrainingScreen(True, SimpleNamespace()),
    )
    error.__cause__ = cause
    if in_group:
        screen.on_fold(1, 2)
    if begun:
        start(screen, path="my runs/a-001")
    with pytest.raises(ResourceError), screen:
        raise error
    assert error.hint == hint


TOGETHER = " --workers a:1,b:1 --rank 0"


@pytest.mark.parametrize("options", [TOGETHER, " --devices 2", ""])
def test_the_command_that_continues_has_the_options_of_this_one(options):
    error, stopped = ResourceError("cannot write 'state.npz'"), Interrupted("runs/a-001")
    error.__cause__ = OSError("full")
    for each in (error, stopped):
        screen = TrainingScreen(True, SimpleNamespace(), options)
        start(screen)
        with pytest.raises(type(each)), screen:
            raise each
    assert error.hint == f"afterwards, to continue: cnncli resume runs/a-001{options}"
    assert stopped.options == options


def test_the_options_that_a_group_of_processes_names_stay():
    stopped = Interrupted("runs/a-001", options=TOGETHER)
    with pytest.raises(Interrupted), TrainingScreen(True, SimpleNamespace(), " --devices 2"):
        raise stopped
    assert stopped.options == TOGETHER


@pytest.mark.parametrize(
    ("command", "given", "options"),
    [
        (("train", "configs/mnist.yaml"), ("--workers", "a:1,b:1", "--rank", "0", "--wait", "1m"), " --wait 60s"),
        (("resume", "a-001"), ("--workers", "a:1,b:1", "--rank", "0"), ""),
        (("resume", "a-001"), ("--devices", "GPU:0,GPU:1"), " --devices GPU:0,GPU:1"),
    ],
)
def test_commands_tell_the_screen_their_options(call, monkeypatch, command, given, options):
    from cnncli.cli.terminal import screen

    told = []

    class Screen:
        def __init__(self, quiet, signals, options):
            told.append(options)
            raise KeyboardInterrupt

    monkeypatch.setattr(screen, "TrainingScreen", Screen)
    monkeypatch.setattr("cnncli.open_run", lambda *arguments: None)
    call(*command, *given)
    assert told == [(TOGETHER if "--workers" in given else "") + options]


@pytest.mark.parametrize(
    ("limit", "fitted", "line"),
    [
        (5, 5, "time    all 5 epochs fit into 10 min"),
        (40, 38, "time    stops after 10 min: 38 epochs fit"),
        (40, 4.7, "time    stops after 10 min: 4.7 epochs fit"),
        (40, 0.25, "time    stops after 10 min, within the first epoch: 25 % of it fits"),
    ],
)
def test_with_max_time_one_line_says_how_many_epochs_fit(capsys, limit, fitted, line):
    screen = TrainingScreen(False, SimpleNamespace())
    start(screen, limit)
    capsys.readouterr()
    screen.on_epochs_fitted(fitted)
    screen.on_epochs_fitted(fitted)
    assert capsys.readouterr().out == f"{line}\n"
    screen.on_epoch_end(Epoch(1, {"loss": 1.0}, 0.01, 3.2), True)
    assert f"\n1/{ceil(fitted)} " in capsys.readouterr().out
    late = TrainingScreen(False, SimpleNamespace())
    start(late, limit)
    late.on_epoch_end(Epoch(1, {"loss": 1.0}, 0.01, 3.2), True)
    assert "\n1 " in capsys.readouterr().out
    late.on_epochs_fitted(fitted)
    late.on_epochs_fitted(fitted + 1)  # only the next epochs show it
    assert capsys.readouterr().out == f"{line}\n"


TRAINING = """
from types import SimpleNamespace as Some
from cnncli.cli.terminal.screen import TrainingScreen
from cnncli.records import Epoch

train, source = Some(epochs=2, max_seconds=None, precision="float32"), Some(name="mnist")
spec = Some(train=train, data=Some(source=source), model=Some(nodes=["Flatten", "Dense"]))
splits = Some(samples={"train": range(64), "test": range(8)}, class_names=["0", "1"])
with TrainingScreen(False, Some()) as screen:
    screen.on_start(Some(path="runs/a-001"), spec, splits, Some(input_shape=(28, 28, 1), parameters=10), "CPU")
    for epoch in (1, 2):
        for step in range(1, 33):
            screen.on_step(epoch, step, 32, {})
        screen.on_epoch_end(Epoch(epoch, {"loss": 1 / epoch, "val_loss": 1.0}, 0.01, 3.2), epoch == 1)
"""
COLOR = re.compile(r"\x1b\[[0-9;]*3[0-9][0-9;]*m")


@pytest.fixture
def shown(in_a_terminal):
    """What a training shows in a terminal; nothing is trained."""
    return lambda **environment: in_a_terminal([sys.executable, "-c", TRAINING], **environment)


def test_a_terminal_shows_bars_and_colours(shown):
    text = shown()
    assert re.search(r"epoch 2/2 .*32/32 steps", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text))
    assert COLOR.search(text)


def test_no_color_leaves_no_colour(shown):
    text = shown(NO_COLOR="1")
    assert "32/32 steps" in text
    assert not COLOR.search(text)


def test_a_terminal_that_can_do_nothing_gets_plain_lines(shown):
    assert shown(TERM="dumb").splitlines() == [
        "data    mnist: 64 train, 8 test; 2 classes, 28×28×1",
        "model   2 layers, 10 parameters",
        "device  CPU",
        "run     runs/a-001",
        "",
        "       training  validation",
        "epoch      loss      loss       time",
        "1/2      1.0000    1.0000      3.2 s  best",
        "2/2      0.5000    1.0000      3.2 s",
    ]


MANY_METRICS = """
import sys
from pathlib import Path
from types import SimpleNamespace as Some
from cnncli.cli.terminal.screen import TrainingScreen
from cnncli.records import Epoch

train = Some(epochs=200, max_seconds=None, precision="float32", monitor=sys.argv[1], metrics=[])
spec = Some(train=train, data=Some(source=Some(name="mnist"), split=Some(validation=0.1)), model=Some(nodes=[]))
own = ["loss", "accuracy", "precision", "recall", "auc"]
metrics = {name: 0.5 for name in own} | {f"val_{name}": 0.25 for name in own}
with TrainingScreen(False, Some()) as screen:
    for fold in (1, 2):
        screen.on_fold(fold, 2)
        splits, model = Some(samples={}, class_names=[]), Some(input_shape=(8, 8, 1), parameters=10)
        screen.on_start(Some(path=Path("runs/a-001")), spec, splits, model, "CPU")
        screen.on_epoch_end(Epoch(1, metrics, 0.01, 12345.6), True)
""".replace("import sys", "import sys\nfrom pathlib import Path")


@pytest.mark.parametrize(
    ("monitored", "columns", "names", "left_out"),
    [
        ("val_accuracy", 80, "loss accuracy | loss accuracy precision", "precision recall auc val_recall val_auc"),
        ("recall", 60, "loss recall | loss", "accuracy precision auc val_accuracy val_precision val_recall val_auc"),
        ("val_auc", 20, " | auc", "loss accuracy precision recall auc val_loss val_accuracy val_precision val_recall"),
        ("val_auc", 130, "loss accuracy precision recall auc | loss accuracy precision recall auc", ""),
    ],
)
def test_a_table_is_no_wider_than_the_terminal_and_what_it_leaves_out_is_said_once(
    in_a_terminal, monitored, columns, names, left_out
):
    shown = in_a_terminal([sys.executable, "-c", MANY_METRICS, monitored], TERM="dumb", COLUMNS=str(columns))
    text = " ".join(shown.split())
    lines = shown.splitlines()
    assert max(map(len, lines[4:])) <= max(columns, 37)
    training, validation = (half.split() for half in names.split("|"))
    headings = [line.split() for line in lines if line.startswith("epoch")]
    assert headings == [["epoch", *training, *validation, "time"]] * 2
    values = next(line.split() for line in lines if line.startswith("1/200"))
    assert values == ["1/200", *["0.5000"] * len(training), *["0.2500"] * len(validation), "12345.6", "s", "best"]
    note = f"note too wide for {columns} columns, and only in history.csv: {', '.join(left_out.split())} "
    assert text.count("note") == text.count(note) == bool(left_out)


def test_a_pipe_gets_every_column():
    piped = subprocess.run([sys.executable, "-c", MANY_METRICS, ""], capture_output=True, text=True, check=True).stdout
    assert "training" in piped
    assert len(next(line for line in piped.splitlines() if line.startswith("1/200"))) == 126
    assert "note" not in piped
