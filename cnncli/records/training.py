"""Start and course of a training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, nan

from cnncli.lasting import lasting


@dataclass(frozen=True)
class LoadedLayer:
    """One layer of the model after weights were loaded before the training.

    Args:
        name: Name of the layer in the model.
        parameters: Number of its weights.
        why: Reason why it was not loaded; empty if it was.
    """

    name: str
    parameters: int
    why: str = ""


@dataclass(frozen=True)
class LoadedWeights:
    """Pretrained weights that a training starts with.

    Args:
        source: `imagenet`, a file, or the folder of a run.
        layers: Layers of the model that have weights, in order.
        unused: Layers of the source that the model does not have.
    """

    source: str
    layers: tuple[LoadedLayer, ...]
    unused: tuple[str, ...] = ()

    @property
    def loaded(self) -> tuple[LoadedLayer, ...]:
        """Layers that were loaded."""
        return tuple(layer for layer in self.layers if not layer.why)

    @property
    def skipped(self) -> tuple[LoadedLayer, ...]:
        """Layers that are initialised randomly."""
        return tuple(layer for layer in self.layers if layer.why)


@dataclass(frozen=True)
class Epoch:
    """One pass over the training images.

    Args:
        number: Number of the epoch, counted from 1.
        metrics: `loss`, `accuracy`, … of the training, and `val_loss`, `val_accuracy`, … of the validation images.
        learning_rate: Learning rate at the end of the epoch.
        seconds: Wall time of training and validation together.
        stage: Stage it belongs to, counted from 1; 0 in a training without stages.

    Example:
        >>> import cnncli
        >>> cnncli.open_run("runs/mnist-001").history.epochs[0].number
        1
    """

    number: int
    metrics: Mapping[str, float]
    learning_rate: float
    seconds: float
    stage: int = 0

    def improves_on(self, best: Epoch | None, monitor: str, more_is_better: bool) -> bool:
        """Whether the monitored metric is better than that of the best epoch so far, if there is one.

        Values that are not finite never win; ties are broken by the lower loss.
        """
        rank = self._rank(monitor, more_is_better)
        return all(map(isfinite, rank)) and (best is None or rank > best._rank(monitor, more_is_better))

    def _rank(self, monitor: str, more_is_better: bool) -> tuple[float, float]:
        value, loss = self.metrics.get(monitor, nan), self.metrics.get("val_loss", self.metrics.get("loss", nan))
        return value if more_is_better else -value, -loss


@dataclass(frozen=True)
class StageStarted:
    """Start of a training stage.

    Args:
        number: Number of the stage, counted from 1.
        count: Number of stages.
        frozen: Number of layers that are frozen from now on.
        thawed: Number of layers that are trainable from now on.
        learning_rate: Learning rate in the first step.
        schedule: Schedule of the learning rate; empty if it is constant.
        trainable: Number of trainable weights.
        parameters: Number of weights.
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
    """All epochs of a training, and which of them is best.

    Args:
        epochs: Epochs in order; empty if a training was interrupted early.
        monitor: Metric that determines the best epoch, such as `val_accuracy`.
        best: Number of the best epoch, counted from 1; 0 if there is none.

    Example:
        >>> import cnncli
        >>> history = cnncli.open_run("runs/mnist-001").history
        >>> history.monitor, history.best, sorted(history.epochs[0].metrics)
        ('val_accuracy', 1, ['accuracy', 'loss', 'val_accuracy', 'val_loss'])
    """

    epochs: tuple[Epoch, ...]
    monitor: str
    best: int

    @classmethod
    def of(cls, epochs: tuple[Epoch, ...], monitor: str, more_is_better: bool) -> History:
        """The history of epochs, whose best is that of the monitored metric."""
        best: Epoch | None = None
        for epoch in epochs:
            best = epoch if epoch.improves_on(best, monitor, more_is_better) else best
        return cls(epochs, monitor, best.number if best else 0)

    def best_epoch(self) -> Epoch | None:
        """The best epoch, or None if no epoch is complete."""
        return next((epoch for epoch in self.epochs if epoch.number == self.best), None)


@lasting("run", "again")
@dataclass(frozen=True)
class Reproduction:
    """Comparison of a run with a second training of the same spec.

    Args:
        run: Folder of the run.
        again: Folder of the new run.
        difference: First difference, such as `epoch 3: loss was 0.5, now 0.6`; empty if there is none.
        circumstances: Changes that could explain it, such as `tensorflow 2.21.0, now 2.22.0`.

    Example:
        >>> import cnncli
        >>> result = cnncli.open_run("runs/mnist-001").reproduce()
        >>> result.is_same, result.difference
        (True, '')
    """

    run: str
    again: str
    difference: str
    circumstances: tuple[str, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether every epoch, the weights and the predictions are identical to the last bit."""
        return not self.difference
