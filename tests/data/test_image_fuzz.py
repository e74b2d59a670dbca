"""Images with other bytes in their headers, or cut off: pixels, or a sentence about the file."""

import io
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from PIL import Image

from cnncli.data.decode.image import read_image
from cnncli.data.decode.input_format import InputFormat
from cnncli.errors import DataError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # of tags with odd values

FORMAT = InputFormat(12, 10, 3)
PIXELS = np.random.default_rng(3).integers(0, 256, (12, 10, 4), dtype=np.uint8)
HEADER = 160  # bytes

many = settings(
    max_examples=int(os.environ.get("CNNCLI_FUZZ", "150")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def saved(kind, mode, **options):
    out = io.BytesIO()
    picture = Image.fromarray(PIXELS[:, :, :3]).convert(mode)
    picture.save(out, kind, **options)
    return out.getvalue()


ORIGINALS = {
    "grey.png": saved("PNG", "L"),
    "color.png": saved("PNG", "RGB"),
    "palette.png": saved("PNG", "P"),
    "deep.png": saved("PNG", "I;16"),
    "photo.jpg": saved("JPEG", "RGB"),
    "progressive.jpg": saved("JPEG", "RGB", progressive=True),
    "still.gif": saved("GIF", "P"),
    "picture.bmp": saved("BMP", "RGB"),
    "picture.webp": saved("WEBP", "RGB", lossless=True),
    "plain.tif": saved("TIFF", "RGB"),
    "packed.tif": saved("TIFF", "RGB", compression="tiff_lzw"),
    "plain.ppm": saved("PPM", "RGB"),
    "plain.pgm": saved("PPM", "L"),
}
files = st.sampled_from(sorted(ORIGINALS))


def pixels_or_reason(data, name):
    """The pixels, or None where the file is refused with one line that names it."""
    refused = None
    try:
        pixels = read_image(data, FORMAT, name)
    except DataError as error:
        refused = error.message
    if refused is not None:
        assert refused.startswith(name)
        assert "\n" not in refused
        return None
    assert (pixels.shape, pixels.dtype) == (FORMAT.shape, np.uint8)
    return pixels


@many
@given(files, st.lists(st.tuples(st.integers(0, HEADER - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_other_bytes_in_a_header_give_pixels_or_a_reason(name, changes):
    data = bytearray(ORIGINALS[name])
    for place, byte in changes:
        data[place % len(data)] = byte
    pixels_or_reason(bytes(data), name)


@many
@given(files, st.floats(0, 0.999))
def test_what_is_left_of_a_file_is_never_taken_for_all_of_it(name, share):
    data = ORIGINALS[name]
    whole, cut = pixels_or_reason(data, name), pixels_or_reason(data[: int(share * len(data))], name)
    assert whole is not None
    assert cut is None or np.array_equal(cut, whole)
