"""Time and memory of reading many image files, as ratios against another checkout of cnncli.

    python benchmarks/image_files.py --against CHECKOUT [--rounds 5] [--folders 1000] [--files 10]
    python benchmarks/image_files.py --against CHECKOUT --doctor FOLDER

Without `--doctor`: JPEGs of 200×300 in class folders, of which a tiny network is trained for one epoch, first with an
empty cache of decoded images, then with a filled one. With `--doctor`: `cnncli data FOLDER`. The two checkouts take
turns, each command is a process of its own, and what is printed are the medians of the ratios between neighbours.
"Peak" is the resident memory that the system reports when the process ends.
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
from collections.abc import Iterator
from pathlib import Path

from memory import SPEC
from preflight import make_images

HERE = Path(__file__).parent.parent


def measured(checkout: Path, arguments: list[str], cache: Path) -> tuple[float, float]:
    """Seconds and peak memory in MB of a command; an exit code of 1 means that the doctor has found something."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "CNNCLI_CACHE_DIR": str(cache)}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "cnncli", *arguments], env=environment, cwd=checkout, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{checkout}: {' '.join(arguments)} ended with {process.returncode}")
    return time.perf_counter() - began, usage.ru_maxrss / 1000


def starts(checkout: Path, spec: Path, work: Path) -> Iterator[tuple[str, tuple[float, float]]]:
    """A first start, which decodes every image, and a second."""
    cache, runs = work / "cache", work / "runs"
    command = ["train", str(spec), "--runs-dir", str(runs), "--quiet"]
    for start in ("first start", "cached start"):
        yield start, measured(checkout, command, cache)
    shutil.rmtree(cache)
    shutil.rmtree(runs)


def main() -> None:
    """Runs the rounds and prints a line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, required=True, help="another checkout of cnncli")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folders", type=int, default=1000)
    parser.add_argument("--files", type=int, default=10, help="files in each folder")
    parser.add_argument("--doctor", type=Path, metavar="FOLDER", help="measure `cnncli data FOLDER` instead")
    given = parser.parse_args()
    checkouts = {"other": given.against.resolve(), "this": HERE}
    figures: dict[str, dict[str, list[tuple[float, float]]]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        spec = work / "files.yaml"
        if given.doctor is None:
            classes = tuple(f"class_{number:05}" for number in range(given.folders))
            make_images(work / "images", classes, given.files, 200, 300)
            spec.write_text(SPEC.replace("cache: false", "cache: true").format(path=work / "images"), encoding="utf-8")
        for number in range(given.rounds):
            for which in sorted(checkouts, reverse=number % 2 == 1):
                checkout = checkouts[which]
                if given.doctor is None:
                    results = starts(checkout, spec, work)
                else:
                    results = iter([("doctor", measured(checkout, ["data", str(given.doctor.resolve())], work))])
                for name, result in results:
                    figures.setdefault(name, {}).setdefault(which, []).append(result)
            print(f"round {number + 1} of {given.rounds}", file=sys.stderr, flush=True)
    for name, of in figures.items():
        pairs = list(zip(of["this"], of["other"], strict=True))
        for index, unit in ((0, "s"), (1, "MB")):
            this, other = (statistics.median(each[index] for each in of[which]) for which in ("this", "other"))
            ratio = statistics.median(one[index] / two[index] for one, two in pairs)
            print(
                f"{name:13} {'time' if unit == 's' else 'peak'} {this:8.2f} {unit:2} against {other:8.2f}: {ratio:.3f}"
            )


if __name__ == "__main__":
    main()
