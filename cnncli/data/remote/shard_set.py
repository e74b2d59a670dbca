"""Tar shards on a server as a table of images, of which a bounded number of shards is on this disk at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import cached_property
from pathlib import Path
from threading import Lock
from urllib.parse import quote

import numpy as np

from cnncli.data.cache_room import REMOTE, create_cache_folder, decoded_cache_dir, hold, make_room, size_on_disk
from cnncli.data.decode.formats import SUFFIXES as IMAGES
from cnncli.data.files import Part
from cnncli.data.remote.address import ZIP, open_remote
from cnncli.data.remote.objects import Objects, RemoteFile
from cnncli.data.remote.requests import THREADS, in_sentences, is_absence, retried
from cnncli.data.remote.shard_index import (
    INDEX,
    Indexed,
    digest_of,
    first_other,
    indexed,
    read_index,
    shards_in,
    written,
)
from cnncli.data.remote.shard_store import ShardStore
from cnncli.data.sources.rows import Row
from cnncli.data.sources.rows.reading import SUFFIXES as TABLES
from cnncli.data.sources.rows.webdataset import CLASSES, Sample, rows_of
from cnncli.errors import DataError, ResourceError
from cnncli.notices import Notice
from cnncli.wording import counted, in_counting_order, size_text, without_secrets

_MARGIN = 1 << 16
"""Bytes for what is noted beside shards, and before decoded images."""

_SHARES = 3
"""Windows that the bound has room for: the one that is read, the one before it, and the next."""


class Shards:
    """The images in tar shards on a server, by the names that they have as files.

    Args:
        address: What messages call the shards, without secrets.
        objects: The server.
        files: The shards by name, in order.
        others: Further files there by name: an index, the names of classes.
        label: The key of members `.json` that has the labels, if it is not to be found out.
        bound: Bytes that the cache may hold.
        notice: Receives a line on what there is to read.

    Attributes:
        folder: The folder that stands for them.
        window: How many shards are shuffled together where images are read anew in each epoch; 0 for all of them, as
            they fit into the bound.

    Raises:
        DataError: A shard is damaged.
        ResourceError: The server does not answer or refuses, or the bound is too small.
    """

    def __init__(
        self,
        address: str,
        objects: Objects,
        files: Mapping[str, RemoteFile],
        others: Mapping[str, RemoteFile],
        label: str | None,
        bound: int,
        notice: Notice,
    ) -> None:
        self._address, self._objects, self._others, self._label = address, objects, others, label
        self._files, self._bound = dict(files), bound
        entry = decoded_cache_dir() / REMOTE / digest_of((address, "shards"))
        self.folder = entry / address.rpartition("/")[2]
        create_cache_folder(self.folder)
        hold(entry)
        self.window = 0 if self._bytes <= bound else max(1, bound // (_SHARES * self.largest))
        make_room(min(bound, self._bytes), bound, address, own=entry)
        self._index: dict[str, Mapping[str, Indexed]] = {}
        self._lock, self._is_in_sequence = Lock(), False
        self._store = ShardStore(objects, [*files.values()], self.folder, bound, self._arrived, address)
        self._read_index(notice)

    @property
    def largest(self) -> int:
        """Bytes that the largest shard takes on a disk."""
        return max(size_on_disk(file.size or 0) for file in self._files.values())

    @property
    def _bytes(self) -> int:
        return sum(size_on_disk(file.size or 0) for file in self._files.values())

    @property
    def _marks(self) -> list[object]:
        return [(name, file.mark, file.size) for name, file in self._files.items()]

    def has_room_beside(self, size: int) -> bool:
        """Whether the bound of the cache has room for so many bytes besides the shards that must be there at a time."""
        return size + min(self._bytes, 2 * self.largest) + _MARGIN <= self._bound

    def make_room_for(self, size: int) -> None:
        """Keeps so few shards that so many bytes more are within the bound of the cache."""
        self._store.limit(self._bound - size - _MARGIN)

    def _read_index(self, notice: Notice) -> None:
        """Finds out what is in the shards: from an index that was kept or lies beside them, or from all of them."""
        kept = self.folder / f"{digest_of((self._marks, self._label))}.index"
        sizes = {name: file.size or 0 for name, file in self._files.items()}
        if not kept.exists():
            for other in (path for path in self.folder.iterdir() if path.suffix in (".index", ".found")):
                other.unlink(missing_ok=True)
        if kept.is_file() and (index := read_index(kept.read_bytes(), sizes)):
            self._index = dict(index)
            return
        text = f"{counted(len(sizes), 'shard')}, {size_text(sum(sizes.values()))}"
        if self._label is None and INDEX in self._others:
            if index := read_index(self._content(INDEX), sizes):
                notice(f"reading {text}, by their index")
                self._index = dict(index)
            else:
                notice(f"{INDEX} in {self._address} is not that of these shards; it is not used")
        if not self._index:
            notice(f"reading {text}; without an index, all of them once before the training")
            for number in range(len(sizes)):
                self._store.fetch(number)
        part = kept.with_suffix(".new")
        part.write_bytes(written({name: self._index[name] for name in self._files}, sizes))
        part.replace(kept)

    def _arrived(self, number: int, path: Path, is_new: bool) -> None:
        """Reads what is in a shard that has just come, or compares it with the index."""
        name = [*self._files][number]
        if name not in self._index:
            try:
                found = indexed(path, self._label)
            except DataError as error:
                message = error.message.replace(str(path), f"{self._address}/{name}")
                raise DataError(message, "upload it again") from None
            with self._lock:
                self._index[name] = found
        elif is_new and (other := first_other(path, self._index[name])):
            raise DataError(f"{self._address}/{name} has another image {other} than {INDEX} says", f"remove {INDEX}")

    def _content(self, name: str) -> bytes:
        file = self._others[name]
        with in_sentences(self._address):
            content: bytes = retried(lambda: self._objects.read(file.path))
        return content

    @cached_property
    def classes(self) -> Path:
        """The file with the names of classes, which need not be there."""
        file = self._others.get(CLASSES)
        place = self.folder / f"{digest_of((file and file.mark,))}.{CLASSES}"
        if file is not None and not place.is_file():
            part = place.with_suffix(".new")
            part.write_bytes(self._content(CLASSES))
            part.replace(place)
        return place

    @cached_property
    def rows(self) -> list[Row]:
        """A row for each image, in the order of the shards."""
        samples = {self.folder / name: self._samples(name) for name in self._files}
        rows = rows_of(samples)
        if not any(row.label for row in rows):
            raise DataError(
                f"{self._address} has no images with labels",
                "expected members such as 0001.jpg and 0001.cls, or 0001.json, in the tar files",
            )
        return rows

    def _samples(self, name: str) -> dict[str, Sample]:
        return {key: image.sample for key, image in self._index[name].items()}

    @cached_property
    def _images(self) -> dict[str, tuple[int, Indexed]]:
        """For each image by its name the number of its shard, and what the index says of it."""
        all_of_them = [
            (number, image) for number, name in enumerate(self._files) for image in self._index[name].values()
        ]
        return {row.name: image for row, image in zip(self.rows, all_of_them, strict=True)}

    def __contains__(self, name: str) -> bool:
        return name in self._images

    def part(self, name: str, alone: bool = False) -> Part:
        """An image, to be read with its shard, or `alone` where that is not there."""
        number, (sample, _) = self._images[name]
        if alone and not self._store.has(number):
            return Part(name, lambda: self._store.read_alone(number, sample.start, sample.size))
        return Part(name, lambda: self._store.read(number, sample.start, sample.size, self._is_in_sequence))

    def parts(self, names: Sequence[str]) -> list[Part]:
        """Images that are wanted together; those of so many shards that they do not fit are read one by one."""
        are_spread = self.window > 0 and len(np.unique(self.numbers(names))) > _SHARES * self.window
        return [self.part(name, are_spread) for name in names]

    def in_sequence(self) -> Shards:
        """The same shards for images that are read in their order, whatever the order of the training is."""
        other = copy(self)
        other._is_in_sequence = True
        return other

    def kept(self, what: object) -> Path:
        """A file in the cache for something that was found out of these versions of the shards, named after it."""
        return self.folder / f"{digest_of((self._marks, what))}.found"

    def size(self, name: str) -> int:
        """The bytes of an image."""
        return self._images[name][1].sample.size

    def content(self, name: str) -> str:
        """The hash of an image's bytes."""
        return self._images[name][1].content

    def place(self, name: str) -> tuple[int, int]:
        """The number of an image's shard, and where in it the image begins."""
        number, (sample, _) = self._images[name]
        return number, sample.start

    def numbers(self, names: Sequence[str]) -> np.ndarray:
        """The number of each image's shard, int64, shape `(images,)`."""
        return np.array([self._images[name][0] for name in names], np.int64)

    def follow(self, order: Sequence[int]) -> None:
        """Sets the order in which the shards will be read."""
        self._store.follow(order)


