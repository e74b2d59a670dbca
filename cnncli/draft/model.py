"""Chooses a residual network: its depth follows from the size of the images, one width suits few images and many."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from cnncli.draft.image_format import ImageFormat
from cnncli.draft.text import comment
from cnncli.spec.writer import entry, flow
from cnncli.wording import counted, dimensions

PLENTY = 5000
"""Number of training images from which on a network needs less dropout."""

_LAST_SIDE = 4  # pixels of the shorter side that the stages leave at least
_FILTERS = 16  # of the first convolution; 24 and 32 were no better on few images, see docs/init.md
_WIDEST = 256  # filters of a stage
_STRIDED = 40  # pixels of the shorter side above which the first convolution halves the size


@dataclass(frozen=True)
class Network:
    """A first convolution, then stages: each halves the size, and adds a convolution with a skip connection.

    Attributes:
        sizes: Height and width of the input, after the first convolution, and after each stage, in pixels.
        channels: Number of channels of the input, filters of the first convolution and of each stage.
    """

    sizes: tuple[tuple[int, int], ...]
    channels: tuple[int, ...]

    @property
    def is_strided(self) -> bool:
        """Whether the first convolution halves the size."""
        return self.sizes[1] != self.sizes[0]

    @property
    def stages(self) -> int:
        """Number of stages after the first convolution."""
        return len(self.sizes) - 2

    @property
    def cost(self) -> int:
        """Multiplications of all convolutions for one image."""
        areas = [height * width for height, width in self.sizes]
        first, second, *_ = self.channels
        total = (25 if self.is_strided else 9) * first * second * areas[1]
        for before, after, area, smaller in zip(
            self.channels[1:], self.channels[2:], areas[1:], areas[2:], strict=False
        ):
            total += 9 * (before * after * area + after * after * smaller)
        return total


def choose_network(image_format: ImageFormat) -> Network:
    """As many stages as leave at least 4 pixels a side."""
    sizes = [(image_format.height, image_format.width)] * 2
    channels = [1 if image_format.color == "grayscale" else 3, _FILTERS]
    if min(sizes[0]) > _STRIDED:
        sizes[1] = _halved(sizes[0])
    while min(_halved(sizes[-1])) >= _LAST_SIDE or len(sizes) == 2:
        sizes.append(_halved(sizes[-1]))
        channels.append(min(2 * channels[-1], _WIDEST))
    return Network(tuple(sizes), tuple(channels))


def _halved(size: tuple[int, int]) -> tuple[int, int]:
    return ceil(size[0] / 2), ceil(size[1] / 2)


def model_section(network: Network, images: int, short_epochs: bool) -> list[str]:
    """The section `model` of a spec; in short epochs the averages of batch normalisation must follow quickly."""
    momentum = {"momentum": 0.9} if short_epochs else {}
    kernel = {"kernel_size": 5, "strides": 2} if network.is_strided else {"kernel_size": 3}
    odd = any(side % 2 for size in network.sizes[1:-1] for side in size)  # `same` keeps the last row or column
    rate, how_many = (0.3, "few") if images < PLENTY else (0.2, "many")
    return [
        *comment(_reason(network, short_epochs)),
        *("model:", "  blocks:", "    stage:", f"      parameters: {flow({'filters': None})}", "      layers:"),
        *entry(_convolution("$filters", {"kernel_size": 3}), 8),
        *entry({"MaxPooling2D": {"pool_size": 2} | ({"padding": "same"} if odd else {})}, 8),
        *entry(_normalization(momentum), 8),
        *entry({"ReLU": {"name": "halved"}}, 8),
        *comment("The second convolution learns what to add, which is easier than to learn the sum.", 8),
        *entry(_convolution("$filters", {"kernel_size": 3}), 8),
        *entry(_normalization({**momentum, "name": "addition"}), 8),
        *entry({"Add": {"inputs": ["halved", "addition"]}}, 8),
        *entry("ReLU", 8),
        "",
        "  layers:",
        *entry(_convolution(network.channels[1], kernel), 4),
        *entry(_normalization(momentum), 4),
        *entry("ReLU", 4),
        *(line for filters in network.channels[2:] for line in entry({"stage": {"filters": filters}}, 4)),
        "",
        *comment("One value per filter: its mean over the image. Far fewer weights than with Flatten.", 4),
        *entry("GlobalAveragePooling2D", 4),
        *comment(
            f"Drops {100 * rate:.0f} % of them at random in training, against overfitting on {how_many} images.", 4
        ),
        *entry({"Dropout": {"rate": rate}}, 4),
        *entry({"Dense": {"units": "classes", "activation": "softmax"}}, 4),
    ]


def _convolution(filters: int | str, kernel: dict[str, int]) -> dict[str, Any]:
    return {"Conv2D": {"filters": filters, **kernel, "padding": "same", "use_bias": False}}


def _normalization(arguments: dict[str, Any]) -> Any:
    return {"BatchNormalization": arguments} if arguments else "BatchNormalization"


def _reason(network: Network, short_epochs: bool) -> str:
    sizes = f"from {dimensions(network.sizes[1])} down to {dimensions(network.sizes[-1])}"
    text = (
        f"A small residual network: a convolution and {counted(network.stages, 'stage')}. Each stage halves the size, "
        f"{sizes}, and doubles the filters. One image takes {network.cost / 1e6:.2g} million multiplications; twice "
        "the filters take four times as many, which pays only with many images. "
    )
    if network.is_strided:
        text += "The first convolution uses stride 2: layers at full resolution are the slowest. "
    if short_epochs:
        text += (
            "An epoch has few steps, so a momentum of 0.9 instead of 0.99 lets the averages that predictions use "
            "follow quickly."
        )
    return text
