"""What checkpoints cost: trainings with them against trainings without, in turn, in one process.

    python benchmarks/checkpoint.py [rounds] [--assert]

Two trainings: configs/mnist.yaml, whose epochs are short, and two epochs of configs/caltech4_stridednet.yaml on 1,600
drawn pictures, whose checkpoint is large (32 MB). Prints the medians of all epochs together, the median of the paired
ratios, and the time that was spent in saving. Allowed: 1.03.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from cnncli.runner.train import train
from cnncli.runner.training import session
from cnncli.spec import load

CONFIGS = Path(__file__).parent.parent / "configs"
ALLOWED = 1.03


def drawn_pictures(folder):
    draws = np.random.default_rng(0)
    arrays = {}
    for split, count in (("train", 1600), ("test", 40)):
        arrays[f"x_{split}"] = draws.integers(0, 256, (count, 96, 96, 3)).astype(np.uint8)
        arrays[f"y_{split}"] = np.arange(count) % 4
    np.savez(folder / "pictures.npz", **arrays)
    return folder / "pictures.npz"


def measured(spec, folder, saving):
    """Seconds of all epochs with what is written after each, and those of them spent in saving."""
    spent = {"epochs": 0.0, "saving": 0.0}
    kind = session.TrainingSession
    originals = kind._train_epochs, kind._save

    def train_epochs(self):
        began = time.perf_counter()
        originals[0](self)
        spent["epochs"] = time.perf_counter() - began

    def save(self):
        began = time.perf_counter()
        if saving:
            originals[1](self)
        spent["saving"] += time.perf_counter() - began

    kind._train_epochs, kind._save = train_epochs, save
    try:
        train(spec, folder)
    finally:
        kind._train_epochs, kind._save = originals
    return spent


def main(rounds, strict):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = drawn_pictures(folder)
        strided = (
            f"data.source={{arrays: {{path: {pictures}}}}}",
            "data.classes=null",
            "data.image.size=null",
            "data.split={validation: 0.05}",
            "train.epochs=2",
        )
        specs = {
            "mnist.yaml": load(CONFIGS / "mnist.yaml").spec,
            "caltech4_stridednet.yaml": load(CONFIGS / "caltech4_stridednet.yaml", strided).spec,
        }
        worst = 0.0
        for title, spec in specs.items():
            with_them, without = [], []
            for number in range(rounds):
                for saving, found in [(True, with_them), (False, without)][:: 1 if number % 2 else -1]:
                    found.append(measured(spec, folder / "runs", saving))
            times = [[spent["epochs"] for spent in found] for found in (with_them, without)]
            ratio = statistics.median(a / b for a, b in zip(*times, strict=True))
            share = statistics.median(spent["saving"] / spent["epochs"] for spent in with_them)
            worst = max(worst, share)
            medians = [f"{statistics.median(seconds):6.2f} s" for seconds in times]
            print(
                f"{title:<25} with {medians[0]}   without {medians[1]}   "
                f"ratio {ratio:.3f}   in saving {share:.2%}, at most {ALLOWED - 1:.0%}",
                flush=True,
            )
    return strict and worst > ALLOWED - 1


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    sys.exit(main(numbers[0] if numbers else 3, "--assert" in sys.argv))
