"""The table of docs/data.md says what a network gets of each format, depth and colour, and another reader agrees."""

import re
import sys
from functools import cache
from pathlib import Path

import everyday_files
import format_files
import numpy as np
from cases import each
from format_files import Cell

from cnncli.data.decode.formats import FORMATS
from cnncli.data.decode.image import read_image
from cnncli.data.decode.input_format import InputFormat
from cnncli.errors import DataError

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
COLORS = {1: "grey", 2: "grey with alpha", 3: "colour", 4: "colour with alpha"}
CELLS = everyday_files.CELLS | format_files.CELLS


@cache
def rows() -> list[list[str]]:
    table = PAGE.read_text(encoding="utf-8").partition("<!-- formats -->\n")[2].partition("\n<!-- /formats -->")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def bits_of(text: str) -> list[int]:
    """`1, 2, 9–16` as numbers; 0 for `any`."""
    spans = [re.fullmatch(r"(\d+)(?:–(\d+))?", part) for part in text.split(", ")] if text != "any" else []
    return [bits for span in spans for bits in range(int(span[1]), int(span[2] or span[1]) + 1)] or [0]


def row_of(key: tuple[str, int, str]) -> list[str]:
    """The row that a format, depth and colour belongs to."""
    name, bits, color = key
    found = [row for row in rows() if row[0] == name and bits in bits_of(row[1]) and color in row[2].split(", ")]
    assert len(found) == 1, (key, found)
    return found[0]


def key_of(name: str) -> tuple[str, int, str]:
    """The format, depth and colour of a cell of the grid."""
    if name.startswith("TIFF fax"):
        return "TIFF", 1, "grey"
    if name.startswith("TIFF WebP"):
        return "TIFF", 8, "colour"
    if found := re.match(r"TIFF (colours|grey|extra|inks|palette) (\d+)", name):
        return "TIFF", int(found[2]), {"colours": "colour", "extra": "colour"}.get(found[1], found[1])
    if found := re.match(r"TIFF alpha (\d+) (\d)", name):
        return "TIFF", int(found[1]), COLORS[int(found[2]) + 1]
    if found := re.match(r"TIFF JPEG (\d+) (\w+)", name):
        return "TIFF", int(found[1]), "grey" if found[2] == "minisblack" else "colour"
    if found := re.match(r"TIFF page (\d+)", name):
        return "TIFF", int(found[1]), "pages"
    if name.startswith("TIFF numbers"):
        return "TIFF", 0, "other numbers"
    if name.startswith("TIFF CIELAB"):
        return "TIFF", 8, "CIELAB"
    if found := re.match(r"Netpbm \d (\d+) (\d)", name):
        return "Netpbm", int(found[1]).bit_length(), COLORS[int(found[2])]
    if found := re.match(r"(QOI|ICO)(?: \w+)? (\d)", name):
        return found[1], 8, COLORS[int(found[2])]
    if found := re.match(r"JPEG (\d+) (\d) ls", name):
        return "JPEG-LS", int(found[1]), COLORS[int(found[2])]
    if found := re.match(r"(JPEG 2000|JPEG|AVIF|HEIC|PNG|BMP|WEBP) (\d+) (\d)", name):
        return found[1].replace("WEBP", "WebP"), int(found[2]), COLORS[int(found[3])]
    found = re.match(r"(\w+) (\d+) (.*?)(?: (?:interlaced|baseline|progressive|lossless|lossy))*$", name)
    return found[1], int(found[2]), found[3]


@cache
def cells_of() -> dict[tuple[str, int, str], list[str]]:
    found: dict[tuple[str, int, str], list[str]] = {}
    for name in CELLS:
        found.setdefault(key_of(name), []).append(name)
    return found


@each("row", rows(), lambda row: " ".join(row[:3]))
def test_every_row_is_held_by_a_file_of_each_of_its_colours(row):
    told = [key for key in cells_of() if row_of(key) == row]
    assert {color for _, _, color in told} == set(row[2].split(", "))


def test_the_table_has_every_format_that_is_read():
    names = {row[0].upper() for row in rows()} - {"JPEG-LS"}
    assert names == {one.name.upper() for one in FORMATS if one.reader and one.name != "DICOM"}


@each("name", everyday_files.CELLS)
def test_everyday_files_have_the_pixels_that_another_reader_finds(name):
    assert difference(CELLS[name]()) <= 1


def difference(cell: Cell) -> float:
    height, width, channels = cell.expected.shape
    read = read_image(cell.data, InputFormat(height, width, channels, **(cell.options or {})))
    return float(np.abs(read - cell.expected).max())


@each("key", cells_of())
def test_a_row_says_how_near_it_is_and_what_must_be_installed(key, monkeypatch):
    row, cells = row_of(key), [CELLS[name]() for name in cells_of()[key][:3]]
    assert max(map(difference, cells)) <= float(row[4])
    with monkeypatch.context() as patch:
        for module in ("tifffile", "imagecodecs", "pi_heif"):
            patch.setitem(sys.modules, module, None)
        assert any(map(is_read, cells)) is (row[5] == "")


def is_read(cell: Cell) -> bool:
    try:
        difference(cell)
    except DataError:
        return False
    return True
