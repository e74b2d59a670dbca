"""The images that a table names, which need have no labels."""

from __future__ import annotations

from typing import NamedTuple

from cnncli.data.inventory.location import require_existing
from cnncli.data.sources.labelling import read_export
from cnncli.data.sources.rows import arrow
from cnncli.data.sources.rows.arguments import TableArguments
from cnncli.data.sources.rows.columns import image_rows_of
from cnncli.data.sources.rows.parquet import parquet
from cnncli.data.sources.rows.reading import may_hold_images, text_grid
from cnncli.data.sources.rows.references import References
from cnncli.data.sources.rows.unpacked import unpack
from cnncli.errors import DataError


class ListedImages(NamedTuple):
    """The images of a table, in the order of its rows.

    Args:
        names: As the table has them.
        paths: Where they are.
    """

    names: list[str]
    paths: list[str]


def listed_images(arguments: TableArguments) -> ListedImages:
    """The images of a table of any kind, or of the export of a labelling tool; those inside of it are unpacked.

    The images need not exist: whoever reads them says so.

    Raises:
        DataError: It is no table, or has no column of images, or a row has none.
    """
    place, folder = require_existing(arguments.path), arguments.folder
    listing = read_export(arguments) if arguments.image_column is None else None
    if listing is None:
        columnar = place.suffix.lower() in arrow.SUFFIXES
        if may_hold_images(place) and not columnar:
            raise DataError(f"{place} is an archive, not a table of images", "unpack it, and name the folder")
        grid = parquet([place]) if columnar else text_grid(place, arguments)
        listing = image_rows_of(place, grid, arguments, References(folder).all_exist)
    if lacking := next((row for row in listing.rows if not row.name), None):
        raise DataError(f"{place}: {lacking.place} has no path of an image", "fill it in, or remove the row")
    if not listing.rows:
        raise DataError(f"{place} has no rows", "expected a row for each image below the names of the columns")
    if listing.pixels is not None:
        folder = unpack([place], listing.pixels, arguments.notice)
    names = [row.name for row in listing.rows]
    return ListedImages(names, [str(folder / found.name) for found in References(folder).resolve(names)])
