#!/usr/bin/env bash
# imagecodecs gives other pixels for a JPEG 2000 with a colour profile than for the same pixels without one.
#
# One would expect: a decoder returns the numbers in the file and leaves its ICC profile alone, as Pillow does for the same
# file.
# What happens: jpeg2k_decode converts the pixels of a JP2 by the profile in its box `colr`. The bare codestream, which
# has no boxes, gives the numbers that were stored. The file here has a profile in which red and blue change places.
# Why it matters: whoever applies the profile afterwards converts twice, and a data set of several formats is converted
# in one of them alone.
# Versions: imagecodecs 2026.3.6, numpy 2.4.6, Pillow 13.0.0, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q imagecodecs==2026.3.6 numpy==2.4.6 pillow==13.0.0

cat > "$folder/decode.py" <<'PYTHON'
import sys

import imagecodecs
import numpy as np
from PIL import ImageCms

profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
profile = profile.replace(b"rXYZ", b"tXYZ").replace(b"bXYZ", b"rXYZ").replace(b"tXYZ", b"bXYZ")
stored = np.full((16, 16, 3), (200, 50, 20), np.uint8)
plain = imagecodecs.jpeg2k_encode(stored, level=0, codecformat="jp2")

at = plain.index(b"colr") - 4
size = int.from_bytes(plain[at : at + 4])
box = (len(profile) + 11).to_bytes(4) + b"colr\2\0\0" + profile
header = plain.index(b"jp2h") - 4
longer = int.from_bytes(plain[header : header + 4]) + len(box) - size
tagged = plain[:header] + longer.to_bytes(4) + plain[header + 4 : at] + box + plain[at + size :]

files = {"without": plain, "with": tagged, "codestream of it": tagged[tagged.index(b"\xff\x4f\xff\x51") :]}
pixels = {name: imagecodecs.jpeg2k_decode(data)[8, 8].tolist() for name, data in files.items()}
print(f"stored {stored[0, 0].tolist()}; decoded {pixels}")
kept = [name for name in files if pixels[name] == stored[0, 0].tolist()]
sys.exit(0 if kept == ["without", "codestream of it"] else 1)
PYTHON

"$folder/venv/bin/python" "$folder/decode.py" || { echo "changed"; exit 1; }
