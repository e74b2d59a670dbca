"""Estimates how long a training takes on this machine, without TensorFlow.

The estimate counts what a step computes, moves and starts, and measures how fast a core multiplies and moves numbers.
On a machine that does nothing else it is meant to be right within a factor of two.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np

from cnncli.data.quality.survey import Survey
from cnncli.draft.pretrained import BACKBONE, LAYERS, MULTIPLY_ADDS, VALUES
from cnncli.draft.split import Split
from cnncli.machine import processor_flags, usable_cores
from cnncli.spec import LoadedSpec
from cnncli.spec.shapes.operations import macs_of

PER_MULTIPLY_ADD = 2.9
"""Operations of a matrix product that take as long as a multiply-add, forward and backward, in float32."""

PER_VALUE = 15.0
"""Values to be read and written that take as long as one that a layer outputs, forward and backward."""

PER_AUGMENTED_PIXEL = 63.0
"""The same for a pixel and one augmentation."""

PER_LAYER = 1e-4
"""Seconds to start the operations of a layer in a step."""

PER_FILE_PIXEL = 1.5e-8
"""Seconds to decode a pixel of a photograph."""

START, START_PER_LAYER, REPORTS, PER_EPOCH = 5.0, 0.1, 3.0, 0.07
"""Seconds to start TensorFlow, to trace a layer, for test and plots, and to save an epoch."""

FORWARD = 1 / 3
"""Share of a training step that an evaluation takes: forward once, instead of forward once and backward twice."""

PARALLEL = 0.8
"""Power of the number of cores by which a training is faster on them."""


@dataclass(frozen=True)
class CoreSpeed:
    """Speed of one core.

    Args:
        operations: Floating-point operations of a matrix product, per second.
        values: Values of 4 bytes that are read and written, per second.
    """

    operations: float
    values: float


def measure_core() -> CoreSpeed:
    """Measures for about a tenth of a second, in processor time, which other programs change little."""
    matrices, values = (
        np.ones((16, 64, 64), np.float32),
        np.ones(500_000, np.float32),
    )  # small: one thread, in the cache
    product, moved = np.empty_like(matrices), np.empty_like(values)
    multiply = _fastest(lambda: np.matmul(matrices, matrices[0], out=product), 40)
    move = _fastest(lambda: np.add(values, 1, out=moved), 8)
    return CoreSpeed(2 * matrices.size * 64 / multiply, values.size / move)


def _fastest(action: Callable[[], object], times: int) -> float:
    """Seconds of processor time that an action takes, in the best of five rounds of so many times."""
    rounds = []
    for _ in range(5):
        began = time.thread_time()
        for _ in range(times):
            action()
        rounds.append(time.thread_time() - began)
    return max(min(rounds), 1e-6) / times


@dataclass(frozen=True)
class TrainingTime:
    """Estimated durations in seconds.

    Args:
        once: Everything but the epochs.
        epoch: One epoch with its validation.
        epochs: Number of epochs.
    """

    once: float
    epoch: float
    epochs: int

    @property
    def total(self) -> float:
        """The whole training."""
        return self.once + self.epochs * self.epoch

    def epochs_within(self, seconds: float) -> int:
        """Number of epochs that fit into a time, which does not count the reports."""
        return max(1, int((seconds + REPORTS - self.once) / self.epoch))


def estimate(loaded: LoadedSpec, images: Survey, split: Split, core: CoreSpeed) -> TrainingTime:
    """How long the training of a drafted spec takes.

    Args:
        loaded: The spec.
        images: The images it was drafted for.
        split: How these are divided.
        core: Speed of a core of this machine.
    """
    spec, shapes = loaded.spec, loaded.shapes
    layers, multiply_adds, values = len(shapes.steps), 0.0, 0
    for step in shapes.steps:
        multiply_adds += macs_of(step) or 0
        values += prod(step.output_shape or ())
    is_backbone = any(step.node.entry.name == BACKBONE for step in shapes.steps)
    if is_backbone:
        layers, multiply_adds, values = layers + LAYERS, multiply_adds + MULTIPLY_ADDS, values + VALUES
    if spec.train.precision == "auto" and {"avx512_bf16", "amx_bf16"} & (processor_flags() or frozenset()):
        multiply_adds /= 2
    pixels = prod(shapes.image_shape or ()) / 3 * len(spec.augment)
    cores = usable_cores() ** PARALLEL
    computed = (multiply_adds * PER_MULTIPLY_ADD / core.operations + values * PER_VALUE / core.values) / cores
    forward = computed * FORWARD
    learned = forward if is_backbone else computed  # it is frozen, at last but for a few layers
    augmented = pixels * PER_AUGMENTED_PIXEL / core.values / cores
    steps = -(-split.train // spec.train.batch_size)
    trained = split.train * (learned + augmented) + steps * layers * PER_LAYER
    epoch = trained + split.validation * forward + PER_EPOCH
    decoding = images.sizes.prod(axis=1).sum() * PER_FILE_PIXEL / usable_cores()
    starts = layers * START_PER_LAYER * max(1, len(spec.train.stages))
    once = START + starts + REPORTS + float(decoding) + split.test * forward
    return TrainingTime(once, epoch, spec.train.epochs)
