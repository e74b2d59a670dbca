"""What each kind of layer is and does, once: the one table that shapes, costs, lint, plots and the catalogue read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Group = Literal[
    "convolution",
    "transposed",
    "dense",
    "pool",
    "global pool",
    "adaptive pool",
    "activation",
    "normalization",
    "dropout",
    "noise",
    "border",
    "resize",
    "reshape",
    "merge",
    "wrapper",
    "identity",
    "scale",
]

Field = Literal["same", "window", "image"]
"""What one value of the output depends on: the values at its own place, those in a window, or all of them."""

Need = Literal["input", "output", "mask", "noise"]
"""What a layer stores for its gradient: its input, its output, one byte per value, or one number per value."""


@dataclass(frozen=True)
class LayerTraits:
    """What a kind of layer does."""

    group: Group  # kind of operation
    image_only: bool = False  # whether the layer takes (height, width, channels) and nothing flat
    same_shape: bool = False  # whether the output has the shape of the input
    field: Field = "same"  # what one value of the output depends on
    needs: frozenset[Need] = frozenset()  # what backpropagation stores for the layer's gradient, its weights aside
    operations: int = 0  # floating-point operations per value of the output, multiply-adds aside
    input_operations: int = 0  # the same per value of the input, for layers that reduce it
    strength: str = ""  # argument that regularises and that is switched off by 0


_INPUT: frozenset[Need] = frozenset({"input"})
_OUTPUT: frozenset[Need] = frozenset({"output"})
_MASK: frozenset[Need] = frozenset({"mask"})
_NOISE: frozenset[Need] = frozenset({"noise"})

_ROWS = (
    ("Conv2D DepthwiseConv2D SeparableConv2D", LayerTraits("convolution", image_only=True, field="window")),
    ("Conv2DTranspose", LayerTraits("transposed", image_only=True, field="window")),
    ("Dense", LayerTraits("dense")),
    ("MaxPooling2D", LayerTraits("pool", image_only=True, field="window", needs=_INPUT | _OUTPUT)),
    ("AveragePooling2D", LayerTraits("pool", image_only=True, field="window")),
    (
        "GlobalMaxPooling2D",
        LayerTraits("global pool", image_only=True, field="image", needs=_INPUT | _OUTPUT, input_operations=1),
    ),
    ("GlobalAveragePooling2D", LayerTraits("global pool", image_only=True, field="image", input_operations=1)),
    (
        "AdaptiveMaxPooling2D AdaptiveAveragePooling2D",
        LayerTraits("adaptive pool", image_only=True, field="window", input_operations=1),
    ),
    ("Activation", LayerTraits("activation", same_shape=True, operations=1)),
    ("ELU LeakyReLU ReLU Softmax", LayerTraits("activation", same_shape=True, needs=_OUTPUT, operations=1)),
    ("PReLU", LayerTraits("activation", same_shape=True, needs=_INPUT, operations=1)),
    # Scale and offset of each value: in prediction the statistics of a batch normalisation are constants
    ("BatchNormalization", LayerTraits("normalization", same_shape=True, needs=_INPUT, operations=2)),
    # Mean, variance, subtraction, division and scale of each value
    (
        "GroupNormalization LayerNormalization RMSNormalization UnitNormalization",
        LayerTraits("normalization", same_shape=True, needs=_INPUT, operations=5),
    ),
    ("SpectralNormalization", LayerTraits("wrapper", field="window")),
    ("AlphaDropout Dropout", LayerTraits("dropout", same_shape=True, needs=_MASK, strength="rate")),
    ("SpatialDropout2D", LayerTraits("dropout", image_only=True, same_shape=True, needs=_MASK, strength="rate")),
    ("GaussianDropout", LayerTraits("dropout", same_shape=True, needs=_NOISE, strength="rate")),
    ("GaussianNoise", LayerTraits("noise", same_shape=True, strength="stddev")),
    ("ActivityRegularization Identity", LayerTraits("identity", same_shape=True)),
    ("Flatten Permute Reshape", LayerTraits("reshape", field="image")),
    ("ZeroPadding2D Cropping2D", LayerTraits("border", image_only=True, field="window")),
    ("UpSampling2D", LayerTraits("resize", image_only=True, field="window")),
    ("Add Average Concatenate", LayerTraits("merge")),
    ("Maximum Minimum Multiply", LayerTraits("merge", needs=_INPUT)),
    ("Subtract", LayerTraits("merge")),
    # Not in the catalogue: layers that cnncli puts before the network, and those inside backbones
    ("Rescaling Normalization", LayerTraits("scale", same_shape=True, operations=2)),
    ("LayerScale", LayerTraits("scale", same_shape=True, operations=1)),
    ("CustomScaleLayer", LayerTraits("merge", operations=1)),
    ("ReverseChannels StochasticDepth", LayerTraits("identity", same_shape=True)),
)

LAYER_TRAITS: Mapping[str, LayerTraits] = {name: traits for names, traits in _ROWS for name in names.split()}
"""Every kind of layer by its Keras class, backbones and the layers of packages aside."""


def traits_of(kind: str) -> LayerTraits | None:
    """The traits of a kind of layer; None for backbones and the layers of packages."""
    return LAYER_TRAITS.get(kind)


def kinds(*groups: Group) -> frozenset[str]:
    """The kinds of layers in these groups."""
    return frozenset(kind for kind, traits in LAYER_TRAITS.items() if traits.group in groups)


CONVOLUTIONS = kinds("convolution")
POOLS = kinds("pool")
GLOBAL_POOLS = kinds("global pool")
DROPOUTS = kinds("dropout")
NORMALIZATIONS = kinds("normalization")
OF_BATCHES = ("BatchNormalization", "SpectralNormalization", "ActivityRegularization")
"""Layers that compute something of all images of a batch."""
MERGES = tuple(kind for kind in LAYER_TRAITS if kind in kinds("merge") - {"CustomScaleLayer"})
"""Layers of the catalogue that make one output of several inputs."""
WEIGHTED = kinds("convolution", "transposed", "dense")
"""Layers that multiply their input by a kernel."""
AVERAGING = frozenset({"AveragePooling2D", "GlobalAveragePooling2D"})
REARRANGING = frozenset({"Flatten", "Identity", "Permute", "Reshape"})
"""Layers that move values without changing, adding or dropping any."""
