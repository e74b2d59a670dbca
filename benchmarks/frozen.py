"""A head on a frozen MobileNetV2, the whole command, compared with the same training through the backbone in turn.

    python benchmarks/frozen.py [rounds] [--against CHECKOUT] [--assert]
    python benchmarks/frozen.py 1 --against CHECKOUT --few 1 4 --keep FOLDER --json FILE

2,000 images of 224 pixels in JPEG files, 20 epochs; the backbone has random weights, which are as much work as trained
ones. Each training starts with an empty cache for features; decoded images are there. Compared is with
`train.features: 0`, or with another checkout of cnncli. Prints the seconds of each command, and the median of the
rounds' ratios; the limit is 0.15.

Through the backbone 20 epochs take minutes. With `--few 1 4` it trains one epoch and then four, and the time of 20 is
the straight line through both. `--keep` leaves images and their cache in a folder, and `--json` adds each round to
those that a file has: five rounds may then be five calls.
"""

from __future__ import annotations

import argparse
import json
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
    program = [sys.executable, "-P", "-m", "cnncli", "train", str(spec), "--runs-dir", str(work / "runs"), "--quiet"]
    for setting in settings:
        program += ["--set", setting]
    variables = {**os.environ, "PYTHONPATH": str(checkout), "CNNCLI_CACHE_DIR": str(work / "cache")}
    began = time.perf_counter()
    subprocess.run(program, check=True, capture_output=True, env=variables)
    return time.perf_counter() - began


def through_backbone(other: Path | None, spec: Path, work: Path, few: list[int] | None) -> float:
    """The duration of a training of all epochs through the backbone, measured or expected from two shorter ones."""

    def seconds(epochs: int) -> float:
        keys = [f"train.epochs={epochs}", *(["train.features=0"] if other is None else [])]
        return seconds_of(other or HERE, spec, work, *keys)

    if few is None:
        return seconds(EPOCHS)
    short, long = map(seconds, few)
    return short + (long - short) / (few[1] - few[0]) * (EPOCHS - few[0])


def prepared(work: Path, other: Path | None) -> Path:
    """The spec of images in a folder, which are decoded there."""
    spec = work / "frozen.yaml"
    if not spec.exists():
        make_images(work / "images")
        spec.write_text(SPEC.format(path=work / "images"))
        for checkout in {HERE, other or HERE}:
            seconds_of(checkout, spec, work, "train.epochs=1")
    return spec


def main(options: argparse.Namespace) -> bool:
    """Prints the figures; whether the limit is missed."""
    other: Path | None = options.against and options.against.absolute()
    rounds = json.loads(options.json.read_text()) if options.json and options.json.exists() else []
    with tempfile.TemporaryDirectory() as name:
        work = options.keep.absolute() if options.keep else Path(name)
        spec = prepared(work, other)
        for _ in range(options.rounds):
            one = {
                "features": seconds_of(HERE, spec, work),
                "backbone": through_backbone(other, spec, work, options.few),
            }
            rounds.append(one)
            print(f"features {one['features']:.1f} s   through the backbone {one['backbone']:.1f} s", flush=True)
            if options.json:
                options.json.write_text(json.dumps(rounds, indent=2) + "\n", encoding="utf-8")
    ratio = statistics.median(each["features"] / each["backbone"] for each in rounds)
    print(f"ratio {ratio:.3f} in {len(rounds)} rounds, at most {LIMIT}")
    return options.strict and ratio > LIMIT


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", nargs="?", type=int, default=3)
    parser.add_argument("--against", type=Path, help="another checkout of cnncli")
    parser.add_argument("--assert", dest="strict", action="store_true")
    parser.add_argument("--few", nargs=2, type=int, metavar="EPOCHS", help="epochs to expect the time of all from")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="for images and what is decoded of them")
    parser.add_argument("--json", type=Path, metavar="FILE", help="of all rounds so far, to which these are added")
    sys.exit(main(parser.parse_args()))
