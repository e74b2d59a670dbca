"""The batches that a model is trained and validated on; every stage of a training goes on with the same ones."""

from __future__ import annotations

from typing import Any

from cnncli.data.augment import Augmentation
from cnncli.data.pipeline import (
    Reader,
    class_weights,
    encode,
    epoch_indices,
    ordered_batches,
    steps_per_epoch,
    training_batches,
)
from cnncli.runner.evaluate import together
from cnncli.runner.inputs.splits import Splits
from cnncli.spec.schema import Spec


class Batches:
    """The images of a training in batches.

    Args:
        spec: of the run.
        splits: the images.
        encoding: of the labels.
    """

    def __init__(self, spec: Spec, splits: Splits, encoding: str) -> None:
        self._spec = spec
        samples, classes = splits.samples["train"], len(splits.class_names)
        self._drawn = epoch_indices(samples.labels, classes, spec.train.sampling)
        self.steps = steps_per_epoch(len(self._drawn), spec.train.batch_size)
        self._reader = Reader(samples)
        self._targets = encode(samples.labels, encoding, classes)
        self._weights = class_weights(samples.labels, splits.class_names, spec.train.class_weight)
        self._augmentation = Augmentation(spec.augment, splits.shape, spec.seed) if spec.augment else None
        self.readers, self.validation = [self._reader], None
        self.together = together(splits.shape, spec.train.batch_size)
        validation = splits.samples.get("validation")
        if validation is not None:
            self.readers.append(Reader(validation))
            targets = encode(validation.labels, encoding, classes)
            self.validation = ordered_batches(self.readers[-1], targets, self.together)

    def training(self, first: int) -> Any:
        """Training batches from a global step to the last one."""
        return training_batches(
            self._reader,
            self._drawn,
            self._targets,
            self._weights,
            self._spec.train.batch_size,
            self._spec.seed,
            range(first, self.steps * self._spec.train.epochs),
            self._augmentation,
        )
