"""What the page of a run costs: the whole command of configs/mnist.yaml with it, in pairs with the one without it.

    python benchmarks/page.py                            # five pairs
    python benchmarks/page.py --rounds 3 --against OTHER_CHECKOUT

With `--against` each round has a third command, of another checkout with none of its files left out.

Prints the seconds of each command, those of its processors in brackets, and the medians of the ratios. While other
programs run, only the seconds of the processors say something.
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

ROOT = Path(__file__).resolve().parents[1]

PROGRAM = """
import sys
from cnncli.cli import main
from cnncli.report import artifacts
artifacts.ARTIFACTS = tuple(each for each in artifacts.ARTIFACTS if each.name not in sys.argv[1].split(","))
main(sys.argv[2:])
"""
"""cnncli without the artefacts that its first argument names."""


def seconds(checkout: Path, without: str, spec: str) -> tuple[float, float]:
    """Trains in an empty folder of runs; returns how long the whole command took, and its processors."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["train", str(ROOT / spec), "--quiet", "--runs-dir", folder]
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [sys.executable, "-P", "-c", PROGRAM, without, *command],
            check=True,
            env=os.environ | {"PYTHONPATH": str(checkout)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.perf_counter() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


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
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in kinds}
    for number in range(arguments.rounds):
        order = list(kinds.items())
        for name, (checkout, without) in order if number % 2 == 0 else reversed(order):
            taken[name].append(seconds(checkout, without, arguments.spec))
        print("   ".join("{} {:.2f} s ({:.2f} s)".format(name, *taken[name][-1]) for name in kinds), flush=True)
    pairs = [("with", "without"), *([("without", "other"), ("with", "other")] if arguments.against else [])]
    for first, second in pairs:
        for at, what in enumerate(("seconds", "of processors")):
            ratios = [one[at] / other[at] for one, other in zip(taken[first], taken[second], strict=True)]
            median, ends = statistics.median(ratios), f"{min(ratios):.3f} to {max(ratios):.3f}"
            print(f"{first} / {second}, {what}: median {median:.3f} ({ends})")


if __name__ == "__main__":
    main()
