"""`cnncli train --find-batch`: how many images a second a training takes in with batches of each size."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from cnncli.errors import ResourceError
from cnncli.notices import ignore
from cnncli.observer import TrainingObserver
from cnncli.runner.preflight.timing import time_training
from cnncli.runner.preflight.trial import start_trial, trial_splits
from cnncli.runner.training.observers import stop_if_requested
from cnncli.runner.training.outcome import memory_errors_explained
from cnncli.spec.schema import Spec

SMALLEST, LARGEST = 8, 1024

SECONDS, WARM_UP = 3.0, 0.5
"""Time for which each size is trained, and the part of it that does not count."""

AS_QUICK = 0.95
"""Share of the highest speed from which on a smaller batch is preferred: more steps in an epoch learn more."""

SLOWER = 0.85
"""Share of the highest speed below which no larger batches are tried."""

SAMPLED = 2
"""Batches of images whose features stand for all others, where frozen layers come first."""

_RATE = 1e-7  # of the trial: the speed does not depend on it, and nothing can diverge


@dataclass(frozen=True)
class BatchSpeed:
    """The speed of a training with batches of some size."""

    batch_size: int
    images_per_second: float
    seconds_per_step: float


@dataclass(frozen=True)
class BatchSizes:
    """The speeds that were measured.

    Args:
        speeds: Those of powers of two, and of the spec's own size, in order.
        batch_size: That of the spec.
        too_large: The first size that does not fit into memory; 0 if all do.
        seconds: How long it took.
    """

    speeds: tuple[BatchSpeed, ...]
    batch_size: int
    too_large: int
    seconds: float

    @property
    def suggested(self) -> int:
        """The smallest size that is as quick as any, or nearly."""
        quickest = max(speed.images_per_second for speed in self.speeds)
        return next(each.batch_size for each in self.speeds if each.images_per_second >= AS_QUICK * quickest)


def find_batch_size(spec: Spec, runs_dir: Path, observer: TrainingObserver) -> BatchSizes:
    """Trains the first phase for some seconds with batches of each size, as far as they fit; nothing is written.

    Raises:
        SpecError: The model cannot be built.
        DataError: Images cannot be read.
        ResourceError: Not even the smallest batch fits into memory.
    """
    began, own, too_large = time.perf_counter(), spec.train.batch_size, 0
    speeds: list[BatchSpeed] = []
    splits = trial_splits(spec, observer.on_notice)
    sizes = sorted({own, *(1 << power for power in range(SMALLEST.bit_length() - 1, LARGEST.bit_length()))})
    sizes = [size for size in sizes if size <= len(splits.samples["train"])] or [own]
    for number, size in enumerate(sizes, start=1):
        try:
            with memory_errors_explained():
                phase = start_trial(spec, splits, _RATE, runs_dir, observer.on_notice if number == 1 else ignore, size)
                phase.sample_features(SAMPLED)
                per_step = time_training(phase, range(phase.epochs), spec.train, SECONDS, WARM_UP).per_step
        except ResourceError:
            if not speeds:
                raise
            too_large = size
            break
        speeds.append(BatchSpeed(size, phase.images / phase.steps / per_step, per_step))
        observer.on_step(1, number, len(sizes), {})
        stop_if_requested(observer)
        if size > own and speeds[-1].images_per_second < SLOWER * max(speed.images_per_second for speed in speeds):
            break
    return BatchSizes(tuple(speeds), own, too_large, time.perf_counter() - began)
