"""The batches that a model is trained and validated on; every phase of a training continues with the same ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncli.catalog import Entry
from cnncli.catalog.entries import plain
from cnncli.data import pipeline
from cnncli.data.augment import Augmentation
from cnncli.data.orders import InWindows
from cnncli.data.samples import FileSamples, LabelledImages
from cnncli.data.share import Share, shared
from cnncli.data.smaller import smaller
from cnncli.data.views_in_turn import ViewsInTurn
from cnncli.runner.execution.steps import Drawn
from cnncli.spec.schema import Train
from cnncli.spec.sections.smaller_images import SizePart, SmallerImages, parts_of
from cnncli.startup import tf

if TYPE_CHECKING:
    from cnncli.runner.inputs.splits import Splits


class Batches:
    """The images of a training in batches; `seed` is that of their order and of their augmentation.

    With a `schedule` they are smaller in its parts: see `at`.

    Attributes:
        images: Number of images that an epoch goes through.
        images_of: Number of images in each split.
        steps: Number of steps in an epoch.
        validation: Batches of the validation; None without validation images.
        evaluation_batch_size: Images in a batch of the validation.
        readers: Readers of the images.
        shape: Height, width and channels.
        last_step: The step after the last one that these batches are for.
        pixel_share: Number of pixels of each image, as a share of those at full size.
    """

    def __init__(
        self,
        splits: Splits,
        encoding: str,
        train: Train,
        augment: Sequence[Entry],
        seed: int,
        schedule: Sequence[SmallerImages] = (),
    ) -> None:
        self._samples = {split: splits.samples[split] for split in ("train", "validation") if split in splits.samples}
        samples, classes, self.shape = self._samples["train"], len(splits.class_names), splits.shape
        self.encoding, self._batch_size, self._seed = encoding, train.batch_size, seed
        self._indices = pipeline.epoch_indices(samples.labels, classes, train.sampling)
        self.images, self.images_of = len(self._indices), {split: len(each) for split, each in self._samples.items()}
        self.steps = pipeline.steps_per_epoch(self.images, train.batch_size)
        self.last_step = self.steps * train.epochs
        self._schedule, self._epochs, self.pixel_share = schedule, train.epochs, 1.0
        self._reader: pipeline.Read = (reader := pipeline.Reader(samples))
        self._targets = pipeline.encode(samples.labels, encoding, classes)
        self._weights = pipeline.class_weights(samples.labels, splits.class_names, train.class_weight)
        self._augment, self._order = augment, _order_of(samples, self._indices, seed)
        self._augmentation: pipeline.Change | None = Augmentation(augment, splits.shape, seed) if augment else None
        self.readers, self.validation = [reader], None
        self.evaluation_batch_size = pipeline.evaluation_batch_size(splits.shape, train.batch_size)
        if (validation := self._samples.get("validation")) is not None:
            self.readers.append(pipeline.Reader(validation))
            self._validation_targets = pipeline.encode(validation.labels, encoding, classes)
            self.validation = self._validation(self.readers[-1])

    def _validation(self, reader: pipeline.Read) -> tf.data.Dataset:
        return pipeline.ordered_batches(reader, self._validation_targets, self.evaluation_batch_size)

    def at(self, step: int, epochs: float | None = None) -> Batches:
        """The training batches with the size that images have at a step, up to where another size begins.

        `epochs` is what `max_time` leaves of all epochs, as far as is known.
        """
        *parts, _ = parts_of(self._schedule, self._epochs if epochs is None else epochs)
        part, other = next((each for each in parts if step < each.end * self.steps), None), copy(self)
        if part is not None and part.size is not None:
            other.last_step, other.shape = part.end * self.steps, (*part.size, self.shape[2])
            other._reader, other.pixel_share = smaller(self._reader, self.shape, part.size), self._share(part)
            other._augmentation = Augmentation(self._augment, other.shape, self._seed) if self._augment else None
        return other

    def _share(self, part: SizePart) -> float:
        return prod(part.size or self.shape[:2]) / prod(self.shape[:2])

    def work(self, first: int, end: int) -> float:
        """The steps from one to the end of the training, as many at full size as have the same number of pixels."""
        work, before = 0.0, 0
        for part in parts_of(self._schedule, end / self.steps):
            until = min(part.end * self.steps, end)
            work += max(0, until - max(first, before)) * self._share(part)
            before = until
        return work

    def parts(self, first_epoch: int, epochs: int) -> list[range]:
        """The epochs of a phase, counted from 0, in parts whose images have one size."""
        end, ends = first_epoch + epochs, [part.end for part in parts_of(self._schedule, self._epochs)]
        edges = [first_epoch, *(each for each in ends if first_epoch < each < end), end]
        return [range(start, stop) for start, stop in pairwise(edges) if start < stop]

    def training(self, first: int, share: Share | None = None) -> tf.data.Dataset:
        """Training batches from a step on, counted from 0 over all epochs, to the last step of the training.

        With a share they have only the images of these rows.
        """
        return pipeline.training_batches(self._draw(share), range(first, self.last_step))

    def validation_of(self, share: Share | None) -> tf.data.Dataset | None:
        """The batches of the validation with the images of these rows alone."""
        if self.validation is None or share is None:
            return self.validation
        return self._validation(shared(share, self.readers[-1])[0])

    def drawn(self, first: int) -> Drawn:
        """The same, for a loop that makes them itself."""
        return Drawn(self._draw(), first)

    @property
    def is_easily_drawn(self) -> bool:
        """Whether to make a batch is little work: images in memory, or what stands for them, are copied."""
        changed = self.pixel_share < 1 or isinstance(self._augmentation, Augmentation)
        return self.readers[0].holds_images and not changed

    def _draw(self, share: Share | None = None) -> pipeline.Draw:
        made = self._reader, self._augmentation
        read, change = made if share is None else shared(share, *made)
        images = read, self._indices, self._targets, self._weights
        return pipeline.training_batch(*images, self._batch_size, self._seed, change, self._order)

    @property
    def has_smaller_images(self) -> bool:
        """Whether the size of the training images changes."""
        return bool(self._schedule)

    @property
    def is_augmented(self) -> bool:
        """Whether training images are changed at random."""
        return bool(self._augment)

    @property
    def augmentation_key(self) -> list[Any]:
        """All that the augmented views of the training images follow from, besides the images."""
        return [plain(list(self._augment)), self._seed, hashlib.sha256(self._indices.tobytes()).hexdigest()]

    @property
    def first_target(self) -> np.ndarray:
        """The target of the first training image, `(1, …)`."""
        return self._targets[:1]

    def pixels(self, split: str, count: int) -> Iterator[np.ndarray]:
        """The images of a split, some at a time: uint8 `(images, height, width, channels)`."""
        total = self.images_of[split]
        for start in range(0, total, count):
            yield self._samples[split].read(np.arange(start, min(start + count, total)))

    def full_batches(self, split: str, size: int, epoch: int | None = None) -> tf.data.Dataset:
        """The images of a split in order, all batches of the same size: the last one is filled up with its last image.

        With an epoch, they are the images that it goes through before they are shuffled, augmented as in it.
        """
        reader = self.readers[list(self._samples).index(split)]
        if epoch is None:
            return pipeline.full_batches(reader, np.arange(self.images_of[split]), size)
        return pipeline.full_batches(reader, self._indices, size, self._augmentation, epoch)

    def of_features(self, values: Mapping[str, np.ndarray], views: int, first_epoch: int) -> Batches:
        """The same batches with features in place of images.

        Args:
            values: Features by split, float32 `(images, …)`; with views, those of all training images view by view.
            views: Number of views, which the epochs take in turn; 0 where nothing is augmented.
            first_epoch: The epoch that takes the first view.
        """
        other = copy(self)
        readers = {split: pipeline.Reader(pipeline.Rows(rows), dtype=tf.float32) for split, rows in values.items()}
        other.readers, other._reader, other._augmentation = list(readers.values()), readers["train"], None
        if views:
            other._reader = lambda places: places
            other._augmentation = ViewsInTurn(readers["train"], views, self.images, first_epoch)
        if "validation" in readers:
            other.validation = other._validation(readers["validation"])
        return other


def _order_of(samples: LabelledImages, indices: np.ndarray, seed: int) -> InWindows | None:
    """The order of images that are read anew from tar shards in every epoch; None for all others."""
    if not isinstance(samples, FileSamples) or not (shards := samples.shards) or not shards.window:
        return None
    return InWindows(shards.numbers(samples.names)[indices], shards.window, seed, shards.follow)
