"""The estimate of `cnncli train --dry-run`, compared with the training itself.

    python benchmarks/preflight.py [--assert] [--epochs 3] [--data FOLDER]

Three trainings: MNIST from its arrays, photographs with a StridedNet and augmentation, and small JPEGs of 32×32 in
folders. Each is estimated with an empty cache, then trained, in processes of their own. The duration of an epoch and
the peak memory may differ by 30 %. The peak is what the system reports when the process ends (`ru_maxrss`), the
duration is the median of the epochs in `history.csv` after the first, in which steps are compiled.

FOLDER contains the four class folders of configs/caltech4_stridednet.yaml; without it images of noise are generated. On
a busy machine durations vary: `--rounds` repeats everything and takes medians.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

ROOT = Path(__file__).parent.parent
CALTECH = ("Faces", "Leopards", "Motorbikes", "airplanes")
ALLOWED = 0.3
MIB = 2**20


class Figures(NamedTuple):
    """Seconds of an epoch, peak memory in MiB and seconds of the whole command, estimated or measured."""

    epoch: float
    peak: float
    total: float


def make_images(folder: Path, names: tuple[str, ...], each: int, height: int, width: int) -> Path:
    """Writes a folder for each class with JPEGs of smooth noise, all different."""
    random = np.random.default_rng(0)
    for name in names:
        (folder / name).mkdir(parents=True)
        for number in range(each):
            coarse = random.integers(0, 256, (max(2, height // 8), max(2, width // 8), 3), dtype=np.uint8)
            encoded = io.BytesIO()
            Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR).save(encoded, "JPEG", quality=85)
            (folder / name / f"{number:05}.jpg").write_bytes(encoded.getvalue())
    return folder


def run(arguments: list[str], cache: Path) -> tuple[str, float, float]:
    """Output of a command, its peak memory in MiB, and its seconds."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "cnncli", "train", *arguments],
            stdout=out,
            env={**os.environ, "CNNCLI_CACHE_DIR": str(cache)},
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"cnncli train {' '.join(arguments)} exited with {process.returncode}")
        out.seek(0)
        peak = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)  # bytes there, kibibytes elsewhere
        return out.read(), peak, time.perf_counter() - began


def compare(config: list[str], work: Path) -> tuple[Figures, Figures]:
    """Estimates and measures one training."""
    with tempfile.TemporaryDirectory(dir=work) as name:
        arguments, cache = [*config, "--runs-dir", f"{name}/runs"], Path(name) / "cache"
        text, _, _ = run([*arguments, "--dry-run", "--json"], cache)
        values = json.loads(text)
        seconds = values["seconds"]
        estimate = Figures(seconds["stages"][0]["epoch"], values["memory"]["peak"] / MIB, seconds["total"])
        text, peak, whole = run([*arguments, "--quiet"], cache)
        with (Path(text.strip()) / "history.csv").open() as file:
            epochs = [float(row["seconds"]) for row in csv.DictReader(file)]
        return estimate, Figures(statistics.median(epochs[1:] or epochs), peak, whole)


def trainings(work: Path, data: Path | None) -> dict[str, list[str]]:
    """The arguments of each training."""
    photographs = data or make_images(work / "photographs", CALTECH, 400, 200, 300)
    small = make_images(work / "small", tuple(f"class_{number}" for number in range(10)), 1500, 32, 32)
    spec = work / "small.yaml"
    extends = f"extends: {ROOT / 'configs' / 'three_stage.yaml'}"
    spec.write_text(f"{extends}\ndata: {{source: {{folder: {{path: {small}}}}}}}\n", encoding="utf-8")
    return {
        "mnist": [str(ROOT / "configs" / "mnist.yaml")],
        "photographs": [
            str(ROOT / "configs" / "caltech4_stridednet.yaml"),
            "--set",
            f"data.source.folder.path={photographs}",
        ],
        "32×32": [str(spec)],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="photographs; by default images are generated")
    parser.add_argument("--epochs", type=int, default=3, help="epochs of each training (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=1, help="repetitions of everything (default: %(default)s)")
    parser.add_argument("--only", metavar="NAME", help="one of mnist, photographs, 32×32")
    parser.add_argument("--assert", action="store_true", dest="required", help="exit 1 when an estimate is too far off")
    options = parser.parse_args()
    far = False
    with tempfile.TemporaryDirectory() as name:
        for training, config in trainings(Path(name), options.data).items():
            if options.only in (None, training):
                config = [*config, "--set", f"train.epochs={options.epochs}"]
                rounds = [compare(config, Path(name)) for _ in range(options.rounds)]
                far |= report(training, rounds)
    return 1 if far and options.required else 0


def report(training: str, rounds: list[tuple[Figures, Figures]]) -> bool:
    """Prints the medians; returns whether an estimate is too far off."""
    estimates, measured = (
        Figures(*map(statistics.median, zip(*side, strict=True))) for side in zip(*rounds, strict=True)
    )
    off = {}
    for name, unit in (("epoch", "s"), ("peak", "MiB"), ("total", "s")):
        estimate, actual = getattr(estimates, name), getattr(measured, name)
        off[name] = abs(estimate / actual - 1)
        print(
            f"{training:<12} {name:<6} estimated {estimate:9,.1f} {unit:<4} measured {actual:9,.1f} {unit:<4} "
            f"ratio {estimate / actual:.2f}"
        )
    sys.stdout.flush()
    return max(off["epoch"], off["peak"]) > ALLOWED


if __name__ == "__main__":
    sys.exit(main())
