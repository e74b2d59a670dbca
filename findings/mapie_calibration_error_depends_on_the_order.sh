#!/usr/bin/env bash
# MAPIE finds a badly calibrated network nearly perfect, unless its images are sorted by confidence.
#
# One would expect: expected_calibration_error(split_strategy="array split") puts equally many images into each bin, by their
# confidence, and gives one number for one set of answers, about that of the strategy "quantile".
# What happens: it cuts the confidences into as many pieces in the order in which they are given, and takes the largest of
# each piece for a bound. In mixed order each piece has one near 1, so that almost all images are in the first bin, where too
# high and too low confidences cancel out: 0.00 in place of 0.14. Sorted by confidence, the same answers give the right
# number. "uniform" and "quantile" do not depend on the order.
# Why it matters: by this error methods of calibration are compared, and a network is trusted or not. Where the images are
# read class by class, or mixed, decides whether it says anything.
# Versions: mapie 1.6.0, scikit-learn 1.9.1, numpy 2.4.6, scipy 1.17.1, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q mapie==1.6.0 scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1

cat > "$folder/order.py" <<'PYTHON'
import sys

import numpy as np
from mapie.metrics.calibration import expected_calibration_error

random = np.random.default_rng(0)
images, bins = 6000, 15
confidence = random.uniform(0.5, 1, images)
accuracy = np.where(confidence > 0.75, confidence - 0.15, confidence + 0.15)  # off by 0.15 everywhere, both ways
right = (random.random(images) < accuracy).astype(int)


def by_definition():
    """Equally many images in each bin: the mean of |accuracy - confidence| over the bins."""
    order = np.array_split(np.argsort(confidence), bins)
    return np.mean([abs(right[part].mean() - confidence[part].mean()) for part in order])


orders = {
    "as they come": np.arange(images),
    "mixed anew": random.permutation(images),
    "sorted by confidence": np.argsort(confidence),
    "the other way round": np.argsort(-confidence),
}
seen = {
    strategy: [
        expected_calibration_error(right[order], confidence[order], num_bins=bins, split_strategy=strategy)
        for order in orders.values()
    ]
    for strategy in ("array split", "quantile", "uniform")
}
true = by_definition()
print(f"by the definition: {true:.3f}")
for strategy, errors in seen.items():
    print(f"{strategy}: " + ", ".join(f"{name} {error:.3f}" for name, error in zip(orders, errors)))
come, mixed, *in_order = seen["array split"]
wrong = max(come, mixed) < 0.02 and all(abs(error - true) < 0.02 for error in in_order)
steady = all(max(seen[name]) - min(seen[name]) < 1e-9 and seen[name][0] > 0.1 for name in ("quantile", "uniform"))
sys.exit(0 if wrong and steady and true > 0.1 else 1)
PYTHON
"$folder/venv/bin/python" "$folder/order.py" || { echo "changed"; exit 1; }
