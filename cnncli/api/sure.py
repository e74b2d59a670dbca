"""How far to trust the answers of a run: see `cnncli.Run`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cnncli.api.export import ExportableRun
from cnncli.api.several import several
from cnncli.isolation import isolated
from cnncli.machine import expanded
from cnncli.notices import Notice, warn
from cnncli.runner.open_run import Weights

if TYPE_CHECKING:
    from cnncli.runner.sure.class_sets import RunSets
    from cnncli.runner.sure.stored_doubts import StoredDoubts


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
        from cnncli.runner.sure.class_sets import class_sets

        wanted = coverage, weights, allow_changed_weights, calibrated
        if wanted not in self._class_sets:
            self._class_sets[wanted] = class_sets(self, *wanted)
        return self._class_sets[wanted]

    def measure_unknown(
        self,
        negatives: Iterable[str | os.PathLike[str]] = (),
        *,
        data: str | os.PathLike[str] | None = None,
        allow_changed_weights: bool = False,
        notice: Notice = warn,
    ) -> Mapping[str, Any]:
        """Measures how many known images `predict` doubts with `unknown`, and how many unknown ones; takes TensorFlow.

        Args:
            negatives: Folders of images that no class fits, measured beside noise and test images that are shuffled
                or inverted.
            data: Where the images of the run are now, if they were moved.
            allow_changed_weights: Whether weights may have been changed, for which there are no thresholds.
            notice: Receives what is done, and warnings; `warnings.warn` by default.

        Returns:
            What is written to unknown.json: `known`, of the test images, and a list `unknown`; each with the `share` of
            images that are `unsure`, `unlike` the training images, or `either`, and its `interval`.

        Raises:
            DataError: Images of the run are missing, or a folder has none that can be read.
            RunError: The network does not end in a Dense layer that gives the logits, or there are too few images.

        Example:
            >>> import cnncli
            >>> found = cnncli.open_run("runs/mnist-001").measure_unknown(notice=lambda text: None)
            >>> [each["images_of"] for each in found["unknown"]]
            ['noise', 'test images with pixels shuffled', 'test images inverted']
        """
        from cnncli.runner.sure.unknown import measure_unknown, require_doubts, require_negatives

        folders, moved = [*map(expanded, several(negatives, "negatives"))], None if data is None else expanded(data)
        require_negatives(folders)
        require_doubts(self, "best", allow_changed_weights)
        with self._measuring("best", allow_changed_weights, moved), isolated():
            return measure_unknown(self, folders, allow_changed_weights, notice, moved)

    def _doubts(self, weights: Weights, allow_changed_weights: bool, notice: Notice) -> StoredDoubts:
        if (weights, allow_changed_weights) != ("best", False) or self._known_doubts is None:
            from cnncli.runner.sure.unknown import doubts_of, require_doubts

            require_doubts(self, weights, allow_changed_weights)
            with isolated():
                self._known_doubts = doubts_of(self, weights, allow_changed_weights, notice)
        return self._known_doubts

    _known_doubts: StoredDoubts | None = None

    def doubt_sentence(self, *, notice: Notice = warn) -> str:
        """How many known images `predict` doubts with `unknown`, in two lines.

        Args:
            notice: Receives what is done; `warnings.warn` by default.

        Raises:
            CnncliError: As `measure_unknown`.

        Example:
            >>> import cnncli
            >>> cnncli.open_run("runs/mnist-001").doubt_sentence(notice=lambda text: None)[:10]
            'doubts: 0.'
        """
        stored = self._doubts("best", False, notice)
        from cnncli.runner.sure.unknown import price_sentence

        return price_sentence(self, stored)

    @cached_property
    def _class_sets(self) -> dict[tuple[float, Weights, bool, bool | None], RunSets]:
        return {}
