"""The files of a run in place of those that its spec names: its division and its corrections."""

from __future__ import annotations

from pathlib import Path

from cnncli.runner.inputs.corrections import CORRECTIONS
from cnncli.runner.inputs.division_file import DIVISION
from cnncli.spec.schema import Data


def with_own_files(data: Data, run: Path) -> Data:
    """The section `data` of a run's spec with the division and the corrections that the run recorded.

    The files of its own are used wherever the run is now.
    """
    data, file = with_own_division(data, run), run / CORRECTIONS
    return data if data.corrections is None or not file.is_file() else data.replace(corrections=str(file))


def with_own_division(data: Data, run: Path) -> Data:
    """The section `data` of a run's spec with the division that the run recorded, wherever the run is now."""
    file = run / DIVISION
    if data.split.file is None or not file.is_file():
        return data
    return data.replace(split=data.split.replace(file=str(file)))
