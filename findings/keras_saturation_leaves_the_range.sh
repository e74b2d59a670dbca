#!/usr/bin/env bash
# Keras' RandomSaturation turns pixels of 0 to 255 into pixels of -500, or of -60,000.
#
# One would expect: RandomSaturation(factor) with its default value_range of [0, 255] keeps the pixels in that range, as its
# neighbours RandomBrightness, RandomContrast and RandomHue do, and changes a picture of 0 to 255 as it changes the same one
# of 0 to 1 with value_range=[0, 1].
# What happens: it multiplies the saturation, which is a share from 0 to 1 whatever the range of the pixels, and limits it
# to the value_range. With [0, 1] that is right; with [0, 255], the default, it limits nothing. Where the share comes above
# 1 the darker channels go below zero: at a factor of 0.75 as far as -510, at 1.0, "fully saturated", to some -65,000. A
# single number such as factor=1.0 draws from all factors up to it. RandomColorJitter does the same.
# Why it matters: factors up to 0.5 only pale a picture and are right, as are pixels of 0 to 1; beyond, a batch has outliers
# that move the statistics of BatchNormalization, and a look at the pictures, which clips, shows saturated colours.
# Versions: tensorflow 2.21.0, keras 3.15.1, numpy 2.4.6, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6

cat > "$folder/saturate.py" <<'PYTHON'
import sys

import keras
import numpy as np

random = np.random.default_rng(0)
pixels = random.integers(0, 256, (16, 32, 32, 3)).astype(np.float32)


def ends(layer, scale):
    """The least and the greatest pixel that the layer gives, as if its pixels were 0 to 255."""
    changed = np.array(layer(pixels / 255 * scale, training=True)) * 255 / scale
    return float(changed.min()), float(changed.max())


seen = {}
for factor in ((0.25, 0.25), (0.5, 0.5), (0.75, 0.75), (1.0, 1.0), 1.0):
    for scale in (255, 1):
        layer = keras.layers.RandomSaturation(factor, value_range=(0, scale), seed=1)
        seen[factor, scale] = ends(layer, scale)
    low, high = seen[factor, 255]
    print(f"factor {factor}: {low:.0f} to {high:.0f}; as pixels of 0 to 1: {'%.0f to %.0f' % seen[factor, 1]}")
default = ends(keras.layers.RandomSaturation((0.75, 0.75), seed=1), 255)
jitter = ends(keras.layers.RandomColorJitter(saturation_factor=(0.75, 0.75), seed=1), 255)
others = {
    "RandomBrightness": ends(keras.layers.RandomBrightness(0.9, seed=1), 255),
    "RandomContrast": ends(keras.layers.RandomContrast(0.9, seed=1), 255),
    "RandomHue": ends(keras.layers.RandomHue(0.9, seed=1), 255),
}
print(f"factor 0.75 without value_range: {'%.0f to %.0f' % default}; RandomColorJitter: {'%.0f to %.0f' % jitter}")
print("others: " + ", ".join(f"{name} {low:.0f} to {high:.0f}" for name, (low, high) in others.items()))


def kept(low, high):
    return low > -0.1 and high < 255.1


right = [kept(*found) for (_, scale), found in seen.items() if scale == 1] + [kept(*found) for found in others.values()]
right += [kept(*seen[factor, 255]) for factor in ((0.25, 0.25), (0.5, 0.5))]
wrong = seen[(0.75, 0.75), 255][0] < -400 and max(default[0], jitter[0]) < -400 and seen[(1.0, 1.0), 255][0] < -50_000
sys.exit(0 if all(right) and wrong and not kept(*seen[1.0, 255]) else 1)
PYTHON
export TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES=
"$folder/venv/bin/python" "$folder/saturate.py" 2> "$folder/log" || { tail -n 5 "$folder/log"; echo "changed"; exit 1; }
