"""What a person reads while a model trains."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from cnncli.cli.screen import TrainingScreen
from cnncli.records import StageBegun


@pytest.mark.parametrize(
    ("begun", "line"),
    [
        (
            StageBegun(2, 2, 0, 34, 1e-5, "", 1234567, 2000000),
            "stage 2 of 2: 34 layers thawed, learning rate 1e-05, 1,234,567 of 2,000,000 parameters train",
        ),
        (
            StageBegun(1, 3, 1, 2, 0.1, "CosineDecay", 5, 9),
            "stage 1 of 3: 2 layers thawed, 1 layer frozen, learning rate 0.1 (CosineDecay), 5 of 9 parameters train",
        ),
        (
            StageBegun(2, 2, 0, 0, 0.1, "", 9, 9),
            "stage 2 of 2: learning rate 0.1, 9 of 9 parameters train",
        ),
    ],
)
def test_a_stage_is_one_line(capsys, begun, line):
    TrainingScreen(False, SimpleNamespace()).stage(begun)
    assert capsys.readouterr().out == f"{line}\n"
    TrainingScreen(True, SimpleNamespace()).stage(begun)
    assert capsys.readouterr().out == ""
