#!/usr/bin/env bash
# onnxslim takes a factor that belongs to one output of a network, and multiplies the other one by it, too.
#
# One would expect: it removes what a network does not need, and the answers stay. A factor behind a layer, such as 1 ÷
# temperature, can be put into the layer's weights where nothing else reads the layer.
# What happens: for Gemm, Reshape, Mul by a constant, it asks whether the Reshape has one reader, not whether the Gemm has.
# A network that gives both probabilities and, in groups, calibrated ones, gives the former by the divided logits. And
# behind a Conv any factor with one long axis counts as one for channels: a window over the columns of a picture is put
# into the channels where the picture has as many columns as channels, and is left alone at every other width.
# Why it matters: no word and the same shapes; the order of the classes stays, only confidences change. A test with one output,
# or with another width, finds nothing. Its option model_check, off by default, is what compares the answers.
# Versions: onnxslim 0.1.98, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnxslim==0.1.98 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

cat > "$folder/branches.py" <<'PYTHON'
import sys

import numpy as np
import onnxruntime
import onnxslim
from onnx import TensorProto, checker, helper, numpy_helper

random = np.random.default_rng(0)
session_options = onnxruntime.SessionOptions()
session_options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL


def normal(*shape):
    return random.normal(size=shape).astype(np.float32)


def differences(nodes, image, outputs, constants):
    """For each output the greatest difference that onnxslim makes. `outputs` has their shapes, by name."""
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, image.shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(np.asarray(values), name) for name, values in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    answers = []
    for file in (model, onnxslim.slim(model)):
        session = onnxruntime.InferenceSession(file.SerializeToString(), session_options)
        answers.append(session.run(None, {"image": image}))
    return [float(np.abs(before - after).max()) for before, after in zip(*answers)]


def two_outputs(reader):
    """Features → 12 logits of 3 questions with 4 answers each; one output of logits, one of logits ÷ temperature."""
    nodes = [
        helper.make_node("Gemm", ["image", "weights", "bias"], ["logits"], transB=1),
        helper.make_node("Reshape", ["logits", "groups"], ["grouped"]),
        helper.make_node("Mul", ["grouped", "coldness"], ["cooled"]),
        helper.make_node("Softmax", ["cooled"], ["calibrated"], axis=2),
        *([helper.make_node(reader, ["logits"], ["other"])] if reader else []),
    ]
    constants = {"weights": normal(12, 8), "bias": normal(12), "groups": [2, 3, 4], "coldness": np.float32(0.25)}
    return differences(
        nodes, normal(2, 8), {"calibrated": (2, 3, 4)} | ({"other": (2, 12)} if reader else {}), constants
    )


def window(channels, columns):
    """A convolution, and its features multiplied by a window that fades towards the left and right ends of the rows."""
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["features"], pads=[1, 1, 1, 1]),
        helper.make_node("Mul", ["features", "window"], ["faded"]),
    ]
    constants = {"kernel": normal(channels, 3, 3, 3), "window": np.hanning(columns + 2)[1:-1].astype(np.float32)}
    return differences(nodes, normal(1, 3, columns, columns), {"faded": (1, channels, columns, columns)}, constants)


alone = two_outputs(None)
print(f"calibrated alone: differs by {alone[0]:.4f}")
beside = {reader: two_outputs(reader) for reader in ("Softmax", "Sigmoid")}
for reader, (calibrated, other) in beside.items():
    print(f"calibrated and {reader} of the logits: {calibrated:.4f} and {other:.4f}")
widths = {
    (channels, columns): window(channels, columns)[0] for channels, columns in ((16, 12), (16, 16), (16, 20), (20, 20))
}
for (channels, columns), difference in widths.items():
    print(f"window over {columns} columns, {channels} channels: differs by {difference:.4f}")
kept = alone[0] < 1e-4 and all(calibrated < 1e-4 for calibrated, _ in beside.values())
changed = all(other > 0.05 for _, other in beside.values())
only_equal = all((difference > 0.5) == (channels == columns) for (channels, columns), difference in widths.items())
sys.exit(0 if kept and changed and only_equal else 1)
PYTHON
"$folder/venv/bin/python" "$folder/branches.py" 2> "$folder/log" || { tail -n 5 "$folder/log"; echo "changed"; exit 1; }
