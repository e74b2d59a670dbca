"""Copies of remote data in the cache, which follow their originals: whatever reads images, reads them as files.

At each use the original is listed, what is new or has changed is fetched, and what is gone there is removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

from cnncli.data.cache_room import REMOTE, decoded_cache_dir, hold, make_room, size_of_entry, writing
from cnncli.data.inventory.archives import write_archive
from cnncli.data.inventory.location import existing_file
from cnncli.data.remote.address import ZIP, archive_of
from cnncli.data.remote.fetch import fetch
from cnncli.data.sources.rows.unpacked import unpack
from cnncli.errors import CnncliError, DataError, ResourceError
from cnncli.machine import address_in
from cnncli.notices import Notice, Progress
from cnncli.wording import some, without_secrets

_TOLD_EVERY = 30.0  # seconds

_ADDRESSES: dict[str, str] = {}
"""Addresses by the places of their copies, for what is said of these."""


def with_addresses(text: str) -> str:
    """A text with the addresses of copies instead of their places."""
    for place in sorted(_ADDRESSES, key=len, reverse=True):  # one may lie in another
        text = text.replace(place, _ADDRESSES[place])
    return text


@contextlib.contextmanager
def naming_addresses() -> Iterator[None]:
    """Inside, errors about a copy name the address that it is a copy of."""
    try:
        yield
    except CnncliError as error:
        error.message, error.hint = with_addresses(error.message), with_addresses(error.hint)
        error.args = (error.message,)
        raise


def local_copy(address: str, bound: int, notice: Notice) -> Path:
    """The folder or file in the cache that is now a copy of what is at an address.

    Args:
        address: `s3://bucket/photos`, `gs://…`, `https://…`, or `zip://FOLDER::ARCHIVE` of an archive at such an
            address or on this machine.
        bound: Bytes that the cache may hold.
        notice: Receives a line on how much there is to copy, and on how far it is.

    Raises:
        DataError: There is nothing, or it cannot be files.
        ResourceError: The server does not answer or refuses, or the bound or the disk is too small.
    """
    public = without_secrets(address).rstrip("/")
    place = _unzipped(address, bound, notice) if address.startswith(ZIP) else _fetched(address, public, bound, notice)
    _ADDRESSES[str(place)] = public
    return place


def _fetched(address: str, public: str, bound: int, notice: Notice) -> Path:
    entry = decoded_cache_dir() / REMOTE / hashlib.blake2b(public.encode(), digest_size=16).hexdigest()

    def make_room_for(size: int) -> None:
        make_room(size_of_entry(entry) + size, bound, public, own=entry)

    try:
        with writing(entry, notice):
            hold(entry)
            return fetch(address, entry / public.rpartition("/")[2], notice, _progress(notice), make_room_for).place
    except OSError as error:
        message = f"the copy of {public} cannot be written to {entry.parent}: {error.strerror or error}"
        raise ResourceError(message, "set CNNCLI_CACHE_DIR to a folder of yours with enough space") from error


def _unzipped(address: str, bound: int, notice: Notice) -> Path:
    """The files of a ZIP or tar archive, of which one folder or file may be named, unpacked into the cache."""
    archive = archive_of(address)
    file = local_copy(archive, bound, notice) if address_in(archive) else existing_file(archive)
    folder = unpack([file], lambda place: write_archive(file, place), notice, bound=bound)
    inside = address.removeprefix(ZIP).partition("::")[0].strip("/")
    place = folder / inside
    if ".." in Path(inside).parts or not place.exists():
        there = some(sorted(path.name for path in folder.iterdir())) or "nothing"
        raise DataError(f"there is no '{inside}' in {without_secrets(archive)}", f"it has {there}")
    return place


def _progress(notice: Notice) -> Progress:
    told = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told > _TOLD_EVERY:
            told = time.monotonic()
            notice(f"fetched {done:,} of {total:,} files")

    return progress
