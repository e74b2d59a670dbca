"""WebDataset: tar archives whose members with the same name up to the first dot are one sample.

Source:
    A. Aizman et al., "High Performance I/O for Large Scale Deep Learning", 2019; https://github.com/webdataset/webdataset
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cnncli.data.decode.formats import SUFFIXES
from cnncli.data.inventory.archives import require_whole
from cnncli.data.names.split_names import splits_named
from cnncli.data.sources.rows import Listing, Row
from cnncli.data.sources.rows.file_splits import splits_of_files
from cnncli.data.sources.rows.json_cells import cell
from cnncli.data.sources.rows.names import GUESSES, simplified
from cnncli.data.sources.rows.not_tables import not_a_table
from cnncli.errors import DataError

CLASSES = "classes.json"
"""Beside the archives: a list of the names of classes that are numbers from 0 on, as `cnncli data pack` writes it."""

_LABELS = ("cls", "label", "json", "txt")
"""The last part of the suffix of members that hold a label; an earlier one comes first, as `.txt` may be a caption."""


class _Member(NamedTuple):
    """A file in an archive: the sample it belongs to, its suffix in lower case, and how to read it."""

    key: str
    suffix: str
    read: Callable[[], bytes]

    @property
    def kind(self) -> str:
        """The last part of the suffix: `png` of `input.png`."""
        return self.suffix.rpartition(".")[2]

    @property
    def is_image(self) -> bool:
        return f".{self.kind}" in SUFFIXES


class _Sample(NamedTuple):
    """What an archive says of an image: the suffix of the image itself, and its label."""

    suffix: str
    label: str


def webdataset(files: Sequence[Path], label: str | None) -> Listing:
    """The samples of one data set in one or more archives; the names of these or of their folders may be splits.

    Members of a sample need not follow each other. Of several images, as of masks, that with the shortest suffix is
    used. A label is in a member `.cls`, or in a key of `.json`.

    Raises:
        DataError: An archive is damaged, or has no samples of an image and a label.
    """
    splits = splits_of_files(files)
    rows: list[Row] = []
    written: dict[tuple[Path, str, str], str] = {}  # by archive, key and suffix
    taken = set[str]()
    for number, file in enumerate(files):
        samples = _samples(file, label)
        within = {} if splits else _splits_within(samples)
        for key, sample in samples.items():
            name = f"{number}-{_plain(key)}.{sample.suffix.rpartition('.')[2]}"
            if name in taken:
                name = f"{number}-{len(rows)}-{name.partition('-')[2]}"
            taken.add(name)
            written[file, key, sample.suffix] = name
            rows.append(
                Row(f"{file.name}, sample {key}", name, sample.label, within.get(key, splits.get(file, "train")))
            )
    if not any(row.label for row in rows):
        unpack = not_a_table(files[0])
        raise DataError(
            f"{files[0]} has no images with labels",
            "expected members such as 0001.jpg and 0001.cls, or 0001.json; if it has folders of images, "
            f"{unpack.hint if unpack else 'unpack it'}",
        )

    def write(folder: Path) -> None:
        for file in files:
            for member in _members(file):
                if name := written.get((file, member.key, member.suffix)):
                    (folder / name).write_bytes(member.read())

    return Listing(rows, pixels=write)


def classes_beside(files: Sequence[Path], rows: Sequence[Row]) -> Path | None:
    """The file with the names of classes beside archives whose labels are numbers; None without one."""
    file = files[0].parent / CLASSES
    is_numbered = all(row.label.isdecimal() for row in rows if row.label)
    return file if is_numbered and file.is_file() else None


def is_webdataset(file: Path) -> bool:
    """Whether a tar archive has samples of an image and a label."""
    try:
        return bool(webdataset([file], None).rows)
    except DataError:
        return False


def _samples(file: Path, label: str | None) -> dict[str, _Sample]:
    """The samples of an archive that have an image, by their keys."""
    images, labels = dict[str, str](), dict[str, tuple[int, str]]()
    for member in _members(file):
        key, rank = member.key, _LABELS.index(member.kind) if member.kind in _LABELS else len(_LABELS)
        if member.is_image:
            images[key] = min(images.get(key, member.suffix), member.suffix, key=lambda suffix: suffix.count("."))
        elif rank < labels.get(key, (len(_LABELS), ""))[0] and (text := _label(member, label)):
            labels[key] = (rank, text)
    return {key: _Sample(suffix, labels.get(key, (0, ""))[1]) for key, suffix in images.items()}


def _splits_within(keys: Collection[str]) -> dict[str, str]:
    """The split of each sample, if all lie in folders of splits: `train/0001`; empty otherwise."""
    words = {key: key.partition("/")[0] for key in keys}
    splits = splits_named(set(words.values()))
    is_each = "train" in splits.values() and all(word in splits for word in words.values())
    return {key: splits[word] for key, word in words.items()} if is_each else {}


def _members(file: Path) -> Iterator[_Member]:
    try:
        with tarfile.open(file) as archive:
            for entry in archive:
                folder, _, base = entry.name.rpartition("/")
                stem, dot, suffix = base.partition(".")
                if entry.isfile() and stem and dot and (stream := archive.extractfile(entry)) is not None:
                    yield _Member(f"{folder}/{stem}".lstrip("/"), suffix.lower(), stream.read)
            require_whole(archive)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise DataError(f"{file} cannot be read as a tar archive: {error}") from error


def _plain(key: str) -> str:
    """The end of a key, made of letters that any file system takes."""
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in key)[-100:]


def _label(member: _Member, label: str | None) -> str:
    text = member.read().decode("utf-8", "replace").strip()
    if member.kind != "json":
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
