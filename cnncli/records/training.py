"""What a training begins with and comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class LoadedLayer:
    """What became of one layer of the model when weights were loaded before the training.

    Args:
        name: in the model.
        parameters: how many it has.
        why: it was not loaded; empty when it was.
    """

    name: str
    parameters: int
    why: str = ""


@dataclass(frozen=True)
class LoadedWeights:
    """What a training began with.

    Args:
        source: where it came from: `imagenet`, a file, or the folder of a run.
        layers: of the model, those with parameters, in order.
        unused: layers that are there and that the model has no use for.
    """

    source: str
    layers: tuple[LoadedLayer, ...]
    unused: tuple[str, ...] = ()

    @property
    def loaded(self) -> tuple[LoadedLayer, ...]:
        """The layers that were loaded."""
        return tuple(layer for layer in self.layers if not layer.why)

    @property
    def skipped(self) -> tuple[LoadedLayer, ...]:
        """The layers that begin anew."""
        return tuple(layer for layer in self.layers if layer.why)


@dataclass(frozen=True)
class Epoch:
    """One pass over the training images.

    Args:
        number: counts from 1.
        metrics: `loss`, `accuracy`, … of the training, and `val_loss`, `val_accuracy`, … of the validation images.
        learning_rate: the optimizer's, at the end of the epoch.
        seconds: wall time of training and validation together.
        stage: that it belongs to, counted from 1; 0 in a training without stages.
    """

    number: int
    metrics: Mapping[str, float]
    learning_rate: float
    seconds: float
    stage: int = 0


@dataclass(frozen=True)
class StageStarted:
    """What a stage of a training begins with.

    Args:
        number: of the stage, counted from 1.
        count: of all stages.
        frozen: layers that learned until now, and learn no more.
        thawed: layers that did not learn until now.
        learning_rate: in the first step.
        schedule: that the learning rate follows; empty when it stays as it is.
        trainable: parameters that learn.
        parameters: all of them.
    """

    number: int
    count: int
    frozen: int
    thawed: int
    learning_rate: float
    schedule: str
    trainable: int
    parameters: int


@dataclass(frozen=True)
class History:
    """All epochs of a training, and which of them was best.

    Args:
        epochs: in order; may be empty when a training is interrupted early.
        monitor: the metric that chooses the best epoch, such as `val_accuracy`.
        best: number of the best epoch, counted from 1; 0 when there is none.
    """

    epochs: tuple[Epoch, ...]
    monitor: str
    best: int

    def best_epoch(self) -> Epoch | None:
        """The epoch whose weights are kept, or None when no epoch was finished."""
        return next((epoch for epoch in self.epochs if epoch.number == self.best), None)


@dataclass(frozen=True)
class Reproduction:
    """What came of training a run again.

    Args:
        run: the folder of the run.
        again: the folder of the new one.
        difference: the first one there is, such as `epoch 3: loss was 0.5, now 0.6`; empty when there is none.
        circumstances: what was not as before and could explain it, such as `tensorflow 2.21.0, now 2.22.0`.
    """

    run: str
    again: str
    difference: str
    circumstances: tuple[str, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether every epoch, the weights and the predictions are the same to the last bit."""
        return not self.difference
