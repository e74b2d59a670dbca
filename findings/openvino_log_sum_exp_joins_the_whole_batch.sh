#!/usr/bin/env bash
# OpenVINO answers with one number for a whole batch where an ONNX file takes the log-sum-exp of each picture's logits.
#
# One would expect: ReduceLogSumExp over axis 1 (the "energy" by which unknown pictures are told from known ones, or the
# last part of a written-out log_softmax) gives one number for each picture, as ReduceMax and ReduceSum in the same file do.
# What happens: in files of opset 13 to 17 OpenVINO does not read the axes of this operation, which are an attribute there and
# an input only from opset 18 on, and reduces over everything, batch and all. The shape fits the next operation, which
# repeats the number, so that a log_softmax with it runs without a word: its probabilities add up to 1 over the batch.
# Why it matters: with one picture at a time all is right; with more each probability is too small by the others' share, the
# order of the classes stays, accuracy too, and what hangs on confidences (thresholds, energies) is wrong.
# Versions: openvino 2026.4.1, onnx 1.23.2, numpy 2.4.6, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q openvino==2026.4.1 onnx==1.23.2 numpy==2.4.6

cat > "$folder/energy.py" <<'PYTHON'
import sys

import numpy as np
import openvino
from onnx import TensorProto, checker, helper, numpy_helper

random = np.random.default_rng(0)
logits = random.normal(0, 3, (4, 10)).astype(np.float32)
core = openvino.Core()


def sums_of_probabilities(opset, pictures):
    """For each picture, of exp(logits - log-sum-exp) as OpenVINO computes it; 1 if right."""
    if opset < 18:
        energy = helper.make_node("ReduceLogSumExp", ["logits"], ["energy"], axes=[1], keepdims=1)
    else:
        energy = helper.make_node("ReduceLogSumExp", ["logits", "axes"], ["energy"], keepdims=1)
    nodes = [
        energy,
        helper.make_node("Sub", ["logits", "energy"], ["logarithms"]),
        helper.make_node("Exp", ["logarithms"], ["probabilities"]),
    ]
    graph = helper.make_graph(
        nodes,
        "head",
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 10])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 10])],
        [numpy_helper.from_array(np.array([1]), "axes")] if opset >= 18 else [],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    checker.check_model(model, full_check=True)
    file = core.read_model(model.SerializeToString())
    network = core.compile_model(file, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    probabilities = network(logits[:pictures])[0]
    true = np.exp(logits[:pictures] - np.log(np.exp(logits[:pictures]).sum(1, keepdims=True)))
    sums = [round(float(each), 3) for each in probabilities.sum(1)]
    return sums, bool(np.abs(probabilities - true).max() < 1e-5), np.array_equal(probabilities.argmax(1), true.argmax(1))


seen = []
for opset, pictures in (15, 1), (15, 4), (18, 4):
    sums, right, same_order = sums_of_probabilities(opset, pictures)
    print(f"opset {opset}, {pictures} pictures: probabilities add up to {sums}, the largest is the same class: {same_order}")
    seen.append((right, round(sum(sums), 2)))
sys.exit(0 if seen == [(True, 1.0), (False, 1.0), (True, 4.0)] else 1)
PYTHON
"$folder/venv/bin/python" "$folder/energy.py" || { echo "changed"; exit 1; }
