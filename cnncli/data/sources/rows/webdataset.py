"""WebDataset: tar archives whose members with the same name up to the first dot are one sample.

Source:
    A. Aizman et al., "High Performance I/O for Large Scale Deep Learning", 2019; https://github.com/webdataset/webdataset
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cnncli.data.decode.formats import SUFFIXES
from cnncli.data.inventory.archives import require_whole
from cnncli.data.names.split_names import splits_named
from cnncli.data.sources.rows import Listing, Row
from cnncli.data.sources.rows.json_cells import cell
from cnncli.data.sources.rows.names import GUESSES, simplified
from cnncli.data.sources.rows.not_tables import not_a_table
from cnncli.errors import DataError

_LABELS = ("cls", "label", "txt")
"""Suffixes of members that hold a label and nothing else."""


class _Member(NamedTuple):
    """A file in an archive: the sample it belongs to, its suffix in lower case, and its contents."""

    key: str
    suffix: str
    content: bytes


def webdataset(files: Sequence[Path], label: str | None) -> Listing:
    """The samples of one data set in one or more archives; the names of these may be those of splits.

    Members of a sample need not follow each other. A label is in a member `.cls`, or in a key of `.json`.

    Raises:
        DataError: An archive is damaged, or has no samples of an image and a label.
    """
    words = {file: file.stem.partition("-")[0] for file in files}
    splits = splits_named(set(words.values()))
    rows: list[Row] = []
    for number, file in enumerate(files):
        labels, images = dict[str, str](), dict[str, str]()
        for member in _members(file):
            if f".{member.suffix.rpartition('.')[2]}" in SUFFIXES:
                images.setdefault(member.key, _written(number, member))
            elif member.suffix in (*_LABELS, "json") and (text := _label(member, label)):
                labels.setdefault(member.key, text)
        split = splits.get(words[file], "train")
        rows += [Row(f"{file.name}, sample {key}", name, labels.get(key, ""), split) for key, name in images.items()]
    if not any(row.label for row in rows):
        unpack = not_a_table(files[0])
        raise DataError(
            f"{files[0]} has no images with labels",
            "expected members such as 0001.jpg and 0001.cls, or 0001.json; if it has folders of images, "
            f"{unpack.hint if unpack else 'unpack it'}",
        )

    def write(folder: Path) -> None:
        for number, file in enumerate(files):
            for member in _members(file):
                if f".{member.suffix.rpartition('.')[2]}" in SUFFIXES:
                    (folder / _written(number, member)).write_bytes(member.content)

    return Listing(rows, pixels=write)


def is_webdataset(file: Path) -> bool:
    """Whether a tar archive has samples of an image and a label."""
    try:
        return bool(webdataset([file], None).rows)
    except DataError:
        return False


def _members(file: Path) -> Iterator[_Member]:
    try:
        with tarfile.open(file) as archive:
            for entry in archive:
                folder, _, base = entry.name.rpartition("/")
                stem, dot, suffix = base.partition(".")
                if entry.isfile() and stem and dot and (stream := archive.extractfile(entry)) is not None:
                    yield _Member(f"{folder}/{stem}".lstrip("/"), suffix.lower(), stream.read())
            require_whole(archive)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise DataError(f"{file} cannot be read as a tar archive: {error}") from error


def _written(number: int, member: _Member) -> str:
    """The name of an image in the cache: it is made of letters that any file system takes."""
    key = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in member.key)
    return f"{number}-{key[-100:]}.{member.suffix.rpartition('.')[2]}"


def _label(member: _Member, label: str | None) -> str:
    text = member.content.decode("utf-8", "replace").strip()
    if member.suffix != "json":
        return text
    try:
        content = json.loads(text)
    except ValueError:
        return ""
    if not isinstance(content, dict):
        return ""
    usual = ("cls", *(name for names in GUESSES["label"] for name in names))
    keys = [label] if label is not None else [key for each in usual for key in content if simplified(key) == each]
    return next((cell(content[key]) for key in keys if key in content), "")
