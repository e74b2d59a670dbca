"""TensorFlow, for a run without an export; it takes seconds to start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cnncli.environment import tell_result_variables
from cnncli.factory.temperature import with_temperature
from cnncli.factory.training import label_encoding, probabilities
from cnncli.inference.engine import Engine
from cnncli.isolation import isolated
from cnncli.notices import Notice

if TYPE_CHECKING:
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
        self._loss, self.temperature = run.spec.train.loss, temperature
        with isolated():
            tell_result_variables(notice)
            self.model = run.float32_model(weights, allow_changed_weights, notice)
            self._encoding = label_encoding(self._loss, tuple(self.model.output_shape[1:]), self._classes)
            if self._encoding == "binary" and temperature != 1:  # float32 has too few digits for 1 − p
                self.model = with_temperature(self.model, temperature, self._loss, self._classes)
                self.temperature = 1.0

    def _compute(self, images: np.ndarray) -> np.ndarray:
        with isolated():
            outputs = np.asarray(self.model(images, training=False))  # (images, units)
        return probabilities(outputs, self._loss, self._encoding, self._classes)
