"""How often an interval at 95 % holds the true value: the mean coverage of every interval that an evaluation shows.

    python benchmarks/intervals.py [draws]

Wilson's is exact; averages and areas are drawn, 300 times by default, which gives it within 0.03. Limits: 0.9 on
average over the numbers of images, and 0.84 for each. Where nearly all images are right, averages have wide ones.
"""

import sys

import numpy as np
from scipy.stats import binom

from cnncli.insight.intervals import wilson
from cnncli.insight.measure import measure
from cnncli.records import Evaluation

SIZES = (20, 50, 100, 200, 500, 1000, 10_000)
LEAST = 100  # images from which on averages have an interval
SHARES = (0.7, 0.9, 0.95, 0.99)
SETTINGS = {"2 classes": (2, 1.8), "10 classes": (10, 2.5), "10 classes, good": (10, 5.0)}
FIGURES = ("accuracy", "macro_f1", "balanced_accuracy", "kappa", "mcc", "roc_auc", "pr_auc")
TRUE = 300_000


def covered_by_wilson(images):
    right = np.arange(images + 1)
    low, high = wilson(right, images)
    return [binom.pmf(right, images, share)[(low <= share) & (share <= high)].sum() for share in SHARES]


def drawn(random, images, classes, apart):
    """Scores and labels of a network that tells classes apart more or less well."""
    labels = random.integers(0, classes, images)
    scores = random.normal(size=(images, classes))
    scores[np.arange(images), labels] += apart
    return scores, labels


def measured(scores, labels):
    """By name: a figure and its interval."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
    names, images = tuple(map(str, range(scores.shape[1]))), tuple(map(str, range(len(labels))))
    found = measure(Evaluation("test", names, images, labels, probabilities, {}))
    return {name: (found.figures[name], found.intervals[name]) for name in FIGURES}


def main(draws="300"):
    print(f"{'':36}" + "".join(f"{size:>8,}" for size in SIZES))
    fine = True
    for share, row in zip(SHARES, zip(*map(covered_by_wilson, SIZES), strict=True), strict=True):
        print(f"{f'Wilson, {share}':36}" + "".join(f"{value:8.3f}" for value in row))
        fine &= np.mean(row) >= 0.9 and min(row) >= 0.84
    for setting, (classes, apart) in SETTINGS.items():
        random = np.random.default_rng(0)
        true = measured(*drawn(random, TRUE, classes, apart))
        rows = {name: [] for name in true}
        for size in (size for size in SIZES if size >= LEAST):
            held = dict.fromkeys(true, 0)
            number = int(draws) if size < 10_000 else int(draws) // 3
            for _ in range(number):
                for name, (_, (low, high)) in measured(*drawn(random, size, classes, apart)).items():
                    held[name] += low <= true[name][0] <= high
            for name in true:
                rows[name].append(held[name] / number)
        for name, row in rows.items():
            blanks = " " * 8 * (len(SIZES) - len(row))
            print(f"{f'{name}, {setting}':36}{blanks}" + "".join(f"{value:8.3f}" for value in row))
            fine &= np.mean(row) >= 0.9 and min(row) >= 0.84
    return not fine


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
