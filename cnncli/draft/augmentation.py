"""Chooses random changes that suit the images: those that another photograph of the same thing might show."""

from __future__ import annotations

import re
from typing import Any

from cnncli.draft.image_format import ImageFormat

_LONG = 100
"""Number of epochs from which on strong augmentation pays; in a shorter training the network learns less from it."""

_SIDES = re.compile(r"\b(left|right|clockwise|l|r|east|west)\b")


Augmentation = tuple[Any, str]
"""One augmentation as a spec has it, and the reason for it."""

_FLIP: Augmentation = (
    {"RandomFlip": {"mode": "horizontal"}},
    "A mirrored photograph mostly still shows the same thing. Remove this where left and right matter: writing, "
    "arrows, hands, organs.",
)
_TRANSLATION: Augmentation = (
    {"RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1}},
    "Up to a tenth of the size in each direction: objects are rarely exactly centred.",
)
_ROTATION: Augmentation = {"RandomRotation": {"factor": 0.03}}, "Up to 11 degrees: few photographs are perfectly level."
_ZOOM: Augmentation = {"RandomZoom": {"height_factor": 0.15}}, "Up to 15 % closer or farther away."
_CONTRAST: Augmentation = {"RandomContrast": {"factor": 0.2}}, "Varies the lighting."

_STRONG_MOVES: tuple[Augmentation, ...] = (
    (
        {"RandomTranslation": {"height_factor": 0.15, "width_factor": 0.15}},
        "Up to 15 % of the size in each direction: objects are rarely exactly centred.",
    ),
    ({"RandomRotation": {"factor": 0.04}}, "Up to 14 degrees: few photographs are perfectly level."),
    (
        {"RandomZoom": {"height_factor": [-0.3, 0.2], "width_factor": [-0.3, 0.2]}},
        "From 30 % closer to 20 % farther away, height and width on their own.",
    ),
)
_COLOR: Augmentation = (
    {
        "RandomColorJitter": {
            "brightness_factor": 0.3,
            "contrast_factor": 0.4,
            "saturation_factor": 0.5,
            "hue_factor": 0.05,
        }
    },
    "Varies the lighting, and takes out some or all of the colour, so that shapes are learned. Remove saturation and "
    "hue where colour tells the classes apart.",
)
_LIGHT: Augmentation = (
    {"RandomColorJitter": {"brightness_factor": 0.3, "contrast_factor": 0.4}},
    "Varies the lighting.",
)
_CUTMIX: Augmentation = (
    "CutMix",
    "Pastes a part of another image into each image, and mixes the labels in the same proportion (Yun et al., 2019). "
    "It keeps the network from memorising few images; training accuracy is low because of it.",
)


def choose_augmentation(
    image_format: ImageFormat, class_names: tuple[str, ...], epochs: int
) -> tuple[list[Augmentation], str]:
    """The augmentations in order, and a comment on the whole; the names may show that left and right matter."""
    whole = "Each epoch varies every training image at random, which acts like having more of them."
    against_flip = _against_flip(image_format, class_names)
    if against_flip and image_format.is_small:  # likely characters
        moves = [_TRANSLATION, _ROTATION]
        changes = moves if image_format.resize == "pad" else [_with_edges(move) for move in moves]
    elif epochs >= _LONG:
        changes = [*_STRONG_MOVES, _COLOR if image_format.color == "rgb" else _LIGHT, _CUTMIX]
    else:
        changes = [_TRANSLATION, *([] if image_format.is_small else [_ROTATION, _ZOOM, _CONTRAST])]
    if against_flip:
        return changes, f"{whole} No flip: {against_flip}."
    return [_FLIP, *changes], whole


def _with_edges(move: Augmentation) -> Augmentation:
    """A movement that repeats the edges, for small pictures, often of characters, and their mirrored strokes."""
    ((name, arguments),) = move[0].items()
    reason = f"{move[1]} The edge is repeated: mirrored, it would show loose strokes."
    return {name: {**arguments, "fill_mode": "nearest"}}, reason


def _against_flip(image_format: ImageFormat, class_names: tuple[str, ...]) -> str:
    """Why images must not be mirrored; empty when they may."""
    words = [re.sub(r"[\W_]+", " ", name.lower()) for name in class_names]
    sides = [name for name, word in zip(class_names, words, strict=True) if _SIDES.search(word)]
    if len(sides) > 1:
        return f"classes such as '{sides[0]}' become another class when mirrored"
    if all(len(name) == 1 or name.isdecimal() for name in class_names):
        return "the classes seem to be characters, which mean nothing, or something else, when mirrored"
    if image_format.color == "grayscale" and image_format.is_small:
        return "small grey images are often characters or signs, which mean something else when mirrored"
    if image_format.color == "grayscale":
        return "in grey images, such as X-rays and scans, left and right often matter; for photographs add RandomFlip"
    return ""
