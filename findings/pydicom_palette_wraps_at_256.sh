#!/usr/bin/env bash
# pydicom's apply_color_lut gives wrong colours where a palette of 8-bit colours has more than 256 entries.
#
# One would expect: entry 300 of a palette of 512 entries is the colour for the pixel value 300.
# What happens: the pixel values are first copied into an array of the type of the colours, so those of 8-bit colours
# wrap at 256: 300 gets the colour of 44, without an error or a warning. Palettes of 16-bit colours are right.
# Why it matters: ultrasound and nuclear medicine use such palettes; bright and dark change places in the picture.
# Versions: pydicom 3.0.2, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pydicom==3.0.2 numpy==2.4.6

"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut

pixels = np.array([[0, 100, 300, 511]], np.uint16)
entries = np.arange(512) // 2
shown = {}
for bits, kind in ((8, np.uint8), (16, "<u2")):
    dataset = Dataset()
    for color in ("Red", "Green", "Blue"):
        setattr(dataset, f"{color}PaletteColorLookupTableDescriptor", [512, 0, bits])
        setattr(dataset, f"{color}PaletteColorLookupTableData", entries.astype(kind).tobytes())
    shown[bits] = apply_color_lut(pixels, dataset)[0, :, 0].tolist()
    print(f"colours of {bits} bits: {shown[bits]}; expected {entries[pixels[0]].tolist()}")
sys.exit(0 if shown[16] == entries[pixels[0]].tolist() and shown[8] == [0, 50, 22, 127] else 1)
PYTHON
