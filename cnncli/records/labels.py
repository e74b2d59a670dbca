"""Doubtful labels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DoubtfulLabel:
    """A label that a network finds improbable; whether it is wrong, only the picture says.

    Args:
        image: Name of the image, as `data.corrections` of a spec takes it.
        label: Class that the image has.
        probability: Probability that the network gives this class, 0…1.
        suggested: Class that the network gives the highest probability among the others.
        suggested_probability: That probability.
        place: Where the image was meanwhile: `fold 3`, which the network did not see, or `train`, `validation`, `test`.

    Example:
        >>> import cnncli
        >>> first = cnncli.doubtful_labels("runs/mnist-001", most=1, notice=lambda text: None)[0]
        >>> first.label != first.suggested, first.probability < 0.5
        (True, True)
    """

    image: str
    label: str
    probability: float
    suggested: str
    suggested_probability: float
    place: str
