"""LiteRT, the quickest to start and for one image."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from cnncli.chatter import stderr_aside
from cnncli.export.network import IMAGE, PROBABILITIES
from cnncli.inference.engine import ExportEngine


class LiteRTEngine(ExportEngine):
    """Runs model.tflite."""

    name = "litert"

    def _open(self, files: Mapping[str, bytes]) -> None:
        (content,) = files.values()
        self._runner = Interpreter(model_content=content, num_threads=self._threads).get_signature_runner()
        with stderr_aside():  # the first call tells which instructions it computes with
            self._compute(np.zeros((1, *self._shape), np.float32))

    def _compute(self, images: np.ndarray) -> np.ndarray:
        found: np.ndarray = self._runner(**{IMAGE: images.astype(np.float32, copy=False)})[PROBABILITIES]
        return found


ENGINE = LiteRTEngine
