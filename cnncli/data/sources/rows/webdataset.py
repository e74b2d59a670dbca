"""WebDataset: tar archives whose members with the same name up to the first dot are one sample.

Source:
    A. Aizman et al., "High Performance I/O for Large Scale Deep Learning", 2019; https://github.com/webdataset/webdataset
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
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
    """A file in an archive: the sample it belongs to, its suffix in lower case, where it lies, and how to read it."""

    key: str
    suffix: str
    start: int
    size: int
    read: Callable[[], bytes]

    @property
    def kind(self) -> str:
        """The last part of the suffix: `png` of `input.png`."""
        return self.suffix.rpartition(".")[2]

    @property
    def is_image(self) -> bool:
        return f".{self.kind}" in SUFFIXES


class Sample(NamedTuple):
    """What an archive says of an image: the suffix of the image itself, its label, and where its bytes lie."""

    suffix: str
    label: str
    start: int
    size: int

    @property
    def ending(self) -> str:
        """The last part of the suffix: `png` of `input.png`."""
        return self.suffix.rpartition(".")[2]


def webdataset(files: Sequence[Path], label: str | None) -> Listing:
    """The samples of one data set in one or more archives; the names of these or of their folders may be splits.

    Members of a sample need not follow each other. Of several images, as of masks, that with the shortest suffix is
    used. A label is in a member `.cls`, or in a key of `.json`.

    Raises:
        DataError: An archive is damaged, or has no samples of an image and a label.
    """
    samples = {file: samples_in(file, label) for file in files}
    rows = rows_of(samples)
    if not any(row.label for row in rows):
        unpack = not_a_table(files[0])
        raise DataError(
            f"{files[0]} has no images with labels",
            "expected members such as 0001.jpg and 0001.cls, or 0001.json; if it has folders of images, "
            f"{unpack.hint if unpack else 'unpack it'}",
        )
    images = [(file, key, sample.suffix) for file in files for key, sample in samples[file].items()]
    written = {image: row.name for image, row in zip(images, rows, strict=True)}

    def write(folder: Path) -> None:
        for file in files:
            for member in _members(file):
                if name := written.get((file, member.key, member.suffix)):
                    (folder / name).write_bytes(member.read())

    return Listing(rows, pixels=write)


def rows_of(samples: Mapping[Path, Mapping[str, Sample]]) -> list[Row]:
    """A row for each sample of some archives, in their order; no two images get the same name.

    Raises:
        DataError: Some archives are called after splits, and others after none.
    """
    splits = splits_of_files([*samples])
    rows: list[Row] = []
    taken = set[str]()
    for number, (file, within_file) in enumerate(samples.items()):
        within = {} if splits else _splits_within(within_file)
        for key, sample in within_file.items():
            name = f"{number}-{_plain(key)}.{sample.ending}"
            if name in taken:
                name = f"{number}-{len(rows)}-{name.partition('-')[2]}"
            taken.add(name)
            rows.append(
                Row(f"{file.name}, sample {key}", name, sample.label, within.get(key, splits.get(file, "train")))
            )
    return rows


def classes_beside(file: Path, rows: Sequence[Row]) -> Path | None:
    """The file with the names of classes, beside archives, where labels are numbers; None without one."""
    is_numbered = all(row.label.isdecimal() for row in rows if row.label)
    return file if is_numbered and file.is_file() else None


def is_webdataset(file: Path) -> bool:
    """Whether a tar archive has samples of an image and a label."""
    try:
        return bool(webdataset([file], None).rows)
    except DataError:
        return False


def samples_in(file: Path, label: str | None) -> dict[str, Sample]:
    """The samples of an archive that have an image, by their keys; `label` names a key of `.json`.

    Raises:
        DataError: The archive is damaged.
    """
    images, labels = dict[str, Sample](), dict[str, tuple[int, str]]()
    for member in _members(file):
        key, rank = member.key, _LABELS.index(member.kind) if member.kind in _LABELS else len(_LABELS)
        if member.is_image:
            known = images.get(key)
            if not known or known.suffix == member.suffix or known.suffix.count(".") > member.suffix.count("."):
                images[key] = Sample(member.suffix, "", member.start, member.size)
        elif rank < labels.get(key, (len(_LABELS), ""))[0] and (text := _label(member, label)):
            labels[key] = (rank, text)
    return {key: image._replace(label=labels.get(key, (0, ""))[1]) for key, image in images.items()}


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
                    key = f"{folder}/{stem}".lstrip("/")
                    yield _Member(key, suffix.lower(), entry.offset_data, entry.size, stream.read)
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
