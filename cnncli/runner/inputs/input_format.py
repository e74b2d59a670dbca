"""How image files become the pixels that a model takes."""

from __future__ import annotations

from cnncli.data.decode.input_format import InputFormat
from cnncli.spec.schema import Data


def input_format_for(data: Data, shape: tuple[int, int, int]) -> InputFormat:
    """How images are read for a model; `shape`, that of the training images, fills in what the spec leaves open."""
    size = data.image.size
    height, width = (size, size) if isinstance(size, int) else size or shape[:2]
    channels = {"rgb": 3, "grayscale": 1, None: shape[2]}[data.image.color]
    image = data.image
    white = image.white if data.source.has_encoded_images else None  # arrays are bytes by now
    window = None if image.window is None else (image.window[0], image.window[1])
    how = (image.resize, image.interpolation, white, image.icc, image.frame, window)
    return InputFormat(height, width, channels, *how)  # type: ignore[arg-type]
