"""What computes the answers: an engine of the run, or TensorFlow where the last layer's inputs are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cnncli.errors import DataError
from cnncli.inference import open_engine
from cnncli.notices import Notice
from cnncli.runner.answers.pipeline import Compute
from cnncli.runner.open_run import OpenRun, Weights

MANY = 2_000
"""Images from which an export, which takes some seconds, saves more time than it costs."""


@dataclass(frozen=True)
class Computing:
    """What computes the answers: see `cnncli.Run.predict_to`."""

    weights: Weights
    engine: str | None
    allow_changed_weights: bool
    prepare: Callable[[], None] | None = None

    def require_export(self, images: int, embeddings: bool) -> None:
        """Makes an export if that is wanted, may be used, and there are enough images to gain by it."""
        usable = self.engine is None and self.weights == "best" and not self.allow_changed_weights and not embeddings
        if self.prepare is not None and usable and images >= MANY:
            self.prepare()


def open_network(run: OpenRun, computing: Computing, embeddings: bool, notice: Notice) -> tuple[Compute, str]:
    """What computes, and the name of the engine."""
    if embeddings and computing.engine not in (None, "tensorflow"):
        raise DataError(f"the engine {computing.engine} gives no embeddings", "leave out --engine")
    name = "tensorflow" if embeddings else computing.engine
    more = computing.weights, computing.allow_changed_weights, notice
    if name != "tensorflow":
        engine = open_engine(
            run, name, weights=computing.weights, allow_changed_weights=computing.allow_changed_weights, notice=notice
        )
        if engine.name != "tensorflow":
            return lambda images: (engine.probabilities(images), None), engine.name
    from cnncli.inference.tensorflow_graph import TensorFlowGraph

    return TensorFlowGraph(run, *more, embeddings).both, "tensorflow"
