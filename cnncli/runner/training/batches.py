"""The batches that a model is trained and validated on; every phase of a training continues with the same ones."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.catalog import Entry
from cnncli.data import pipeline
from cnncli.data.augment import Augmentation
from cnncli.runner.inputs.splits import Splits
from cnncli.runner.model.evaluation import evaluation_batch_size
from cnncli.spec.schema import Train
from cnncli.startup import tf


class Batches:
    """The images of a training in batches; `seed` is that of their order and of their augmentation.

    Attributes:
        images: Number of images that an epoch goes through.
        steps: Number of steps in an epoch.
        validation: Batches of the validation; None without validation images.
        evaluation_batch_size: Images in a batch of the validation.
        readers: Readers of the images.
    """

    def __init__(self, splits: Splits, encoding: str, train: Train, augment: Sequence[Entry], seed: int) -> None:
        samples, classes = splits.samples["train"], len(splits.class_names)
        self.encoding, self._batch_size, self._seed = encoding, train.batch_size, seed
        self._indices = pipeline.epoch_indices(samples.labels, classes, train.sampling)
        self.images = len(self._indices)
        self.steps = pipeline.steps_per_epoch(self.images, train.batch_size)
        self._last_step = self.steps * train.epochs
        self._reader = pipeline.Reader(samples)
        self._targets = pipeline.encode(samples.labels, encoding, classes)
        self._weights = pipeline.class_weights(samples.labels, splits.class_names, train.class_weight)
        self._augmentation = Augmentation(augment, splits.shape, seed) if augment else None
        self.readers, self.validation = [self._reader], None
        self.evaluation_batch_size = evaluation_batch_size(splits.shape, train.batch_size)
        if (validation := splits.samples.get("validation")) is not None:
            self.readers.append(pipeline.Reader(validation))
            targets = pipeline.encode(validation.labels, encoding, classes)
            self.validation = pipeline.ordered_batches(self.readers[-1], targets, self.evaluation_batch_size)

    def training(self, first: int) -> tf.data.Dataset:
        """Training batches from a step on, counted from 0 over all epochs, to the last step of the training."""
        images = self._reader, self._indices, self._targets, self._weights
        steps = range(first, self._last_step)
        return pipeline.training_batches(*images, self._batch_size, self._seed, steps, self._augmentation)
