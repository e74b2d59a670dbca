"""Pictures of three colours, a folder for each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

COLORS = {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}


def write_squares(root: Path, each: int, seed: int = 0, kinds: tuple[str, ...] = ("png", "jpg")) -> Path:
    """A folder for each colour, with pictures of 16×16 pixels that are nearly of it, no two the same."""
    random = np.random.default_rng(seed)
    for name, color in COLORS.items():
        (root / name).mkdir(parents=True)
        for number in range(each):
            pixels = np.array(color) + random.integers(-35, 36, (16, 16, 3))
            Image.fromarray(pixels.astype(np.uint8)).save(root / name / f"{number}.{kinds[number % len(kinds)]}")
    return root
