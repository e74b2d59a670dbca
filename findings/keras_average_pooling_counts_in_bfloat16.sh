#!/usr/bin/env bash
# Under mixed_bfloat16 the average of a large window is a power of two, whatever is averaged.
#
# One would expect: AveragePooling2D over the whole map gives what GlobalAveragePooling2D gives, to the 3 digits that
# bfloat16 has; both are "the mean", and mixed precision is said to be safe for bfloat16.
# What happens: on a processor the sum over the window, and the number of its pixels, are counted in bfloat16. The number
# stands still at 256, the sum at a power of two. From 32×32 pixels on the layer knows 0.5, 1 and 2 only: means of 0.55
# and of 0.95 are both 1. At 8×8, the end of a small ResNet, it is off by 4 %, ten times the rounding of bfloat16.
# GlobalAveragePooling2D adds in float32 and is right at every size.
# Why it matters: loss and gradients stay finite, float32 shows nothing, and the one layer is replaced by the other in many
# models. (oneDNN, which some processors use instead, is switched off here, so that the result is everywhere the same.)
# Versions: tensorflow 2.21.0, keras 3.15.1, numpy 2.4.6, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6

cat > "$folder/pool.py" <<'PYTHON'
import sys

import keras
import numpy as np

random = np.random.default_rng(0)


def pooled(layer, images):
    """What the layer gives inside a model, as float64, shape (images, channels)."""
    model = keras.Sequential([keras.Input(images.shape[1:]), layer, keras.layers.Reshape((-1,), dtype="float32")])
    return model.predict(images, verbose=0).astype(np.float64)


seen = {}
for size in (8, 32, 64):
    images = (np.linspace(0.3, 1.1, 9) + random.uniform(-0.01, 0.01, (1, size, size, 9))).astype(np.float32)
    images = np.array(keras.ops.cast(keras.ops.cast(images, "bfloat16"), "float32"))  # exact in bfloat16
    true = images.mean((1, 2), dtype=np.float64)
    for policy in ("mixed_bfloat16", "float32"):
        window = pooled(keras.layers.AveragePooling2D(size, dtype=policy), images)
        whole = pooled(keras.layers.GlobalAveragePooling2D(dtype=policy), images)
        off = [np.abs(answer / true - 1).max() for answer in (window, whole)]
        seen[size, policy] = *off, set(window.flat)
        few = sorted(map(float, seen[size, policy][2])) if len(seen[size, policy][2]) < 4 else "many values"
        print(f"{size}×{size} {policy}: means of {true.min():.2f} to {true.max():.2f}")
        print(f"  AveragePooling2D off by {off[0]:.1%} ({few}), GlobalAveragePooling2D by {off[1]:.2%}")
right = all(whole < 0.004 for _, whole, _ in seen.values())
right = right and all(off < 1e-5 for (_, policy), (off, _, _) in seen.items() if policy == "float32")
powers = all(seen[size, "mixed_bfloat16"][2] <= {0.5, 1, 2} for size in (32, 64))
sys.exit(0 if right and powers and seen[8, "mixed_bfloat16"][0] > 0.02 else 1)
PYTHON
export TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES= TF_ENABLE_ONEDNN_OPTS=0
"$folder/venv/bin/python" "$folder/pool.py" 2> "$folder/log" || { tail -n 5 "$folder/log"; echo "changed"; exit 1; }
