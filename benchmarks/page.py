"""What the page of a run costs: the whole command of configs/mnist.yaml with it, in pairs with the one without it.

    python benchmarks/page.py                            # five pairs
    python benchmarks/page.py --rounds 3 --against OTHER_CHECKOUT

With `--against` each round has a third command, of another checkout with none of its files left out.

Prints the seconds of each command and the median of the ratios.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

PROGRAM = """
import sys
from cnncli.cli import main
from cnncli.report import artifacts
artifacts.ARTIFACTS = tuple(each for each in artifacts.ARTIFACTS if each.name not in sys.argv[1].split(","))
main(sys.argv[2:])
"""
"""cnncli without the artefacts that its first argument names."""


def seconds(checkout: Path, without: str, spec: str) -> float:
    """Trains in an empty folder of runs; returns how long the whole command took."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["train", str(ROOT / spec), "--quiet", "--runs-dir", folder]
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", PROGRAM, without, *command],
            check=True,
            env=os.environ | {"PYTHONPATH": str(checkout)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return time.perf_counter() - began


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--spec", default="configs/mnist.yaml")
    parser.add_argument("--against", type=Path, help="another checkout")
    arguments = parser.parse_args()
    kinds = {"with": (ROOT, ""), "without": (ROOT, "report.html")}
    if arguments.against:
        kinds["other"] = (arguments.against, "")
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    for number in range(arguments.rounds):
        order = list(kinds.items())
        for name, (checkout, without) in order if number % 2 == 0 else reversed(order):
            taken[name].append(seconds(checkout, without, arguments.spec))
        print("   ".join(f"{name} {taken[name][-1]:.2f} s" for name in kinds), flush=True)
    pairs = [("with", "without"), *([("without", "other"), ("with", "other")] if arguments.against else [])]
    for first, second in pairs:
        ratios = [one / other for one, other in zip(taken[first], taken[second], strict=True)]
        print(f"{first} / {second}: median {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")


if __name__ == "__main__":
    main()
