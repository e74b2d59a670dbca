"""The cells of JSON: one object in each line, a list of them, or one of the other forms that programs give a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cnncli.data.sources.rows import Grid
from cnncli.data.sources.rows.text import is_image_name
from cnncli.errors import DataError
from cnncli.wording import some

_PAIR = ("image", "label")
"""Names of the columns of JSON that says no more than which image is of which class."""


def json_lines(file: Path, text: str) -> Grid:
    """The cells of a file with one JSON object in each line.

    Raises:
        DataError: A line is no JSON object.
    """
    objects = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            content = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{file}:{number} is not JSON: {error}", "expected one JSON object in each line") from None
        if not isinstance(content, dict):
            raise DataError(f"{file}:{number} is not a JSON object", 'expected {"file_name": …, "label": …}')
        objects.append((f"line {number}", content))
    return grid_of_objects(objects)


def json_table(file: Path, text: str) -> Grid:
    """The cells of a table as one JSON value.

    It is a list of objects, perhaps the only one in an object that also has other things; or a table as
    `DataFrame.to_json` writes it with any `orient`; or it maps images to classes, or classes to lists of images.

    Raises:
        DataError: It is something else.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        if len(text.split("\n")) > 1 and text.lstrip().startswith("{"):
            return json_lines(file, text)
        raise DataError(f"{file} is not JSON: {error}") from None
    if isinstance(content, dict) and isinstance(content.get("data"), list):
        if isinstance(content.get("columns"), list):  # split
            content = [dict(zip(map(str, content["columns"]), row, strict=False)) for row in content["data"] if row]
        elif "schema" in content:  # table
            content = content["data"]
    if isinstance(content, dict) and len(lists := [each for each in content.values() if _is_of_objects(each)]) == 1:
        (content,) = lists
    if _is_of_objects(content):
        return grid_of_objects([(f"object {number}", each) for number, each in enumerate(content, 1)])
    if isinstance(content, list) and content and all(isinstance(each, list) and each for each in content):  # values
        return _grid_of_lists([(f"list {number}", each) for number, each in enumerate(content, 1)])
    grid = _grid_of_mapping(content) if isinstance(content, dict) else None
    if grid is None:
        has = f"an object with {some(list(content)) or 'nothing in it'}" if isinstance(content, dict) else "no object"
        raise DataError(f"{file} is JSON, and not a table: {has}", "expected a list of objects, one for each image")
    return grid


def _is_of_objects(content: Any) -> bool:
    return isinstance(content, list) and bool(content) and all(isinstance(each, dict) for each in content)


def _grid_of_mapping(content: dict[str, Any]) -> Grid | None:
    """The cells of an object whose values are all of one kind; None for any other."""
    values = list(content.values())
    if values and all(isinstance(value, dict) for value in values):
        if all(list(value) == list(values[0]) for value in values) and len(values) < len(values[0]):  # columns
            rows = [(f"row {key}", {name: column[key] for name, column in content.items()}) for key in values[0]]
            return grid_of_objects(rows)
        named = all(map(is_image_name, content))
        rows = [(f"object {key}", {_PAIR[0]: key, **each} if named else each) for key, each in content.items()]
        return grid_of_objects(rows)
    if values and all(map(is_image_name, content)) and all(isinstance(value, str | int | list) for value in values):
        pairs = list(content.items())
    elif values and all(isinstance(value, list) and all(isinstance(one, str) for one in value) for value in values):
        pairs = [(image, name) for name, images in content.items() for image in images]
    else:
        return None
    rows = [(f"image {number}", dict(zip(_PAIR, pair, strict=True))) for number, pair in enumerate(pairs, 1)]
    return grid_of_objects(rows) if rows else None


def _grid_of_lists(rows: Sequence[tuple[str, list[Any]]]) -> Grid:
    header = [str(number) for number in range(1, max(len(row) for _, row in rows) + 1)]
    cells = [(place, [*map(cell, row), *[""] * (len(header) - len(row))]) for place, row in rows]
    return Grid(header, cells, f"its columns have no names and are called {some(header)}")


def grid_of_objects(objects: Sequence[tuple[str, dict[str, Any]]]) -> Grid:
    """The cells of JSON objects; their columns are the keys of all."""
    header = list(dict.fromkeys(key for _, content in objects for key in content))
    rows = [(place, [cell(content.get(key)) for key in header]) for place, content in objects]
    return Grid(header, rows, f"its keys are {some(header) or 'none'}")


def cell(value: Any) -> str:
    """A value as the text of a cell: nothing is empty, a single word in a list is that word, and others are JSON."""
    if value is None or (isinstance(value, float) and value != value):  # NaN stands for nothing
        return ""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return value[0].strip()
    if isinstance(value, list | dict | bool):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value).strip()
