"""Finds the column of a table that says which split a row belongs to, by its values."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from cnncli.data.names.split_names import split_of, splits_named
from cnncli.errors import DataError
from cnncli.wording import some

KEY = "data.source.table.split_column"

_FLAG = re.compile(r"(?:is|in)[ _]?([a-z]+(?:[ _]?set)?)", re.IGNORECASE)
_YES, _NO = frozenset({"1", "1.0", "true", "yes"}), frozenset({"0", "0.0", "false", "no"})

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


def flag_column(
    header: Sequence[str], rows: Sequence[Sequence[str]], taken: Collection[int | None]
) -> tuple[int, Mapping[str, str]] | None:
    """The only column such as `is_train` that says yes or no, and the split of each of its values; None without."""
    found = []
    for column, name in enumerate(header):
        flag = _FLAG.fullmatch(name.strip())
        split = split_of(flag[1]) if flag and column not in taken else None
        values = _few_different(rows, column) if split else set()
        if split and len(values) == 2 and {value.lower() for value in values} <= _YES | _NO:
            other = "test" if split == "train" else "train"
            found.append((column, {value: split if value.lower() in _YES else other for value in values}))
    return found[0] if len(found) == 1 else None


def _few_different(rows: Sequence[Sequence[str]], column: int) -> set[str]:
    """The different values of a column; none when there are many."""
    values: set[str] = set()
    for fields in rows:
        values.add(fields[column].strip())
        if len(values) > _MOST_VALUES:
            return set()
    return values
