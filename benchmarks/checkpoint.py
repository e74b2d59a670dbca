"""The cost of checkpoints: trainings with and without them, in turn, in one process.

    python benchmarks/checkpoint.py [rounds] [--assert]

Two trainings: configs/mnist.yaml, whose epochs are short, and two epochs of configs/caltech4_stridednet.yaml on 1,600
random images, whose checkpoint is large (32 MB). Prints the median duration of all epochs, the median of the paired
ratios, and the share of the time spent on saving. Limit: 3 %.
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


def random_images(folder):
    random = np.random.default_rng(0)
    arrays = {}
    for split, count in (("train", 1600), ("test", 40)):
        arrays[f"x_{split}"] = random.integers(0, 256, (count, 96, 96, 3)).astype(np.uint8)
        arrays[f"y_{split}"] = np.arange(count) % 4
    np.savez(folder / "images.npz", **arrays)
    return folder / "images.npz"


def measured(spec, folder, saving):
    """Seconds of all epochs, with what is written after each, and the seconds of them spent on saving."""
    spent = {"epochs": 0.0, "saving": 0.0}
    kind = session.TrainingSession
    originals = kind._train_epochs, kind.save

    def train_epochs(self):
        began = time.perf_counter()
        originals[0](self)
        spent["epochs"] = time.perf_counter() - began

    def save(self):
        began = time.perf_counter()
        if saving:
            originals[1](self)
        spent["saving"] += time.perf_counter() - began

    kind._train_epochs, kind.save = train_epochs, save
    try:
        train(spec, folder)
    finally:
        kind._train_epochs, kind.save = originals
    return spent


def main(rounds, strict):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images = random_images(folder)
        strided = (
            f"data.source={{arrays: {{path: {images}}}}}",
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
            with_checkpoints, without = [], []
            for number in range(rounds):
                for saving, times in [(True, with_checkpoints), (False, without)][:: 1 if number % 2 else -1]:
                    times.append(measured(spec, folder / "runs", saving))
            times = [[spent["epochs"] for spent in each] for each in (with_checkpoints, without)]
            ratio = statistics.median(a / b for a, b in zip(*times, strict=True))
            share = statistics.median(spent["saving"] / spent["epochs"] for spent in with_checkpoints)
            worst = max(worst, share)
            medians = [f"{statistics.median(seconds):6.2f} s" for seconds in times]
            print(
                f"{title:<25} with {medians[0]}   without {medians[1]}   "
                f"ratio {ratio:.3f}   saving {share:.2%}, at most {ALLOWED - 1:.0%}",
                flush=True,
            )
    return strict and worst > ALLOWED - 1


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    sys.exit(main(numbers[0] if numbers else 3, "--assert" in sys.argv))
