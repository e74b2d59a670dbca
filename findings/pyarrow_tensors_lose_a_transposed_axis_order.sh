#!/usr/bin/env bash
# pyarrow stores a batch of pictures turned to channels first, and cannot give it back.
#
# One would expect: an array of images that numpy turned from (n, height, width, 3) to (n, 3, height, width), stored as a
# FixedShapeTensorArray and read back by to_numpy_ndarray, is the same array. Its documentation describes how the order of
# the axes is kept ("permutation"), so that a turned array needs no copy.
# What happens: storing succeeds, in Parquet, too. Of the order, the inverse is read: that makes no difference where two
# axes changed places, and all where three did, as in the usual turn. Reading 32×32 pixels with 3 channels then raises
# ArrowInvalid, "strides must not involve buffer over run"; where height, width and channels are equal, as in features of
# 8×8 with 8 channels, it gives an array of the right shape with its axes in another order, without a word.
# Why it matters: the file is complete and of the right size; that it cannot be read is found when training begins.
# numpy.ascontiguousarray before storing is the way around, and reading `storage` the rescue.
# Versions: pyarrow 26.0.1, numpy 2.4.6, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pyarrow==26.0.1 numpy==2.4.6

cat > "$folder/tensors.py" <<'PYTHON'
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def read_back(pixels):
    """What a Parquet file gives back of an array of images."""
    path = f"{sys.argv[1]}/images.parquet"
    pq.write_table(pa.table({"image": pa.FixedShapeTensorArray.from_numpy_ndarray(pixels)}), path)
    column = pq.read_table(path)["image"].chunk(0)
    numbers = column.storage.flatten().to_numpy()
    assert np.array_equal(numbers, np.ravel(pixels, order="K")), "the numbers in the file are all there"
    try:
        found = column.to_numpy_ndarray()
    except pa.ArrowInvalid as error:
        return str(error)
    if np.array_equal(found, pixels):
        return "the same"
    orders = [order for order in ((0, 2, 3, 1), (0, 3, 1, 2)) if np.array_equal(found.transpose(order), pixels)]
    return f"shape {found.shape}, axes in another order" if orders else f"shape {found.shape}, other numbers"


random = np.random.default_rng(0)
pictures = random.integers(0, 256, (6, 32, 32, 3), np.uint8)
features = random.random((6, 8, 8, 8), np.float32)
seen = {
    "pictures as they are": read_back(pictures),
    "height and width changed": read_back(pictures.transpose(0, 2, 1, 3)),
    "channels first": read_back(pictures.transpose(0, 3, 1, 2)),
    "channels first, copied": read_back(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))),
    "features, channels first": read_back(features.transpose(0, 3, 1, 2)),
}
for name, result in seen.items():
    print(f"{name}: {result}")
expected = ["the same", "the same", "strides must not involve buffer over run", "the same"]
expected += ["shape (6, 8, 8, 8), axes in another order"]
sys.exit(0 if list(seen.values()) == expected else 1)
PYTHON
"$folder/venv/bin/python" "$folder/tensors.py" "$folder" || { echo "changed"; exit 1; }
