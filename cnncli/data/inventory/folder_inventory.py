"""What a folder holds: folders, images and other files, each folder listed once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from cnncli.data.decode.formats import HEAD, SUFFIXES, format_of
from cnncli.data.files import open_file
from cnncli.data.inventory.own_files import FETCHED, is_own_drawing, is_own_folder
from cnncli.errors import DataError
from cnncli.wording import in_counting_order

PASSED_OVER = frozenset(
    {"__MACOSX", "@eaDir", "lost+found", "$RECYCLE.BIN", "System Volume Information"}
    | {"Thumbs.db", "ehthumbs.db", "desktop.ini"}
)
"""What systems put among people's own folders and files. It is passed over like names that begin with a dot."""

_MOST_DRAWINGS = 12
"""Files of a folder that may be the plots of a run; more are not even looked at."""

_DEEPEST = 8
"""Folders within folders that are searched for nothing but runs."""


class _Listing(NamedTuple):
    """The names in one folder: folders, links to folders, everything else, and what is hidden."""

    folders: list[str]
    linked: list[str]
    files: list[str]
    hidden: list[str]


class FolderInventory:
    """The contents of a folder, without what is hidden or in `PASSED_OVER`, and without runs and caches of cnncli.

    Places are paths from the root on with forward slashes, empty for the root itself and otherwise ending in a slash.
    Names are sorted as people count: `img2.png` before `img10.png`. Folders that cannot be listed raise a DataError;
    when there is a mapping `unlistable`, they are added to it with the reason, and count as empty.
    """

    def __init__(self, root: Path, unlistable: dict[str, str] | None = None) -> None:
        self.passed_over: dict[str, str] = {}
        """What was passed over so far, each with the reason: `is hidden`."""
        self._root = root
        self._unlistable = unlistable
        self._listings: dict[str, _Listing] = {}
        self._folders: dict[str, list[str]] = {}

    def folders(self, place: str = "") -> list[str]:
        """The names of the folders in a place, links to folders included."""
        if place not in self._folders:
            listing = self._list(place)
            folders = self._not_own(place, listing.folders + listing.linked)
            self._folders[place] = sorted(folders, key=in_counting_order)
        return self._folders[place]

    def files(self, place: str = "", nested: bool = True) -> list[str]:
        """All files in a place and, when `nested`, in its folders. Links are followed, no folder is visited twice."""
        return sorted(self._walk(place, nested), key=in_counting_order)

    def images(self, place: str = "", nested: bool = True) -> list[str]:
        """The files whose name or first bytes are those of an image: broken ones are reported when they are read."""
        return self.images_and_others(place, nested)[0]

    def images_and_others(self, place: str = "", nested: bool = True) -> tuple[list[str], list[str]]:
        """The images of a place, as `images` gives them, and all other files, in no order."""
        images, others = list[str](), list[str]()
        for name in self._walk(place, nested):
            (images if _looks_like_image(self._root, name) else others).append(name)
        return sorted(images, key=in_counting_order), others

    def loose_images(self, place: str = "") -> list[str]:
        """The images that lie in a place itself, beside its folders, without those that cnncli drew."""
        return [name for name in self.images(place, nested=False) if not is_own_drawing(self._root / name)]

    def hidden_images(self) -> list[str]:
        """The images, by their suffixes, in what was hidden so far, without the shadows that macOS makes of files."""
        hidden = [name for name, reason in self.passed_over.items() if reason == "is hidden"]
        files = list[str]()
        for name in hidden:
            folder = self._root / name
            if folder.is_dir() and not folder.is_symlink():
                inside = (Path(at, file) for at, _, names in os.walk(folder) for file in names)
                files += (path.relative_to(self._root).as_posix() for path in inside)
            else:
                files.append(name)
        paths = map(PurePosixPath, files)
        images = [str(each) for each in paths if each.suffix.lower() in SUFFIXES and not each.name.startswith("._")]
        return sorted(images, key=in_counting_order)

    def images_by_folder(self) -> Iterator[str]:
        """All images, one folder after the other, so that a million of them need not be sorted at once."""
        for folder in self._folder_by_folder("", nested=True):
            found = [name for name in folder if _looks_like_image(self._root, name)]
            yield from sorted(found, key=in_counting_order)

    def _walk(self, place: str, nested: bool) -> Iterator[str]:
        for folder in self._folder_by_folder(place, nested):
            yield from folder

    def _folder_by_folder(self, place: str, nested: bool) -> Iterator[list[str]]:
        """The files of each folder, a folder before those in it."""
        visited: set[tuple[int, int]] = set()
        pending, linked = [place], list[str]()
        while pending or linked:
            # Links last: files are then named by where they really are
            current = pending.pop() if pending else linked.pop()
            identity = self._identity(current)
            if identity in visited:
                continue
            visited.add(identity)
            listing = self._list(current)
            self.passed_over |= dict.fromkeys((current + name for name in listing.hidden), "is hidden")
            yield [current + name for name in listing.files]
            if nested:
                inner = sorted(self._not_own(current, listing.folders), key=in_counting_order)
                pending += (f"{current}{name}/" for name in reversed(inner))
                linked += (f"{current}{name}/" for name in self._not_own(current, listing.linked))

    def _not_own(self, place: str, folders: Iterable[str]) -> list[str]:
        """The folders of a place that are not cnncli's own."""
        others = []
        for name in folders:
            if reason := self._own(f"{place}{name}/"):
                self.passed_over[place + name] = reason
            else:
                others.append(name)
        return others

    def _own(self, place: str, depth: int = 0) -> str:
        """What a folder is of cnncli's own, or that all in it is; empty for any other."""
        try:
            listing = self._listing(place)
        except DataError:  # reported when it is listed
            return ""
        if reason := is_own_folder(self._root / place, listing.folders, listing.files):
            return reason
        if listing.files and not listing.folders and not listing.linked and len(listing.files) <= _MOST_DRAWINGS:
            drawn = all(is_own_drawing(self._root / place / name) for name in listing.files)
            return "holds drawings of cnncli" if drawn else ""
        holds_only_own = (
            depth < _DEEPEST
            and listing.folders
            and all(self._own(f"{place}{name}/", depth + 1) for name in listing.folders)
            and not listing.linked
            and not self.loose_images(place)
        )
        return "holds runs or caches of cnncli" if holds_only_own else ""

    def _identity(self, place: str) -> tuple[int, int]:
        try:
            status = (self._root / place).stat()
        except (OSError, ValueError):  # reported when it is listed
            return (0, hash(place))
        return status.st_dev, status.st_ino

    def _list(self, place: str) -> _Listing:
        try:
            return self._listing(place)
        except DataError as error:
            if self._unlistable is None:
                raise
            self._unlistable[place.rstrip("/") or "."] = error.message.removeprefix(f"{self._root / place} ")
            return self._listings.setdefault(place, _Listing([], [], [], []))

    def _listing(self, place: str) -> _Listing:
        if place not in self._listings:
            entries = self._entries(place)
            listing = self._listings[place] = _Listing([], [], [], [])
            for entry in entries:
                if entry.name == FETCHED:
                    continue
                if entry.name.startswith(".") or entry.name in PASSED_OVER:
                    listing.hidden.append(entry.name)
                elif _is_folder(entry):
                    (listing.linked if entry.is_symlink() else listing.folders).append(entry.name)
                else:
                    listing.files.append(entry.name)
        return self._listings[place]

    def _entries(self, place: str) -> list[os.DirEntry[str]]:
        folder = self._root / place
        try:
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except FileNotFoundError:
            problem = "does not exist: no such folder"
        except NotADirectoryError:
            problem = "is a file, not a folder"
        except (OSError, ValueError) as error:
            problem = f"cannot be listed: {getattr(error, 'strerror', None) or error}"
        raise DataError(f"{folder} {problem}")


def find_images(folder: Path) -> list[Path]:
    """All images in a folder and the folders in it, as paths that begin with `folder`, but for those of cnncli."""
    files = (folder / name for name in FolderInventory(folder).images())
    return [file for file in files if not is_own_drawing(file)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _looks_like_image(root: Path, name: str) -> bool:
    if os.path.splitext(name)[1].lower() in SUFFIXES:  # noqa: PTH122  # a third of the time of a Path
        return True
    try:
        with open_file(root / name) as stream:
            head = stream.read(HEAD)
    except (DataError, OSError):  # not an image by its name, and its contents cannot be read
        return False
    return format_of(head) is not None
