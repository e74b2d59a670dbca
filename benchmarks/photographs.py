"""Photographs of several sizes, for benchmarks that read them. Needs no TensorFlow."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
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


def measure_chosen(
    description: str | None, seconds: float, measure: Callable[[str, list[Path], int, float], dict[str, float]]
) -> int:
    """Parses the options, and measures the photographs that they choose.

    Args:
        description: Of the script.
        seconds: Of each measurement, unless the options say otherwise.
        measure: Returns the figures of a name, files, a number of rounds, and seconds.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="photographs to read")
    parser.add_argument("--size", choices=SIZES, help="only the made ones of this size")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=seconds, help="of each measurement (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="one short round, to see whether everything runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    options = parser.parse_args()
    rounds, seconds = (1, 0.3) if options.quick else (options.rounds, options.seconds)
    with _chosen(options) as sets:
        figures = {name: measure(name, files, rounds, seconds) for name, files in sets.items()}
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


@contextmanager
def _chosen(options: argparse.Namespace) -> Iterator[dict[str, list[Path]]]:
    """The photographs that the options choose, by what they are called."""
    if options.folder:
        yield {options.folder.name: sorted(options.folder.resolve().rglob("*.jpg"))}
        return
    sizes = [options.size] if options.size else list(SIZES)
    with tempfile.TemporaryDirectory() as work:
        yield {name: make_photographs(Path(work) / name, *map(int, name.split("×")), SIZES[name]) for name in sizes}
