"""How far to trust the answers of a run: see `cnncli.Run`."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from cnncli.api.export import ExportableRun
from cnncli.runner.open_run import Weights

if TYPE_CHECKING:
    from cnncli.runner.class_sets import RunSets


class SureRun(ExportableRun):
    """The part of `cnncli.Run` that says what its answers are worth."""

    def class_sets(
        self,
        coverage: float = 0.95,
        *,
        weights: Weights = "best",
        allow_changed_weights: bool = False,
        calibrated: bool | None = None,
    ) -> RunSets:
        """The sets of classes that `predict` gives with `coverage`: `thresholds`, and `measured` on the test images.

        Args:
            coverage: Share of images whose set is to hold the right class, between 0 and 1.
            weights: The weights that answer; only `best` have thresholds.
            allow_changed_weights: Whether they may have been changed, for which there are no thresholds either.
            calibrated: Whether logits are divided by the temperature, as in `predict`.

        Raises:
            ValueError: `coverage` is not between 0 and 1.
            RunError: There are no thresholds, such as where there are too few validation images.

        Example:
            >>> import cnncli
            >>> sets = cnncli.open_run("runs/mnist-001").class_sets(0.9)
            >>> sets.thresholds.shape, sets.measured.images
            ((10,), 100)
        """
        from cnncli.runner.class_sets import class_sets

        wanted = coverage, weights, allow_changed_weights, calibrated
        if wanted not in self._class_sets:
            self._class_sets[wanted] = class_sets(self, *wanted)
        return self._class_sets[wanted]

    @cached_property
    def _class_sets(self) -> dict[tuple[float, Weights, bool, bool | None], RunSets]:
        return {}
