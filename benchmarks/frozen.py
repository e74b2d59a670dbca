"""A head on a frozen MobileNetV2, the whole command, compared with the same training through the backbone in turn.

    python benchmarks/frozen.py [rounds] [--against CHECKOUT] [--assert]

2,000 images of 224 pixels in JPEG files, 20 epochs; the backbone has random weights, which are as much work as trained
ones. Each training starts with an empty cache for features; decoded images are there. Compared is with
`train.features: 0`, or with another checkout of cnncli. Prints the seconds of each command, and the ratio of the
medians; the limit is 0.15.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent.parent
IMAGES, SIZE, CLASSES, EPOCHS = 2000, 224, 5, 20
LIMIT = 0.15
SPEC = f"""\
name: frozen
data:
  source: {{{{folder: {{{{path: {{path}}}}}}}}}}
  image: {{{{size: {SIZE}}}}}
model:
  layers:
    - MobileNetV2: {{{{weights: null, trainable: false}}}}
    - GlobalAveragePooling2D
    - Dropout: {{{{rate: 0.2}}}}
    - Dense: {{{{units: classes, activation: softmax}}}}
train:
  epochs: {EPOCHS}
"""


def make_images(folder: Path) -> None:
    """Writes JPEGs with large shapes and some noise."""
    random = np.random.default_rng(0)
    for label in range(CLASSES):
        (folder / f"class{label}").mkdir(parents=True)
        for number in range(IMAGES // CLASSES):
            shapes = Image.fromarray(random.integers(0, 256, (4 + label, 5, 3), dtype=np.uint8))
            picture = np.asarray(shapes.resize((SIZE, SIZE), Image.Resampling.BICUBIC)).astype(np.int16)
            picture = np.clip(picture + random.integers(-12, 13, picture.shape), 0, 255).astype(np.uint8)
            Image.fromarray(picture).save(folder / f"class{label}" / f"{number:04}.jpg", quality=88)


def seconds_of(checkout: Path, spec: Path, work: Path, *settings: str) -> float:
    """The duration of `cnncli train` with the code of a checkout."""
    shutil.rmtree(work / "cache" / "features", ignore_errors=True)
    program = [sys.executable, "-m", "cnncli", "train", str(spec), "--runs-dir", str(work / "runs"), "--quiet"]
    for setting in settings:
        program += ["--set", setting]
    variables = {**os.environ, "PYTHONPATH": str(checkout), "CNNCLI_CACHE_DIR": str(work / "cache")}
    began = time.perf_counter()
    subprocess.run(program, check=True, capture_output=True, env=variables)
    return time.perf_counter() - began


def main(rounds: int, other: Path | None, strict: bool) -> bool:
    """Prints the figures; whether the limit is missed."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        make_images(work / "images")
        spec = work / "frozen.yaml"
        spec.write_text(SPEC.format(path=work / "images"))
        seconds_of(HERE, spec, work, "train.epochs=1")  # decodes the images
        features, through = [], []
        for number in range(rounds):
            features.append(seconds_of(HERE, spec, work))
            through.append(seconds_of(other, spec, work) if other else seconds_of(HERE, spec, work, "train.features=0"))
            print(
                f"round {number + 1}  features {features[-1]:.1f} s   through the backbone {through[-1]:.1f} s",
                flush=True,
            )
    ratio = statistics.median(features) / statistics.median(through)
    print(f"ratio {ratio:.3f}, at most {LIMIT}")
    return strict and ratio > LIMIT


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", nargs="?", type=int, default=3)
    parser.add_argument("--against", type=Path, help="another checkout of cnncli")
    parser.add_argument("--assert", dest="strict", action="store_true")
    given = parser.parse_args()
    sys.exit(main(given.rounds, given.against and given.against.absolute(), given.strict))
