"""The page of a comparison of runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from cnncli.records.comparison import ChangedImage, Comparison, Pair
from cnncli.report.page.pictures import Picture, embedded
from cnncli.report.page.template import Explain, rendered
from cnncli.wording import p_text

MOST_CLASSES = 200
"""Classes in a table."""

MOST_IMAGES = 120
"""Images that changed sides on the page, in all."""

_SIDE = 96  # pixels, the longer side of an image

Pictures = Callable[[Sequence[str]], Sequence[np.ndarray | None]]
"""Gives images by their names, uint8 `(height, width, channels)`; None for one that is gone."""

Side = tuple[str, Sequence[tuple[ChangedImage, Picture | None]], int]
"""What images have in common, some of them, and how many there are."""


def comparison_html(comparison: Comparison, pictures: Pictures, explain: Explain) -> str:
    """The page, to be written with `write`."""
    spec_of = {run.run: run.spec for run in comparison.runs}
    most = MOST_IMAGES // (2 * max(len(comparison.pairs), 1))
    return rendered(
        "comparison.html.j2",
        explain,
        comparison=comparison,
        pairs=[(pair, _sides(pair, pictures, most)) for pair in comparison.pairs],
        has_one_spec=lambda pair: spec_of[pair.first] == spec_of[pair.second],
        most_classes=MOST_CLASSES,
        points=lambda difference: f"{100 * difference:+.2f}".replace("-", "−"),
        p_text=p_text,
    )


def _sides(pair: Pair, pictures: Pictures, most: int) -> list[Side]:
    """The images that one of the two runs has right."""
    gained = [each for each in pair.changed if each.second == each.true]
    lost = [each for each in pair.changed if each.second != each.true]
    sides = ((f"Only {pair.second} is right", gained), (f"Only {pair.first} is right", lost))
    return [(title, _shown(images[:most], pictures), len(images)) for title, images in sides]


def _shown(images: Sequence[ChangedImage], pictures: Pictures) -> list[tuple[ChangedImage, Picture | None]]:
    found = pictures([each.image for each in images])
    return [
        (each, None if pixels is None else embedded(pixels, _SIDE)) for each, pixels in zip(images, found, strict=True)
    ]
