"""`cnncli train --find-lr`: the loss while the learning rate grows from step to step, and the rate that it suggests."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from pathlib import Path

import numpy as np

from cnncli.errors import KeyPath, TrainingError
from cnncli.observer import TrainingObserver
from cnncli.runner.preflight.trial import start_trial, trial_splits
from cnncli.runner.training.loop import NotFinite
from cnncli.runner.training.observers import stop_if_requested
from cnncli.runner.training.outcome import memory_errors_explained
from cnncli.runner.training.phases import TrainingPhase
from cnncli.spec.lint.training import first_rate
from cnncli.spec.schema import Spec

LOWEST, HIGHEST = 1e-6, 10.0

FEWEST, MOST, SECONDS = 100, 300, 60.0
"""Learning rates that are tried: as many as fit into the time, within these limits."""

BELOW_BEST = 10.0
"""The suggestion is the rate at which the loss is lowest, divided by this."""

RISEN, PATIENCE = 2.0, 5
"""After so many losses of more than this times the first one the training has diverged; no higher rate is tried."""


@dataclass(frozen=True)
class RangeTest:
    """The loss of a training whose learning rate grows from step to step.

    Args:
        rates: Learning rates, in order.
        losses: The loss of the batch after the step with each; the last may be infinite or NaN.
        smoothed: The losses without the differences between batches.
        suggested: A learning rate to train with; None if the loss never falls.
        key: The key of the spec that sets the learning rate.
        before: The learning rate of the spec there.
        seconds: How long the test took.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggested: float | None
    key: KeyPath
    before: float
    seconds: float


def find_learning_rate(spec: Spec, runs_dir: Path, observer: TrainingObserver) -> RangeTest:
    """Trains some hundred steps of the first phase, each at a higher learning rate, and writes nothing.

    Images, augmentation, order and initial weights are those of the training. With `gradient_accumulation_steps` each
    rate is kept for that many steps, which make one update.

    Raises:
        SpecError: The model cannot be built.
        DataError: Images cannot be read.
        TrainingError: The loss is not finite before the first step.
        ResourceError: Out of memory.

    Source:
        L. N. Smith (2017), "Cyclical learning rates for training neural networks", WACV, section 3.3. That the rates
        grow by a factor, and that a tenth of the rate of the lowest loss is taken, is common practice since.
    """
    began = time.perf_counter()
    with memory_errors_explained():
        splits = trial_splits(spec, observer.on_notice)
        phase = start_trial(spec, splits, LOWEST, runs_dir, observer.on_notice)
        phase.prepare(observer.on_notice, observer.on_features)
        rates, losses = _losses(phase, spec.train.optimizer.get("gradient_accumulation_steps") or 1, observer)
    before, key = first_rate(spec.train.phases[0])
    smoothed = smooth(losses)
    return RangeTest(
        tuple(rates),
        tuple(losses),
        tuple(smoothed.tolist()),
        suggestion(rates, losses, smoothed),
        key,
        before,
        time.perf_counter() - began,
    )


def _losses(phase: TrainingPhase, each: int, observer: TrainingObserver) -> tuple[list[float], list[float]]:
    """The rates that were tried, and the loss after the update with each: that of the images of the next one."""

    def loss(rate: float, steps: int) -> float:
        phase.model.optimizer.learning_rate = rate
        try:
            return phase.train(0, lambda *_: None, until=steps)["loss"]
        except NotFinite as error:
            return error.loss

    first = loss(LOWEST, each)  # which also traces the step
    if not isfinite(first):
        raise TrainingError(
            f"the loss is {first} before anything is learned", "check data.scale, the loss, and the initial weights"
        )
    began = time.perf_counter()
    loss(LOWEST, each)
    count = int(min(MOST, max(FEWEST, SECONDS / (time.perf_counter() - began))))
    rates, losses = np.geomspace(LOWEST, HIGHEST, count).tolist(), []
    for rate in [*rates, HIGHEST]:
        losses.append(loss(rate, each))
        observer.on_step(1, len(losses), count + 1, {})
        stop_if_requested(observer)
        if not isfinite(losses[-1]) or (len(losses) > PATIENCE and min(losses[-PATIENCE:]) > RISEN * first):
            break
    return rates[: len(losses) - 1], losses[1:]


def smooth(losses: Sequence[float]) -> np.ndarray:
    """The losses averaged with those of neighbouring rates, of which the nearest count most.

    Returns:
        Shape `(losses,)`, float64; infinite or NaN where the loss is.
    """
    values, half = np.array(losses), max(2, len(losses) // 30)
    finite = np.isfinite(values)
    weights = 1 + half - np.abs(np.arange(-half, half + 1))  # (2 half + 1,)
    known = np.where(finite, values, 0.0)
    sums, counts = (np.convolve(each, weights)[half : half + len(values)] for each in (known, finite.astype(float)))
    return np.where(finite, sums / np.maximum(counts, 1), values)


def suggestion(rates: Sequence[float], losses: Sequence[float], smoothed: np.ndarray) -> float | None:
    """A tenth of the rate at which the smoothed loss is lowest, in two digits; None if it does not fall.

    It falls if it becomes lower than at the beginning, where the rates are too small to change anything, by more than
    two percent, and by more than three times the error of these means.
    """
    finite = np.isfinite(smoothed)
    if not finite.any():
        return None
    beginning = np.array(losses)[: max(5, len(losses) // 10)]
    lowest = int(np.argmin(np.where(finite, smoothed, np.inf)))
    start, error = beginning.mean(), beginning.std() / sqrt(max(2, len(losses) // 30))
    if not smoothed[lowest] < start - max(0.02 * abs(start), 3 * error):
        return None
    return float(f"{rates[lowest] / BELOW_BEST:.2g}")
