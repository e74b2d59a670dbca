"""Where in an image the evidence of an opened run was: see `cnncli.Run`."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from cnncli.api.predictions import PredictingRun
from cnncli.errors import DataError
from cnncli.isolation import isolated, isolated_images
from cnncli.machine import expanded
from cnncli.notices import Notice, warn
from cnncli.records import HeatMap, UnreadableImage
from cnncli.runner.open_run import Weights

if TYPE_CHECKING:
    import numpy as np

    from cnncli.runner.heatmap import HeatMapper
    from cnncli.runner.predict import ImageLike

Method = Literal["layercam", "gradcam", "occlusion"]


class HeatMappedRun(PredictingRun):
    """The part of `cnncli.Run` that is about heat maps, and the page that shows them."""

    def heatmap(
        self,
        image: ImageLike,
        class_name: str | None = None,
        *,
        method: Method = "layercam",
        path: str | os.PathLike[str] | None = None,
        weights: Weights = "best",
        invert: bool = False,
        allow_changed_weights: bool = False,
        notice: Notice = warn,
    ) -> np.ndarray:
        """Where in an image the evidence for a class was; not why.

        Args:
            image: One image, as `predict` takes it.
            class_name: The class; that which the network answers by default.
            method: `layercam`, `gradcam`, or `occlusion`, which covers one part of the image after another.
            path: A PNG to write as well: the image, and the map over it.
            weights: `best`, those of the best epoch; or `last`, those at the end of the training.
            invert: Invert the brightness first, for negatives of the training images.
            allow_changed_weights: Accept weights whose checksum does not match the run.
            notice: Receives warnings; `warnings.warn` by default.

        Returns:
            float32 with the height and width of the image, 0…1 with 1 at the hottest place; 0 for what was cut off
            before the network saw it, and everywhere if nothing speaks for the class.

        Raises:
            ValueError: The run has no such class, or there is no such method.
            DataError: The image cannot be read.
            RunError: The network has no feature map, or the run is incomplete, lacks these weights, or was changed.

        Example:
            >>> import cnncli, numpy as np
            >>> run = cnncli.open_run("runs/mnist-001")
            >>> heat = run.heatmap("digit.png", "3", method="occlusion")
            >>> heat.dtype, heat.shape == (28, 28), 0 <= heat.min() <= heat.max() <= 1
            (dtype('float32'), True, True)
        """
        heats = self.heatmaps(
            image,
            class_name,
            method=method,
            weights=weights,
            invert=invert,
            allow_changed_weights=allow_changed_weights,
            notice=notice,
        )
        if len(heats) != 1:
            raise DataError(f"heatmap takes one image, got {len(heats):,}", "use heatmaps")
        if path is not None:
            save_heat_map(heats[0], path)
        return heats[0].values

    @overload
    def heatmaps(
        self,
        images: ImageLike | Iterable[ImageLike],
        class_name: str | None = None,
        *,
        method: Method = "layercam",
        weights: Weights = "best",
        invert: bool = False,
        allow_changed_weights: bool = False,
        notice: Notice = warn,
        keep_unreadable: Literal[False] = False,
    ) -> list[HeatMap]: ...
    @overload
    def heatmaps(
        self,
        images: ImageLike | Iterable[ImageLike],
        class_name: str | None = None,
        *,
        method: Method = "layercam",
        weights: Weights = "best",
        invert: bool = False,
        allow_changed_weights: bool = False,
        notice: Notice = warn,
        keep_unreadable: Literal[True],
    ) -> list[HeatMap | UnreadableImage]: ...
    def heatmaps(
        self,
        images: ImageLike | Iterable[ImageLike],
        class_name: str | None = None,
        *,
        method: Method = "layercam",
        weights: Weights = "best",
        invert: bool = False,
        allow_changed_weights: bool = False,
        notice: Notice = warn,
        keep_unreadable: bool = False,
    ) -> Sequence[HeatMap | UnreadableImage]:
        """The heat maps of several images, each with the answer, the size of its cells and the check by covering.

        Args:
            images: One image or several, as `predict` takes them.
            class_name: The class for all of them; by default that which the network answers for each.
            method: As in `heatmap`; so are the other arguments.
            weights: `best` or `last`.
            invert: Invert the brightness first.
            allow_changed_weights: Accept weights whose checksum does not match the run.
            notice: Receives warnings; `warnings.warn` by default.
            keep_unreadable: Return an `UnreadableImage` in place of an image that cannot be read.

        Raises:
            ValueError: The run has no such class, or there is no such method.
            DataError: An image cannot be read.
            RunError: As in `heatmap`.

        Example:
            >>> import cnncli
            >>> (heat,) = cnncli.open_run("runs/mnist-001").heatmaps("digit.png", method="occlusion")
            >>> heat.class_name == heat.prediction.class_name, heat.cells, 0 <= heat.covered.hottest <= 1
            (True, (7, 7), True)
        """
        from cnncli.runner.heatmap import require_class, require_method
        from cnncli.runner.predict import as_list

        require_method(method)
        if class_name is not None:
            require_class(self.class_names, class_name)
        with isolated_images():
            mapper = self._heat_mapper(weights, allow_changed_weights, notice)
            heats = []
            for heat in mapper.heat_maps(as_list(images), class_name, method, invert):
                if isinstance(heat, UnreadableImage) and not keep_unreadable:
                    raise DataError(heat.reason)
                heats.append(heat)
            return heats

    def write_report(
        self,
        *,
        data: str | os.PathLike[str] | None = None,
        allow_changed_weights: bool = False,
        notice: Notice = warn,
    ) -> Path:
        """Writes report.html into the run: figures with their intervals, curves, confusions, mistakes with heat maps.

        Args:
            data: Where the images are now, if they were moved; those for testing and validation must be there.
            allow_changed_weights: Accept weights whose checksum does not match the run.
            notice: Receives warnings, such as that images have changed; `warnings.warn` by default.

        Returns:
            The page, one file that needs no other and no script.

        Raises:
            DataError: Test images are missing.
            RunError: The run is incomplete, lacks weights, or was changed.
            ResourceError: The folder cannot be written to.

        Example:
            >>> import cnncli
            >>> cnncli.open_run("runs/mnist-001").write_report().name
            'report.html'
        """
        moved = None if data is None else expanded(data)
        with self._measuring("best", allow_changed_weights, moved), isolated():
            from cnncli.runner.evaluate import evaluate_again
            from cnncli.runs import PAGE

            evaluate_again(self, notice, moved, allow_changed_weights, only=[PAGE])
            return self.path / PAGE

    def _heat_mapper(self, weights: Weights, allow_changed_weights: bool, notice: Notice) -> HeatMapper:
        from cnncli.runner.heatmap import HeatMapper

        chosen = weights, allow_changed_weights
        if chosen not in self._heat_mappers:
            self._heat_mappers[chosen] = HeatMapper(self, weights, allow_changed_weights, notice)
        return self._heat_mappers[chosen]

    @cached_property
    def _heat_mappers(self) -> dict[tuple[Weights, bool], HeatMapper]:
        return {}


def save_heat_map(heat: HeatMap, path: str | os.PathLike[str]) -> None:
    """Writes a PNG of an image beside its map, never half of one."""
    from cnncli.report.plots.heatmap import draw_heat_map
    from cnncli.runs import writing

    drawn = io.BytesIO()
    draw_heat_map(heat, drawn)
    with writing(expanded(path)) as aside:
        aside.write_bytes(drawn.getvalue())
