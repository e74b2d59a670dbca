"""Which images are the same: a hash of each one's content, and the groups that share one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnncli.data.files import contents_of
from cnncli.data.samples import FileSamples, Samples
from cnncli.data.threads import each_in_threads

_BYTES = 16  # of a hash: no two of a million different images share one by chance


@dataclass(frozen=True)
class DuplicateGroup:
    """Images with the same content: split and index within the split of each, in the order of the splits."""

    members: tuple[tuple[str, int], ...]

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits they are in; more than one means that training images are evaluated."""
        return tuple(dict.fromkeys(split for split, _ in self.members))


def fingerprint(samples: Samples | FileSamples) -> tuple[str, ...]:
    """BLAKE2b of the content of each image, 128 bits in hexadecimal; 50,000 small files take two seconds.

    Of files it is their bytes that count, of arrays the pixels.

    Raises:
        DataError: A file cannot be read; it is named.
    """
    return tuple(each_in_threads(lambda number: _hash(samples, number), len(samples)))


def identical_across(fingerprints: Mapping[str, Sequence[str]]) -> tuple[DuplicateGroup, ...]:
    """The groups of images with the same fingerprint, within and across splits, in the order of their first images.

    Example:
        >>> identical_across({"train": ["a", "b"], "test": ["b"]})
        (DuplicateGroup(members=(('train', 1), ('test', 0))),)
    """
    places: dict[str, list[tuple[str, int]]] = {}
    for split, values in fingerprints.items():
        for index, value in enumerate(values):
            places.setdefault(value, []).append((split, index))
    return tuple(DuplicateGroup(tuple(members)) for members in places.values() if len(members) > 1)


def hash_of(content: bytes) -> str:
    """The fingerprint of an image with these bytes."""
    return hashlib.blake2b(content, digest_size=_BYTES).hexdigest()


def _hash(samples: Samples | FileSamples, index: int) -> str:
    if isinstance(samples, Samples):
        return hash_of(samples.images[index].tobytes())
    if samples.shards is not None:
        return samples.shards.content(samples.names[index])
    digest = hashlib.blake2b(digest_size=_BYTES)
    with contents_of(samples.path(index)) as stream:
        while piece := stream.read(1 << 20):  # not file_digest, which is slow where files are small
            digest.update(piece)
    return digest.hexdigest()
