"""`cnncli train --overfit-batch`: a network that cannot learn one batch by heart will not learn anything."""

from __future__ import annotations

import time
from pathlib import Path

from cnncli.errors import TrainingError
from cnncli.runner.inputs.splits import load_splits
from cnncli.runner.preflight.attempt import MOST_STEPS, Learner, attempt, batch_of
from cnncli.runner.preflight.diagnosis import reasons_for
from cnncli.runner.preflight.records import Overfit
from cnncli.runner.training.observer import Observer
from cnncli.runner.training.outcome import memory_errors_explained
from cnncli.spec.schema import Spec

SECONDS = 60.0
"""How long the attempt may take."""


def overfit_batch(spec: Spec, runs_folder: Path, observer: Observer) -> Overfit:
    """Trains on one batch until it is learned by heart, or finds out why it is not.

    Args:
        spec: checked.
        runs_folder: where runs are looked for whose weights the spec begins with; nothing is written to it.
        observer: is told how it goes.

    Raises:
        SpecError: the model cannot be built.
        DataError: images cannot be had.
        TrainingError: every layer is frozen.
        ResourceError: the memory does not suffice.
    """

    def on_step(step: int, loss: float) -> None:
        observer.steps(1, min(step, MOST_STEPS), MOST_STEPS)

    began = time.perf_counter()
    with memory_errors_explained():
        batch = batch_of(load_splits(spec, notice=observer.notice), spec.train.batch_size)
        learner = Learner(spec, batch, runs_folder, observer.notice)
        model, tensors = learner.model()
        if not model.trainable_variables:
            raise TrainingError("the network cannot learn: none of its layers is trained", "say trainable: true of one")
        tried = attempt(learner, model, tensors, SECONDS, on_step)
        reasons = () if tried.learned else reasons_for(learner, tried, model, tensors, on_step)
    return Overfit(len(batch.samples["train"]), tried, time.perf_counter() - began, reasons)
