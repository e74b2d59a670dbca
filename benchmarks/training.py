"""`cnncli train configs/mnist.yaml`, compared with the same network written by hand, in turn.

    python benchmarks/training.py [rounds] [--torch PYTHON] [--assert]

Prints medians of the epochs and of the whole command, and their ratios. Limits: 0.6 and 1.2. PYTHON is an interpreter
that has PyTorch, which then trains the same network as well, as it is and compiled (`pytorch_mnist.py`).
"""

import argparse
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


def pytorch(python, *options):
    def measure(folder):
        began = time.perf_counter()
        program = [python, str(HERE / "pytorch_mnist.py"), str(folder / "mnist.npz"), *options]
        result = subprocess.run(program, capture_output=True, text=True, check=True)
        return json.loads(result.stdout), time.perf_counter() - began

    return measure


def with_cnncli(folder):
    began = time.perf_counter()
    config = str(HERE.parent / "configs" / "mnist.yaml")
    program = [sys.executable, "-m", "cnncli", "train", config, "--runs-dir", str(folder / "runs"), "--quiet"]
    result = subprocess.run(program, capture_output=True, text=True, check=True)
    whole = time.perf_counter() - began
    with (Path(result.stdout.strip()) / "history.csv").open() as file:
        return [float(row["seconds"]) for row in csv.DictReader(file)], whole


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", nargs="?", type=int, default=3)
    parser.add_argument("--torch", metavar="PYTHON", help="interpreter that has PyTorch")
    parser.add_argument("--assert", action="store_true", dest="required", help="exit 1 when a limit is exceeded")
    options = parser.parse_args()
    ways = {"by hand": by_hand, "cnncli": with_cnncli}
    if options.torch:
        ways |= {"PyTorch": pytorch(options.torch), "PyTorch compiled": pytorch(options.torch, "--compile")}
    epochs, whole = {way: [] for way in ways}, {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keys = ("x_train", "y_train", "x_test", "y_test")
        np.savez(folder / "mnist.npz", **dict(zip(keys, mnist.arrays(), strict=True)))
        for number in range(options.rounds):
            for way, measure in ways.items():
                seconds, total = measure(folder)
                epochs[way].append(sum(seconds))
                whole[way].append(total)
                print(f"round {number + 1}  {way:<17} {' '.join(f'{s:.1f}' for s in seconds)}  {total:.1f}", flush=True)
    missed = False
    for what, taken, limit in (("three epochs", epochs, 0.6), ("whole command", whole, 1.2)):
        for way in ways:
            if way == "cnncli" or (what == "whole command" and way != "by hand"):
                continue
            ratio = statistics.median(ours / theirs for ours, theirs in zip(taken["cnncli"], taken[way], strict=True))
            medians = f"{way} {statistics.median(taken[way]):.1f} s, cnncli {statistics.median(taken['cnncli']):.1f} s"
            print(f"{what}, {medians}: ratio {ratio:.2f}" + (f", at most {limit:.2f}" if way == "by hand" else ""))
            missed |= way == "by hand" and ratio > limit
    return 1 if missed and options.required else 0


if __name__ == "__main__":
    sys.exit(main())
