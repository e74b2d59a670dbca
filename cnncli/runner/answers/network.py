"""What computes the answers: an engine of the run, or TensorFlow where the last layer's inputs are asked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cnncli.inference import Engine, open_engine
from cnncli.notices import Notice, ignore
from cnncli.runner.answers.pipeline import BATCH, Compute
from cnncli.runner.open_run import OpenRun, Weights
from cnncli.runner.predict import require_features

QUICK = 0.0002
"""Seconds for an image below which an engine computes in one thread.

On two cores, 8,000 JPEGs of 32×32 took 1.3 s so, and 1.6 s with two threads; decoding one takes 0.12 ms.
"""

MANY = 2_000
"""Images from which an export, which takes some seconds, saves more time than it costs."""


@dataclass(frozen=True)
class Computing:
    """What computes the answers: see `cnncli.Run.predict_to`."""

    weights: Weights
    engine: str | None
    allow_changed_weights: bool
    prepare: Callable[[], None] | None = None
    calibrated: bool | None = None
    temperature: float = 1.0

    def gains_by_export(self, images: int) -> bool:
        """Whether an export should be made first: that is wanted, it may be used, and there are enough images."""
        usable = self.engine is None and self.weights == "best" and not self.allow_changed_weights
        return self.prepare is not None and usable and images >= MANY


def open_network(
    run: OpenRun, computing: Computing, embeddings: bool, images: int, notice: Notice
) -> tuple[Compute, str]:
    """What computes a number of images, and the name of the engine."""
    if embeddings:
        require_features(computing.engine)
    name = "tensorflow" if embeddings else computing.engine
    weights, allowed = computing.weights, computing.allow_changed_weights

    def opened(name: str | None, notice: Notice, threads: int | None = None) -> Engine:
        return open_engine(
            run,
            name,
            weights=weights,
            allow_changed_weights=allowed,
            notice=notice,
            threads=threads,
            temperature=computing.temperature,
        )

    if name != "tensorflow":
        engine = opened(name, notice)
        if engine.name == "tensorflow" and computing.prepare is not None and computing.gains_by_export(images):
            computing.prepare()
            engine = opened(name, ignore)
        if engine.name != "tensorflow" and _is_quick(engine, run.input_format.shape):
            # Its threads would wait for each other, while another one decodes
            engine = opened(engine.name, ignore, threads=1)
        if engine.name != "tensorflow":
            return lambda images: (engine.probabilities(images), None), engine.name
    from cnncli.inference.tensorflow_graph import TensorFlowGraph

    return TensorFlowGraph(run, weights, allowed, notice, embeddings, computing.temperature).both, "tensorflow"


def _is_quick(engine: Engine, shape: tuple[int, int, int]) -> bool:
    """Whether an engine with all cores takes less time for an image than decoding it does."""
    images = np.zeros((BATCH, *shape), np.uint8)
    engine.probabilities(images)  # the first one is slower
    began = time.perf_counter()
    engine.probabilities(images)
    return time.perf_counter() - began < BATCH * QUICK
