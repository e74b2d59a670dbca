"""`cnncli train configs/mnist.yaml`, compared with the same network written by hand, in turn.

    python benchmarks/training.py [rounds] [--assert]

Prints medians of the epochs and of the whole command, and their ratios. Limits: 0.6 and 1.2.
"""

import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from cnncli.data.sources.published import mnist

HERE = Path(__file__).parent
QUIET = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}


def by_hand(folder):
    began = time.perf_counter()
    program = [sys.executable, str(HERE / "handwritten_mnist.py"), str(folder / "mnist.npz")]
    result = subprocess.run(program, capture_output=True, text=True, check=True, env=QUIET)
    return json.loads(result.stdout), time.perf_counter() - began


def with_cnncli(folder):
    began = time.perf_counter()
    config = str(HERE.parent / "configs" / "mnist.yaml")
    program = [sys.executable, "-m", "cnncli", "train", config, "--runs-dir", str(folder / "runs"), "--quiet"]
    result = subprocess.run(program, capture_output=True, text=True, check=True)
    whole = time.perf_counter() - began
    with (Path(result.stdout.strip()) / "history.csv").open() as file:
        return [float(row["seconds"]) for row in csv.DictReader(file)], whole


def main(rounds, strict):
    times = {by_hand: ([], []), with_cnncli: ([], [])}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keys = ("x_train", "y_train", "x_test", "y_test")
        np.savez(folder / "mnist.npz", **dict(zip(keys, mnist.arrays(), strict=True)))
        for number in range(rounds):
            for measure, (epochs, whole) in times.items():
                seconds, total = measure(folder)
                epochs.append(sum(seconds))
                whole.append(total)
                print(
                    f"round {number + 1}  {measure.__name__:<12} {' '.join(f'{s:.1f}' for s in seconds)}  {total:.1f}"
                )
    hand, ours = (tuple(map(statistics.median, times[measure])) for measure in (by_hand, with_cnncli))
    print(
        f"three epochs   by hand {hand[0]:.1f} s   cnncli {ours[0]:.1f} s   ratio {ours[0] / hand[0]:.2f}, at most 0.60"
    )
    print(
        f"whole command  by hand {hand[1]:.1f} s   cnncli {ours[1]:.1f} s   ratio {ours[1] / hand[1]:.2f}, at most 1.20"
    )
    return strict and (ours[0] > 0.6 * hand[0] or ours[1] > 1.2 * hand[1])


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    sys.exit(main(numbers[0] if numbers else 3, "--assert" in sys.argv))
