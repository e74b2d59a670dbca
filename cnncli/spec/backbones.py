"""What a backbone makes of an image, and what its ImageNet weights ask for: arithmetic on the catalogue's table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncli.catalog.backbones import BACKBONES, WIDTHS
from cnncli.catalog.entries import Entry
from cnncli.catalog.weights import IMAGENET
from cnncli.errors import Problem
from cnncli.spec.graph import IMAGE, Node

COLORS = 3
"""Channels that a backbone takes of the image; a grey one is made to have them."""


def is_backbone(layer: Entry) -> bool:
    """Whether a layer is one of the networks of `keras.applications`."""
    return layer.name in BACKBONES


def reads_image(node: Node) -> bool:
    """Whether a layer is a backbone that is given the image itself, and so gets the pixels that it wants."""
    return is_backbone(node.entry) and node.inputs == (IMAGE,)


def scales_image(nodes: Sequence[Node]) -> bool:
    """Whether any layer takes the image as `data.scale` or `data.standardize` makes it."""
    return any(IMAGE in node.inputs and not reads_image(node) for node in nodes)


def shape_error(layer: Entry, shape: tuple[int, ...]) -> str:
    """Why a backbone cannot take images of this shape; empty when it can."""
    smallest = BACKBONES[layer.name].smallest
    if min(shape[:2]) >= smallest:
        return ""
    return (
        f"it takes images of {smallest}×{smallest} or more, and is given {shape[0]}×{shape[1]}; "
        f"'data.image.size' makes them larger"
    )


def backbone_output_shape(layer: Entry, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that a backbone makes of an image `(height, width, channels)` that it can take."""
    channels = _channels(layer)
    if layer.get("pooling"):
        return (channels,)
    height, width = shape[:2]
    for window, stride in BACKBONES[layer.name].windows:
        height, width = (height - window) // stride + 1, (width - window) // stride + 1
    return height, width, channels


def _channels(layer: Entry) -> int:
    width, usual = layer.get("alpha") or 1.0, BACKBONES[layer.name].channels
    if layer.name == "MobileNet":
        return int(usual * width)
    if layer.name == "MobileNetV2":
        return _rounded(usual * width) if width > 1 else usual
    if layer.name in WIDTHS:
        return _rounded(_rounded(usual / 6 * width) * 6)
    return usual


def _rounded(channels: float) -> int:
    """The nearest multiple of eight that is not much less, as the authors of MobileNet have it."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * channels else nearest


def wrong_for_imagenet(node: Node, shape: tuple[int, ...] | None) -> Iterator[Problem]:
    """Arguments and channels of a backbone that there are no ImageNet weights for; `shape` is that of its input."""
    layer = node.entry
    if not is_backbone(layer):
        return
    channels = shape[2] if shape is not None and len(shape) == 3 else COLORS
    if reads_image(node) and channels not in (1, COLORS):
        yield Problem(node.path, f"{layer.name} takes grey or RGB images, not {channels} channels", at_key=True)
    if layer.get("weights") != IMAGENET:
        return
    way_out = "; write 'weights: null' to train it from the beginning"
    if not reads_image(node) and channels != COLORS:
        message = f"its ImageNet weights take 3 channels, and it is given {channels}{way_out}{node.origin}"
        yield Problem(node.path, message, at_key=True)
    width, widths = layer.get("alpha"), WIDTHS.get(layer.name, ())
    if layer.get("minimalistic"):
        widths = (1.0,)
    if widths and width not in widths:
        of_these = f"{'a minimalistic ' * bool(layer.get('minimalistic'))}{layer.name}"
        listed = ", ".join(map(str, widths))
        message = f"there are ImageNet weights of {of_these} for an alpha of {listed}, not {width}{way_out}"
        yield Problem(node.at("alpha") if "alpha" in layer.arguments else node.path, message)
    if layer.get("depth_multiplier") not in (None, 1):
        yield Problem(node.at("depth_multiplier"), f"its ImageNet weights are for a depth_multiplier of 1{way_out}")
