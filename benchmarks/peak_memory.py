"""Peak memory of trainings whose images are held in memory, as a ratio against another checkout of cnncli.

    python benchmarks/peak_memory.py [--against CHECKOUT] [--rounds 1] [--assert] [--quick]

MNIST from the package, 50,000 images of CIFAR-10's size in an `.npz`, and 50,000 JPEGs of 32×32 through the cache of
decoded images; a tiny network, one epoch, each training a process of its own. A peak is what the system reports when it
ends (`ru_maxrss`). About 650 MB of it are TensorFlow as it is imported, half of that pages of its library.

With `--assert`, images may be in memory once: four times as many may add at most `ALLOWED` times their bytes, and for
each file `ALLOWED_PER_FILE` more, its name and what the lists of images say of it. In arrays images are there once more
while they are divided into splits.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from memory import make_images

HERE = Path(__file__).parent.parent
IMAGES, BYTES = 50_000, 32 * 32 * 3
ALLOWED, ALLOWED_PER_FILE = 1.5, 2_500

SPEC = """
name: peak
data:
  source: {source}
  split: {{test: 0.2, validation: 0.1}}
{image}
model:
  layers:
    - AveragePooling2D: {{pool_size: 4}}
    - Flatten
    - Dense: {{units: classes, activation: softmax}}
train: {{epochs: 1, batch_size: 256}}
"""


def peak(checkout: Path, spec: Path, work: Path) -> float:
    """Megabytes at the peak of a training."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "CNNCLI_CACHE_DIR": str(work / "cache")}
    command = [sys.executable, "-P", "-m", "cnncli", "train", str(spec), "--runs-dir", str(work / "runs"), "--quiet"]
    with (work / "errors.txt").open("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{checkout}: the training of {spec.name} failed:\n{errors.read()}")
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def specs(work: Path, images: int) -> dict[str, Path]:
    """The specs of the trainings; four times as many images and a quarter of them, for what an image costs."""
    random = np.random.default_rng(0)
    found = {"MNIST": (HERE / "configs" / "mnist.yaml")}
    for name, count in (("arrays, a quarter", images // 4), ("arrays", images)):
        file = work / f"{count}.npz"
        pixels = random.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        np.savez(file, images=pixels, labels=np.arange(count) % 10)
        found[name] = work / f"arrays-{count}.yaml"
        found[name].write_text(SPEC.format(source=f"{{arrays: {{path: {file}}}}}", image=""), encoding="utf-8")
    image = "  image: {size: [32, 32], color: rgb}"
    for name, count in (("JPEGs, a quarter", images // 4), ("JPEGs", images)):
        make_images(work / f"files-{count}", count)
        found[name] = work / f"files-{count}.yaml"
        source = f"{{folder: {{path: {work / f'files-{count}'}}}}}"
        found[name].write_text(SPEC.format(source=source, image=image), encoding="utf-8")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="another checkout of cnncli")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="a few images, to see whether everything runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument("--assert", action="store_true", dest="required", help="exit 1 when images are held twice")
    options = parser.parse_args()
    images = 800 if options.quick else IMAGES
    checkouts = {"this": HERE} | ({"other": options.against.resolve()} if options.against else {})
    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for what, spec in specs(work, images).items():
            peaks: dict[str, list[float]] = {which: [] for which in checkouts}
            for _ in range(options.rounds):
                for which, checkout in checkouts.items():
                    peaks[which].append(peak(checkout, spec, work))
            figures[what] = {which: statistics.median(values) for which, values in peaks.items()}
            line = f"{what}, {figures[what]['this']:,.0f} MB"
            if options.against:
                figures[what]["ratio"] = figures[what]["this"] / figures[what]["other"]
                line += f", another checkout {figures[what]['other']:,.0f} MB: ratio {figures[what]['ratio']:.2f}"
            print(line, flush=True)
    added = images * 3 / 4 * BYTES / 1e6
    is_wrong = False
    for what in ("arrays", "JPEGs"):
        times = (figures[what]["this"] - figures[f"{what}, a quarter"]["this"]) / added
        figures[what]["times the bytes of the images"] = times
        print(f"{what}, what {added:,.0f} MB of images more add, of their size: ratio {times:.2f}")
        is_wrong |= times > ALLOWED + (ALLOWED_PER_FILE / BYTES if what == "JPEGs" else 0)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 1 if is_wrong and options.required and not options.quick else 0


if __name__ == "__main__":
    sys.exit(main())
