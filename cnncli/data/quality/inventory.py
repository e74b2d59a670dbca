"""What there is to look at: every file of a folder or table with its split and class, and all that is passed over."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cnncli.data.files import PASSED_OVER, in_counting_order
from cnncli.data.quality.codes import finding
from cnncli.data.samples import FileSamples, ImageData
from cnncli.data.sources import table
from cnncli.data.sources.classes import Classes, chosen_classes
from cnncli.data.sources.folder import SPLIT_FOLDERS
from cnncli.data.sources.location import existing_file, existing_folder
from cnncli.records import Affected, Finding


@dataclass(frozen=True, slots=True)
class Entry:
    """One file.

    Args:
        name: as the source calls it: its path from the root on with forward slashes, or an absolute path.
        split: `train`, `validation` or `test`.
        label: the name of its class; empty for a file that lies beside the classes.
    """

    name: str
    split: str
    label: str


@dataclass
class Inventory:
    """What a source consists of, as far as that is known without opening a file.

    Args:
        root: the folder that names start from.
        entries: every file, in the order in which the source has them.
        classes: the classes of each split, in the order of their labels.
        findings: what is wrong with folders, rows and links.
    """

    root: Path
    entries: list[Entry] = field(default_factory=list)
    classes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def of_folder(path: Path | str, classes: Classes = None, exclude: Container[str] = ()) -> Inventory:
    """Walks a folder of class folders, or of such folders for each split, as the source `folder` does.

    A folder that cannot be listed becomes a finding, and the walk goes on.

    Args:
        path: of the folder.
        classes: as the source takes them.
        exclude: names of files to leave out.

    Raises:
        DataError: there is no such folder, or it has no class of a name that `classes` has.
    """
    root = existing_folder(path)
    walk = _Walk(root, exclude)
    top = walk.folders_in("")
    splits = {SPLIT_FOLDERS[name.lower()]: name for name in top if name.lower() in SPLIT_FOLDERS}
    named = classes is not None and all(str(name) in top for name in classes)
    inventory = Inventory(root)
    if "train" not in splits or named or not walk.folders_in(splits["train"] + "/"):
        splits = {"train": ""}
    else:
        inventory.entries += walk.files("", "train", "", nested=False)
    for split in ("train", "validation", "test"):
        if split in splits:
            place = splits[split] + "/" if splits[split] else ""
            _add_split(inventory, walk, split, place, classes)
    hidden = [Affected((name,)) for name in sorted(walk.hidden, key=in_counting_order)]
    unlisted = [Affected((name,), reason) for name, reason in walk.unlisted.items()]
    inventory.findings += [*finding("hidden", hidden), *finding("unreadable-folder", unlisted)]
    return inventory


def of_table(
    path: Path | str,
    root: Path | str | None = None,
    image_column: str | None = None,
    label_column: str | None = None,
    split_column: str | None = None,
    classes: Classes = None,
    delimiter: str | None = None,
    exclude: Container[str] = (),
) -> Inventory:
    """Reads a table as the source `csv` does. A row that is wrong becomes a finding, and the others are kept.

    Args:
        path: of the table; the other arguments are those of the source.

    Raises:
        DataError: there is no such table, it cannot be read as one, or lacks a column or class.
    """
    file = existing_file(path)
    folder = file.parent if root is None else existing_folder(root)
    columns = {"image": image_column, "label": label_column, "split": split_column}
    rows = list(table.rows_of(file, columns, delimiter, folder, exclude))
    wanted = chosen_classes({row.label for row in rows if row.label}, classes, f"{file}")
    good, problems = table.checked([row for row in rows if row.label in wanted or not row.label], folder)
    inventory = Inventory(folder)
    inventory.findings += finding("table-row", [Affected((), problem) for problem in problems])
    inventory.entries = [Entry(row.name, row.split, wanted[row.label]) for row in good]
    every = tuple(dict.fromkeys(wanted.values()))
    for split in ("train", "validation", "test"):
        labels = {entry.label for entry in inventory.entries if entry.split == split}
        if labels:
            inventory.classes[split] = tuple(name for name in every if name in labels)
    return inventory


def of_files(data: ImageData[FileSamples]) -> Inventory:
    """Lists what a source has loaded."""
    inventory = Inventory(next(iter(data.splits.values())).root)
    for split, samples in data.splits.items():
        labels = (data.class_names[label] for label in samples.labels.tolist())
        inventory.entries += (Entry(name, split, label) for name, label in zip(samples.names, labels, strict=True))
        inventory.classes[split] = data.class_names
    return inventory


def _add_split(inventory: Inventory, walk: _Walk, split: str, place: str, classes: Classes) -> None:
    folders = walk.folders_in(place)
    inventory.entries += walk.files(place, split, "", nested=False)
    where = str(inventory.root / place)
    wanted = {name: name for name in folders} if classes is None else chosen_classes(folders, classes, where)
    for name, label in wanted.items():
        inventory.entries += walk.files(f"{place}{name}/", split, label)
    inventory.classes[split] = tuple(dict.fromkeys(wanted.values()))


class _Walk:
    """Lists folders, and notes down what is passed over and what cannot be listed."""

    def __init__(self, root: Path, exclude: Container[str]) -> None:
        self.hidden: set[str] = set()
        self.unlisted: dict[str, str] = {}
        self._root = root
        self._exclude = exclude
        self._listed: dict[str, tuple[list[str], list[str], list[str]]] = {}

    def folders_in(self, place: str) -> list[str]:
        """The names of the folders in a folder, as people count."""
        folders, linked, _ = self._list(place)
        return sorted(folders + linked, key=in_counting_order)

    def files(self, place: str, split: str, label: str, nested: bool = True) -> Iterator[Entry]:
        """All files in a folder and, when `nested`, in the folders in it; no folder is visited twice."""
        names: list[str] = []
        visited: set[tuple[int, int]] = set()
        pending, linked = [place], list[str]()
        while pending or linked:
            current = pending.pop() if pending else linked.pop()  # links last, as the source does
            identity = self._identity(current)
            if identity in visited:
                continue
            visited.add(identity)
            folders, links, files = self._list(current)
            names += (current + name for name in files)
            if nested:
                pending += (f"{current}{name}/" for name in folders)
                linked += (f"{current}{name}/" for name in links)
        wanted = (name for name in names if name not in self._exclude)
        return (Entry(name, split, label) for name in sorted(wanted, key=in_counting_order))

    def _identity(self, place: str) -> tuple[int, int]:
        try:
            status = (self._root / place).stat()
        except OSError:
            return (0, hash(place))
        return status.st_dev, status.st_ino

    def _list(self, place: str) -> tuple[list[str], list[str], list[str]]:
        """Folders, links to folders, and everything else."""
        if place not in self._listed:
            folders, linked, files = list[str](), list[str](), list[str]()
            try:
                with os.scandir(self._root / place) as entries:
                    found = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                self.unlisted[place.rstrip("/") or "."] = f"cannot be listed: {error.strerror}"
                found = []
            for entry in found:
                if entry.name.startswith(".") or entry.name in PASSED_OVER:
                    self.hidden.add(place + entry.name)
                    continue
                kind = (linked if entry.is_symlink() else folders) if _is_folder(entry) else files
                kind.append(entry.name)
            self._listed[place] = folders, linked, files
        return self._listed[place]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
