"""The images of a rehearsal: the real ones where they are at hand, else a few of each split in place of all."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import prod

import numpy as np

from cnncli.data.identity import fingerprint
from cnncli.data.pipeline import is_held
from cnncli.data.samples import FileSamples, Samples, SampleSubset
from cnncli.runner.inputs.splits import Splits, all_files, decoded_before
from cnncli.spec.schema import Spec

CHUNK = 128
LEAST, MOST = 256, 2048
"""Images of a split that are decoded, as far as it has them: at least so many, and at most."""

SECONDS = 1.0
"""How long the images of a split are decoded once they are enough."""


@dataclass(frozen=True)
class Rehearsal:
    """Images to rehearse a training with.

    Args:
        splits: as many images in each as the training has.
        seconds: that decoding all files into the cache will take; 0 when nothing is left to decode.
        hashing: seconds that writing down the content of all images will take.
        cache: bytes that the cache will take more.
        mapped: bytes of the cache that the training will hold in memory, and this rehearsal does not.
    """

    splits: Splits
    seconds: float = 0.0
    hashing: float = 0.0
    cache: int = 0
    mapped: int = 0


def rehearsal_of(spec: Spec, found: Splits) -> Rehearsal:
    """The images of a rehearsal.

    Filling the cache can take an hour, so a rehearsal does not. Where the training will take files out of the cache
    and they are not in it yet, some of each split are decoded, spread evenly over it, and each stands for its
    neighbours: as many images as the training has are then read, held and augmented in the same way.

    Args:
        spec: of the training.
        found: the images as their source has them.

    Raises:
        DataError: an image cannot be read.
    """
    files = all_files(found)
    hashing = 0.0 if files is None else _hashing(files)
    before = decoded_before(found) if spec.data.cache else found
    if files is None or before is not None:
        return Rehearsal(before or found, hashing=hashing)
    splits, decoded, seconds = {}, 0, 0.0
    for split, samples in found.samples.items():
        if not isinstance(samples, FileSamples):
            splits[split] = samples
            continue
        began = time.perf_counter()
        few = _some(samples)
        seconds, decoded = seconds + time.perf_counter() - began, decoded + len(few)
        places = np.arange(len(samples)) * len(few) // max(1, len(samples))
        splits[split] = SampleSubset(few, places, samples.labels)
    size = len(files) * prod(files.shape)
    standing = Splits(found.class_names, splits, found.validation, found.origins)
    held = any(is_held(samples) for samples in splits.values())
    return Rehearsal(standing, seconds / max(1, decoded) * len(files), hashing, size, size if held else 0)


def _some(samples: FileSamples) -> Samples:
    """Images of a split, spread evenly over it, as many as are decoded in a second or two."""
    few = np.linspace(0, len(samples) - 1, min(MOST, len(samples))).astype(np.int64)
    order = np.argsort(np.arange(len(few)) * 0.6180339887 % 1)  # any beginning of it is spread evenly as well
    began, parts, done = time.perf_counter(), [], 0
    while done < len(few) and (done < LEAST or time.perf_counter() - began < SECONDS):
        parts.append(samples.read(few[order[done : done + CHUNK]]))
        done += len(parts[-1])
    taken = order[:done]
    by_place = np.argsort(taken)
    images = np.concatenate(parts)[by_place]  # (images, height, width, channels)
    chosen = samples.take(few[taken[by_place]])
    return Samples(images, chosen.labels, chosen.names)


def _hashing(files: FileSamples) -> float:
    some = files.take(np.linspace(0, len(files) - 1, min(LEAST, len(files))).astype(np.int64))
    began = time.perf_counter()
    fingerprint(some)
    return (time.perf_counter() - began) / len(some) * len(files)
