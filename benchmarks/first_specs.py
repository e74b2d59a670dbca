"""What people try first: 1,000 images in class folders, three convolutions, five epochs, as whole commands in turn.

    python benchmarks/first_specs.py                              # cnncli and the script by hand, five rounds
    python benchmarks/first_specs.py --rounds 7 --against OTHER_CHECKOUT --only digits

Digits are PNGs of 28×28, photographs JPEGs of 300×200 that both read as 96×96. No command finds anything in a cache of
images. Prints the seconds of each command, those of its processors in brackets, and the medians of the ratios.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from cnncli.data.sources.published import mnist

ROOT = Path(__file__).resolve().parents[1]
IMAGES = 1000
SIDES = {"digits": (28, 1), "photographs": (96, 3)}
"""Pixels of a side, and channels."""

SPEC = """
name: {name}
data:
  source: {{folder: {{path: {path}}}}}
  image: {{size: [{side}, {side}], color: {color}}}
  split: {{validation: 0.1, test: 0.2}}
model:
  layers:
    - Conv2D: {{filters: 16, kernel_size: 3, padding: same, activation: relu}}
    - MaxPooling2D
    - Conv2D: {{filters: 32, kernel_size: 3, padding: same, activation: relu}}
    - MaxPooling2D
    - Conv2D: {{filters: 64, kernel_size: 3, padding: same, activation: relu}}
    - MaxPooling2D
    - Flatten
    - Dense: {{units: 128, activation: relu}}
    - Dense: {{units: classes, activation: softmax}}
train: {{epochs: 5, batch_size: 32}}
"""


def make_images(folder: Path, name: str) -> None:
    """Writes 1,000 images in class folders."""
    if name == "digits":
        images, labels, _, _ = mnist.arrays()
        pictures = [(str(labels[at]), Image.fromarray(images[at])) for at in range(IMAGES)]
    else:
        random = np.random.default_rng(0)
        coarse = random.integers(0, 256, (IMAGES, 25, 38, 3), dtype=np.uint8)
        pictures = [
            (f"class {at % 4}", Image.fromarray(pixels).resize((300, 200), Image.Resampling.BILINEAR))
            for at, pixels in enumerate(coarse)
        ]
    for at, (label, picture) in enumerate(pictures):
        (folder / label).mkdir(parents=True, exist_ok=True)
        picture.save(folder / label / f"{at:04}.{'png' if name == 'digits' else 'jpg'}")


def seconds(program: list[str], checkout: Path, work: Path) -> tuple[float, float]:
    """How long a command took, and its processors."""
    with tempfile.TemporaryDirectory(dir=work) as folder:
        variables = {"PYTHONPATH": str(checkout), "CNNCLI_CACHE_DIR": f"{folder}/cache", "TF_CPP_MIN_LOG_LEVEL": "3"}
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, *program], check=True, cwd=folder, env=os.environ | variables, capture_output=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.perf_counter() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(name: str, rounds: int, against: Path | None, work: Path) -> None:
    """Measures one set of images and prints."""
    make_images(work / name, name)
    side, channels = SIDES[name]
    spec, color = work / f"{name}.yaml", "grayscale" if channels == 1 else "rgb"
    spec.write_text(SPEC.format(name=name, path=work / name, side=side, color=color), encoding="utf-8")
    command = ["-m", "cnncli", "train", str(spec), "--runs-dir", "runs"]
    by_hand = [str(ROOT / "benchmarks" / "handwritten_folder.py"), str(work / name), str(side), str(channels)]
    kinds = {"cnncli": (command, ROOT), "by hand": (by_hand, ROOT)}
    if against:
        kinds["other"] = (command, against)
    taken: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
    for number in range(rounds):
        order = list(kinds.items())
        for kind, (program, checkout) in order if number % 2 == 0 else reversed(order):
            taken[kind].append(seconds(program, checkout, work))
        print(name, "   ".join("{} {:.2f} s ({:.2f} s)".format(kind, *taken[kind][-1]) for kind in kinds), flush=True)
    for kind in list(kinds)[1:]:
        for at, what in enumerate(("seconds", "of processors")):
            ratios = [one[at] / other[at] for one, other in zip(taken["cnncli"], taken[kind], strict=True)]
            print(f"{name}: cnncli / {kind}, {what}: median {statistics.median(ratios):.3f}")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--only", choices=SIDES)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        for name in SIDES:
            if arguments.only in (None, name):
                compare(name, arguments.rounds, arguments.against, Path(work))


if __name__ == "__main__":
    main()
