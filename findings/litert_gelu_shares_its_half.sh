#!/usr/bin/env bash
# A network with GELU is exported to LiteRT, unless another layer halves the same features.
#
# One would expect: whether an operation can be exported depends on the operation. A sum of GELU(x) and 0.7 x is
# exported, so a sum of GELU(x) and 0.5 x is, too.
# What happens: LiteRT has no error function, only a GELU. The converter recognises it by its pattern, x · 0.5 · erfc(…).
# Where another layer computes 0.5 x, the two products become one, the pattern is no longer found, and the conversion
# ends with "Custom ops: Erfc".
# Why it matters: a test that exports each layer on its own finds nothing; a factor somewhere else in the network decides.
# Versions: tensorflow 2.21.0, keras 3.15.1, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q tensorflow==2.21.0 keras==3.15.1 numpy==2.4.6

cat > "$folder/export.py" <<'PYTHON'
import sys

import keras
import numpy as np


def exported(factor):
    image = keras.Input((8, 8, 4), name="image")
    features = keras.layers.Conv2D(4, 3, padding="same")(image)
    parts = [keras.layers.Activation("gelu")(features), keras.layers.Rescaling(factor)(features)]
    model = keras.Model(image, keras.layers.Add()(parts))
    model.predict(np.zeros((1, 8, 8, 4), np.float32), verbose=0)
    try:
        model.export(f"{sys.argv[1]}/{factor}.tflite", format="litert", verbose=False)
    except Exception as error:
        return "lacks Erfc" if "Custom ops: Erfc" in str(error) else repr(error)
    return "exported"


seen = {factor: exported(factor) for factor in (0.7, 0.5)}
for factor, result in seen.items():
    print(f"GELU(x) + {factor} x: {result}")
sys.exit(seen != {0.7: "exported", 0.5: "lacks Erfc"})
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" "$folder/export.py" "$folder" 2> "$folder/log" || {
    tail -n 20 "$folder/log"
    exit 1
}
