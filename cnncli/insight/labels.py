"""Which labels are the most doubtful: those that a network gives the least probability."""

from __future__ import annotations

import numpy as np
from scipy.special import log_softmax


def log_probability_of_label(scores: np.ndarray, labels: np.ndarray, *, are_logits: bool) -> np.ndarray:
    """How probable the label of each image is, as a logarithm, so that none is lost to rounding.

    Args:
        scores: Logits or probabilities, shape `(images, classes)`.
        labels: The label of each image as an index, shape `(images,)`.
        are_logits: Which of the two they are.

    Returns:
        0 or less, shape `(images,)`, float64; -inf for a probability of 0.

    Source:
        J. Kuan, J. Mueller (2022), "Model-agnostic label quality scoring to detect real-world label errors": the score
        called self-confidence. An order, and no more: a threshold on it would count the doubts of the network.
    """
    wide = scores.astype(np.float64)
    with np.errstate(divide="ignore"):
        logarithms = log_softmax(wide, axis=1) if are_logits else np.log(wide)  # (images, classes)
    return np.asarray(logarithms[np.arange(len(labels)), labels])


def most_doubtful_first(log_probabilities: np.ndarray) -> np.ndarray:
    """Indices of images from the least probable label on, int64; equal ones in the order of the images."""
    return np.argsort(log_probabilities, kind="stable")
