"""Photographs for a page: WebP inside the HTML."""

from __future__ import annotations

import base64
import io

import matplotlib
import numpy as np
from PIL import Image

SIDE = 150  # pixels, the longer side
SHARP_FROM = 3  # from this magnification on, pixels are shown as squares
OPACITY = 0.6
COLORS = "plasma"  # as in the pictures of `cnncli heatmap`


def embedded(picture: np.ndarray) -> str:
    """A picture, uint8 `(height, width, 1 or 3)`, as an address that holds all of it."""
    image = Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture).convert("RGB")
    drawn = io.BytesIO()
    _scaled(image).save(drawn, "WEBP", quality=80)
    return f"data:image/webp;base64,{base64.b64encode(drawn.getvalue()).decode()}"


def with_heat(picture: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The picture in grey below its map, uint8 `(height, width, 3)`; the map, 0…1, may have another size."""
    image = Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture).convert("L")
    image = _scaled(image)
    heat = np.asarray(Image.fromarray(values).resize(image.size, Image.Resampling.BILINEAR))
    colors = matplotlib.colormaps[COLORS](heat)[..., :3]  # (height, width, 3)
    grey = 0.25 + np.asarray(image)[..., None] / 255 / 2
    return np.rint(255 * (OPACITY * colors + (1 - OPACITY) * grey)).astype(np.uint8)


def _scaled(image: Image.Image) -> Image.Image:
    zoom = SIDE / max(image.size)
    if zoom >= SHARP_FROM:
        return image.resize((image.width * int(zoom), image.height * int(zoom)), Image.Resampling.NEAREST)
    size = max(1, round(image.width * zoom)), max(1, round(image.height * zoom))
    return image.resize(size, Image.Resampling.LANCZOS)
