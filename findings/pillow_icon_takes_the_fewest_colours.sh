#!/usr/bin/env bash
# Of two pictures of one size in an icon, Pillow opens the one with the fewest colours.
#
# One would expect: an icon with a picture of 16 colours and one of 16 million, both 16×16 pixels, opens as the second;
# Windows shows that, and the format repeats a size only to offer more colours.
# What happens: Image.open sorts the pictures by colour depth, and then stably by size with reverse=True, which keeps the
# order of equals: the picture of 1 or 4 bits comes first and is what .load() and .convert() give, without a word.
# Why it matters: icons of older programs hold every size in 1, 4, 8 and 32 bits; all of them become coarse, and masks
# in place of alpha.
# Versions: pillow 13.0.0, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q pillow==13.0.0

cat > "$folder/icon.py" <<'PYTHON'
import io
import struct
import sys

from PIL import Image


def picture(bits, pixels, palette=b""):
    """A bitmap as icons have it: twice as high, with a mask that hides nothing."""
    return struct.pack("<IiiHHIIiiII", 40, 16, 32, 1, bits, 0, 0, 0, 0, 0, 0) + palette + pixels + bytes(64)


pictures = {
    1: picture(1, b"\xff" * 64, bytes(4) + b"\xff\xff\xff\0"),  # white
    32: picture(32, bytes((0, 128, 255, 255)) * 256),  # orange: blue comes first
}
for order in (1, 32), (32, 1):
    head, place = struct.pack("<HHH", 0, 1, 2), 6 + 2 * 16
    for bits in order:
        head += struct.pack("<BBBBHHII", 16, 16, 2 if bits == 1 else 0, 0, 1, bits, len(pictures[bits]), place)
        place += len(pictures[bits])
    icon = Image.open(io.BytesIO(head + b"".join(pictures[bits] for bits in order)))
    color = icon.convert("RGB").getpixel((8, 8))
    print(f"stored as {order} bits: opens as {color}")
    if color != (255, 255, 255):
        sys.exit(1)
PYTHON
"$folder/venv/bin/python" "$folder/icon.py"
