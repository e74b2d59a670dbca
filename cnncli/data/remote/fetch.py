"""Copies remote files to a folder: each whole or not at all, those that are there not again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from queue import Empty, SimpleQueue
from typing import Any

from cnncli.data.cache_room import size_on_disk
from cnncli.data.inventory.own_files import FETCHED
from cnncli.data.remote.address import open_remote
from cnncli.data.remote.objects import ObjectChanged, Objects, RemoteFile
from cnncli.data.remote.requests import THREADS, in_sentences, retried
from cnncli.errors import DataError, ResourceError
from cnncli.machine import create_folder, existing_folder
from cnncli.notices import Notice, Progress
from cnncli.wording import counted, size_text, some, without_secrets

_VERSIONS = 3
"""Changes of a file while it is copied, after which it is given up."""

_SMALL = 8 << 20
"""Bytes of a file that is read at once, and neither opened nor read again for its hash."""

_LONGEST_NAME = 255  # bytes, on the file systems of Linux and macOS
_PART = ".cnncli-part-"
_SAVED_EVERY = 30.0


@dataclass(frozen=True)
class Fetched:
    """What a folder has now."""

    folder: Path
    place: Path  # the folder, or the file in it where the address is that of one
    files: int  # all of them
    copied: int  # those that were not there
    size: int  # bytes of all of them


def fetch(
    address: str,
    folder: Path,
    notice: Notice,
    progress: Progress | None = None,
    make_room: Callable[[int], None] | None = None,
) -> Fetched:
    """Copies what is below an address, or a single file, into a folder; what is there already stays.

    Args:
        address: `s3://bucket/photos`, `gs://…`, or the address of one file on a web server.
        folder: It is created; files of the same names from elsewhere are refused, not replaced.
        notice: Receives a line on how much there is to copy.
        progress: Receives the number of files copied, and of all.
        make_room: Of a copy that follows its original, in which files are removed that are gone there: makes room for
            so many bytes, or refuses them. Without it, the disk must have them free.

    Raises:
        DataError: There is nothing, a file changes while it is copied, or a name cannot be that of a file.
        ResourceError: The server does not answer, refuses, or the disk is too small.
    """
    objects, root = open_remote(address)
    with in_sentences(address):
        listed = retried(lambda: objects.listed(root))
    if not listed:
        raise DataError(f"there is nothing at {without_secrets(address)}", "check the name, and that it may be listed")
    _refuse_names(listed)
    create_folder(folder)
    for part in folder.rglob(f"{_PART}*"):
        part.unlink()
    record = _Record(folder, without_secrets(address).rstrip("/"))
    missing = {name: file for name, file in listed.items() if not record.has(name, file)}
    foreign = [name for name in missing if not record.knows(name) and (folder / name).exists()]
    if foreign:
        message = f"'{folder}' has {counted(len(foreign), 'file')} of the same name from elsewhere: {some(foreign)}"
        raise DataError(message, "choose another folder")
    size = sum(file.size or 0 for file in missing.values())
    if make_room is not None:
        _remove_others(folder, listed)
        make_room(sum(map(size_on_disk, (file.size or 0 for file in missing.values()))))
    free = shutil.disk_usage(existing_folder(folder)).free
    if size > free:
        raise ResourceError(f"{size_text(size)} are to be fetched, and {size_text(free)} are free", "free some space")
    record.expect(missing)
    if missing:
        notice(f"fetching {counted(len(missing), 'file')}, {size_text(size)}")
    with in_sentences(address):
        _copy_all(objects, missing, folder, record, progress or (lambda done, total: None))
    total = sum((folder / name).stat().st_size for name in listed)
    first, file = next(iter(listed.items()))
    return Fetched(folder, folder / first if file.path == root else folder, len(listed), len(missing), total)


def _remove_others(folder: Path, names: Collection[str]) -> None:
    """Removes files of a copy that are gone in the original, and the folders that are empty then."""
    for place, folders, files in os.walk(folder, topdown=False):
        inside = Path(place)
        for file in (inside / name for name in files if name != FETCHED or inside != folder):
            if file.relative_to(folder).as_posix() not in names:
                file.unlink()
        for empty in (inside / name for name in folders):
            with contextlib.suppress(OSError):  # it is not empty
                empty.rmdir()


def _is_no_name(part: str) -> bool:
    return part in ("", ".", "..") or len(os.fsencode(part)) > _LONGEST_NAME


def _refuse_names(files: Mapping[str, RemoteFile]) -> None:
    """Refuses names with which a stranger's bucket would write outside the folder, or files hide each other."""
    wrong = [name for name in files if any(map(_is_no_name, name.split("/"))) or "\\" in name]
    wrong += [name for name in files if "\0" in name or name.split("/")[-1].startswith(".cnncli-")]
    if wrong:
        raise DataError(f"{counted(len(wrong), 'name')} cannot be that of a file here: {some(wrong)}")
    folders = {str(parent) for name in files for parent in PurePosixPath(name).parents}
    if both := sorted(folders & files.keys()):
        raise DataError(f"{counted(len(both), 'name')} is that of a file and of a folder: {some(both)}")


