"""Chooses a network of the usual kind: its depth follows from the size of the images, its width from their number."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from cnncli.draft.image_format import FEW, ImageFormat
from cnncli.draft.text import comment
from cnncli.spec.writer import entry
from cnncli.wording import counted, dimensions

PLENTY = 5000
"""Number of training images from which on a network needs less dropout."""

_LAST_SIDE = 4  # pixels of the shorter side that the stages leave at least
_WIDEST = 256


@dataclass(frozen=True)
class Stage:
    """Convolutions of one size."""

    height: int  # of the input, in pixels
    width: int
    filters: int  # of each convolution
    convolutions: int
    halves: bool  # the size
    strided: bool  # halves it with strides instead of a pooling layer

    @property
    def output_size(self) -> tuple[int, int]:
        """Height and width of the output."""
        return (ceil(self.height / 2), ceil(self.width / 2)) if self.halves else (self.height, self.width)


def model_section(image_format: ImageFormat, images: int, short_epochs: bool) -> list[str]:
    """The section `model` of a spec; in short epochs the averages of batch normalisation must follow quickly."""
    stages = _stages(image_format, images)
    normalization = {"BatchNormalization": {"momentum": 0.9}} if short_epochs else "BatchNormalization"
    lines = [*_heading(stages, images, short_epochs), "model:", "  layers:"]
    for stage in stages:
        lines += [*_layers(stage, normalization), ""]
    rate, how_many = (0.3, "few") if images < PLENTY else (0.2, "many")
    return [
        *lines,
        *comment("One value per filter: its mean over the image. Far fewer weights than with Flatten.", 4),
        *entry("GlobalAveragePooling2D", 4),
        *comment(
            f"Drops {100 * rate:.0f} % of them at random in training, against overfitting on {how_many} images.", 4
        ),
        *entry({"Dropout": {"rate": rate}}, 4),
        *entry({"Dense": {"units": "classes", "activation": "softmax"}}, 4),
    ]


def _stages(image_format: ImageFormat, images: int) -> list[Stage]:
    """One for each halving of the size, at least one."""
    height, width, filters = image_format.height, image_format.width, 32 if image_format.is_small else 16
    stages: list[Stage] = []
    while (halves := ceil(min(height, width) / 2) >= _LAST_SIDE) or not stages:
        strided = halves and not stages and not image_format.is_small
        convolutions = 2 if stages and images >= FEW else 1
        stages.append(Stage(height, width, filters, convolutions, halves, strided))
        height, width = stages[-1].output_size
        filters = min(2 * filters, _WIDEST)
    return stages


def _layers(stage: Stage, normalization: Any) -> list[str]:
    lines = []
    for _ in range(stage.convolutions):
        size = {"kernel_size": 5, "strides": 2} if stage.strided else {"kernel_size": 3}
        convolution = {"filters": stage.filters, **size, "padding": "same", "use_bias": False}
        for layer in ({"Conv2D": convolution}, normalization, "ReLU"):
            lines += entry(layer, 4)
    if stage.halves and not stage.strided:
        odd = stage.height % 2 or stage.width % 2  # `same` keeps the last row or column
        lines += entry({"MaxPooling2D": {"pool_size": 2} | ({"padding": "same"} if odd else {})}, 4)
    return lines


def _heading(stages: list[Stage], images: int, short_epochs: bool) -> list[str]:
    text = f"{counted(len(stages), 'stage')} of convolution, batch normalisation and ReLU"
    if len(stages) > 1:
        sizes = f"from {dimensions((stages[0].height, stages[0].width))} down to {dimensions(stages[-1].output_size)}"
        several = "two convolutions per stage from the second on" if images >= FEW else "one convolution per stage"
        text += f"; each halves the size, {sizes}, and doubles the filters. For {images:,} training images, {several}"
    text += ". "
    if stages[0].strided:
        text += "The first convolution uses stride 2: layers at full resolution are the slowest. "
    if short_epochs:
        text += (
            "An epoch has few steps, so a momentum of 0.9 instead of 0.99 lets the averages that predictions use "
            "follow quickly."
        )
    return comment(text)
