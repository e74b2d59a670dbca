"""Finds the column of a table that says which split a row belongs to, by its values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from cnncli.data.names.split_names import splits_named
from cnncli.errors import DataError
from cnncli.wording import some

KEY = "data.source.table.split_column"

_MOST_VALUES = 8
"""Different values of a column above which it is not looked at: no table has as many splits."""


def split_column(
    table: Path, header: Sequence[str], rows: Sequence[Sequence[str]], taken: Collection[int | None]
) -> int | None:
    """The column whose values are names of splits, training and another one among them; None when there is none.

    Args:
        table: The table, for messages.
        header: Names of the columns.
        rows: Fields of each row.
        taken: Columns that hold something else.

    Raises:
        DataError: There are two such columns, or one that has other values as well.
    """
    found = []
    for column, name in enumerate(header):
        values = _few_different(rows, column) if column not in taken else set()
        splits = splits_named(values)
        if not {"train"} < set(splits.values()):
            continue
        if others := sorted(values - splits.keys()):
            raise DataError(
                f"{table}: the column '{name}' names splits ({some(sorted(splits))}), and other rows have "
                f"{some([repr(other) for other in others])}",
                f"give these rows a split, or set {KEY} to '' to ignore the column",
            )
        found.append(column)
    if len(found) > 1:
        names = some([f"'{header[column]}'" for column in found])
        raise DataError(f"{table}: the columns {names} name splits", f"set {KEY} to one of them, or to '' for neither")
    return found[0] if found else None


def _few_different(rows: Sequence[Sequence[str]], column: int) -> set[str]:
    """The different values of a column; none when there are many."""
    values: set[str] = set()
    for fields in rows:
        values.add(fields[column].strip())
        if len(values) > _MOST_VALUES:
            return set()
    return values
