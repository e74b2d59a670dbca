"""Whether all processes of a training have the same images: each makes the batches of every step by itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnncli.data.identity import fingerprint
from cnncli.data.samples import FileSamples, LabelledImages
from cnncli.runner.inputs.splits import Splits
from cnncli.wording import counted
from cnncli.workers.agreement import Difference, digest
from cnncli.workers.group import Alone, Group


def require_same_images(splits: Splits, group: Alone) -> None:
    """Compares the images of each split over all processes, by content, name, class and order.

    Raises:
        DataError: A process has others than that of rank 0.
    """
    if not isinstance(group, Group):
        return
    for split, samples in splits.samples.items():
        own = (len(samples), digest([*splits.class_names, *_described(samples)]))
        values = group.exchange(own)
        for rank, (count, value) in enumerate(values):
            if value != values[0][1]:
                images = f"{counted(count, 'image')}, and {values[0][0]:,}"
                if count == values[0][0]:
                    images = f"{counted(count, 'image')} each, but with other names, classes or contents"
                raise Difference(
                    "data",
                    f"the {split} images of {group.workers.name(rank)} are not those of {group.workers.name(0)}: "
                    f"{images}",
                    "copy the same images, and the tables that name them, to every machine",
                ).error()


_AT_ONCE = 256
"""Images that are read at a time."""


def _described(samples: LabelledImages) -> Iterator[bytes | str]:
    yield np.ascontiguousarray(samples.labels).tobytes()
    yield from samples.names
    if isinstance(samples, FileSamples):
        yield from fingerprint(samples)
        return
    for start in range(0, len(samples), _AT_ONCE):
        yield samples.read(np.arange(start, min(start + _AT_ONCE, len(samples)))).tobytes()
