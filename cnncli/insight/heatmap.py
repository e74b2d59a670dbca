"""Where in an image the evidence for a class was: LayerCAM, Grad-CAM and occlusion, and the check of a map.

All of them ask for the logit of the class: through a softmax or sigmoid that is sure, no gradient passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from cnncli.insight.feature_maps import FeatureMap, Network
from cnncli.insight.places import Axis, sampled

WINDOWS = 7
"""Windows along each side for occlusion; each covers a quarter of the side, so that neighbours overlap by half."""

COVERED = 0.1
"""Share of the image that the check covers."""

_AT_A_TIME = 8  # images
_ROUNDING = 1e-3  # of a logit: engines, and batches of other sizes, differ by less


class Evidence(NamedTuple):
    """A map over the pixels that a network takes.

    Args:
        values: 0 or more, float32, shape `(height, width)`.
        cells: Rows and columns of the coarsest map that it was made of.
    """

    values: np.ndarray
    cells: tuple[int, int]

    def over(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """The map over an image, 0…1 with 1 at the hottest place; all zeros where there is no evidence.

        Args:
            rows: Position of each row of the image among the pixels that the network takes, NaN for what was cut off.
            columns: The same of each column.

        Returns:
            float32, shape `(height, width)`.
        """
        values = sampled(self.values, rows, columns)
        greatest = values.max(initial=0)
        return values / greatest if greatest > 0 else values


class Logit(NamedTuple):
    """The logit of one class.

    Args:
        unit: Unit of the output.
        sign: -1 for the first class where one unit separates two, as that unit is the logit of the second.
    """

    unit: int
    sign: int = 1

    @classmethod
    def of(cls, label: int, units: int) -> Logit:
        """That of the class with this label, for an output of so many units."""
        return cls(0, 1 if label else -1) if units == 1 else cls(label)

    def __call__(self, logits: Any) -> Any:
        """Logits `(images, units)` → `(images,)`."""
        return logits[:, self.unit] * self.sign


def layer_cam(network: Network, image: np.ndarray, logit: Logit) -> Evidence:
    """Each cell's own gradient, where positive, times its value, summed over the channels.

    Shape:
        image: (height, width, channels), pixels 0…255 → (height, width)

    Source:
        Jiang, Zhang, Hou, Cheng and Wei, "LayerCAM: Exploring Hierarchical Class Activation Maps for Localization"
        (2021).
    """
    return layer_cams(network, image[None], [logit])[0]


def layer_cams(network: Network, images: np.ndarray, logits: Sequence[Logit]) -> list[Evidence]:
    """`layer_cam` of several images at once, each for a class of its own.

    Shape:
        images: (images, height, width, channels), pixels 0…255 → each (height, width)
    """
    weigh = lambda value, gradient: (np.maximum(gradient, 0) * value).sum(axis=-1)  # noqa: E731
    return _of_features(network, images, logits, weigh)


def grad_cam(network: Network, image: np.ndarray, logit: Logit) -> Evidence:
    """Each channel's mean gradient times its values, summed over the channels.

    Shape:
        image: (height, width, channels), pixels 0…255 → (height, width)

    Source:
        Selvaraju, Cogswell, Das, Vedantam, Parikh and Batra, "Grad-CAM: Visual Explanations from Deep Networks via
        Gradient-based Localization" (2017).
    """
    weigh = lambda value, gradient: value @ gradient.mean(axis=(0, 1))  # noqa: E731
    return _of_features(network, image[None], [logit], weigh)[0]


class Occlusion:
    """An image with one window after another covered with its mean colour: what the class loses, a window speaks for.

    A window is a quarter as wide and high as the image. Whatever computes logits may be asked: the windows are covered
    one at a time, so that they need not be in memory together.

    Args:
        image: Pixels 0…255, uint8, shape `(height, width, channels)`.

    Source:
        Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks" (2014).
    """

    def __init__(self, image: np.ndarray) -> None:
        self._image, self._sides = image, image.shape[:2]
        self._mean = _mean_color(image)
        self._windows = [max(1, round(side / 4)) for side in self._sides]
        self._starts = [
            np.rint(np.linspace(0, side - window, min(WINDOWS, side))).astype(int).tolist()
            for side, window in zip(self._sides, self._windows, strict=True)
        ]
        self.cells = (len(self._starts[0]), len(self._starts[1]))

    def __len__(self) -> int:
        return self.cells[0] * self.cells[1]

    def covered(self, number: int) -> np.ndarray:
        """The image without a window, counted row by row: uint8, shape `(height, width, channels)`."""
        row, column = divmod(number, self.cells[1])
        top, left = self._starts[0][row], self._starts[1][column]
        changed = self._image.copy()
        changed[top : top + self._windows[0], left : left + self._windows[1]] = self._mean
        return changed

    @property
    def spacing(self) -> tuple[float, float]:
        """Pixels from one window to the next, down and across: nothing smaller can be located."""
        down, across = (
            (side - window) / max(1, cells - 1)
            for side, window, cells in zip(self._sides, self._windows, self.cells, strict=True)
        )
        return down, across

    def evidence(self, before: float, covered: np.ndarray) -> Evidence:
        """The map, from the logit of the class in the image, and those without each window, shape `(windows,)`."""
        falls = before - covered.reshape(self.cells)
        falls = np.where(falls > _ROUNDING, falls, 0)
        rows, columns = (
            Axis((window - 1) / 2, step or 1) for window, step in zip(self._windows, self.spacing, strict=True)
        )
        return Evidence(_over_image(falls, rows, columns, self._sides), self.cells)


def occlusion(network: Network, image: np.ndarray, logit: Logit) -> Evidence:
    """How much the logit falls when a window is covered: `Occlusion` with a network of TensorFlow's.

    Shape:
        image: (height, width, channels), pixels 0…255 → (height, width)
    """
    windows = Occlusion(image)
    before = float(logit(np.asarray(network.logits(image[None])))[0])
    batches = (range(len(windows))[at : at + _AT_A_TIME] for at in range(0, len(windows), _AT_A_TIME))
    logits = [
        np.asarray(logit(network.logits(np.stack([windows.covered(number) for number in batch])))) for batch in batches
    ]
    return windows.evidence(before, np.concatenate(logits))


METHODS: Mapping[str, Callable[[Network, np.ndarray, Logit], Evidence]] = {
    "layercam": layer_cam,
    "gradcam": grad_cam,
    "occlusion": occlusion,
}
"""Each method by the name that a user chooses; the first one is used unless another is asked for."""


def checked_by_covering(image: np.ndarray, evidence: Evidence) -> np.ndarray:
    """The image without its hottest tenth, and three times without as much elsewhere: half an image down, across, both.

    Shape:
        (height, width, channels) → (4, height, width, channels), uint8
    """
    height, width = evidence.values.shape
    hottest = np.argsort(-evidence.values, axis=None, kind="stable")[: max(1, round(COVERED * height * width))]
    mask = np.zeros(height * width, bool)
    mask[hottest] = True
    mask = mask.reshape(height, width)
    moves = [(0, 0), (height // 2, 0), (0, width // 2), (height // 2, width // 2)]
    return without(image, np.stack([np.roll(mask, move, axis=(0, 1)) for move in moves]))


def without(image: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Copies of an image, each with its mean colour where a mask is true.

    Shape:
        image: (height, width, channels), masks: (copies, height, width) → (copies, height, width, channels), uint8
    """
    return np.where(masks[..., None], _mean_color(image), image[None])


