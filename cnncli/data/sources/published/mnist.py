"""MNIST as it comes with the package. `.ci/pack_mnist.py` made the pack and printed the constants here."""

from __future__ import annotations

import hashlib
import itertools
import lzma
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from cnncli.errors import DataError

PACK = Path(__file__).with_name("mnist.xz")
STREAMS = (2348896, 2334784, 2361152, 2368568)
"""Length in bytes of each of the xz streams in the pack."""

SHA256 = "46d66976f0204351faf7b1088ddc2c1b804b4f44cf0a3b39d5b41f81d351c96e"

_TRAIN, _TEST, _SIDE = 60_000, 10_000, 28


def arrays() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Unpacks MNIST: training images, training labels, test images, test labels; uint8, read-only, 28×28.

    Raises:
        DataError: The file in the package is missing or not the one that was shipped.

    Source:
        Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", 1998.
    """
    packed = _checked()
    ends = itertools.accumulate(STREAMS)
    streams = [packed[end - length : end] for end, length in zip(ends, STREAMS, strict=True)]
    with ThreadPoolExecutor() as pool:  # lzma releases the interpreter lock
        raw = np.frombuffer(b"".join(pool.map(lzma.decompress, streams)), np.uint8)
    pixels = _SIDE * _SIDE
    images, labels = np.split(raw, [(_TRAIN + _TEST) * pixels])
    images = images.reshape(-1, _SIDE, _SIDE)  # (samples, height, width)
    return images[:_TRAIN], labels[:_TRAIN], images[_TRAIN:], labels[_TRAIN:]


def _checked() -> bytes:
    try:
        packed = PACK.read_bytes()
        damage = "" if hashlib.sha256(packed).hexdigest() == SHA256 else "is not the file that was shipped"
    except OSError as error:
        damage = f"cannot be read ({error.strerror})"
    if damage:
        raise DataError(
            f"the installation of cnncli is damaged: {PACK} {damage}",
            "install it again: pip install --force-reinstall --no-deps cnncli",
        )
    return packed
