"""A model layer by layer: shapes, parameters and multiplications."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from cnncli.records import LayerRow, ModelSummary

if TYPE_CHECKING:
    import keras


def summarize(model: keras.Model) -> ModelSummary:
    """The summary of a model that `build_model` built; its layers are in the order of the spec."""
    rows = []
    for position, layer in enumerate(model.layers[1:]):
        rows.append(
            LayerRow(
                name=layer.name,
                kind=type(layer).__name__,
                output_shape=tuple(layer.output.shape[1:]),
                parameters=layer.count_params(),
                trainable=sum(prod(weight.shape) for weight in layer.trainable_weights),
                macs=macs_of(layer),
                index=position - 1 if position else None,
            )
        )
    weight_bytes = sum(prod(weight.shape) * 4 for weight in model.weights)
    return ModelSummary(tuple(rows), tuple(model.input_shape[1:]), weight_bytes)


def macs_of(layer: Any) -> int:
    """Multiplications with an addition that a layer does for one image.

    Convolutions apply their kernel at each place of their output, transposed ones at each place of their input;
    a dense layer applies it once for each vector. Everything else is small beside these and counts nothing.
    """
    kind = type(layer).__name__
    output, given = layer.output.shape[1:], layer.input.shape[1:]
    if kind in ("Conv1D", "Conv2D", "Conv3D"):
        return prod(output[:-1]) * prod(layer.kernel.shape)
    if kind in ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"):
        return prod(given[:-1]) * prod(layer.kernel.shape)
    if kind in ("DepthwiseConv1D", "DepthwiseConv2D"):
        return prod(output[:-1]) * prod(layer.kernel.shape)
    if kind in ("SeparableConv1D", "SeparableConv2D"):
        return prod(output[:-1]) * (prod(layer.depthwise_kernel.shape) + prod(layer.pointwise_kernel.shape))
    if kind == "Dense":
        return prod(output[:-1]) * prod(layer.kernel.shape)
    return 0
