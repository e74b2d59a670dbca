"""Images in tar shards on a server that are read anew in every epoch: in which order, and what stays in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from cnncli.data.cache import held
from cnncli.data.memory import fits_in_memory
from cnncli.data.samples import FileSamples, LabelledImages
from cnncli.notices import Notice
from cnncli.spec.schema import Data
from cnncli.wording import counted

if TYPE_CHECKING:
    from cnncli.runner.inputs.splits import Splits


def is_streamed(files: FileSamples, cache: str | Mapping[str, float]) -> bool:
    """Whether files in tar shards are decoded in every epoch, by `data.cache`.

    That follows from the spec and the shards alone, as the order of the images may follow from it.
    """
    if files.shards is None or cache == "memory":
        return False
    return cache == "off" or not files.shards.has_room_beside(len(files) * prod(files.shape))


def streamed(splits: Splits, data: Data, notice: Notice) -> Splits:
    """The splits as they are; where their shards do not fit into the cache, validation images stay in memory."""
    window, kept = window_of(splits), "the cache" if data.caches_on_disk else "the 2 GB that shards take of the disk"
    if window:
        notice(f"images are shuffled within {counted(window, 'shard')} at a time, as they do not fit into {kept}")
        _warn_about_order(splits, window, notice)
    elif data.caches_on_disk:
        notice("images are decoded each time they are needed, as data.cache has no room for them beside their shards")
    if not window:
        return splits
    samples = {split: each if split == "train" else _in_sequence(each) for split, each in splits.samples.items()}
    validation = samples.get("validation")
    if isinstance(validation, FileSamples) and fits_in_memory(validation):
        samples["validation"] = held(validation)
    return dataclasses.replace(splits, samples=samples)


def _warn_about_order(splits: Splits, window: int, notice: Notice) -> None:
    """Warns where the images are sorted by class, so that steps of one class follow each other."""
    train, classes = splits.samples["train"], len(splits.class_names)
    assert isinstance(train, FileSamples)
    assert train.shards is not None
    pairs = np.unique(np.stack([train.shards.numbers(train.names), train.labels]), axis=1)  # (2, pairs)
    of_shard = pairs.shape[1] / len(np.unique(pairs[0]))
    seen = of_shard * window
    if seen < classes / 2:
        notice(
            f"warning: {counted(window, 'shard')} have images of about {seen:.0f} of {classes} classes, so a network "
            "forgets the others meanwhile; pack the images with cnncli data pack --shuffle"
        )


def _in_sequence(samples: LabelledImages) -> LabelledImages:
    if not isinstance(samples, FileSamples) or samples.shards is None:
        return samples
    return dataclasses.replace(samples, shards=samples.shards.in_sequence())


def window_of(splits: Splits) -> int:
    """How many shards are shuffled together; 0 where all images of the training are."""
    train = splits.samples.get("train")
    return train.shards.window if isinstance(train, FileSamples) and train.shards is not None else 0
