"""ONNX, by way of tf2onnx, run by ONNX Runtime."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.export.network import IMAGE, PROBABILITIES
from cnncli.export.program import Runtime
from cnncli.export.quiet import quiet

if TYPE_CHECKING:
    import keras
    import numpy as np

RUNTIME = Runtime(
    imports="import onnxruntime",
    load='SESSION = onnxruntime.InferenceSession(Path(__file__).with_name(MODEL["file"]))',
    classify='return SESSION.run(["probabilities"], {"image": pixels})[0]',
)


def write(network: keras.Model, path: Path, classes: tuple[str, ...]) -> None:
    """Writes a network. The names in the file are counted, so that the same network gives the same bytes.

    Raises:
        onnx.checker.ValidationError: The file is not valid: tf2onnx writes what it cannot convert without an error.
    """
    import onnx

    with _cured(network):
        network.export(str(path), format="onnx", verbose=False)
    model = onnx.load(str(path))
    _rename(model.graph)
    _describe(model, classes)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def quantize(path: Path, images: np.ndarray, quantized: Path, classes: tuple[str, ...]) -> None:
    """Writes a version of whole numbers of 8 bits, whose input and output stay float32.

    Static: the ranges come from the images, `(images, height, width, channels)`. In the dynamic form of ONNX Runtime
    they come from the batch, so an answer would depend on its neighbours.
    """
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self._batches = iter([images[start : start + 64] for start in range(0, len(images), 64)])

        def get_next(self) -> dict[str, Any] | None:
            batch = next(self._batches, None)
            return None if batch is None else {IMAGE: batch}

    prepared = path.with_name("prepared.onnx")
    try:
        with quiet():
            quant_pre_process(path, prepared, skip_symbolic_shape=True)
            quantize_static(
                prepared,
                quantized,
                Reader(),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QInt8,
                weight_type=QuantType.QInt8,
            )
    finally:
        prepared.unlink(missing_ok=True)
    model = onnx.load(str(quantized))
    _describe(model, classes)
    onnx.save(model, str(quantized))


def _describe(model: Any, classes: tuple[str, ...]) -> None:
    import onnx

    onnx.helper.set_model_props(model, {"classes": json.dumps(classes, ensure_ascii=False)})


def _rename(graph: Any) -> None:
    """Counts the names inside the file, which tf2onnx numbers per process, and names the axis of the batch."""
    names: dict[str, str] = {IMAGE: IMAGE, PROBABILITIES: PROBABILITIES, "": ""}

    def counted(name: str) -> str:
        return names.setdefault(name, f"value_{len(names)}")

    for number, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{number}"
        node.input[:] = [counted(name) for name in node.input]
        node.output[:] = [counted(name) for name in node.output]
    for each in graph.initializer:
        each.name = counted(each.name)
    ordered = sorted(graph.initializer, key=lambda each: int(each.name.removeprefix("value_")))
    del graph.initializer[:]
    graph.initializer.extend(ordered)
    del graph.value_info[:]
    graph.name, graph.doc_string = "network", ""
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "images"


@contextlib.contextmanager
def _cured(network: keras.Model) -> Iterator[None]:
    """Inside, three things convert that Keras 3.15 and tf2onnx 1.17 turn into files which no program can run.

    Grouped convolutions, which Keras compiles with XLA, so that they are one unknown node; the exact GELU, whose
    function tf2onnx does not know; and constants of Normalization, which it takes for inputs.
    """
    import numpy as np
    from tf2onnx.handler import tf_op

    from cnncli.startup import tf

    compiled = tf.function

    def plain(function: Any = None, **options: Any) -> Any:
        options.pop("jit_compile", None)
        return compiled(function, **options) if function is not None else lambda each: compiled(each, **options)

    for layer in network._flatten_layers():
        if type(layer).__name__ == "Normalization" and hasattr(layer, "mean"):
            layer.mean, layer.variance = np.asarray(layer.mean), np.asarray(layer.variance)
    if "Erfc" not in tf_op.get_opsets().get("", [{}])[-1]:
        tf_op("Erfc")(_Erfc)
    tf.function = plain
    try:
        with quiet():
            yield
    finally:
        tf.function = compiled


class _Erfc:
    """1 − erf(x)."""

    @classmethod
    def version_9(cls, context: Any, node: Any, **_: Any) -> None:
        import numpy as np

        shape, dtype = context.get_shape(node.output[0]), context.get_dtype(node.output[0])
        value, output = node.input[0], node.output[0]
        context.remove_node(node.name)
        erf = context.make_node("Erf", [value]).output[0]
        one = context.make_const(f"{node.name}_one", np.array(1.0, np.float32)).output[0]
        context.make_node("Sub", [one, erf], outputs=[output], shapes=[shape], dtypes=[dtype])
