"""Heat maps of images with the model of a run: where in each the evidence for a class was.

TensorFlow is started for the first image that can be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cnncli.data.decode.input_format import InputFormat, positions
from cnncli.errors import DataError, RunError
from cnncli.inference.tensorflow import TensorFlowEngine
from cnncli.insight.feature_maps import Network
from cnncli.insight.heatmap import METHODS, Logit, checked_by_covering
from cnncli.isolation import isolated
from cnncli.notices import Notice
from cnncli.records import Covered, HeatMap, UnreadableImage
from cnncli.runner.open_run import OpenRun, Weights
from cnncli.runner.predict import NamedImage, Predictor, named_images
from cnncli.wording import nearest, some

if TYPE_CHECKING:
    from cnncli.runner.predict import ImageLike

DRAWN = 480
"""Longest side, in pixels, of the picture beside a map; smaller ones keep their size."""


class HeatMapper:
    """The network of a run in float32, ready to show where its evidence lies; arguments as in `cnncli.Run.heatmaps`."""

    def __init__(self, run: OpenRun, weights: Weights, allow_changed_weights: bool, notice: Notice) -> None:
        self._predictor = Predictor(run, notice, allow_changed_weights, weights, "tensorflow")

    @cached_property
    def _network(self) -> Network:
        return Network(self._engine.model)

    @property
    def _engine(self) -> TensorFlowEngine:
        engine = self._predictor.engine
        assert isinstance(engine, TensorFlowEngine)
        return engine

    def _require(self, method: str) -> None:
        """Refuses a network without layers that look at parts of the image; only occlusion does without."""
        if method != "occlusion" and not self._network.last_feature_maps():
            raise RunError(
                "this network has no feature map: none of its layers looks at a part of the image, so a gradient shows "
                "single pixels",
                "use occlusion, which works for any network: --method occlusion",
            )

    def heat_maps(
        self, images: Iterable[ImageLike], class_name: str | None, method: str, invert: bool
    ) -> Iterator[HeatMap | UnreadableImage]:
        """For each image its map, or why it cannot be read; arguments and errors are those of `cnncli.Run.heatmaps`."""
        for image in named_images(images):
            try:
                yield self._heat_map(image, class_name, method, invert)
            except DataError as error:
                reason = f"{error.message}; {error.hint}" if error.hint else error.message
                yield UnreadableImage(image.name, reason)

    def _heat_map(self, image: NamedImage, class_name: str | None, method: str, invert: bool) -> HeatMap:
        predictor = self._predictor
        pixels, size = predictor.read(image)
        picture, _ = predictor.read(image, _format_to_draw(predictor, size))
        with isolated():
            self._require(method)
            return self._drawn(image, 255 - pixels if invert else pixels, size, picture, class_name, method, invert)

    def _drawn(
        self,
        image: NamedImage,
        pixels: np.ndarray,
        size: tuple[int, int],
        picture: np.ndarray,
        class_name: str | None,
        method: str,
        invert: bool,
    ) -> HeatMap:
        predictor = self._predictor
        (of_classes,) = predictor.engine.probabilities(pixels[None])
        prediction = predictor.prediction(image, pixels, of_classes, 1, invert)
        name = class_name or prediction.class_name
        label = predictor.class_names.index(name)
        logit = Logit.of(label, self._engine.model.output_shape[-1])
        evidence = METHODS[method](self._network, pixels, logit)
        values = evidence.over(*positions(size, predictor.format))
        covered = checked_by_covering(pixels, evidence)  # (4, height, width, channels)
        probabilities = predictor.engine.probabilities(covered)[:, label]
        logits = np.asarray(logit(self._network.logits(covered)))  # (4,)
        check = Covered(float(probabilities[0]), float(probabilities[1:].mean()), bool(logits[0] < logits[1:].mean()))
        return HeatMap(prediction, name, method, evidence.cells, values, picture, check)


def _format_to_draw(predictor: Predictor, size: tuple[int, int]) -> InputFormat:
    smaller = min(1.0, DRAWN / max(size))
    height, width = (max(1, round(side * smaller)) for side in size)
    return replace(predictor.format, height=height, width=width, channels=3, resize="stretch", interpolation="bilinear")


def require_class(class_names: tuple[str, ...], name: str) -> None:
    """Refuses a class that a run does not have.

    Raises:
        ValueError: It does not have it.
    """
    if name not in class_names:
        near = nearest(name, class_names) or f"; the classes are {some(class_names)}"
        raise ValueError(f"no class is called '{name}'{near}")


def require_method(name: str) -> None:
    """Refuses a method that there is not.

    Raises:
        ValueError: There is none of this name.
    """
    if name not in METHODS:
        raise ValueError(f"no method is called '{name}'{nearest(name, METHODS) or f'; they are {some(METHODS)}'}")
