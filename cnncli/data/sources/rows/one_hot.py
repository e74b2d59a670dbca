"""Labels in several columns: one for each class, with a 1 in that of the image's class."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from cnncli.data.sources.rows import Grid
from cnncli.wording import some

_TOLERANCE = 1e-3
"""How far probabilities that were rounded may be from a sum of 1."""

_TRUTH = {"true": 1.0, "false": 0.0}
"""What pandas.get_dummies and R write in place of 1 and 0."""

_BITS = {"0", "1", "0.0", "1.0", "true", "false", "True", "False", "TRUE", "FALSE", ""}

_MOST = 0.9
"""Share of rows that must sum to 1: the rest are mistakes, and with more of them the numbers mean something else."""


class OneHot(NamedTuple):
    """The columns of the classes, and their names."""

    columns: tuple[int, ...]
    names: tuple[str, ...]

    def label(self, cells: Sequence[str]) -> tuple[str, str]:
        """The class with the largest number, empty where all are zero; and what is wrong with the row."""
        values = [_number(cells[at]) or 0.0 for at in self.columns]
        total = sum(values)
        if total == 0:
            return "", ""
        largest = [name for name, value in zip(self.names, values, strict=True) if value == max(values)]
        if abs(total - 1) > _TOLERANCE:
            return "", f"its one-hot label sums to {total:g}: {some(largest)}"
        return (largest[0], "") if len(largest) == 1 else ("", f"its label is as much {' as '.join(largest[:2])}")


def one_hot_columns(grid: Grid, taken: Collection[int | None]) -> OneHot | None:
    """The columns of numbers from 0 to 1 that sum to 1 in nearly every row that is not all zeros; None without."""
    columns = _shares(grid, taken)
    if len(columns) < 2:
        return None
    one_hot = OneHot(tuple(columns), tuple(grid.header[at] for at in columns))
    sums = [sum(_number(cells[at]) or 0.0 for at in columns) for _, cells in grid.rows]
    labelled = [total for total in sums if total]
    good = sum(abs(total - 1) <= _TOLERANCE for total in labelled)
    return one_hot if labelled and good >= _MOST * len(labelled) else None


def several_at_once(grid: Grid, taken: Collection[int | None]) -> str:
    """Names of the columns of 0 and 1, if an image has a 1 in two of them, as of several classes; else empty."""
    columns = [at for at in _shares(grid, taken) if {cells[at] for _, cells in grid.rows} <= _BITS]
    most = max((sum(_number(cells[at]) or 0.0 for at in columns) for _, cells in grid.rows), default=0.0)
    return some([grid.header[at] for at in columns]) if most > 1 else ""


def _shares(grid: Grid, taken: Collection[int | None]) -> list[int]:
    """The columns of numbers from 0 to 1."""
    columns = []
    for at in range(len(grid.header)):
        if at not in taken:
            values = [_number(cells[at]) for _, cells in grid.rows]
            if all(value is not None and 0 <= value <= 1 for value in values):
                columns.append(at)
    return columns


def _number(text: str) -> float | None:
    try:
        return float(_TRUTH.get(text.lower(), text or 0))
    except ValueError:
        return None
