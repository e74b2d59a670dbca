"""The index of tar shards: which images each holds, where in it, and under which labels, so that none need be read."""

from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from cnncli.data.identity import hash_of
from cnncli.data.sources.rows.webdataset import Sample, samples_in

INDEX = "shards.index"
"""The file beside shards, as `cnncli data pack` writes it: a gzipped table, with a row also for each shard."""

COLUMNS = ("shard", "key", "suffix", "label", "start", "bytes", "content")

MOST = 1 << 30
"""Bytes of an index, unpacked, above which it is not read: some seven million images."""


_DAMAGED = (OSError, EOFError, ValueError, KeyError, IndexError, StopIteration, csv.Error, zlib.error)


class Indexed(NamedTuple):
    """An image in a shard."""

    sample: Sample
    content: str  # hash of its bytes, as a run records it


Index = Mapping[str, Mapping[str, Indexed]]
"""The images of each shard by its name, by their keys."""


def indexed(file: Path, label: str | None = None) -> dict[str, Indexed]:
    """The images in a tar file, which is read once; `label` names a key of members `.json`.

    Raises:
        DataError: It is damaged.
        OSError: It cannot be read.
    """
    samples = samples_in(file, label)
    with file.open("rb") as shard:
        found = {}
        for key, sample in samples.items():
            shard.seek(sample.start)
            found[key] = Indexed(sample, hash_of(shard.read(sample.size)))
        return found


def first_other(file: Path, images: Mapping[str, Indexed]) -> str:
    """The key of the first image in a tar file that is not what an index says of it; empty for none."""
    with file.open("rb") as shard:
        for key, image in images.items():
            shard.seek(image.sample.start)
            if hash_of(shard.read(image.sample.size)) != image.content:
                return key
    return ""


def written(index: Index, sizes: Mapping[str, int]) -> bytes:
    """An index as the contents of its file, the same for the same images; `sizes` are the bytes of the shards."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for shard, images in index.items():
        rows.writerow((shard, "", "", "", 0, sizes[shard], ""))
        rows.writerows((shard, key, *sample, content) for key, (sample, content) in images.items())
    return gzip.compress(text.getvalue().encode("utf-8", "surrogateescape"), compresslevel=5, mtime=0)


def read_index(content: bytes, sizes: Mapping[str, int]) -> Index | None:
    """The index in a file; None where it is not that of exactly these shards, given with their bytes."""
    try:
        index: dict[str, dict[str, Indexed]] = {}
        for shard, key, suffix, label, start, size, digest in _rows_of(content):
            sample = Sample(suffix, label, int(start), int(size))
            if not key and sample.size == sizes[shard]:
                index[shard] = {}
                continue
            if not 0 <= sample.start <= sample.start + sample.size <= sizes[shard] or not key:
                return None
            index[shard][key] = Indexed(sample, digest)
    except _DAMAGED:
        return None
    return index if index.keys() == sizes.keys() else None


def shards_in(content: bytes) -> dict[str, int]:
    """The shards that an index names, with their bytes; none where it is no index."""
    sizes: dict[str, int] = {}
    with contextlib.suppress(*_DAMAGED):
        sizes = {row[0]: int(row[5]) for row in _rows_of(content) if not row[1]}
    return sizes


def _rows_of(content: bytes) -> Iterator[list[str]]:
    with gzip.open(io.BytesIO(content)) as file:
        text = file.read(MOST + 1)
    rows = csv.reader(io.StringIO(text.decode("utf-8", "surrogateescape"), newline=""), strict=True)
    if len(text) > MOST or tuple(next(rows)) != COLUMNS:
        raise ValueError("another kind of table")
    return rows


def digest_of(parts: Iterable[object]) -> str:
    """A short hash of some values, for the name of a file."""
    return hashlib.blake2b("\0".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
