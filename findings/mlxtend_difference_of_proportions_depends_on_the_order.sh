#!/usr/bin/env bash
# mlxtend's test of two accuracies gives p = 0.004 in one order of the classifiers, and 0.996 in the other.
#
# One would expect: proportion_difference(0.80, 0.88, n), offered to test the hypothesis that two classifiers are equally
# good, gives one p-value, whichever of them is named first, as mcnemar and cochrans_q of the same module do.
# What happens: it is the probability of z or less. With the better classifier second it is half of the two-sided value, so
# that a difference by chance passes a bound of 0.05 twice as often; with the better one first it is near 1, and no
# difference, however large, is ever found. Two equal accuracies have p = 0.5, not 1.
# Why it matters: a table of p-values for all pairs of models has zeros on one side of the diagonal and ones on the other,
# and whoever compares "old, new" learns less about a new model that is worse than about one that is better.
# Versions: mlxtend 0.25.0, scipy 1.17.1, scikit-learn 1.9.1, numpy 2.4.6, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q mlxtend==0.25.0 scipy==1.17.1 scikit-learn==1.9.1 numpy==2.4.6

cat > "$folder/compare.py" <<'PYTHON'
import sys

import numpy as np
from mlxtend.evaluate import mcnemar, mcnemar_table, proportion_difference
from scipy.stats import norm

images = 300


def two_sided(first, second):
    """z with each proportion's own variance, and p in both directions together."""
    z = (first - second) / np.sqrt((first * (1 - first) + second * (1 - second)) / images)
    return z, 2 * norm.sf(abs(z))


def same(a, b):
    return bool(abs(a - b) < 1e-9)


holds = []
for first, second in (0.80, 0.88), (0.88, 0.80), (0.5, 0.99), (0.99, 0.5), (0.8, 0.8):
    z, p = proportion_difference(first, second, images)
    true_z, true_p = two_sided(first, second)
    print(f"{first} and {second} of {images}: z {z:.2f}, p {p:.4f}; two-sided p {true_p:.4f}")
    holds.append(same(z, true_z) and same(p, true_p / 2 if first <= second else 1 - true_p / 2))

labels = np.zeros(images, int)
worse, better = (np.arange(images) >= round(images * accuracy) for accuracy in (0.80, 0.88))
orders = [mcnemar(mcnemar_table(labels, *pair))[1] for pair in ((worse, better), (better, worse))]
print(f"mcnemar in both orders: {orders[0]:.2e}, {orders[1]:.2e}")

random = np.random.default_rng(0)
accuracies = random.binomial(images, 0.85, (4000, 2)) / images
below = np.mean([proportion_difference(*sorted(pair), images)[1] < 0.05 for pair in accuracies])
print(f"equally good classifiers, the luckier one second: p < 0.05 in {below:.1%}")
sys.exit(0 if all(holds) and same(*orders) and 0.08 < below < 0.12 else 1)
PYTHON
"$folder/venv/bin/python" "$folder/compare.py" || { echo "changed"; exit 1; }
