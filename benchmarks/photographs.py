"""Photographs of several sizes, for benchmarks that read them. Needs no TensorFlow."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from cnncli.data.decode.input_format import InputFormat

SIZE, BATCH = 160, 32
FORMAT = InputFormat(SIZE, SIZE, 3)
SIZES = {"304×242": 40, "1024×768": 16, "2048×1536": 8, "4032×3024": 4}
"""Photographs made of each width and height."""


def make_photographs(folder: Path, width: int, height: int, count: int) -> list[Path]:
    """Writes JPEGs with shapes of all sizes and a little noise."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(width)
    for number in range(count):
        pixels = np.zeros((height, width, 3))
        for cells in (3, 12, 48):
            shapes = Image.fromarray(random.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
            pixels += np.asarray(shapes.resize((width, height), Image.Resampling.BICUBIC)) / 3
        pixels += random.normal(0, 2, pixels.shape)
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / f"{number:03}.jpg", quality=90)
    return sorted(folder.iterdir())


def add_options(parser: argparse.ArgumentParser) -> None:
    """Those that say which photographs are read."""
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="photographs to read")
    parser.add_argument("--size", choices=SIZES, help="only the made ones of this size")


@contextmanager
def chosen(options: argparse.Namespace) -> Iterator[dict[str, list[Path]]]:
    """The photographs that the options choose, by what they are called."""
    if options.folder:
        yield {options.folder.name: sorted(options.folder.resolve().rglob("*.jpg"))}
        return
    sizes = [options.size] if options.size else list(SIZES)
    with tempfile.TemporaryDirectory() as work:
        yield {name: make_photographs(Path(work) / name, *map(int, name.split("×")), SIZES[name]) for name in sizes}
