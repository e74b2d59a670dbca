"""What movements of padded images show beyond the edge: the black that 'pad' lays, unless the spec says otherwise."""

from __future__ import annotations

from cnncli.catalog.entries import Entry
from cnncli.spec.schema import Spec

MOVEMENTS = ("RandomRotation", "RandomTranslation", "RandomZoom", "RandomShear")
"""Augmentations whose `fill_mode` is `reflect` in Keras: beyond black bars, mirrored slices of the picture."""


def with_black_beyond(spec: Spec) -> Spec:
    """The spec with `fill_mode: constant` in movements that leave it open, if `data.image.resize` is `pad`."""
    if spec.data.image.resize != "pad" or not any(_is_open(entry) for entry in spec.augment):
        return spec
    return spec.replace(augment=[_with_black(entry) if _is_open(entry) else entry for entry in spec.augment])


def _is_open(entry: Entry) -> bool:
    return entry.name in MOVEMENTS and "fill_mode" not in entry.arguments


def _with_black(entry: Entry) -> Entry:
    return Entry(entry.family, entry.name, {**entry.arguments, "fill_mode": "constant"})