def shards_at(address: str, label: str | None, bound: int, notice: Notice) -> Shards | None:
    """The tar shards at an address; None where there is anything else, or a server that tells no versions.

    Errors are those of `Shards`.
    """
    public, is_web = without_secrets(address).rstrip("/"), address.startswith("http")
    if address.startswith(ZIP) or (is_web and (public != address.rstrip("/") or "." in public.rpartition("/")[2])):
        return None
    objects, root = open_remote(address)
    with in_sentences(public):
        listed = retried(lambda: _named_by_index(objects, public) if is_web else objects.listed(root))
    shards = {name: file for name, file in listed.items() if name.lower().endswith(".tar")}
    others = {name: file for name, file in listed.items() if name not in shards}
    if not shards or not all(file.mark and file.size for file in shards.values()) or any(map(_is_more, others)):
        return None
    if next(iter(shards.values())).path == root:
        public = public.rpartition("/")[0]
    ordered = {name: shards[name] for name in sorted(shards, key=lambda name: in_counting_order(f"/{name}"))}
    sizes = [size_on_disk(file.size or 0) for file in shards.values()]
    least = min(sum(sizes), 2 * max(sizes))
    if least > bound:
        raise ResourceError(
            f"reading {public} needs {size_text(least)} of the cache, two shards, and it may hold {size_text(bound)}",
            f"set data.cache: {{disk: {-(-least // 10**9) + 1}}}, in GB, or pack smaller shards with --shard-size",
        )
    return Shards(public, objects, ordered, others, label, bound, notice)


def _named_by_index(objects: Objects, folder: str) -> dict[str, RemoteFile]:
    """The files of a folder on a web server, which lists none, by the index in it; empty without one."""

    def file(name: str) -> RemoteFile:
        return objects.info(f"{folder}/{quote(name)}")

    try:
        index = objects.read(f"{folder}/{INDEX}")
    except FileNotFoundError as error:
        if is_absence(error):
            return {}
        raise
    names, files = [INDEX, *shards_in(index)], {}
    try:
        files[CLASSES] = file(CLASSES)
    except FileNotFoundError as error:
        if not is_absence(error):
            raise
    with ThreadPoolExecutor(THREADS) as pool:
        return files | dict(zip(names, pool.map(file, names), strict=True))


def _is_more(name: str) -> bool:
    """Whether a file beside shards may say something else of images than these do."""
    file = name.rpartition("/")[2].lower()
    return file not in (CLASSES, INDEX) and not file.startswith(".") and file.endswith((*TABLES, *IMAGES))
