"""OpenVINO."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import openvino

from cnncli.export.network import IMAGE, PROBABILITIES
from cnncli.inference.engine import ExportEngine

_EXACT = {"INFERENCE_PRECISION_HINT": "f32"}  # else it computes in bfloat16 where the processor can


class OpenVINOEngine(ExportEngine):
    """Runs model.xml with model.bin."""

    name = "openvino"

    def _open(self, files: Mapping[str, bytes]) -> None:
        core = openvino.Core()
        model = core.read_model(files["model.xml"], files["model.bin"])
        self._network = core.compile_model(model, "CPU", _EXACT)

    def _compute(self, images: np.ndarray) -> np.ndarray:
        found: np.ndarray = self._network({IMAGE: images.astype(np.float32, copy=False)})[PROBABILITIES]
        return found.copy()  # its memory is written to by the next call


ENGINE = OpenVINOEngine
