"""TensorFlow, for a run without an export; it takes seconds to start, so it is started for the first image."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from cnncli.environment import tell_result_variables
from cnncli.inference.engine import Engine
from cnncli.isolation import isolated
from cnncli.notices import Notice

if TYPE_CHECKING:
    import keras

    from cnncli.runner.open_run import OpenRun, Weights


class TensorFlowEngine(Engine):
    """Runs the network of a run, which computes in float32 as all engines do; arguments as in `open_engine`."""

    name = "tensorflow"

    def __init__(
        self,
        run: OpenRun,
        weights: Weights,
        allow_changed_weights: bool,
        notice: Notice,
        temperature: float = 1.0,
    ) -> None:
        super().__init__(run.input_format.shape, len(run.class_names))
        self._run, self._weights = run, (weights, allow_changed_weights, notice)
        self._loss, self.temperature = run.spec.train.loss, temperature

    @cached_property
    def model(self) -> keras.Model:
        """The network; the first use starts TensorFlow.

        Raises:
            RunError: The weights do not belong to it.
        """
        with isolated():
            from cnncli.factory.temperature import with_temperature
            from cnncli.factory.training import label_encoding

            tell_result_variables(self._weights[-1])
            model = self._run.float32_model(*self._weights)
            self._encoding = label_encoding(self._loss, tuple(model.output_shape[1:]), self._classes)
            if self._encoding == "binary" and self.temperature != 1:  # float32 has too few digits for 1 − p
                model = with_temperature(model, self.temperature, self._loss, self._classes)
                self.temperature = 1.0
            return model

    @property
    def is_started(self) -> bool:
        """Whether the network was needed."""
        return "model" in vars(self)

    def start(self) -> None:
        """Loads the network now."""
        assert self.model is not None

    def _compute(self, images: np.ndarray) -> np.ndarray:
        with isolated():
            outputs = np.asarray(self.model(images, training=False))  # (images, units)
            from cnncli.factory.training import probabilities

        return probabilities(outputs, self._loss, self._encoding, self._classes)
