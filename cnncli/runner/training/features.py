"""What the frozen layers of a phase make of its images: computed once and kept on disk, for all of its epochs.

Training through the frozen layers gives the same. What a layer makes of an image is, to the last bit, the same in every
batch of two images or more, as far as has been measured; a batch of a single one may be rounded differently, by 1e-7.
Here all batches have as many images as the next, whatever `train.batch_size` is.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncli.data.cache_entries import entry_within, make_entry, opened_entry, tidy
from cnncli.data.cache_room import LIMIT, decoded_cache_dir
from cnncli.data.pipeline import evaluation_batch_size
from cnncli.errors import Problem, ResourceError, SpecError
from cnncli.factory.freezing import freeze
from cnncli.factory.frozen_part import FrozenPart, first_that_changes, frozen_part
from cnncli.machine import available_memory
from cnncli.notices import Notice, Progress
from cnncli.runner.environment import environment
from cnncli.startup import keras, tf
from cnncli.wording import size_text

if TYPE_CHECKING:
    from cnncli.runner.training.batches import Batches

MOST = 5_000_000_000
"""Bytes of features up to which `auto` computes them: a quarter of the cache."""

LEAST_MACS = 100
"""Multiply-adds that each number of the features must save, for `auto` to keep it: reading one takes about as long."""

_BATCH = 32
_HASHED = 512  # images read at a time to be hashed
_FORMAT = "cnncli features 1"  # changes whenever the same network would give other features
_NUMBERS = ("device", "processor", "threads", "onednn", "variables", "packages")
"""Parts of an environment that the last bits depend on."""


class Features:
    """The features of the images of a phase, and the layers that train on them.

    Args:
        part: The frozen layers.
        batches: The images.
        views: Number of augmented views of each image, which the epochs take in turn; 0 where nothing is augmented.
        first_epoch: Epochs before the phase; the first view is that of its first epoch.
        cache: Whether they are kept on disk.
        bound: Bytes that the cache may hold then, if there is such a limit.
    """

    def __init__(
        self, part: FrozenPart, batches: Batches, views: int, first_epoch: int, cache: bool, bound: int | None = None
    ) -> None:
        self.part, self._batches, self._views, self._first_epoch = part, batches, views, first_epoch
        self._cache, self._bound = cache, bound
        self._size = min(_BATCH, evaluation_batch_size(batches.shape, 1))
        self._seconds = 0.0  # of computing one image
        self._run = tf.function(part.outputs, autograph=False, reduce_retracing=True)
        images = {"train": batches.images * views if views else batches.images_of["train"]}
        self._rows = images | {split: rows for split, rows in batches.images_of.items() if split != "train"}

    @property
    def bytes(self) -> int:
        """Size of all features."""
        return sum(self._rows.values()) * prod(self.part.shape) * 4

    @property
    def seconds_per_image(self) -> float:
        """Time that the frozen layers take for an image: measured when they were computed, else now on one batch."""
        if not self._seconds:
            images = tf.zeros((self._size, *self._batches.shape), tf.uint8)
            began = time.perf_counter()
            self.part.outputs(images)
            self._seconds = (time.perf_counter() - began) / self._size
        return self._seconds

    def batches(self, notice: Notice, progress: Progress) -> Batches:
        """Batches of features in place of those of images; what is not in the cache is computed.

        Raises:
            ResourceError: They can be kept neither on disk nor in memory.
        """
        views = f"{self._views} views of " * bool(self._views)
        notice(
            f"the output of the frozen layers, up to '{self.part.last}', is computed once, for {views}"
            f"{sum(self._batches.images_of.values()):,} images ({size_text(self.bytes)})"
        )
        weights, done, values = self.part.fingerprint(), 0, {}
        for split, rows in self._rows.items():
            before = done
            values[split] = self._kept(
                split, weights, notice, lambda count, before=before: progress(before + count, sum(self._rows.values()))
            )
            done += rows
        return self._batches.of_features(values, self._views, self._first_epoch)

    def sampled_batches(self, batches: int) -> tuple[Batches, float]:
        """Batches in which the features of some images stand for all others, and the seconds that all of them take."""
        values, seconds = {}, 0.0
        for split, rows in self._rows.items():
            chunks = self._chunks(split, lambda count: None)
            few = [next(chunks)]  # which also traces
            began = time.perf_counter()
            few += [chunk for _, chunk in zip(range(batches), chunks, strict=False)]
            if timed := sum(map(len, few[1:])):
                seconds += (time.perf_counter() - began) * rows / timed
            values[split] = np.resize(np.concatenate(few), (rows, *self.part.shape))
        return self._batches.of_features(values, self._views, self._first_epoch), seconds

    def _kept(self, split: str, weights: str, notice: Notice, progress: Any) -> np.ndarray:
        """The features of a split: mapped from the cache, or in memory where that cannot be written."""
        shape = (self._rows[split], *self.part.shape)
        if self._cache:
            entry = decoded_cache_dir() / "features" / f"{self._key(split, weights)}.npy"
            try:
                if (values := entry_within(entry, shape, np.float32, "features", self._bound)) is None:
                    make_entry(entry, shape, np.float32, self._chunks(split, progress), "features", self._bound)
                    tidy(entry, self._bound or LIMIT)
                    values = opened_entry(entry, shape, np.float32)
                if values is not None:
                    return values
            except ResourceError as error:
                notice(f"warning: {error.message}; they are kept in memory; {error.hint}")
        free = available_memory()
        if free is not None and free < 4 * prod(shape):
            raise ResourceError(
                f"{size_text(4 * prod(shape))} of features do not fit into memory, of which {size_text(free)} is free",
                "keep them on disk with data.cache: disk, or set train.features: 0",
            )
        return np.concatenate(list(self._chunks(split, progress)))

    def _chunks(self, split: str, progress: Any) -> Iterator[np.ndarray]:
        """The features of a split in order, float32 `(images, *shape)`, a batch of images at a time."""
        began, done = time.perf_counter(), 0
        views = range(self._first_epoch, self._first_epoch + self._views) if split == "train" else ()
        for view in views or (None,):
            left = self._rows[split] // max(1, len(views))
            for images in self._batches.full_batches(split, self._size, view):
                values = self._run(images).numpy()[:left]
                left, done = left - len(values), done + len(values)
                self._seconds = (time.perf_counter() - began) / done
                progress(done)
                yield np.ascontiguousarray(values)

    def _key(self, split: str, weights: str) -> str:
        """A hash of all that the features of a split depend on: images, network, augmentation, programs, processor."""
        here = environment()
        parts = [_FORMAT, weights, self.part.shape, self._size, {name: here[name] for name in _NUMBERS}]
        if split == "train" and self._views:
            parts += [self._batches.augmentation_key, self._first_epoch, self._views]
        hashed = hashlib.blake2b(json.dumps(parts, sort_keys=True, default=repr).encode(), digest_size=20)
        for pixels in self._batches.pixels(split, _HASHED):
            hashed.update(str(pixels.shape).encode())
            hashed.update(pixels.data)
        return hashed.hexdigest()


def features_for(
    model: keras.Model,
    batches: Batches,
    setting: int | str,
    epochs: int,
    first_epoch: int,
    cache: bool,
    bound: int | None = None,
) -> Features | None:
    """The features of a phase whose layers are frozen; None where it trains through the whole network.

    Args:
        model: The whole network.
        batches: The images.
        setting: `train.features`.
        epochs: Epochs of the phase.
        first_epoch: Epochs before it.
        cache: Whether they may be kept on disk.
        bound: Bytes that the cache may hold then, if there is such a limit.
    """
    automatic = setting == "auto"
    if setting == 0 or (automatic and batches.is_augmented) or (part := frozen_part(model)) is None:
        return None
    views = min(int(setting), epochs) if batches.is_augmented else 0
    features = Features(part, batches, views, first_epoch, cache, bound)
    if automatic and (part.macs < LEAST_MACS * prod(part.shape) or features.bytes > MOST):
        return None
    return features


def require_frozen_part(model: keras.Model, frozen: Sequence[frozenset[str]]) -> None:
    """Refuses a number of views where no phase, with its set of frozen layers, begins with frozen layers.

    Raises:
        SpecError: There is none; the problem names the layer that is in the way.
    """
    for names in reversed(frozen):
        freeze(model, names)
        if frozen_part(model) is not None:
            return
    layer = first_that_changes(model)
    message = (
        f"no frozen layers with weights come before '{layer.name}' ({type(layer).__name__}), whose output changes from "
        "step to step, so nothing can be computed once; freeze the layers before it, or leave out 'features'"
    )
    raise SpecError([Problem(("train", "features"), message)])