def _mean_color(image: np.ndarray) -> np.ndarray:
    """Shape `(channels,)`, uint8."""
    color: np.ndarray = np.rint(image.mean(axis=(0, 1))).astype(np.uint8)
    return color


def _of_features(
    network: Network,
    images: np.ndarray,
    logits: Sequence[Logit],
    weigh: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> list[Evidence]:
    """For each of `(images, height, width, channels)` the sum over the last feature maps.

    `weigh` makes cells of the values and gradients `(rows, columns, channels)` of an image.
    """
    from cnncli.startup import tf

    maps = network.last_feature_maps()
    features = network.features(images, maps)  # each (images, rows, columns, channels)
    with tf.GradientTape() as tape:
        tape.watch(features)
        results = network.logits_from(maps, features)  # (images, units)
        own = [logit(results[at : at + 1]) for at, logit in enumerate(logits)]
    gradients = tape.gradient(own, features, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    sides, cells = images.shape[1:3], min((each.cells for each in maps), key=lambda cells: cells[0] * cells[1])
    totals = np.zeros((len(images), *sides), np.float32)
    for each, values, gradient in zip(maps, features, gradients, strict=True):
        for total, of_value, of_gradient in zip(totals, np.asarray(values), np.asarray(gradient), strict=True):
            weighed = np.maximum(weigh(of_value, of_gradient), 0)
            # A cell's evidence lies in all of its pixels: finer maps of other branches have fewer of them
            total += _over_image(weighed, each.place.rows, each.place.columns, sides) / _pixels_of(each)
    return [Evidence(np.nan_to_num(total), cells) for total in totals]


def _pixels_of(feature_map: FeatureMap) -> float:
    return feature_map.place.rows.step * feature_map.place.columns.step


def _over_image(cells: np.ndarray, rows: Axis, columns: Axis, sides: tuple[int, ...]) -> np.ndarray:
    """Cells in their places, interpolated for each pixel: `(rows, columns)` → `(height, width)`, float32."""
    down, across = (
        (np.arange(side) - axis.first) / axis.step for side, axis in zip(sides, (rows, columns), strict=True)
    )
    return sampled(cells, down, across)
