#!/usr/bin/env bash
# onnxoptimizer changes the answers of a ResNet V2, and not those of a ResNet V1.
#
# One would expect: its passes keep what a network computes. A layer of zeros around the features, followed by a
# MaxPool, can be put into the MaxPool as its padding.
# What happens: a MaxPool's own padding is minus infinity, not zero. Behind a ReLU nothing changes, since no feature is below
# zero. The stem of ResNet V2 has no ReLU: there the zeros win at the border, and without them the border is another.
# The pass moves them all the same, as do tools that call it.
# Why it matters: V1, VGG and most own networks come out equal to the bit, so that the step passes its test; V2 has the same
# shapes and nearly the same answers, different at the border of every picture.
# Versions: onnxoptimizer 0.4.2, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnxoptimizer==0.4.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

cat > "$folder/stem.py" <<'PYTHON'
import sys

import numpy as np
import onnxoptimizer
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper

random = np.random.default_rng(0)
images = random.random((2, 3, 32, 32)).astype(np.float32)
kernel = random.normal(0, 0.1, (8, 3, 7, 7)).astype(np.float32)
kernel -= kernel.mean() + 0.02  # features below zero are the rule
session_options = onnxruntime.SessionOptions()
session_options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL


def stem(with_relu):
    """7×7 convolution with stride 2, a ReLU or not, zeros around, 3×3 maximum with stride 2, means of the channels."""
    features = "positive" if with_relu else "features"
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["features"], strides=[2, 2], pads=[3, 3, 3, 3]),
        helper.make_node("Relu", ["features"], ["positive"]),
        helper.make_node("Pad", [features, "around"], ["padded"]),
        helper.make_node("MaxPool", ["padded"], ["pooled"], kernel_shape=[3, 3], strides=[2, 2]),
        helper.make_node("GlobalAveragePool", ["pooled"], ["means"]),
    ]
    graph = helper.make_graph(
        nodes if with_relu else nodes[:1] + nodes[2:],
        "stem",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, images.shape)],
        [helper.make_tensor_value_info("means", TensorProto.FLOAT, [2, 8, 1, 1])],
        [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(np.array([0, 0, 1, 1] * 2), "around")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def computed(model):
    checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), session_options)
    return session.run(None, {"image": images})[0][..., 0, 0]


def by_numpy(with_relu):
    padded = np.pad(images, ((0, 0), (0, 0), (3, 3), (3, 3)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (7, 7), (2, 3))[:, :, ::2, ::2]
    features = np.einsum("oikl,nihwkl->nohw", kernel, windows, optimize=True)
    features = np.pad(np.maximum(features, 0) if with_relu else features, ((0, 0), (0, 0), (1, 1), (1, 1)))
    return np.lib.stride_tricks.sliding_window_view(features, (3, 3), (2, 3))[:, :, ::2, ::2].max((4, 5)).mean((2, 3))


seen = []
for name, with_relu in ("V1, with ReLU", True), ("V2, without", False):
    model, true = stem(with_relu), by_numpy(with_relu)
    optimized = onnxoptimizer.optimize(model, ["fuse_pad_into_pool"])
    default = onnxoptimizer.optimize(model)
    off = [float(np.abs(computed(each) - true).max()) for each in (model, optimized, default)]
    print(
        f"{name}: means of {true.min():.2f} to {true.max():.2f}, off by {off[0]:.1e} before, {off[1]:.1e} after "
        f"fuse_pad_into_pool, {off[2]:.1e} after the default passes"
    )
    seen.append([difference < 1e-4 for difference in off[:2]])
sys.exit(0 if seen == [[True, True], [True, False]] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/stem.py" 2> "$folder/log" || { tail -n 5 "$folder/log"; echo "changed"; exit 1; }
