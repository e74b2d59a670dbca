"""A backbone with weights of ImageNet in place of a network that begins with random ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cnncli.data.sources.published.download import download_dir
from cnncli.draft.image_format import ImageFormat
from cnncli.draft.text import comment
from cnncli.spec.writer import entry

FEW_PER_CLASS = 200
"""Training images per class below which pretrained weights are worth a download."""

STAGES: list[dict[str, Any]] = [
    {"epochs": 15, "freeze": ["backbone"], "learning_rate": 0.001},
    {
        "epochs": 15,
        "thaw": ["backbone/block_1[3-6]_*", "backbone/Conv_1*"],
        "freeze": ["backbone/*_BN", "backbone/*_bn"],
        "learning_rate": 0.00001,
    },
]
"""The key `train.stages`: the new layer alone, then with the upper layers of the backbone."""

BACKBONE = "MobileNetV2"
"""The network, whose own layers a spec does not list."""

LAYERS, MULTIPLY_ADDS, VALUES = 154, 153_000_000, 11_100_000
"""Of the network for one image: its layers, their multiply-adds, and the values that they output."""

_SIDE = 160
_FILE = f"models/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_{_SIDE}_no_top.h5"  # as Keras names it
_PLACE = "9 MB from storage.googleapis.com"


def is_worthwhile(image_format: ImageFormat, images: int, classes: int) -> bool:
    """Whether the images are like those of ImageNet, photographs in colour, and too few to learn as much from."""
    return image_format.color == "rgb" and not image_format.is_small and images < FEW_PER_CLASS * classes


def is_cached() -> bool:
    """Whether the weights are in the folder that Keras keeps them in."""
    return (download_dir() / _FILE).is_file()


ADVICE = (
    "on so few photographs a network pretrained on ImageNet is nearly always better; to draft one, add --pretrained; "
    f"its weights are downloaded by the first training ({_PLACE})"
)


def announcement() -> str:
    """Where the weights of a drafted backbone come from."""
    if is_cached():
        return f"the spec uses the weights of MobileNetV2 in {download_dir() / _FILE}; without them: --no-pretrained"
    return f"the first training downloads the weights of MobileNetV2 ({_PLACE})"


def with_size(image_format: ImageFormat) -> ImageFormat:
    """The format with a size that there are weights for."""
    size = (
        f"{_SIDE}×{_SIDE}, because there are weights of ImageNet for 96, 128, 160, 192 and 224 pixels; more is slower.",
        *image_format.reasons[1:],
    )
    return replace(image_format, height=_SIDE, width=_SIDE, reasons=size)


def backbone_section() -> list[str]:
    """The section `model` of a spec."""
    text = (
        "MobileNetV2 (Sandler et al., 2018) with weights from ImageNet, which have learned edges, textures and parts "
        "from a million photographs, and a new layer for these classes."
    )
    layers: list[Any] = [
        {BACKBONE: {"weights": "imagenet", "name": "backbone"}},
        "GlobalAveragePooling2D",
        {"Dropout": {"rate": 0.2}},
        {"Dense": {"units": "classes", "activation": "softmax"}},
    ]
    return [*comment(text), "model:", "  layers:", *(line for layer in layers for line in entry(layer, 4))]
