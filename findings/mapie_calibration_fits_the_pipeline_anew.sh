#!/usr/bin/env bash
# MAPIE calibrates a finished pipeline, and afterwards the pipeline itself has forgotten how to classify.
#
# One would expect: VennAbersCalibrator(pipeline, cv="prefit"), for a classifier that is trained already, uses the images that
# `fit` receives for calibration alone, as its documentation says and as TopLabelCalibrator of the same module does.
# What happens: it fits all steps but the last to those images, and does so in the pipeline that it was given. The last step
# keeps its weights, which belong to the former features: behind a PCA the axes are other ones, and of 90 % right answers
# some 10 % are left, in the calibrated answers and in the pipeline's own. Behind a scaler nearly nothing is to be seen.
# Why it matters: the pipeline is saved, or compared with its calibrated self, after the call; nothing warns, the
# probabilities look as they should, and a test with a scaler passes. A bare classifier on features is the way around.
# Versions: mapie 1.6.0, scikit-learn 1.9.1, numpy 2.4.6, scipy 1.17.1, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q mapie==1.6.0 scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1

cat > "$folder/calibrate.py" <<'PYTHON'
import sys

import numpy as np
from mapie.calibration import TopLabelCalibrator, VennAbersCalibrator
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

pixels, labels = load_digits(return_X_y=True)  # 1,797 handwritten digits, 8×8 pixels; they come with scikit-learn
train, calibration, test = slice(0, 700), slice(700, 1100), slice(1100, None)


def accuracies(first, calibrator):
    """Of the pipeline before and after its calibration, and of the calibrated answers, on the test images."""
    pipeline = make_pipeline(first, LogisticRegression(max_iter=5000)).fit(pixels[train], labels[train])
    before = pipeline.score(pixels[test], labels[test])
    calibrated = calibrator(pipeline, cv="prefit").fit(pixels[calibration], labels[calibration])
    right = np.mean(calibrated.predict(pixels[test]) == labels[test])
    return before, pipeline.score(pixels[test], labels[test]), right


seen = {}
for first in (PCA(20, svd_solver="full"), StandardScaler()):
    for calibrator in (VennAbersCalibrator, TopLabelCalibrator):
        names = type(first).__name__, calibrator.__name__
        seen[names] = before, after, calibrated = accuracies(first, calibrator)
        print(f"{', '.join(names)}: {before:.3f} before, {after:.3f} after, calibrated {calibrated:.3f}")
spoilt = seen.pop(("PCA", "VennAbersCalibrator"))
kept = all(abs(accuracy - before) < 0.05 for before, *others in seen.values() for accuracy in others)
sys.exit(0 if spoilt[0] > 0.85 and max(spoilt[1:]) < 0.5 and kept else 1)
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/calibrate.py" || { echo "changed"; exit 1; }
