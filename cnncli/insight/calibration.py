"""Whether a confidence of 0.9 means that 90 of 100 images are right, and the temperature that makes it so."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cnncli.insight.intervals import Interval, share_interval
from cnncli.wording import with_interval

LEAST_IMAGES, _BINS, _MORE_BINS, _MORE_FROM = 50, 5, 10, 1000
"""Images from which on a calibration says something; bins of fewer images than the last, and of more."""

_SHOWN = 0.01
"""A confidence that two digits show; of many classes it may be lower."""

_PERFECT_DRAWS = 200
_MOST_FITTED = 1 << 22
"""Logits that a temperature is fitted on at most; one number needs no more."""

_LEAST_WRONG = 5
"""Wrong answers that a temperature needs: they show how far confidences are off. Of 50 digits that are all right the
likeliest temperature is 0, which would make every later mistake a certain one."""

_CHI_SQUARE_95 = 3.841458820694124
"""The 95th percentile of the chi-square distribution with one degree of freedom."""


@dataclass(frozen=True)
class Bin:
    """Images of about equal confidence: mean confidence, share that is right with its interval, number of images."""

    confidence: float
    accuracy: float
    interval: Interval
    images: int


@dataclass(frozen=True)
class Calibration:
    """How the confidences of the answers compare with how many of them are right.

    Args:
        images: Number of images.
        confidence: Mean probability of the predicted class.
        accuracy: Share of images that are right.
        interval: Holds the true accuracy in 95 of 100 cases.
        ece: Expected calibration error: mean distance of confidence and accuracy over bins of equally many images.
        perfect_ece: What a perfectly calibrated network shows on so many images, on average.
        perfect_ece_most: What it stays below in 95 of 100 cases.
        brier: Mean squared distance of the probabilities from 1 for the true class and 0 for the others, 0…2.
        log_loss: Mean of -ln p of the true class.
        bins: From the lowest confidence to the highest.
    """

    images: int
    confidence: float
    accuracy: float
    interval: Interval
    ece: float
    perfect_ece: float
    perfect_ece_most: float
    brier: float
    log_loss: float
    bins: tuple[Bin, ...]

    @property
    def is_off(self) -> bool:
        """Whether confidences and accuracy differ by more than luck."""
        return self.ece > self.perfect_ece_most

    @property
    def sentence(self) -> str:
        """What a confidence means here."""
        confidence, accuracy = (with_interval(of, None, self.images) for of in (self.confidence, self.accuracy))
        says = f"mean confidence {confidence}, accuracy {accuracy}"
        off = [each for each in self.bins if not each.interval[0] <= each.confidence <= each.interval[1]]
        if self.is_off and off:
            worst = max(off, key=lambda each: abs(each.confidence - each.accuracy) * each.images)
            shown = f"{worst.confidence:.2f}" if worst.confidence >= _SHOWN else f"{worst.confidence:.1g}"
            means = f"{shown} means {with_interval(worst.accuracy, worst.interval, worst.images)} here"
            return f"{says}; most off: {means}"
        return f"{says}; confidences can be read as they are, as far as {self.images:,} images tell"


def calibration(logits: np.ndarray, labels: np.ndarray, groups: np.ndarray | None = None) -> Calibration | None:
    """Compares confidences with how often they are right; None of fewer than 50 images.

    Args:
        logits: What the softmax of makes the probabilities, shape `(images, classes)`.
        labels: True classes as indices, shape `(images,)`.
        groups: Group of each image as a number, shape `(images,)`; None where each stands alone.

    Source:
        ECE: M. P. Naeini, G. F. Cooper, M. Hauskrecht (2015), "Obtaining well calibrated probabilities using Bayesian
        binning", AAAI, here with bins of equally many images. What a perfect network shows: J. Bröcker, L. A. Smith
        (2007), "Increasing the reliability of reliability diagrams", Weather and Forecasting 22. G. W. Brier (1950),
        "Verification of forecasts expressed in terms of probability", Monthly Weather Review 78.
    """
    from scipy.special import log_softmax

    images = len(labels)
    if images < LEAST_IMAGES:
        return None
    logs = log_softmax(logits.astype(np.float64), axis=1)  # (images, classes)
    order = np.argsort(logs.max(axis=1), kind="stable")
    confidence = np.exp(logs.max(axis=1))[order]  # (images,)
    right = (logs.argmax(axis=1) == labels)[order]  # (images,)
    parts = np.array_split(np.arange(images), _MORE_BINS if images >= _MORE_FROM else _BINS)
    starts, sizes = [part[0] for part in parts], np.array([len(part) for part in parts])

    def error(answers: np.ndarray) -> np.ndarray:  # (..., images) → (...)
        gaps = np.add.reduceat(confidence - answers, starts, axis=-1) / sizes
        return np.asarray(np.abs(gaps) @ sizes / images)

    random = np.random.default_rng(0)
    perfect = [float(error(random.random(images) < confidence)) for _ in range(_PERFECT_DRAWS)]
    of_images = None if groups is None else groups[order]
    bins = tuple(
        Bin(
            float(confidence[part].mean()),
            float(right[part].mean()),
            share_interval(right[part], None if of_images is None else of_images[part]),
            len(part),
        )
        for part in parts
    )
    probabilities, of_truth = np.exp(logs), logs[np.arange(images), labels]
    return Calibration(
        images,
        float(confidence.mean()),
        float(right.mean()),
        share_interval(right, of_images),
        float(error(right)),
        float(np.mean(perfect)),
        float(np.quantile(perfect, 0.95)),
        float(((probabilities**2).sum(axis=1) - 2 * np.exp(of_truth) + 1).mean()),
        float(-of_truth.mean()),
        bins,
    )


@dataclass(frozen=True)
class Temperature:
    """A number that logits are divided by, so that confidences mean what they say; the answers stay the same.

    Args:
        value: The number; 1 where no other one is better by more than luck, and nearer to 1 than `fitted` where little
            more than luck speaks for that.
        fitted: The best one for these images.
        images: Number of images that it was fitted on.
        before: Their log loss.
        after: Their log loss with `fitted`.
    """

    value: float
    fitted: float
    images: int
    before: float
    after: float


def fit_temperature(logits: np.ndarray, labels: np.ndarray, groups: np.ndarray | None = None) -> Temperature:
    """Fits a temperature on images that the network was not trained on, and keeps it if it helps by more than luck.

    A likelihood-ratio test decides, given five wrong answers: from few images a temperature would do harm as often as
    good. Where images come in groups, they count as so many images as there are groups.

    What is kept is moved towards 1, on a scale of logarithms, by `(1 - q / s)²`: s is the statistic of the test, q its
    95th percentile. Of 300 draws of 50 validation images, for a network whose confidences were right, one
    temperature then made the log loss of the test images worse by more than 0.01, and 16 did as they were fitted; for
    one that was far too sure the log loss fell by 0.34 on average, and by 0.37.

    Source:
        C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger (2017), "On calibration of modern neural networks", ICML.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    few = np.linspace(0, len(labels) - 1, min(len(labels), _MOST_FITTED // logits.shape[1])).astype(np.int64)
    logits, labels = logits[few].astype(np.float64), labels[few]

    def loss(log_temperature: float) -> float:
        logs = log_softmax(logits / math.exp(log_temperature), axis=1)  # (images, classes)
        return float(-logs[np.arange(len(labels)), labels].mean())

    found = minimize_scalar(loss, bounds=(math.log(0.05), math.log(20)), method="bounded", options={"xatol": 1e-4})
    before, after, fitted = loss(0.0), float(found.fun), math.exp(float(found.x))
    independent = len(labels) if groups is None else len(np.unique(groups[few]))
    wrong = int((logits.argmax(axis=1) != labels).sum())
    statistic = 2 * independent * (before - after)
    if wrong < _LEAST_WRONG or statistic <= _CHI_SQUARE_95:
        return Temperature(1.0, fitted, len(labels), before, after)
    return Temperature(fitted ** (1 - _CHI_SQUARE_95 / statistic) ** 2, fitted, len(labels), before, after)
