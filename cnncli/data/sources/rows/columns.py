"""Which column of a table holds what: by its name, or by its values where no name tells."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from cnncli.data.sources.rows import Grid, Listing, Row
from cnncli.data.sources.rows.arguments import TableArguments
from cnncli.data.sources.rows.encoded_cells import encoded_names, is_encoded
from cnncli.data.sources.rows.names import GUESSES, simplified
from cnncli.data.sources.rows.one_hot import OneHot, one_hot_columns, several_at_once
from cnncli.data.sources.rows.pixel_cells import is_pixels, pixel_columns, pixel_names
from cnncli.data.sources.rows.split_column import KEY, flag_column, split_column
from cnncli.data.sources.rows.text import is_image_name
from cnncli.errors import DataError
from cnncli.wording import some

_SAMPLE = 50  # rows whose values tell what a column holds


def rows_of(table: Path, grid: Grid, arguments: TableArguments, exists: Callable[[Sequence[str]], bool]) -> Listing:
    """The rows of a table.

    Args:
        table: The table, for messages.
        grid: Its cells.
        arguments: Columns that the spec names; whatever is found by values and not by a name is a notice.
        exists: Whether there is an image for each of these names.

    Raises:
        DataError: A column is not there, or cannot be found.
    """
    finder, notice = _Finder(table, grid, arguments, exists), arguments.notice
    split = finder.named("split") if arguments.split_column != "" else None
    group = finder.named("group") if arguments.group_column else None
    taken = {each for each in (split, group) if each is not None}
    of_pixels = pixel_columns(grid.header) if arguments.image_column is None else []
    image = finder.image({*taken, *of_pixels}) if not of_pixels else -1
    if finder.lacks_header(image):
        return rows_of(table, _without_header(grid), arguments, exists)
    label = finder.named("label")
    used: set[int | None] = {*taken, *of_pixels, image}
    words: Mapping[str, str] = {}
    if split is None and arguments.split_column is None:
        rows, known = [cells for _, cells in grid.rows], {*used, label}
        split = split_column(table, grid.header, rows, known)
        if split is None and (flag := flag_column(grid.header, rows, known)):
            split, words = flag
        if split is not None:
            said = f"the column '{grid.header[split]}' names the splits, and they are used"
            notice(f"{table}: {said}; to ignore it, set {KEY} to ''")
        used |= {each for each in (split,) if each is not None}
    one_hot = None if label is not None else one_hot_columns(grid, used)
    if label is not None and arguments.label_column is not None:
        others = one_hot_columns(grid, used)
        if others is not None and label in others.columns:
            all_used = f"is one of the one-hot columns {some(others.names)}; without label_column, all are used"
            notice(f"{table}: '{grid.header[label]}' {all_used}")
    if one_hot is None and label is None:
        label = finder.only_class(used) if grid.classes else finder.only_other(used)
    if one_hot is None and label is None:
        raise finder.unknown("label", several=several_at_once(grid, used))
    listing = _listing(grid, image, label, split, group, one_hot)
    if words:
        listing.rows = [row._replace(split=words[row.split]) for row in listing.rows]
    listing.label_columns = one_hot.names if one_hot is not None else (grid.header[label or 0],)
    if one_hot is not None:
        notice(f"{table}: the labels are one-hot, in the columns {some(one_hot.names)}")
    _require_one_label_each(table, listing.rows)
    return _with_images_inside(table, grid, listing, image, of_pixels)


def image_rows_of(
    table: Path, grid: Grid, arguments: TableArguments, exists: Callable[[Sequence[str]], bool]
) -> Listing:
    """The rows of a table that need have no labels, with their images alone; arguments and errors as in `rows_of`."""
    finder = _Finder(table, grid, arguments, exists)
    of_pixels = pixel_columns(grid.header) if arguments.image_column is None else []
    image = finder.image(of_pixels) if not of_pixels else -1
    if finder.lacks_header(image):
        return image_rows_of(table, _without_header(grid), arguments, exists)
    listing = Listing([Row(place, "" if image < 0 else cells[image], "") for place, cells in grid.rows])
    return _with_images_inside(table, grid, listing, image, of_pixels)


def _with_images_inside(table: Path, grid: Grid, listing: Listing, image: int, of_pixels: Sequence[int]) -> Listing:
    """The listing, with a function that writes the images if they are in the cells of the table themselves."""
    if of_pixels or (grid.rows and is_pixels(grid.rows[0][1][image])):
        cells = [[row[at] for at in of_pixels or [image]] for _, row in grid.rows]
        names, listing.pixels = pixel_names(table, cells)
        listing.rows = [row._replace(name=name) for row, name in zip(listing.rows, names, strict=True)]
    elif grid.rows and is_encoded(grid.rows[0][1][image]):
        names, listing.pixels = encoded_names([row.name for row in listing.rows])
        listing.rows = [row._replace(name=name) for row, name in zip(listing.rows, names, strict=True)]
    elif grid.header[image] in grid.pixels:
        listing.pixels = grid.pixels[grid.header[image]]
    return listing


class _Finder:
    """Looks for the columns of a table."""

    def __init__(
        self, table: Path, grid: Grid, arguments: TableArguments, exists: Callable[[Sequence[str]], bool]
    ) -> None:
        self._table, self._grid, self._arguments, self._exist = table, grid, arguments, exists
        self._simple = [simplified(name) for name in grid.header]
        self._sample = [cells for _, cells in grid.rows[:_SAMPLE]]

    def named(self, role: str) -> int | None:
        """The column that the spec names, or else one with a name that is usual for the role; None without."""
        name: str | None = getattr(self._arguments, f"{role}_column")
        header = self._grid.header
        if name is not None:
            candidates = [[at for at, column in enumerate(header) if column == name]]
        else:
            candidates = [[at for at, one in enumerate(self._simple) if one in usual] for usual in GUESSES[role]]
        matches = next(filter(None, candidates), [])
        if len(matches) > 1 and self._say_the_same(matches):
            matches = [next(filter(self._is_of_images if role == "image" else self._is_of_words, matches), matches[0])]
        if len(matches) > 1:
            raise DataError(
                f"{self._table} has {len(matches)} columns that may hold the {role}; {self._grid.names_columns}",
                f"name one in {_key(role)}",
            )
        if not matches and name is not None:
            raise self.unknown(role, name)
        return matches[0] if matches else None

    def _say_the_same(self, columns: Sequence[int]) -> bool:
        """Whether each value of one of the columns always stands beside the same values of the others."""
        values = {tuple(cells[at] for at in columns) for _, cells in self._grid.rows}
        return all(len(values) == len(set(of_one)) for of_one in zip(*values, strict=True))

    def _is_of_words(self, column: int) -> bool:
        return not all(re.fullmatch(r"-?\d+(\.\d+)?", cells[column]) for cells in self._sample)

    def _is_of_images(self, column: int) -> bool:
        values = [cells[column] for cells in self._sample]
        kinds = (is_image_name, is_pixels, is_encoded)
        return all(values) and (any(all(map(is_kind, values)) for is_kind in kinds) or self._exist(values))

    def lacks_header(self, image: int) -> bool:
        """Whether the first row is that of an image too, because its names are unusual and one of them is an image."""
        usual = {name for names in GUESSES.values() for group in names for name in group}
        is_row = "first row" in self._grid.names_columns and usual.isdisjoint(self._simple)
        return is_row and None is self._arguments.image_column and self._exist([self._grid.header[image]])

    def image(self, taken: Collection[int]) -> int:
        """The column of the images: by its name, or the only one all of whose values are images that exist.

        A usual name is not enough where the values are none, such as names of people, and another column's are.
        """
        at = self.named("image")
        if at is not None and (self._arguments.image_column is not None or self._is_of_images(at)):
            return at
        columns = (at for at in range(len(self._grid.header)) if at not in taken)
        found = [at for at in columns if self._sample and self._is_of_images(at)]
        if len(found) != 1:
            if at is not None:
                return at
            raise self.unknown("image")
        if not self.lacks_header(found[0]):
            self._tell(found[0], "images")
        return found[0]

    def only_other(self, taken: Collection[int | None]) -> int | None:
        """The only column that holds nothing else; pandas writes the numbers of its rows into one without a name."""
        others = [at for at in range(len(self._grid.header)) if at not in taken]
        named = [at for at in others if self._simple[at] and not self._simple[at].startswith("unnamed")]
        others = named or others
        if len(others) != 1:
            return None
        self._tell(others[0], "labels")
        return others[0]

    def only_class(self, taken: Collection[int | None]) -> int | None:
        """The only column of which the file says that it holds classes."""
        classes = [at for at, name in enumerate(self._grid.header) if name in self._grid.classes and at not in taken]
        return classes[0] if len(classes) == 1 else None

    def _tell(self, at: int, what: str) -> None:
        self._arguments.notice(f"{self._table}: the column '{self._grid.header[at]}' holds the {what}")

    def unknown(self, role: str, name: str | None = None, several: str = "") -> DataError:
        """There is no such column; or there are several, for images of several classes at once."""
        if several:
            return DataError(
                f"{self._table} has a 1 in several of the columns {several}: an image of several classes at once is "
                "not supported",
                f"name one of them in {_key(role)}, to learn that alone",
            )
        lack = f"no column {name!r}" if name is not None else f"no column that is known to hold the {role}"
        rule = "; the first row must name the columns" if "first row" in self._grid.names_columns else ""
        return DataError(
            f"{self._table} has {lack}; {self._grid.names_columns}", f"name the column in {_key(role)}{rule}"
        )


def _key(role: str) -> str:
    return "data.split.group.column" if role == "group" else f"data.source.table.{role}_column"


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


def _without_header(grid: Grid) -> Grid:
    """The cells of a table whose first row is that of an image."""
    names = [str(number) for number in range(1, len(grid.header) + 1)]
    return Grid(names, [("line 1", grid.header), *grid.rows], f"its columns have no names and are called {some(names)}")


def _require_one_label_each(table: Path, rows: Sequence[Row]) -> None:
    """Refuses cells that hold a list or object, as tools write several labels."""
    for row in rows:
        if row.label[:1] in ("[", "{"):
            try:
                content = json.loads(row.label)
            except ValueError:
                continue
            if isinstance(content, list) and content.count(1) == 1 and content.count(0) == len(content) - 1:
                raise DataError(
                    f"{table}: {row.place} has {row.label} as its label, which is one-hot in one cell",
                    "write the name of the class instead, or make a column for each class",
                )
            raise DataError(
                f"{table}: {row.place} has {row.label} as its label: several labels, or an object",
                "a classifier needs one label for each image",
            )
