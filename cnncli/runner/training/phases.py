"""The stages of a training, one at a time: what learns in each, and how fast."""

from __future__ import annotations

from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

from cnncli.catalog import Entry
from cnncli.data.pipeline import epoch_indices, steps_per_epoch
from cnncli.errors import RunError
from cnncli.factory.freezing import freeze, frozen_in_stages, layers_that_learn
from cnncli.factory.training import compile_model
from cnncli.records import StageStarted
from cnncli.runner.inputs.splits import Splits
from cnncli.runner.training.batches import Batches
from cnncli.runner.training.phase import Stage
from cnncli.spec.schema import Spec
from cnncli.spec.stages import STAGES

if TYPE_CHECKING:
    import keras


class Stages:
    """Makes each stage of a training when its turn comes; a training without stages is a single one, number 0.

    Args:
        spec: of the run.
        splits: the images.
        model: just built.
        encoding: of the labels.

    Raises:
        SpecError: a stage names no layer or leaves none that learns, or Keras refuses an optimizer, metric or the loss.
    """

    def __init__(self, spec: Spec, splits: Splits, model: keras.Model, encoding: str) -> None:
        self._spec, self._splits, self._model = spec, splits, model
        self._encoding = encoding
        self._frozen = frozen_in_stages(model, spec.train.stages)
        self.count = len(spec.train.stages)
        self.number = min(1, self.count)
        for number in range(self.number, self.count + 1):
            self._compile(number)  # what Keras refuses is refused before the first step of the first stage
        self._current: Stage | None = None

    @cached_property
    def _batches(self) -> Batches:
        return Batches(self._spec, self._splits, self._encoding)

    @property
    def current(self) -> Stage:
        """The stage under way; the first one until another is entered."""
        return self._current or self.enter(self.number)

    @property
    def epochs(self) -> int:
        """Epochs of the stage under way, at most."""
        return self._spec.train.phases[max(self.number - 1, 0)].epochs

    def enter(self, number: int, before: int = 0) -> Stage:
        """Freezes, thaws and compiles the model for a stage.

        Args:
            number: counts from 1; 0 in a training without stages.
            before: epochs that were trained before the stage.

        Raises:
            RunError: there is no such stage.
        """
        if not min(1, self.count) <= number <= self.count:
            raise RunError(f"the checkpoint is of stage {number}, and the spec has {self.count}")
        self.number = number
        if self.count:
            freeze(self._model, self._frozen[number])
        self._compile(number)
        self._current = Stage(self._spec, self._batches, self._model, before)
        return self._current

    def _compile(self, number: int) -> None:
        train, names = self._spec.train, self._splits.class_names
        part = train.phases[max(number - 1, 0)]
        rate = part.rate if part.rate[: len(STAGES)] == STAGES else ()
        drawn = epoch_indices(self._splits.samples["train"].labels, len(names), train.sampling)
        steps = steps_per_epoch(len(drawn), train.batch_size) * part.epochs
        compile_model(self._model, part.optimizer, train.loss, train.metrics, len(names), steps, rate)

    def begun(self) -> StageStarted:
        """What is to be said of the stage under way."""
        before, now = self._frozen[self.number - 1], self._frozen[self.number]
        learning = layers_that_learn(self._model).keys()
        rate = self._spec.train.phases[self.number - 1].optimizer.get("learning_rate")
        return StageStarted(
            number=self.number,
            count=self.count,
            frozen=len(learning & (now - before)),
            thawed=len(learning & (before - now)),
            learning_rate=self.current.learning_rate,
            schedule=rate.name if isinstance(rate, Entry) else "",
            trainable=sum(prod(weight.shape) for weight in self._model.trainable_weights),
            parameters=self._model.count_params(),
        )
