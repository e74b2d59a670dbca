"""What a preflight comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Memory:
    """Of the whole process, in bytes.

    Args:
        peak: what a training takes at most; None where the system does not tell.
        free: what it may take; None where the system does not tell.
    """

    peak: int | None
    free: int | None


@dataclass(frozen=True)
class Disk:
    """In bytes.

    Args:
        run: what the run folder takes, while it is written.
        run_free: room where it will be.
        cache: what decoded images take that are not in the cache yet.
        cache_free: room in the cache folder.
    """

    run: int
    run_free: int
    cache: int
    cache_free: int


@dataclass(frozen=True)
class StageSeconds:
    """How long one stage of a training takes; a training without stages is a single one.

    Args:
        epochs: of the stage, at most.
        before: once: freezing, compiling, and tracing the first step.
        training: of one epoch.
        validation: of one epoch.
        checkpoints: of one epoch, those that are saved within it.
        saving: after each epoch, checkpoint and weights.
    """

    epochs: int
    before: float
    training: float
    validation: float
    checkpoints: float
    saving: float

    @property
    def epoch(self) -> float:
        """One epoch, as `history.csv` will have it."""
        return self.training + self.validation + self.checkpoints

    @property
    def total(self) -> float:
        """All of the stage."""
        return self.before + self.epochs * (self.epoch + self.saving)


@dataclass(frozen=True)
class Seconds:
    """How long the parts of a training take.

    Args:
        decoding: once, until all image files are in the cache; 0 when they are there, or never will be.
        before: once: starting, loading and building.
        stages: one after the other.
        after: once, the test and the reports.
    """

    decoding: float
    before: float
    stages: tuple[StageSeconds, ...]
    after: float

    @property
    def total(self) -> float:
        """The whole command."""
        return self.decoding + self.before + sum(stage.total for stage in self.stages) + self.after


@dataclass(frozen=True)
class DryRun:
    """What a training will take.

    Args:
        images: of each split.
        may_end_early: whether a callback may stop a stage before its last epoch.
        steps: of one epoch.
        batch_size: images in one step.
        measured_steps: those that were timed.
        first_loss: of the first step.
        compared: images on which the model gave the same outputs, to the last bit, after it was saved and loaded.
        seconds: of its parts.
        memory: of the process.
        disk: of the run and of the cache.
    """

    images: Mapping[str, int]
    may_end_early: bool
    steps: int
    batch_size: int
    measured_steps: int
    first_loss: float
    compared: int
    seconds: Seconds
    memory: Memory
    disk: Disk

    @property
    def epochs(self) -> int:
        """Of the training, at most."""
        return sum(stage.epochs for stage in self.seconds.stages)
