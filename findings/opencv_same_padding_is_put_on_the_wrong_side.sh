#!/usr/bin/env bash
# OpenCV computes a strided convolution of an ONNX file wrongly where the file says "same" instead of the numbers.
#
# One would expect: auto_pad=SAME_UPPER of ONNX is TensorFlow's padding="same". A kernel of 3 with a stride of 2 on 32 pixels
# needs one column of zeros, at the end. Written as pads=[0, 0, 1, 1] it is the same operation.
# What happens: both engines of OpenCV 5 read SAME_UPPER as one row and column on either side, and every output lies one pixel
# too far left and up. The shape is right, there is no word, and odd sizes such as 31 pixels, where the padding is even,
# come out right. MaxPool and AveragePool do the same. With the numbers in the file OpenCV is right.
# Why it matters: converters write the numbers where height and width are known, and SAME_UPPER where they are free; so one
# network answers well in OpenCV when it was exported with a fixed size, and worse in each of its strided layers else.
# Versions: opencv-python-headless 5.0.0.93, onnx 1.23.2, numpy 2.4.6, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q opencv-python-headless==5.0.0.93 onnx==1.23.2 numpy==2.4.6

cat > "$folder/same.py" <<'PYTHON'
import sys

import cv2
import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

random = np.random.default_rng(0)
kernel = random.normal(size=(5, 3, 3, 3)).astype(np.float32)


def computed(operation, image, engine, **padding):
    """What OpenCV computes of a file with one operation, 3×3, stride 2."""
    size, channels = (image.shape[2] + 1) // 2, 5 if operation == "Conv" else 3
    inputs = ["image", "kernel"] if operation == "Conv" else ["image"]
    node = helper.make_node(operation, inputs, ["features"], kernel_shape=[3, 3], strides=[2, 2], **padding)
    graph = helper.make_graph(
        [node],
        "network",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, image.shape)],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, channels, size, size])],
        [numpy_helper.from_array(kernel, "kernel")] if operation == "Conv" else [],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model, full_check=True)
    network = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8), engine)
    network.setInput(image)
    return network.forward()


def right(operation, image, before, after):
    """The same by NumPy, with so many pixels of padding before and after."""
    fill = -np.inf if operation == "MaxPool" else 0
    padded = np.pad(image[0], ((0, 0), (before, after), (before, after)), constant_values=fill)
    count = np.pad(np.ones_like(image[0]), ((0, 0), (before, after), (before, after)))
    windows = [np.lib.stride_tricks.sliding_window_view(a, (3, 3), (1, 2))[:, ::2, ::2] for a in (padded, count)]
    if operation == "MaxPool":
        return windows[0].max((3, 4))[None]
    if operation == "AveragePool":
        return (windows[0].sum((3, 4)) / windows[1].sum((3, 4)))[None]
    return np.einsum("oikl,ihwkl->ohw", kernel, windows[0])[None]


seen = set()
for engine in ("ENGINE_CLASSIC", "ENGINE_NEW"):
    for operation in ("Conv", "MaxPool", "AveragePool"):
        for pixels, before in (32, 0), (31, 1):
            image = random.random((1, 3, pixels, pixels)).astype(np.float32)
            numbers = [before, before, 1, 1]
            expected = right(operation, image, before, 1)
            differences = [
                np.abs(computed(operation, image, getattr(cv2.dnn, engine), **padding) - expected).max()
                for padding in ({"pads": numbers}, {"auto_pad": "SAME_UPPER"})
            ]
            numbered, named = (f"{difference:.1e}" for difference in differences)
            print(f"{engine} {operation}, {pixels} pixels: off by {numbered} with numbers, {named} with SAME_UPPER")
            seen.add((pixels, differences[0] < 1e-4, differences[1] < 1e-4))
            if pixels == 32:
                shifted = right(operation, image, 1, 1)[..., : expected.shape[2], : expected.shape[3]]
                moved = computed(operation, image, getattr(cv2.dnn, engine), auto_pad="SAME_UPPER")
                seen.add(("moved by one pixel", bool(np.abs(moved - shifted).max() < 1e-4)))
sys.exit(0 if seen == {(32, True, False), (31, True, True), ("moved by one pixel", True)} else 1)
PYTHON
"$folder/venv/bin/python" "$folder/same.py" 2> "$folder/log" || { tail -n 5 "$folder/log"; echo "changed"; exit 1; }
