"""Addresses of a spec, and the copies of what is there that commands read instead."""

from __future__ import annotations

from pathlib import Path

from cnncli.data.cache_room import LIMIT
from cnncli.data.inventory.archives import archive_name
from cnncli.data.remote.address import ZIP
from cnncli.data.remote.copies import local_copy
from cnncli.data.remote.shard_set import shards_at
from cnncli.data.sources.rows.reading import SUFFIXES, may_hold_images
from cnncli.errors import DataError
from cnncli.machine import address_in
from cnncli.notices import Notice, ignore
from cnncli.spec.schema import Data
from cnncli.spec.sections.sources import Source

STREAMED = 2_000_000_000
"""Bytes of the shards that are on the disk at a time where decoded images are not kept there."""


def local_data(data: Data, notice: Notice = ignore, streams: bool = False) -> Data:
    """The section `data` of a spec as it is read: paths in place of addresses, and the bound of the cache.

    With `streams`, tar shards at an address are an argument `shards`, and are fetched as they are read.

    Errors are those of `local_copy` and `shards_at`.
    """
    source = data.source
    arguments = dict(source.arguments)
    addresses = {name: address for name, path in source.paths.items() if (address := address_in(path))}
    if "data_dir" in addresses:
        raise DataError("TensorFlow Datasets prepares its data on a disk", "set data_dir to a folder of this machine")
    table = addresses.get("path", "")
    if source.name == "table" and table and streams and "root" not in arguments and not _names_files(table):
        bound = data.cache_bound or (LIMIT if data.caches_on_disk else STREAMED)
        if shards := shards_at(table, arguments.get("label_column"), bound, notice):
            del addresses["path"]
            arguments |= {"path": str(shards.folder), "shards": shards}
            table = ""
    if source.name == "table" and table and "root" not in arguments:
        arguments["path"] = str(local_images(addresses.pop("path"), data, notice))
    if source.name == "folder" and not table.startswith(ZIP) and archive_name(Path(table)):
        raise DataError(f"{table} is an archive", f"to read what is in it, write zip://::{table}")
    arguments |= {name: str(_local(address, data, notice)) for name, address in addresses.items()}
    if source.name == "table" and data.cache_bound is not None:
        arguments["cache_bound"] = data.cache_bound
    return data if arguments == source.arguments else data.replace(source=Source(source.name, arguments))


def local_images(path: Path | str, data: Data, notice: Notice = ignore) -> Path:
    """A folder or table of images on this machine: the path itself, or a copy of what is at an address."""
    address = address_in(path)
    if not _names_files(address):
        return _local(address, data, notice) if address else Path(path)
    folder, _, name = address.rpartition("/")
    return _local(folder, data, notice) / name


def _local(address: str, data: Data, notice: Notice) -> Path:
    return local_copy(address, data.cache_bound or LIMIT, notice)


def _names_files(table: str) -> bool:
    """Whether the images of a table lie beside it in a bucket, and are not inside it, nor beside it in an archive."""
    is_file = table.lower().endswith(tuple(SUFFIXES)) and not may_hold_images(Path(table))
    return is_file and not table.startswith((ZIP, "http"))
