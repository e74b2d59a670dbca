#!/usr/bin/env bash
# imagehash gives a dark red picture and a steel blue one the same colour hash, at any number of bits.
#
# One would expect: colorhash, made to tell pictures apart by their colours, tells one of #993333 from one of #336699, as it
# does #983333 and #336698; and more bits (`binbits`) tell more shares apart, as its author advises in
# JohannesBuchner/imagehash, issue 109.
# What happens: faint colours are those of a saturation below 170 of 255, bright ones those above; pixels of exactly 170 are
# in neither and are not counted. That is each colour whose least part is a third of its greatest: #993333, #336699, #669933,
# #ff5555, all common in graphics. And the bits of a share overlap: of 8 shares 3 bits keep 6 apart, of 64 6 bits keep 22;
# a picture half black has the hash of one that is black by three quarters.
# Why it matters: pictures that are found to be duplicates by a distance of 0 are removed from a data set, or kept out of the
# test split; among logos, icons, maps and screenshots these are not.
# Versions: ImageHash 4.3.2, pillow 13.0.0, numpy 2.4.6, scipy 1.17.1, PyWavelets 1.9.0, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q ImageHash==4.3.2 pillow==13.0.0 numpy==2.4.6 scipy==1.17.1 PyWavelets==1.9.0

cat > "$folder/colours.py" <<'PYTHON'
import sys

import imagehash
from PIL import Image


def hashed(color, bits, black=0):
    """The hash of a picture of one colour, whose left `black` columns of 64 are black."""
    picture = Image.new("RGB", (64, 64), color)
    picture.paste("black", (0, 0, black, 64))
    return imagehash.colorhash(picture, binbits=bits)


pairs = [("#993333", "#336699"), ("#669933", "#ff5555"), ("#983333", "#336698"), ("#ff5757", "#5757ff")]
distances = {}
for first, second in pairs:
    distances[first, second] = [int(hashed(first, bits) - hashed(second, bits)) for bits in (3, 4, 8)]
    print(f"{first} and {second}: distance with 3, 4 and 8 bits {distances[first, second]}")
half, most = hashed("#ff2020", 3, black=32), hashed("#ff2020", 3, black=48)
print(f"half black: {half}, three quarters black: {most}, distance {half - most}")
shares = {bits: len({str(hashed("#ff2020", bits, black)) for black in range(64)}) for bits in (3, 4, 5, 6)}
print(
    "different hashes for 64 shares of black: "
    + ", ".join(f"{number} by {bits} bits" for bits, number in shares.items())
)
same = all(distance == 0 for pair in pairs[:2] for distance in distances[pair])
apart = all(distance > 0 for pair in pairs[2:] for distance in distances[pair])
sys.exit(0 if same and apart and half == most and shares[3] == 6 and shares[6] == 22 else 1)
PYTHON
"$folder/venv/bin/python" "$folder/colours.py" || { echo "changed"; exit 1; }
