"""A network of the usual kind, as deep as the size of the images allows and as large as their number can teach."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from cnncli.draft.image_format import FEW, Frame
from cnncli.draft.text import comment, counted, pixels
from cnncli.spec.writer import entry

PLENTY = 5000
"""Training images from which on a network needs less to keep it from learning them by heart."""

_LAST_SIDE = 4  # pixels of the shorter side that stages of pools leave at least
_WIDEST = 256


@dataclass(frozen=True)
class Stage:
    """Convolutions of one size.

    Args:
        height: of what it is given, in pixels.
        width: of the same.
        filters: of each convolution.
        convolutions: how many.
        halves: whether it halves the size.
        strided: whether it does so by strides and not by a pool.
    """

    height: int
    width: int
    filters: int
    convolutions: int
    halves: bool
    strided: bool

    @property
    def result(self) -> tuple[int, int]:
        """Height and width of what it gives."""
        return (ceil(self.height / 2), ceil(self.width / 2)) if self.halves else (self.height, self.width)


def network_lines(frame: Frame, images: int, quick_averages: bool) -> list[str]:
    """The section `model` of a spec.

    Args:
        frame: what the network sees.
        images: to train on.
        quick_averages: whether batch normalisation must follow within few steps.
    """
    stages = _stages(frame, images)
    momentum = {"BatchNormalization": {"momentum": 0.9}} if quick_averages else "BatchNormalization"
    lines = [*_heading(frame, stages, images, quick_averages), "model:", "  layers:"]
    for stage in stages:
        lines += [*_block(stage, momentum), ""]
    rate = 0.3 if images < PLENTY else 0.2
    why = "few images are easily learnt by heart" if images < PLENTY else "a little of it, as there are many images"
    return [
        *lines,
        *comment("One number for each filter, wherever in the image it was found; far fewer weights than Flatten.", 4),
        *entry("GlobalAveragePooling2D", 4),
        *comment(f"Leaves out {100 * rate:.0f} % of them at random in training: {why}.", 4),
        *entry({"Dropout": {"rate": rate}}, 4),
        *entry({"Dense": {"units": "classes", "activation": "softmax"}}, 4),
    ]


def _stages(frame: Frame, images: int) -> list[Stage]:
    """One for each halving of the size, at least one."""
    height, width, filters = frame.height, frame.width, 32 if frame.is_small else 16
    stages: list[Stage] = []
    while (halves := ceil(min(height, width) / 2) >= _LAST_SIDE) or not stages:
        strided = halves and not stages and not frame.is_small
        convolutions = 2 if stages and images >= FEW else 1
        stages.append(Stage(height, width, filters, convolutions, halves, strided))
        height, width = stages[-1].result
        filters = min(2 * filters, _WIDEST)
    return stages


def _block(stage: Stage, normalization: Any) -> list[str]:
    """The layers of a stage."""
    lines = []
    for _ in range(stage.convolutions):
        arguments = {"filters": stage.filters, "kernel_size": 5 if stage.strided else 3}
        arguments |= {"strides": 2} if stage.strided else {}
        convolution = {"Conv2D": {**arguments, "padding": "same", "use_bias": False}}
        for layer in (convolution, normalization, "ReLU"):
            lines += entry(layer, 4)
    if stage.halves and not stage.strided:
        odd = stage.height % 2 or stage.width % 2  # `same` keeps the last row or column
        lines += entry({"MaxPooling2D": {"pool_size": 2} | ({"padding": "same"} if odd else {})}, 4)
    return lines


def _heading(frame: Frame, stages: list[Stage], images: int, quick_averages: bool) -> list[str]:
    sizes = f"from {pixels(frame.height, frame.width)} down to {pixels(*stages[-1].result)}"
    text = f"{counted(len(stages), 'stage')} of convolution, batch normalisation and ReLU"
    if len(stages) > 1:
        several = "two convolutions a stage from the second on" if images >= FEW else "one convolution a stage"
        text += f": each halves the size, {sizes}, and doubles the filters; {several}, for {images:,} training images"
    text += ". "
    if stages[0].strided:
        text += "The first takes strides of 2, because at full size a step costs most. "
    if quick_averages:
        text += (
            "An epoch here is short, so momentum 0.9 in place of 0.99 lets the averages that prediction uses follow "
            "within a few steps."
        )
    return comment(text)
