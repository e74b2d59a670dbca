"""What movements of padded images show beyond the edge: the black that 'pad' lays, unless the spec says otherwise."""

from __future__ import annotations

from dataclasses import replace

from cnncli.catalog.entries import Entry
from cnncli.spec.schema import Spec

MOVEMENTS = ("RandomRotation", "RandomTranslation", "RandomZoom", "RandomShear")
"""Augmentations whose `fill_mode` is `reflect` in Keras: beyond black bars, mirrored slices of the picture."""

_BLACK = {"fill_mode": "constant"}


def with_black_beyond(spec: Spec) -> Spec:
    """The spec with `fill_mode: constant` in movements that leave it open, if `data.image.resize` is `pad`."""
    if spec.data.image.resize != "pad" or not any(entry.name in MOVEMENTS for entry in spec.augment):
        return spec
    return spec.replace(augment=[_with_black(entry) if entry.name in MOVEMENTS else entry for entry in spec.augment])


def _with_black(entry: Entry) -> Entry:
    return entry if "fill_mode" in entry.arguments else replace(entry, arguments={**entry.arguments, **_BLACK})
