"""Where images may come from: the table of sources.

A source is one module in `data/sources/` and one entry here. The schema, the rules, the data doctor, the training and
the test of docs/data.md all read this table; the module itself is imported only when its images are loaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cnncli.catalog.validators import Validator, choice, mapping_of, number, text, validator
from cnncli.errors import KeyPath, Problem
from cnncli.wording import shown, without_secrets


@dataclass(frozen=True)
class ImageSource:
    """A kind of place that images come from.

    Args:
        module: Name of its module in `data/sources/`, which has a function `load`.
        images: `files` are read in any size and may be excluded one by one; `encoded` ones are read in any size too,
            by the source itself; `arrays` are pixels of one size.
        arguments: What a spec sets, by name; the first is required.
    """

    module: str
    images: Literal["files", "encoded", "arrays"]
    arguments: Mapping[str, Validator]

    @property
    def required(self) -> str:
        """Name of the argument that the source needs."""
        return next(iter(self.arguments))


def _accept_path(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
    if not isinstance(value, str) or not value:
        problems.append(Problem(path, f"expected a path, got {shown(value)}"))
    elif without_secrets(value) != value and (value.startswith(("http", "zip")) or "@" in value.split("/")[2]):
        message = "the address contains a user name, password or signature; leave it out: credentials are those that"
        problems.append(Problem(path, f"{message} the tools of the protocol use, such as ~/.netrc or ~/.aws"))
    return value


PATH = Validator("a path", _accept_path, {"type": "string"})
"""A file or folder, or the address of one: `s3://bucket/photos`."""

# With a namespace in front, TensorFlow Datasets would download somebody's code and run it
_TFDS = re.compile(r"[a-z][a-z0-9_]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)?(:[0-9*]+\.[0-9*]+\.[0-9*]+)?\Z")
_TFDS_NAME = validator(
    "a data set by name, such as cifar10 or stanford_dogs:0.2.0",
    lambda value: isinstance(value, str) and bool(_TFDS.match(value)),
    {"type": "string"},
)

_SPLIT_COLUMN = Validator(
    "the name of a column, or '' to ignore the one that would be found",
    lambda value, path, problems: "" if value in (None, "") else text.accept(value, path, problems),  # `--set key=`
    {"type": ["string", "null"]},
)

_TABLE = {
    "path": PATH,
    "root": PATH,
    "image_column": text,
    "label_column": text,
    "split_column": _SPLIT_COLUMN,
    "names": PATH,
    "delimiter": choice(",", ";", "\t", "|"),
    "encoding": text,
}

IMAGE_SOURCES: dict[str, ImageSource] = {
    "folder": ImageSource("folder", "files", {"path": PATH}),
    "table": ImageSource("table", "files", _TABLE),
    "arrays": ImageSource("arrays", "arrays", {"path": PATH, "labels": PATH, "white": number(0, above=True)}),
    "idx": ImageSource("idx", "arrays", {"path": PATH}),
    "cifar": ImageSource("cifar", "arrays", {"path": PATH, "labels": choice("fine", "coarse")}),
    "tfds": ImageSource("tfds", "encoded", {"name": _TFDS_NAME, "splits": mapping_of(text), "data_dir": PATH}),
}

FORMER_NAMES = {"csv": "table"}
"""Former names of sources, which specs may still use."""

TABLES = (".csv", ".tsv", ".jsonl", ".parquet")
"""Suffixes that files of tables mostly have."""

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
"""The same of archives of images."""


def place_of(path: str) -> str:
    """How a path is written as a source, by its suffix alone: `folder: {path: photographs}`."""
    return f"{'table' if path.endswith(TABLES) else 'folder'}: {{path: {path}}}"
