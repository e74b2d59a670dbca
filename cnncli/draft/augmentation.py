"""Which random changes suit the images: those that another photograph of the same thing might show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from cnncli.draft.image_format import Frame

_SIDES = re.compile(r"\b(left|right|clockwise|l|r|east|west)\b")


@dataclass(frozen=True)
class Change:
    """One augmentation, and why it is there."""

    entry: Any
    reason: str


def choose_changes(frame: Frame, class_names: tuple[str, ...]) -> tuple[list[Change], str]:
    """Chooses augmentations.

    Args:
        frame: what the network sees.
        class_names: tell whether left and right, or signs, are what the classes differ by.

    Returns:
        The changes in order, and a sentence on the whole.
    """
    changes = []
    against_flip = _against_flip(frame, class_names)
    if not against_flip:
        reason = (
            "Mirrored, a photograph mostly still shows the same thing. Take this out where left and right matter: "
            "writing, arrows, hands, organs."
        )
        changes.append(Change({"RandomFlip": {"mode": "horizontal"}}, reason))
    shift = {"RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1}}
    changes.append(Change(shift, "Up to a tenth of the size to each side: things are never quite in the middle."))
    if against_flip or not frame.is_small:  # 32 pixels in colour blur when they are turned
        changes.append(
            Change({"RandomRotation": {"factor": 0.03}}, "Up to 11 degrees: hardly anything is quite level.")
        )
    if not frame.is_small:
        changes.append(Change({"RandomZoom": {"height_factor": 0.15}}, "Up to 15 % nearer or farther."))
        changes.append(Change({"RandomContrast": {"factor": 0.2}}, "Another light."))
    whole = "Every epoch sees each training image a little changed, which stands in for images that are not there"
    return changes, f"{whole}.{' No flip: ' + against_flip + '.' if against_flip else ''}"


def _against_flip(frame: Frame, class_names: tuple[str, ...]) -> str:
    """Why images must not be mirrored; empty when they may."""
    words = [re.sub(r"[\W_]+", " ", name.lower()) for name in class_names]
    sides = [name for name, word in zip(class_names, words, strict=True) if _SIDES.search(word)]
    if len(sides) > 1:
        return f"classes such as '{sides[0]}' would become another when mirrored"
    if all(len(name) == 1 or name.isdecimal() for name in class_names):
        return "the classes seem to be characters, and those mean nothing, or something else, when mirrored"
    if frame.color == "grayscale" and frame.is_small:
        return "small grey images are often characters or signs, which mean something else when mirrored"
    if frame.color == "grayscale":
        return "in grey images, such as X-rays and scans, left and right often matter; for photographs add RandomFlip"
    return ""
