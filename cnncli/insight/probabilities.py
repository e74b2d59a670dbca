"""Probabilities of classes and the logits behind them."""

from __future__ import annotations

import numpy as np

_SUM_TOLERANCE = 0.01
"""How far the probabilities of an image may be from a sum of 1: bfloat16 has eight bits."""

_COMPARED = 1000
"""Images by which logits are recognised: a model that ends in something else than a softmax shows it in each."""


def are_probabilities(outputs: np.ndarray) -> bool:
    """Whether each row of `(images, classes)` adds up to 1, unlike those of several sigmoids."""
    sums = outputs.sum(axis=1, dtype=np.float64)  # (images,)
    return not (outputs < 0).any() and bool((np.abs(sums - 1) <= _SUM_TOLERANCE).all())


def class_logits(raw: np.ndarray, probabilities: np.ndarray) -> np.ndarray | None:
    """One logit for each class, whose softmax gives the probabilities.

    Args:
        raw: What the last activation of the model was given, shape `(images, units)`.
        probabilities: What it made of that, shape `(images, classes)`.

    Returns:
        Shape `(images, classes)`, float32: the model's own logits, beside those of a single sigmoid unit 0 for the
        first class. Of a model that has none, such as one that averages several softmaxes, logarithms of the
        probabilities. None where these do not add up to 1.
    """
    logits = raw.astype(np.float32)
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)  # (images, 2)
    few = slice(_COMPARED)
    if logits.shape == probabilities.shape and np.allclose(of_logits(logits[few]), probabilities[few], atol=1e-3):
        return logits
    if not are_probabilities(probabilities):
        return None
    return np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))


def with_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """The probabilities whose logits are divided by a temperature; the answer of each image stays the same.

    Args:
        probabilities: Shape `(images, classes)`, float32, whose rows add up to 1.
        temperature: Above 1 makes them less extreme, below 1 more.

    Returns:
        Shape `(images, classes)`, float32.
    """
    raised = (probabilities / probabilities.max(axis=1, keepdims=True).astype(np.float64)) ** (1 / temperature)
    result = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
    answers = probabilities.argmax(axis=1)  # (images,)
    tied = np.flatnonzero(result.argmax(axis=1) != answers)  # rounded to the same float32 as a class before it
    result[tied, answers[tied]] = np.nextafter(result[tied, answers[tied]], np.float32(1))
    return result


_SINGLE_STEP = 2.0**-24
"""The step of float32 below 1, and so of a probability that is 1 less another one."""


def log_odds(probabilities: np.ndarray, label: int) -> np.ndarray:
    """How much a class outweighs all others: the logit of one against the rest, which moves where it is nearly certain.

    The others are added up, since a softmax gives them with all their digits where 1 less the probability has none
    left. Of two classes one may have been computed as 1 less the other.

    Args:
        probabilities: Shape `(images, classes)`, of two classes or more.
        label: Number of the class.

    Returns:
        Shape `(images,)`, float64.
    """
    least = _SINGLE_STEP if probabilities.shape[1] == 2 else float(np.finfo(np.float32).tiny)
    own = probabilities[:, label].astype(np.float64)
    others = np.delete(probabilities, label, axis=1).sum(axis=1, dtype=np.float64)
    odds: np.ndarray = np.log(np.maximum(own, least)) - np.log(np.maximum(others, least))
    return odds


def of_logits(logits: np.ndarray) -> np.ndarray:
    """The probabilities, float32, that a softmax makes of logits `(images, classes)`."""
    raised = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))  # (images, classes)
    return np.asarray((raised / raised.sum(axis=1, keepdims=True)).astype(np.float32))
