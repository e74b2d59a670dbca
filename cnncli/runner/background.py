"""Notices images that are the negative of what a model was trained on: dark digits on white paper, or the reverse."""

from __future__ import annotations

import numpy as np

from cnncli.data.brightness import borders, is_plain
from cnncli.runner.inputs.data_record import DataRecord

SAME_BACKGROUND = 48.0
"""Standard deviation of the border's brightness below which the training images share a background: a fifth of 255."""

OTHER_BACKGROUND = 128.0
"""Distance in brightness, of 255, from which an image has another background: half of the range."""


def background_notes(images: np.ndarray, record: DataRecord, inverted: bool) -> list[str]:
    """For each image a warning if it, inverted or not, is the negative of what the model was trained on; else empty.

    Args:
        images: uint8, shape `(images, height, width, channels)`.
        record: Of the training images.
        inverted: Whether `--invert` was set.
    """
    usual, spread = record.border_mean, record.border_std
    notes = [""] * len(images)
    if not len(images) or spread >= SAME_BACKGROUND:
        return notes
    border = borders(images)  # (images,)
    nearer_inverted = np.abs(255 - border - usual) < np.abs(border - usual)
    for at in np.flatnonzero(nearer_inverted & (np.abs(border - usual) > OTHER_BACKGROUND)).tolist():
        if is_plain(images[at]):
            here, trained = ("bright", "dark") if border[at] > usual else ("dark", "bright")
            what = "leave out" if inverted else "try"
            notes[at] = f"{here} background, but the model was trained on {trained} ones; {what} --invert"
    return notes