def _copy_all(
    objects: Objects, files: Mapping[str, RemoteFile], folder: Path, record: _Record, progress: Progress
) -> None:
    saved = time.monotonic()
    waiting, ended = SimpleQueue[str](), SimpleQueue[BaseException | None]()
    for name in files:
        waiting.put(name)

    def work() -> None:
        with contextlib.suppress(Empty):
            while True:
                name = waiting.get_nowait()
                try:
                    _copy(objects, name, files[name], folder, record)
                    ended.put(None)
                except BaseException as error:
                    ended.put(error)

    pool = ThreadPoolExecutor(THREADS)
    try:
        for _ in range(THREADS):
            pool.submit(work)
        for done in range(1, len(files) + 1):
            if error := ended.get():
                raise error
            progress(done, len(files))
            if time.monotonic() - saved > _SAVED_EVERY:
                record.save()
                saved = time.monotonic()
    finally:
        with contextlib.suppress(Empty):  # nobody begins another one
            while True:
                waiting.get_nowait()
        pool.shutdown()
        record.save()


def _copy(objects: Objects, name: str, file: RemoteFile, folder: Path, record: _Record) -> None:
    """Copies one file, by its exact name, and notes the version that was copied."""
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f"{_PART}{hashlib.md5(place.name.encode()).hexdigest()}")
    try:
        for _ in range(_VERSIONS):
            if retried(partial(_is_copied, objects, file, part)):
                break
            now = retried(partial(objects.info, file.path))
            if now == file and part.exists() and file.size in (None, part.stat().st_size):
                break  # the mark is no hash, and has not changed
            file = now
        else:
            raise DataError(f"{file.path} changes while it is fetched", "fetch it when nobody writes to it")
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
    record.add(name, file)


def _is_copied(objects: Objects, file: RemoteFile, part: Path) -> bool:
    """Copies a file; whether the copy has the hash that its mark is, as for files that were uploaded in one piece."""
    try:
        if file.size is None or file.size > _SMALL:
            objects.copy(file, part)
            with part.open("rb") as copied:
                digest = hashlib.file_digest(copied, "md5")
        else:
            content = objects.read(file.path)
            part.write_bytes(content)
            digest = hashlib.md5(content)
    except ObjectChanged:
        return False
    return file.size in (None, part.stat().st_size) and digest.hexdigest() == file.mark


class _Record:
    """What was fetched into a folder, by name: its mark and size."""

    def __init__(self, folder: Path, address: str) -> None:
        self._folder, self._address = folder, address
        self._files: dict[str, list[Any]] = {}
        with contextlib.suppress(OSError, ValueError, AttributeError):
            read = json.loads((folder / FETCHED).read_text("utf-8"))
            if read.get("address") == address and isinstance(read.get("files"), dict):
                self._files = read["files"]

    def knows(self, name: str) -> bool:
        """Whether a file of this name was fetched from here."""
        return name in self._files

    def has(self, name: str, file: RemoteFile) -> bool:
        """Whether this version of a file is there; where a server tells no versions, it never is."""
        place = self._folder / name
        if not file.mark or self._files.get(name, [])[:1] != [file.mark] or not place.is_file():
            return False
        return self._files[name][1:] == [place.stat().st_size]

    def expect(self, names: Iterable[str]) -> None:
        """Notes that files are about to come, so that those of a killed copy are known."""
        for name in names:
            self._files.setdefault(name, [])
        self.save()

    def add(self, name: str, file: RemoteFile) -> None:
        """Notes that a version of a file is there."""
        self._files[name] = [file.mark, (self._folder / name).stat().st_size]

    def save(self) -> None:
        """Writes the record."""
        aside = self._folder / f"{_PART}record"
        aside.write_text(json.dumps({"address": self._address, "files": self._files}), "utf-8")
        aside.replace(self._folder / FETCHED)
