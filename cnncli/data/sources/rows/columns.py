"""Which column of a table holds what: by its name, or by its values where no name tells."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnncli.data.decode.pixels import Notice
from cnncli.data.sources.rows import Grid, Listing, Row
from cnncli.data.sources.rows.names import GUESSES, simplified
from cnncli.data.sources.rows.one_hot import OneHot, one_hot_columns
from cnncli.data.sources.rows.pixel_cells import is_pixels, pixel_columns, pixel_names
from cnncli.data.sources.rows.split_column import KEY, split_column
from cnncli.data.sources.rows.text import is_image_name
from cnncli.errors import DataError
from cnncli.wording import some

_SAMPLE = 50  # rows whose values tell what a column holds


@dataclass(frozen=True)
class Columns:
    """The columns that a spec names; None for those to find, an empty split for none.

    Args:
        image: Column of the images.
        label: Column of the labels.
        split: Column of the splits.
        group: Column of the groups.
    """

    image: str | None = None
    label: str | None = None
    split: str | None = None
    group: str | None = None


def rows_of(
    table: Path, grid: Grid, columns: Columns, exists: Callable[[Sequence[str]], bool], notice: Notice | None
) -> Listing:
    """The rows of a table.

    Args:
        table: The table, for messages.
        grid: Its cells.
        columns: Columns that the spec names.
        exists: Whether there is an image for each of these names.
        notice: Receives a line about whatever was found by values and not by a name.

    Raises:
        DataError: A column is not there, or cannot be found.
    """
    finder = _Finder(table, grid, notice)
    split = finder.named("split", columns.split)
    group = finder.named("group", columns.group) if columns.group else None
    taken = {each for each in (split, group) if each is not None}
    of_pixels = pixel_columns(grid.header) if columns.image is None else []
    image = finder.image(columns.image, exists, {*taken, *of_pixels}) if not of_pixels else -1
    label = finder.named("label", columns.label)
    used = {*taken, *of_pixels, image}
    if split is None and columns.split is None:
        split = split_column(table, grid.header, [cells for _, cells in grid.rows], {*used, label})
        if split is not None and notice:
            said = f"the column '{grid.header[split]}' names the splits, and they are used"
            notice(f"{table}: {said}; to ignore it, set {KEY} to ''")
        used |= {each for each in (split,) if each is not None}
    one_hot = None if label is not None else one_hot_columns(grid, used)
    if label is not None and columns.label is not None and notice:
        others = one_hot_columns(grid, used)
        if others is not None and label in others.columns:
            all_used = f"is one of the one-hot columns {some(others.names)}; without label_column, all are used"
            notice(f"{table}: '{grid.header[label]}' {all_used}")
    if one_hot is None and label is None:
        label = finder.only_other(used)
    if one_hot is None and label is None:
        raise finder.unknown("label")
    listing = _listing(grid, image, label, split, group, one_hot)
    if one_hot is not None and notice:
        notice(f"{table}: the labels are one-hot, in the columns {some(one_hot.names)}")
    _require_one_label_each(table, listing.rows)
    if of_pixels or (grid.rows and is_pixels(grid.rows[0][1][image])):
        cells = [[row[at] for at in of_pixels or [image]] for _, row in grid.rows]
        names, listing.pixels = pixel_names(table, cells)
        listing.rows = [row._replace(name=name) for row, name in zip(listing.rows, names, strict=True)]
    elif grid.header[image] in grid.pixels:
        listing.pixels = grid.pixels[grid.header[image]]
    return listing


class _Finder:
    """Looks for the columns of a table."""

    def __init__(self, table: Path, grid: Grid, notice: Notice | None) -> None:
        self._table, self._grid, self._notice = table, grid, notice
        self._simple = [simplified(name) for name in grid.header]

    def named(self, role: str, name: str | None) -> int | None:
        """The column with this name, or with a name that is usual for the role; None when there is none."""
        if name == "" and role == "split":
            return None
        header = self._grid.header
        if name is not None:
            candidates = [[at for at, column in enumerate(header) if column == name]]
        else:
            candidates = [[at for at, one in enumerate(self._simple) if one in usual] for usual in GUESSES[role]]
        matches = next(filter(None, candidates), [])
        if len(matches) > 1:
            raise DataError(
                f"{self._table} has {len(matches)} columns that may hold the {role}; {self._grid.names_columns}",
                f"name one in {_key(role)}",
            )
        if not matches and name is not None:
            raise self.unknown(role, name)
        return matches[0] if matches else None

    def image(self, name: str | None, exists: Callable[[Sequence[str]], bool], taken: Collection[int]) -> int:
        """The column of the images: by its name, or the only one all of whose values are images that exist."""
        at = self.named("image", name)
        if at is not None:
            return at
        rows = [cells for _, cells in self._grid.rows[:_SAMPLE]]
        found = [
            at
            for at in range(len(self._grid.header))
            if at not in taken and rows and _are_images([cells[at] for cells in rows], exists)
        ]
        if len(found) != 1:
            raise self.unknown("image")
        self._tell(found[0], "images")
        return found[0]

    def only_other(self, taken: Collection[int | None]) -> int | None:
        """The only column that holds nothing else."""
        others = [at for at in range(len(self._grid.header)) if at not in taken]
        if len(others) != 1:
            return None
        self._tell(others[0], "labels")
        return others[0]

    def _tell(self, at: int, what: str) -> None:
        if self._notice:
            self._notice(f"{self._table}: the column '{self._grid.header[at]}' holds the {what}")

    def unknown(self, role: str, name: str | None = None) -> DataError:
        """There is no such column."""
        lack = f"no column {name!r}" if name is not None else f"no column that is known to hold the {role}"
        rule = "; the first row must name the columns" if "first row" in self._grid.names_columns else ""
        return DataError(
            f"{self._table} has {lack}; {self._grid.names_columns}", f"name the column in {_key(role)}{rule}"
        )


def _key(role: str) -> str:
    return "data.split.group.column" if role == "group" else f"data.source.table.{role}_column"


def _are_images(values: Sequence[str], exists: Callable[[Sequence[str]], bool]) -> bool:
    return all(values) and (all(map(is_image_name, values)) or all(map(is_pixels, values)) or exists(values))


def _listing(
    grid: Grid, image: int, label: int | None, split: int | None, group: int | None, one_hot: OneHot | None
) -> Listing:
    rows, problems = [], []
    for place, cells in grid.rows:
        if label is not None:
            word = cells[label]
        else:
            assert one_hot is not None
            word, problem = one_hot.label(cells)
            if problem:
                problems.append(f"{place}: {problem}")
                continue
        of_split, of_group = ("" if at is None else cells[at] for at in (split, group))
        name = "" if image < 0 else cells[image]
        rows.append(Row(place, name, word, "train" if split is None else of_split, of_group))
    return Listing(rows, problems=problems)


def _require_one_label_each(table: Path, rows: Sequence[Row]) -> None:
    """Refuses cells that hold a list or object, as tools write several labels."""
    for row in rows:
        if row.label[:1] in ("[", "{"):
            try:
                json.loads(row.label)
            except ValueError:
                continue
            raise DataError(
                f"{table}: {row.place} has {row.label} as its label: several labels, or an object",
                "a classifier needs one label for each image",
            )
