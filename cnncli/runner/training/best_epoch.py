"""Which epoch of a training is the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from cnncli.catalog import Entry
from cnncli.records import Epoch
from cnncli.spec.metrics import more_is_better

_PREFERRED = ("val_accuracy", "val_loss", "accuracy", "loss")
"""Monitored unless the spec sets another metric: the first of these that is reported."""


@dataclass(frozen=True)
class Monitor:
    """The metric that selects the best epoch.

    Args:
        name: Name of the metric, as reported for every epoch.
        more_is_better: Whether a larger value is better.
    """

    name: str
    more_is_better: bool

    @classmethod
    def of(cls, monitor: str | None, reported: Sequence[str], metrics: Sequence[Entry]) -> Monitor:
        """The monitor of a training.

        Args:
            monitor: Name from the spec; None for the default.
            reported: Names of everything that is reported for an epoch.
            metrics: Metrics of the spec.
        """
        name = monitor or next(candidate for candidate in _PREFERRED if candidate in reported)
        return cls(name, more_is_better(metrics, name))

    def improves(self, epoch: Epoch, best: Epoch | None) -> bool:
        """Whether an epoch is better than the best so far, None where there is none.

        Values that are not finite never win; ties are broken by lower loss.
        """
        rank = self._rank(epoch)
        return all(map(isfinite, rank)) and (best is None or rank > self._rank(best))

    def _rank(self, epoch: Epoch) -> tuple[float, float]:
        value = epoch.metrics[self.name]
        return value if self.more_is_better else -value, -epoch.metrics.get("val_loss", epoch.metrics["loss"])
