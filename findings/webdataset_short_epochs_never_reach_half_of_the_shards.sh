#!/usr/bin/env bash
# With shards shuffled and an epoch shorter than the data set, WebDataset never reads a part of the images.
#
# One would expect: shardshuffle=8 deals the shards anew for every epoch, so that epochs of a quarter of the images, set by
# with_epoch, come by every image in time; the usual way to validate more often on a large data set.
# What happens: the order of the shards is drawn once, when the data set is made, although no seed was given, and every
# epoch begins at its front. The buffer of .shuffle reaches a little further than the epoch; what lies behind is never
# read: after 40 epochs of 100 images some 200 of 400 are left out. All epochs do differ, by that buffer.
# Why it matters: the training set is silently a part of itself, another part in every run. detshuffle=True, said to be for
# repeatable order, is what deals the shards anew, and reads them all.
# Versions: webdataset 1.0.2, numpy 2.4.6, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q webdataset==1.0.2 numpy==2.4.6

cat > "$folder/epochs.py" <<'PYTHON'
import sys

import webdataset

shards, images, epochs = 8, 400, 40
for shard in range(shards):
    with webdataset.TarWriter(f"{sys.argv[1]}/train-{shard:06d}.tar") as tar:
        for number in range(shard, images, shards):
            tar.write({"__key__": f"{number:05d}", "cls": number})
urls = [f"{sys.argv[1]}/train-{shard:06d}.tar" for shard in range(shards)]


def read(length, **shuffled):
    """Number of images read at all, and of epochs that differ."""
    data = webdataset.WebDataset(urls, **shuffled).shuffle(100).decode()
    if length:
        data = data.with_epoch(length)
    orders = [tuple(int(sample["cls"]) for sample in data) for _ in range(epochs)]
    assert {len(order) for order in orders} == {length or images}
    return len({number for order in orders for number in order}), len(set(orders))


def first_shards(**shuffled):
    """How many different shards come first in 40 epochs, without any buffer."""
    data = webdataset.WebDataset(urls, **shuffled).decode()
    return len({int(next(iter(data))["cls"]) % shards for _ in range(epochs)})


seen = {
    "whole epochs": read(None, shardshuffle=shards),
    "short epochs": read(100, shardshuffle=shards),
    "short epochs, detshuffle": read(100, shardshuffle=shards, detshuffle=True),
}
for name, (found, different) in seen.items():
    print(f"{name}: {found} of {images} images read in {epochs} epochs, of which {different} differ")
first = first_shards(shardshuffle=shards), first_shards(shardshuffle=shards, detshuffle=True)
print(f"shards that came first: {first[0]}, with detshuffle {first[1]}")
expected = [found for found, _ in seen.values()]
right = expected[0] == images and expected[1] < 0.6 * images and expected[2] > 0.97 * images
sys.exit(0 if right and seen["short epochs"][1] == epochs and first[0] == 1 and first[1] > 4 else 1)
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/epochs.py" "$folder" || { echo "changed"; exit 1; }
