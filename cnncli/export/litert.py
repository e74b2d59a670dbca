"""LiteRT, formerly TensorFlow Lite: for telephones and small machines."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from cnncli.errors import NotExported
from cnncli.export.network import IMAGE
from cnncli.export.program import Runtime
from cnncli.export.quiet import quiet

if TYPE_CHECKING:
    import keras
    import numpy as np

RUNTIME = Runtime(
    imports="from ai_edge_litert.interpreter import Interpreter",
    load='RUNNER = Interpreter(str(Path(__file__).with_name(MODEL["file"]))).get_signature_runner()',
    classify="""\
assert pixels.shape[1:] == (HEIGHT, WIDTH, CHANNELS), "LiteRT would answer images of any size"
return RUNNER(image=pixels)["probabilities"]""",
)


_OTHERS = "export to another format, such as onnx"


def write(network: keras.Model, path: Path, classes: tuple[str, ...]) -> None:
    """Writes a network.

    Raises:
        NotExported: LiteRT lacks an operation: that of GELU, say, is only found where no other layer halves its input.
    """
    try:
        network.export(str(path), format="litert", verbose=False)
    except Exception as error:
        if lacking := re.search(r"(?:Custom|Flex) ops: (.+)", str(error)):
            raise NotExported(f"LiteRT lacks an operation of this network: {lacking[1].strip()}", _OTHERS) from error
        raise
    _describe(path, classes)


def quantize(path: Path, images: np.ndarray, quantized: Path, classes: tuple[str, ...]) -> None:
    """Writes a version of whole numbers of 8 bits, whose input and output stay float32.

    The ranges come from the images, `(images, height, width, channels)`, in one batch: the quantizer keeps a moving
    average over batches, so of many small ones the order would decide.
    """
    from ai_edge_quantizer import qtyping, quantizer, recipe

    quantization = quantizer.Quantizer(str(path), recipe.static_wi8_ai8())
    for tensors in (qtyping.TFLOperationName.INPUT, qtyping.TFLOperationName.OUTPUT):
        quantization.update_quantization_recipe(".*", tensors, algorithm_key=quantizer.AlgorithmName.NO_QUANTIZE)
    with quiet():
        ranges = quantization.calibrate({"serving_default": [{IMAGE: images}]})
        quantization.quantize(ranges).export_model(str(quantized))
    _describe(quantized, classes)


def _describe(path: Path, classes: tuple[str, ...]) -> None:
    """Appends the names of the classes as a ZIP, as the format's own tools do; always with the same bytes."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(
            zipfile.ZipInfo("labels.txt"), "\n".join(json.dumps(name, ensure_ascii=False)[1:-1] for name in classes)
        )
