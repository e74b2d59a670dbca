"""Peak memory of a training from image files, compared with a folder that links each of them four times.

    python benchmarks/memory.py --data FOLDER --assert

Memory must not grow with the number of files: with `data.cache: false` images are read batch by batch, and little more
than the name of a file stays in memory. Each training is a process of its own, `cnncli train` with a tiny network
and one epoch. Its peak is what the system reports when it ends (`ru_maxrss`), so everything counts: listing,
checking, hashing, splitting, shuffling, training, the test and the reports.

FOLDER contains class folders; without it small JPEGs are generated. The links are in a temporary folder, hard links
where possible, otherwise symbolic ones.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

TIMES = 4
ALLOWED = 1.15
CLASSES = 10

SPEC = """
name: memory
data:
  source: {{folder: {{path: {path}}}}}
  image: {{size: [32, 32], color: rgb}}
  split: {{test: 0.2, validation: 0.1}}
  cache: false
model:
  layers:
    - AveragePooling2D: {{pool_size: 8}}
    - Flatten
    - Dense: {{units: classes, activation: softmax}}
train: {{epochs: 1, batch_size: 256}}
"""


def make_images(folder: Path, images: int) -> None:
    """Writes small JPEGs of noise, all different."""
    random = np.random.default_rng(0)
    for number in range(images):
        file = folder / f"class_{number % CLASSES}" / f"{number:06}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        encoded = io.BytesIO()
        Image.fromarray(random.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(encoded, "JPEG", quality=80)
        file.write_bytes(encoded.getvalue())


def link_images(folder: Path, linked: Path, times: int) -> int:
    """Links every file `times` times into the same class folders; returns the number of links."""
    count = 0
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        place = linked / file.parent.relative_to(folder)
        place.mkdir(parents=True, exist_ok=True)
        for copy in range(times):
            try:
                os.link(file, place / f"{copy}_{file.name}")
            except OSError:  # another file system
                (place / f"{copy}_{file.name}").symlink_to(file.resolve())
            count += 1
    return count


def peak_of_training(data: Path, work: Path) -> tuple[float, float]:
    """Peak memory in MiB and seconds of one training."""
    config = work / "memory.yaml"
    config.write_text(SPEC.format(path=data), encoding="utf-8")
    command = [sys.executable, "-m", "cnncli", "train", str(config), "--runs-dir", str(work / "runs"), "--quiet"]
    began = time.perf_counter()
    with (work / "errors.txt").open("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"the training from {data} failed:\n{errors.read()}")
    size = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)  # bytes there, kibibytes elsewhere
    return size, time.perf_counter() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="folder with class folders; by default images are generated"
    )
    parser.add_argument("--images", type=int, default=50_000, help="number of generated images (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=1, help="trainings of each kind (default: %(default)s)")
    parser.add_argument("--assert", action="store_true", dest="required", help="exit 1 when memory grows too much")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        data = options.data or work / "images"
        if options.data is None:
            make_images(data, options.images)
        folders = {}
        for times in (1, TIMES):
            linked = work / f"linked_{times}"
            folders[linked] = link_images(data, linked, times)
        measured: dict[Path, list[tuple[float, float]]] = {folder: [] for folder in folders}
        for _ in range(options.rounds):
            for folder, figures in measured.items():
                figures.append(peak_of_training(folder, work))
    return report(list(folders.values()), list(measured.values()), options.required)


def report(counts: list[int], measured: list[list[tuple[float, float]]], required: bool) -> int:
    """Prints the medians and their ratio; returns the exit code."""
    print(f"{'files':>10}{'peak memory':>16}{'whole command':>16}")
    peaks = []
    for count, figures in zip(counts, measured, strict=True):
        peak, seconds = (statistics.median(values) for values in zip(*figures, strict=True))
        peaks.append(peak)
        print(f"{count:>10,}{peak:>12,.0f} MiB{seconds:>14.0f} s")
    ratio = peaks[1] / peaks[0]
    more = (peaks[1] - peaks[0]) * 2**20 / (counts[1] - counts[0])
    print(f"ratio {ratio:.3f}, at most {ALLOWED:.2f}; {more:,.0f} bytes for each additional file")
    return 1 if ratio > ALLOWED and required else 0


if __name__ == "__main__":
    sys.exit(main())
