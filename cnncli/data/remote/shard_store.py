"""A bounded number of objects of a server as files on this disk, fetched ahead of whoever reads them."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Condition, Thread

from cnncli.data.cache_room import size_on_disk
from cnncli.data.remote.objects import ObjectChanged, Objects, RemoteFile
from cnncli.data.remote.requests import in_sentences, retried
from cnncli.data.remote.shard_index import digest_of
from cnncli.errors import DataError, ResourceError

_AT_A_TIME = 8
"""Objects that are fetched at once; of a large one several parts are."""

_AHEAD = 1 / 3
"""Of the bound, what may be fetched before it is read; the rest is what is being read, and what was just now."""

_PAUSE = 0.5
"""Seconds until reads of an object ask again for those that follow it."""

_PART = "part-{}-"
"""What the names of unfinished files begin with, with the number of the process."""

_ATTEMPTS = 10  # another process may remove a file to make room for its own


class ShardStore:
    """Objects by their numbers, of which a bounded number of bytes is on this disk.

    To read one is to wait until it is there; those that follow it are then fetched as well, in the order that was said
    last, and those that were not used for the longest time make room. Files are named after the version of the object:
    whatever is there of an earlier process is used. Every method may be called by many threads at once.

    Args:
        objects: The server.
        files: The objects.
        folder: Where they are kept; several processes may use it.
        bound: Bytes that they may take.
        on_arrival: Receives the number and the file of each object before it may be read, and whether it is new here.
        address: What messages call all of them.
    """

    def __init__(
        self,
        objects: Objects,
        files: Sequence[RemoteFile],
        folder: Path,
        bound: int,
        on_arrival: Callable[[int, Path, bool], None],
        address: str,
    ) -> None:
        self._objects, self._files, self._folder, self._bound = objects, files, folder, bound
        self._on_arrival, self._address = on_arrival, address
        self._places = [folder / f"{digest_of((file.path, file.mark, file.size))}.tar" for file in files]
        self._total = sum(self._size(number) for number in range(len(files)))
        self._changed = Condition()
        self._waiting, self._threads = deque[int](), 0
        self._coming: dict[int, int] = {}  # bytes of each that is being fetched
        self._failed: dict[int, Exception] = {}
        self._followed: dict[int, float] = {}  # when those after each were asked for
        self._used: dict[int, float] = {}  # when each was read last, of those that are there
        self._order, self._position = [*range(len(files))], {number: number for number in range(len(files))}
        self._clear()

    def _clear(self) -> None:
        """Removes other versions, and what killed processes left unfinished."""
        own = {place.name for place in self._places}
        for path in self._folder.iterdir():
            is_left = path.suffix == ".part" and not _is_running(int(path.name.split("-")[1]))
            if is_left or (path.suffix == ".tar" and path.name not in own):
                path.unlink(missing_ok=True)
        self.limit(self._bound)

    def limit(self, bound: int) -> None:
        """Sets another bound, in bytes."""
        with self._changed:
            self._bound = bound
            self._make_room(0)

    def follow(self, order: Sequence[int]) -> None:
        """Sets the order in which the objects will be read; of one that is in it twice, the first place counts."""
        with self._changed:
            self._order = [*order]
            self._position = {number: place for place, number in reversed([*enumerate(order)])}
            self._waiting.clear()
            self._followed.clear()
            self._changed.notify_all()  # whoever waits for one asks for it again

    def has(self, number: int) -> bool:
        """Whether an object is there."""
        return self._places[number].exists()

    def read(self, number: int, start: int, size: int, in_sequence: bool = False) -> bytes:
        """Some bytes of an object; `in_sequence`, those that follow are read by their numbers.

        Raises:
            ResourceError: The server does not answer or refuses, the disk is full, or the object is gone, has changed,
                or is not what `on_arrival` expects; so whoever leaves out damaged images does not leave out these.
        """
        for _ in range(_ATTEMPTS):
            try:
                self.fetch(number, in_sequence)
            except DataError as error:
                raise ResourceError(error.message, error.hint) from error
            try:
                with self._places[number].open("rb", buffering=0) as file:
                    file.seek(start)
                    return file.read(size)
            except FileNotFoundError:  # it made room for another one
                with self._changed:
                    self._used.pop(number, None)
        raise ResourceError(f"what is fetched to {self._folder} is removed at once", "let nobody empty the cache")

    def read_alone(self, number: int, start: int, size: int) -> bytes:
        """The same, without the rest of an object that is not there."""
        file = self._files[number]
        try:
            with in_sentences(self._address):
                content: bytes = retried(lambda: self._objects.read(file.path, start, start + size, file.mark))
                return content
        except ObjectChanged:
            raise self._has_changed(file) from None
        except DataError as error:
            raise ResourceError(error.message, error.hint) from error

    def fetch(self, number: int, in_sequence: bool = False) -> None:
        """Waits until an object is there.

        Raises:
            DataError: It is gone, has changed, or is not what `on_arrival` expects.
            ResourceError: The server does not answer or refuses, or the disk is full.
        """
        with self._changed:
            if time.monotonic() > self._followed.get(number, -_PAUSE) + _PAUSE:
                self._followed[number] = time.monotonic()
                self._request(number, is_first=True)
                self._request_following(number, in_sequence)
            while number not in self._used:
                if error := self._failed.pop(number, None):
                    raise error
                self._request(number, is_first=True)
                self._changed.wait()
            self._used[number] = time.monotonic()

    def _request_following(self, number: int, in_sequence: bool) -> None:
        """Asks for the objects that come next, all of them where there is room."""
        order: Sequence[int] = self._order[self._position.get(number, len(self._order)) + 1 :]
        if in_sequence:
            order = range(number + 1, len(self._files))
        room = self._bound if self._total <= self._bound else int(self._bound * _AHEAD)
        for following in order:
            room -= self._size(following)
            if room < 0:
                return
            self._request(following)

    def _request(self, number: int, is_first: bool = False) -> None:
        if number in self._used or number in self._coming or number in self._failed:
            return
        if is_first and number in self._waiting:
            self._waiting.remove(number)
        if number not in self._waiting:
            (self._waiting.appendleft if is_first else self._waiting.append)(number)
        if self._threads < min(_AT_A_TIME, len(self._waiting) + len(self._coming)):
            self._threads += 1
            Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        """Fetches what is asked for, as long as there is anything."""
        while (number := self._next()) is not None:
            failure: Exception | None = None
            try:
                self._bring(number)
            except OSError as error:
                message = f"{self._folder} cannot be written: {error.strerror or error}"
                failure = ResourceError(message, "set CNNCLI_CACHE_DIR to a folder of yours with enough space")
            except Exception as error:
                failure = error
            with self._changed:
                del self._coming[number]
                if failure is None:
                    self._used[number] = time.monotonic()
                else:
                    self._failed[number] = failure
                self._changed.notify_all()

    def _next(self) -> int | None:
        """The next object to fetch; None for none."""
        with self._changed:
            if not self._waiting:
                self._threads -= 1
                return None
            number = self._waiting.popleft()
            self._coming[number] = 0
            return number

    def _make_room(self, size: int) -> None:
        """Removes files until so many bytes more are within the bound; waits while others are still coming."""
        while self._taken() + size > self._bound:
            here = [number for number, place in enumerate(self._places) if place.exists()]
            if here:
                oldest = min(here, key=lambda number: self._used.get(number, 0.0))
                self._places[oldest].unlink(missing_ok=True)
                self._used.pop(oldest, None)
                self._followed.pop(oldest, None)
            elif any(self._coming.values()):
                self._changed.wait()
            else:
                return

    def _taken(self) -> int:
        """Bytes of all files that are there, and of those that are coming."""
        taken, own = sum(self._coming.values()), _PART.format(os.getpid())
        coming = {self._places[number].name for number, size in self._coming.items() if size}
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another process made it whole, or removes it
                if not path.name.startswith(own) and path.name not in coming:
                    taken += size_on_disk(path.stat().st_size)
        return taken

    def _size(self, number: int) -> int:
        return size_on_disk(self._files[number].size or 0)

    def _bring(self, number: int) -> None:
        """Fetches an object, unless this version is there."""
        file, place = self._files[number], self._places[number]
        if place.exists():
            self._on_arrival(number, place, False)
            return
        with self._changed:
            self._make_room(self._size(number))
            self._coming[number] = self._size(number)
        part = place.with_name(f"{_PART.format(os.getpid())}{id(self)}-{place.stem}.part")
        try:
            with in_sentences(self._address):
                is_same = retried(partial(self._is_copied, file, part))
            if not is_same:
                raise self._has_changed(file)
            self._on_arrival(number, part, True)
            part.replace(place)
        finally:
            part.unlink(missing_ok=True)

    def _has_changed(self, file: RemoteFile) -> ResourceError:
        """The error of an object that is another version by now."""
        hint = "put it back and resume the run, or train anew on what is there now"
        protocol = self._address.partition("://")[0]
        return ResourceError(f"{protocol}://{file.path} has changed since this command began", hint)

    def _is_copied(self, file: RemoteFile, part: Path) -> bool:
        """Copies an object; False if it is another version by now."""
        try:
            self._objects.copy(file, part)
        except ObjectChanged:
            return False
        if part.stat().st_size == file.size:
            return True
        if self._objects.info(file.path).mark != file.mark:
            return False
        raise OSError(errno.EIO, "its end is missing")


def _is_running(process: int) -> bool:
    """Whether there is a process with this number on this machine, as far as is known."""
    if sys.platform == "win32":  # where signal 0 is Ctrl-C
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
