"""The cost of trackers: trainings with TensorBoard and MLflow and without, in turn, in one process.

    python benchmarks/trackers.py [rounds] [epochs] [http://localhost:5000] [--assert]

Trains a small network on 20,000 random images of 32×32 pixels, for 24 epochs of a second by default. Prints the median
duration of all epochs, the median of the paired ratios, and what the end of the training costs in seconds; without an
address there is only TensorBoard. Limit: 2 % of the epochs. A server on the same machine should give way, as one
elsewhere does: start it with `nice -n 19 mlflow server`, in a shell of its own after `echo 19 > /proc/$$/autogroup`.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import cnncli

ALLOWED = 1.02
LAYERS = [
    {"Conv2D": {"filters": 16, "kernel_size": 3, "activation": "relu"}},
    "MaxPooling2D",
    {"Conv2D": {"filters": 32, "kernel_size": 3, "activation": "relu"}},
    "GlobalAveragePooling2D",
    {"Dense": {"units": "classes", "activation": "softmax"}},
]


class Clock(cnncli.TrainingObserver):
    """Seconds from the start to the last epoch."""

    def on_start(self, *more):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, best):
        self.seconds = time.perf_counter() - self.began


def spec_of(folder, track, epochs):
    random = np.random.default_rng(0)
    arrays = {}
    for split, count in (("train", 20_000), ("test", 200)):
        arrays[f"y_{split}"] = np.arange(count) % 4
        arrays[f"x_{split}"] = random.integers(0, 256, (count, 32, 32, 3)).astype(np.uint8)
    if not (folder / "images.npz").exists():
        np.savez(folder / "images.npz", **arrays)
    return cnncli.load_spec(
        {
            "name": "trackers",
            "data": {"source": {"arrays": {"path": str(folder / "images.npz")}}},
            "model": {"layers": LAYERS},
            "train": {"epochs": epochs, "batch_size": 64},
            "track": track,
        }
    )


def main(rounds, length, address, strict):
    trackers = ["TensorBoard", *([{"MLflow": {"tracking_uri": address}}] if address else [])]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        specs = {True: spec_of(folder, trackers, length), False: spec_of(folder, [], length)}
        cnncli.train(spec_of(folder, [], 1), folder / "runs")  # starts TensorFlow
        epochs, ends = {True: [], False: []}, {True: [], False: []}
        for number in range(rounds):
            for tracked in (True, False)[:: 1 if number % 2 else -1]:
                clock = Clock()
                cnncli.train(specs[tracked], folder / "runs", [clock])
                epochs[tracked].append(clock.seconds)
                ends[tracked].append(time.perf_counter() - clock.began - clock.seconds)
            print(f"pair {number + 1}: {epochs[False][-1]:.2f} s without, {epochs[True][-1]:.2f} s with", flush=True)
    ratios = [with_them / without for with_them, without in zip(epochs[True], epochs[False], strict=True)]
    ratio = statistics.median(ratios)
    print(f"epochs: {statistics.median(epochs[False]):.2f} s without, {statistics.median(epochs[True]):.2f} s with")
    print(f"ratio:  {ratio:.3f} ({min(ratios):.3f} to {max(ratios):.3f}, {rounds} pairs), at most {ALLOWED}")
    print(f"end:    {statistics.median(ends[False]):.2f} s without, {statistics.median(ends[True]):.2f} s with")
    return int(strict and ratio > ALLOWED)


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--assert"]
    numbers = [int(word) for word in words if word.isdigit()]
    pairs, length = numbers + [5, 24][len(numbers) :]
    server = next((word for word in words if not word.isdigit()), "")
    sys.exit(main(pairs, length, server, "--assert" in sys.argv))
