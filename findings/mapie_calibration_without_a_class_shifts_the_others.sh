#!/usr/bin/env bash
# Where no calibration image has class 3, MAPIE takes the probabilities of class 3 for those of 4, 4 for 5, and so on.
#
# One would expect: VennAbersCalibrator(classifier, cv="prefit") of ten classes, given calibration images of nine, refuses, or
# leaves the tenth uncalibrated; the answers for the other nine stay what they were, a little better calibrated.
# What happens: it numbers the classes that occur among the calibration images, and takes these numbers for columns of the
# classifier's probabilities. All classes behind the missing one are calibrated with the probabilities of a neighbour, and
# `predict` then looks the answer up in the list of all ten. There are nine columns of probabilities, which add up to 1.
# Why it matters: a rare class is missing from a small calibration set sooner or later. If it is the last one, all is well; if
# it is the first, each class has another one's probabilities. Accuracy falls silently, or seems to be the calibration's price.
# Versions: mapie 1.6.0, scikit-learn 1.9.1, numpy 2.4.6, scipy 1.17.1, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q mapie==1.6.0 scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1

cat > "$folder/missing.py" <<'PYTHON'
import sys

import numpy as np
from mapie.calibration import VennAbersCalibrator
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

pixels, labels = load_digits(return_X_y=True)  # 1,797 handwritten digits, 8×8 pixels; they come with scikit-learn
pixels = pixels / 16
classifier = LogisticRegression(max_iter=5000).fit(pixels[:700], labels[:700])
calibration = np.arange(700, 1100)
test = np.arange(1100, len(labels))


def calibrated(missing):
    """Accuracy on the test images of the classes that calibration knows, before and after it, and the columns given."""
    used = calibration[labels[calibration] != missing]
    known = test[labels[test] != missing]
    calibrator = VennAbersCalibrator(classifier, cv="prefit").fit(pixels[used], labels[used])
    probabilities = calibrator.predict_proba(pixels[known])
    assert np.allclose(probabilities.sum(1), 1)
    before = classifier.score(pixels[known], labels[known])
    return before, np.mean(calibrator.predict(pixels[known]) == labels[known]), probabilities.shape[1]


seen = {missing: calibrated(missing) for missing in (None, 9, 3, 0)}
for missing, (before, after, columns) in seen.items():
    print(f"calibrated without class {missing}: {before:.3f} before, {after:.3f} after, {columns} columns")
near = all(seen[missing][1] > seen[missing][0] - 0.06 for missing in (None, 9))
fallen = all(seen[missing][1] < seen[missing][0] - 0.1 for missing in (3, 0))
sys.exit(0 if near and fallen and [columns for *_, columns in seen.values()] == [10, 9, 9, 9] else 1)
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/missing.py" || { echo "changed"; exit 1; }
