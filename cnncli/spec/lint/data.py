"""Rules on the images: augmentation that changes nothing, and too few of them to choose an epoch by."""

from __future__ import annotations

from collections.abc import Iterator

from cnncli.catalog.entries import Entry
from cnncli.errors import Problem
from cnncli.spec.lint.context import LintContext

_OF_COLOR = {"RandomHue", "RandomSaturation", "RandomColorDegeneration", "RandomGrayscale"}
_FEW = 5
"""Validation images of a class below which one image changes the recall of the class by more than 20 %."""


def color_on_grey(context: LintContext) -> Iterator[Problem]:
    """Grey images have neither hue nor saturation."""
    data = context.spec.data
    shape = context.data.shape
    if data.image.color != "grayscale" and (shape is None or shape[2] != 1):
        return
    for index, entry in enumerate(context.spec.augment):
        for path in _colors(entry):
            what = path[-1] if path else entry.name
            yield Problem(
                ("augment", index, *path),
                f"the images are grey, and {what} changes only colour, so it does nothing; leave it out, or write "
                "RandomBrightness or RandomContrast",
                at_key=True,
            )


def _colors(entry: Entry) -> Iterator[tuple[str, ...]]:
    """Where in an augmentation something is asked for that grey images do not have."""
    if entry.name in _OF_COLOR:
        yield ()
    elif entry.name == "RandomColorJitter":
        for argument in ("saturation_factor", "hue_factor"):
            if entry.get(argument) is not None:
                yield (entry.name, argument)


def few_validation_images(context: LintContext) -> Iterator[Problem]:
    """So few images that one of them decides which epoch is best."""
    part, data = context.spec.data.split.validation, context.data
    if part == "test" or not part or data.class_names is None or (isinstance(part, float) and data.train is None):
        return
    images = round((data.train or 0) * part) if isinstance(part, float) else int(part)
    classes = len(data.class_names)
    if images < _FEW * classes:
        yield Problem(
            ("data", "split", "validation"),
            f"{images:,} validation images for {classes} classes: which epoch is best is left to chance; "
            f"write {_FEW * classes} or more, or 0.1",
        )


RULES = (color_on_grey, few_validation_images)
