"""Heat maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnncli.records.images import Prediction

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Covered:
    """What becomes of the answer when a tenth of the image is covered with the image's mean colour.

    Args:
        hottest: Probability of the class without the hottest tenth, 0…1.
        elsewhere: The same without as much elsewhere, in the same shape; the mean of three places.
        counts: Whether the hottest tenth counts more than the others. That is judged by logits: a probability near 0 or
            1 hardly moves.
    """

    hottest: float
    elsewhere: float
    counts: bool

    def doubt(self, class_name: str, has_evidence: bool) -> str:
        """Why a map for a class tells nothing; empty for one that does."""
        if not has_evidence:
            return f"no evidence for {class_name} was found"
        if not self.counts:
            return (
                "covering the hottest tenth changes the answer no more than covering as much elsewhere; doubt this map"
            )
        return ""


@dataclass(frozen=True)
class HeatMap:
    """Where in an image the evidence for a class was. It does not say why.

    Args:
        prediction: What the network answers.
        class_name: The class that the evidence is for.
        method: `layercam`, `gradcam` or `occlusion`.
        cells: Rows and columns of the coarsest map that it was made of: nothing smaller than a cell can be seen.
        values: The map over the image itself: float32, shape `(height, width)`, 0…1 with 1 at the hottest place; 0 for
            what was cut off before the network saw it.
        picture: The image the right way up and small enough to be drawn, uint8, shape `(height, width, 3)`.
        covered: The check of the map.

    Example:
        >>> import cnncli
        >>> (heat,) = cnncli.open_run("runs/mnist-001").heatmaps("digit.png", method="occlusion")
        >>> heat.values.shape, heat.has_evidence
        ((28, 28), True)
    """

    prediction: Prediction
    class_name: str
    method: str
    cells: tuple[int, int]
    values: np.ndarray
    picture: np.ndarray
    covered: Covered

    @property
    def probability(self) -> float:
        """Probability of the class that the evidence is for, 0…1."""
        return dict(zip(self.prediction.class_names, self.prediction.probabilities, strict=True))[self.class_name]

    @property
    def has_evidence(self) -> bool:
        """Whether anything in the image speaks for the class."""
        return bool(self.values.any())
