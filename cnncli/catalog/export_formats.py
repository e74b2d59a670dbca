"""The formats of `cnncli export`: a new one is one line here and one module in `cnncli/export/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ExportFormat:
    """A format that a network can be exported to.

    Args:
        name: As `--format` has it.
        file: Name of the file, or of the folder, of a network.
        module: Its module in `cnncli.export`.
        needs: Packages that the program beside an export imports besides NumPy and Pillow, as pip calls them.
        imports: Modules that write or run it, besides TensorFlow and Keras.
        extra: Extra of cnncli that brings them; empty when none is needed.
        quantizer: Module that makes an int8 version; empty when there is none.
        is_data: Whether a file from anybody can be opened: it holds numbers and a fixed set of operations, no programs.
        files: Files that an engine of `cnncli.inference` reads; empty when there is none.
    """

    name: str
    file: str
    module: str
    needs: tuple[str, ...]
    imports: tuple[str, ...] = ()
    extra: str = ""
    quantizer: str = ""
    is_data: bool = True
    files: tuple[str, ...] = ()

    @property
    def runtime(self) -> str:
        """Module that runs the file."""
        return self.needs[0].replace("-", "_")


_ALL = (
    ExportFormat(
        name="onnx",
        file="model.onnx",
        module="onnx_file",
        needs=("onnxruntime",),
        imports=("onnx", "tf2onnx", "onnxruntime"),
        extra="onnx",
        quantizer="onnxruntime",
        files=("model.onnx",),
    ),
    ExportFormat(
        name="litert",
        file="model.tflite",
        module="litert",
        needs=("ai-edge-litert",),
        imports=("ai_edge_litert",),
        quantizer="ai_edge_quantizer",
        files=("model.tflite",),
    ),
    ExportFormat(
        name="openvino",
        file="model.xml",
        module="openvino_file",
        needs=("openvino",),
        imports=("openvino",),
        extra="openvino",
        files=("model.xml", "model.bin"),
    ),
    ExportFormat("saved_model", "model", "saved_model", ("tensorflow",), is_data=False),
    ExportFormat("keras", "model.keras", "keras_file", ("tensorflow", "keras"), is_data=False),
)

EXPORT_FORMATS: Mapping[str, ExportFormat] = {each.name: each for each in _ALL}
"""Every format by its name."""

ENGINES = ("litert", "onnx", "openvino", "tensorflow")
"""What can compute the answers of a run, the quickest first: formats whose exports cnncli runs, and TensorFlow."""
