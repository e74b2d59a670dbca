#!/usr/bin/env bash
# A 95 % interval of macro-F1 is more than twice too wide with two classes, and fails in two of five cases with fifty.
#
# One would expect: confidenceinterval's default interval, by a published formula, holds the true macro-F1 in about 95 of
# 100 test sets, as its intervals of macro precision do for 2 to 20 classes, and narrows as images are added.
# What happens: a product of the formula is a sum in the package. The interval is as wide as the number of classes makes it:
# 2.4 times what is needed for 2 classes, two thirds of it for 20, under a half for 50. Its F1 itself is right.
# Why it matters: of two networks with two classes none ever seems better; with many classes differences that are chance
# look sure. The bootstrap of the same package is right, and nothing says that the two differ.
# Versions: confidenceinterval 1.0.5, scikit-learn 1.9.1, numpy 2.4.6, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q confidenceinterval==1.0.5 scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1 pandas==3.1.1

cat > "$folder/coverage.py" <<'PYTHON'
import sys

import numpy as np
from confidenceinterval import f1_score, precision_score

random = np.random.default_rng(0)


def judged(score, classes, images, test_sets=300):
    """Mean width ÷ the width that 1.96 standard deviations of the score need, and the share of intervals that hold it."""
    scores, ends = [], []
    for _ in range(test_sets):
        labels = random.integers(0, classes, images)
        answers = np.where(random.random(images) < 0.8, labels, random.integers(0, classes, images))
        value, interval = score(labels, answers, average="macro")
        scores.append(value)
        ends.append(interval)
    low, high = np.array(ends).T
    true = np.mean(scores)
    return (high - low).mean() / (2 * 1.96 * np.std(scores)), np.mean((low < true) & (true < high))


seen = {}
for classes, images in (2, 400), (20, 1000), (50, 2000):
    seen[classes] = judged(f1_score, classes, images)
    print(f"macro-F1, {classes} classes: {seen[classes][0]:.2f} times the width needed, holds in {seen[classes][1]:.0%}")
control = judged(precision_score, 2, 400)
print(f"macro precision, 2 classes: {control[0]:.2f} times the width needed, holds in {control[1]:.0%}")

labels = np.arange(400) % 2
answers = np.where(random.random(400) < 0.8, labels, 1 - labels)
widths = [
    np.diff(f1_score(labels, answers, average="macro", **method)[1]).item()
    for method in ({}, {"method": "bootstrap_percentile", "n_resamples": 2000})
]
print(f"one test set of 2 classes: width {widths[0]:.3f} by the formula, {widths[1]:.3f} by the package's bootstrap")
wide = seen[2][0] > 2 and seen[2][1] > 0.99 and widths[0] > 1.8 * widths[1]
narrow = seen[20][1] < 0.9 and seen[50][1] < 0.7
sys.exit(0 if wide and narrow and abs(control[0] - 1) < 0.2 else 1)
PYTHON
"$folder/venv/bin/python" "$folder/coverage.py" || { echo "changed"; exit 1; }
