"""ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnxruntime

from cnncli.export.network import IMAGE, PROBABILITIES
from cnncli.inference.engine import ExportEngine


class OnnxEngine(ExportEngine):
    """Runs model.onnx."""

    name = "onnx"

    def _open(self, files: Mapping[str, bytes]) -> None:
        (content,) = files.values()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 4  # what it cannot open, it raises as well
        self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def _compute(self, images: np.ndarray) -> np.ndarray:
        found: np.ndarray = self._session.run([PROBABILITIES], {IMAGE: images.astype(np.float32, copy=False)})[0]
        return found


ENGINE = OnnxEngine
