#!/usr/bin/env bash
# A network whose convolution weights are NaN trains on with a steady, finite loss.
#
# One would expect: NaN weights give a NaN loss, so that watching the loss (Keras' TerminateOnNaN) finds a network that
# has blown up.
# What happens: with oneDNN on (TensorFlow's default on most Intel processors, a setting elsewhere), a graph fuses
# convolution, bias and ReLU into one operation, and that ReLU turns NaN into 0. The activations are all 0, so the loss
# stands at ln(classes), finite for ever: TerminateOnNaN never ends the training. Eager execution, XLA and
# TF_ENABLE_ONEDNN_OPTS=0 all give NaN for the same weights.
# Why it matters: a diverged run looks like one that merely does not learn. Only a look at the weights tells them apart.
# Versions: tensorflow 2.21.0, keras 3.15.1, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6

cat > "$folder/train.py" <<'PYTHON'
import math
import sys

import keras
import numpy as np

classes = 10
inputs = keras.Input((8, 8, 3))
outputs = keras.layers.Conv2D(4, 3, activation="relu", name="convolution")(inputs)
outputs = keras.layers.Flatten()(outputs)
outputs = keras.layers.Dense(classes, activation="softmax")(outputs)
model = keras.Model(inputs, outputs)
kernel, bias = model.get_layer("convolution").get_weights()
model.get_layer("convolution").set_weights([np.full_like(kernel, np.nan), bias])  # as after a step that overflowed

random = np.random.default_rng(0)
images = random.random((256, 8, 8, 3), dtype=np.float32)
labels = np.arange(256) % classes
model.compile(keras.optimizers.SGD(1e-3), "sparse_categorical_crossentropy")
history = model.fit(images, labels, epochs=3, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()])
loss = history.history["loss"]
broken = not np.isfinite(model.get_layer("convolution").get_weights()[0]).all()
print(f"epochs trained: {len(loss)} of 3; loss: {loss}; ln(classes) = {math.log(classes):.4f}; NaN in the weights: {broken}")
hidden = len(loss) == 3 and all(abs(value - math.log(classes)) < 0.1 for value in loss) and broken
sys.exit(0 if hidden == (sys.argv[1] == "hidden") else 1)
PYTHON

export TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES=
status=0
for expected in hidden:1 seen:0; do
    echo "TF_ENABLE_ONEDNN_OPTS=${expected#*:} (expected: NaN ${expected%:*})"
    TF_ENABLE_ONEDNN_OPTS=${expected#*:} "$folder/venv/bin/python" "$folder/train.py" "${expected%:*}" 2> "$folder/log" \
        || { echo "changed:"; tail -3 "$folder/log"; status=1; }
done
exit $status
