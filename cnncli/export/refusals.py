"""What a format cannot express: said by name before any work. Held by a test that exports every layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from cnncli.catalog import Entry
from cnncli.catalog.export_formats import EXPORT_FORMATS, ExportFormat
from cnncli.errors import NotExported
from cnncli.spec.graph import Node


class Refusal(NamedTuple):
    """A kind of layer that some formats cannot express.

    Args:
        words: What it is called.
        formats: Names of the formats.
        applies: Whether a layer is of this kind.
    """

    words: str
    formats: tuple[str, ...]
    applies: Callable[[Entry], bool]


def _two(value: object) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value, value)  # type: ignore[return-value]


def _upsampling(interpolation: str) -> Callable[[Entry], bool]:
    return lambda layer: layer.name == "UpSampling2D" and layer.get("interpolation") == interpolation


def _activation(name: str) -> Callable[[Entry], bool]:
    return lambda layer: layer.get("activation") == name


REFUSALS = (
    Refusal("the activation celu", ("onnx",), _activation("celu")),
    Refusal(
        "Conv2DTranspose with output_padding",
        ("onnx",),
        lambda layer: layer.name == "Conv2DTranspose" and layer.get("output_padding") is not None,
    ),
    Refusal(
        "Conv2DTranspose with a dilation_rate",
        ("litert",),
        lambda layer: layer.name == "Conv2DTranspose" and max(_two(layer.get("dilation_rate"))) > 1,
    ),
    Refusal("UpSampling2D with interpolation lanczos5", ("onnx", "litert", "openvino"), _upsampling("lanczos5")),
    Refusal("UpSampling2D with interpolation lanczos3", ("onnx", "litert", "openvino"), _upsampling("lanczos3")),
    Refusal("UpSampling2D with interpolation bicubic", ("litert", "openvino"), _upsampling("bicubic")),
    Refusal(
        "a convolution with both groups and a dilation_rate",
        ("openvino",),
        lambda layer: (layer.get("groups") or 1) > 1 and max(_two(layer.get("dilation_rate") or 1)) > 1,
    ),
)
"""Every kind of layer that a format cannot express."""


def refused(format_name: str, nodes: Sequence[Node]) -> tuple[str, ...]:
    """Layers of a network that a format cannot express, in words, each kind once."""
    return tuple(
        f"{each.words} (the layer '{first.name}')"
        for each in REFUSALS
        if format_name in each.formats and (first := next((n for n in nodes if each.applies(n.entry)), None))
    )


def require_expressible(form: ExportFormat, nodes: Sequence[Node]) -> None:
    """Raises `NotExported` if a format cannot express a layer of the network."""
    if reasons := refused(form.name, nodes):
        others = [each for each in EXPORT_FORMATS if not refused(each, nodes)]
        raise NotExported(f"{form.name} cannot express {' or '.join(reasons)}", f"these can: {', '.join(others)}")
