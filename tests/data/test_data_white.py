"""Which number is white: for files of 8 bits, of 16 and of those that do not say."""

import numpy as np
import pytest
from cases import each
from picture_files import encoded
from PIL import Image
from png_files import png

from cnncli.data.decode.image import fit_picture, read_image
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.readers import DeepPixels
from cnncli.data.decode.white import eight_bits, likely_white
from cnncli.errors import DataError


def read(data: bytes, white: float | None, width: int, channels: int = 1) -> list:
    return read_image(data, InputFormat(1, width, channels, white=white), "a.png")[0].squeeze().tolist()


@pytest.mark.parametrize("bits", range(9, 17))
def test_fewer_bits_in_sixteen_are_all_used(bits):
    white = 2**bits - 1
    values = np.uint16([[0, white // 2, white]])
    assert read(encoded(values), white, 3) == [0, 127, 255]
    colors = np.repeat(values[:, :, None], 3, axis=2)
    assert read(png(colors, 16, 2), white, 3, channels=3) == [[0] * 3, [127] * 3, [255] * 3]


def test_rounding_above_white_is_clipped():
    assert read(encoded(np.uint16([[0, 4095, 4096]])), 4095, 3) == [0, 255, 255]


def test_alpha_is_not_scaled_by_white():
    values = np.array([[[0, 65535], [4095, 65535], [0, 0], [0, 32768]]])
    assert read(png(values, 16, 4), 4095, 4) == [0, 255, 255, 127]


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "RGBA"])
@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_true_and_false_in_bytes(mode, kind):
    mask = Image.fromarray(np.uint8([[0, 1, 1, 0]])).convert(mode)
    if mode == "P":
        mask.putpalette([0, 0, 0, 1, 1, 1])
    assert read(encoded(mask, kind), 1, 4) == [0, 255, 255, 0]


def test_bytes_keep_their_white_beside_deeper_files():
    assert read(encoded(np.uint8([[0, 100, 255]])), 4095, 3) == [0, 100, 255]


@pytest.mark.parametrize(
    ("pixels", "white", "message"),
    [
        (np.uint8([[0, 2]]), 1, "a.png has pixels from 0 to 2, and white is 1 | set data.image.white to 2"),
        (np.uint16([[0, 5000]]), 4095, "from 0 to 5000, and white is 4095 | set data.image.white to 8191"),
    ],
)
def test_a_value_above_white_is_refused_by_name(pixels, white, message):
    with pytest.raises(DataError) as caught:
        read(encoded(pixels), white, 2)
    assert message in f"{caught.value.message} | {caught.value.hint}"


def picture(values: list, white: float | None, of_file: float | None, alpha=None) -> np.ndarray:
    pixels = np.asarray(values)[None, :, None]
    return np.asarray(eight_bits(DeepPixels(pixels, of_file, alpha), white, "scan.tif").getchannel(0))


def test_numbers_of_any_type_are_scaled():
    for values in ([0.0, 0.5, 1.0], [-1e-7, 0.5, 1.0000001]):
        assert picture(values, None, 1.0)[0].tolist() == [0, 128, 255]
    assert picture(np.int32([0, 1_000_000]), None, 1_000_000)[0].tolist() == [0, 255]
    assert picture(np.float16([0, 0.25]), 0.25, 1.0)[0].tolist() == [0, 255]


def test_transparent_floats_are_laid_on_white():
    assert picture([0.0, 0.0, 1.0], None, 1.0, np.array([[0.0, 0.5, 1.0]]))[0].tolist() == [255, 128, 255]
    assert picture([0.0, 0.5, 1.0], None, 1.0, np.zeros((1, 3)))[0].tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    ("values", "white", "of_file", "message"),
    [
        ([0.0, 3000.0], None, None, "does not say which value is white | set the value of white, for example"),
        ([-5.0, 1.0], None, 1.0, "scan.tif has pixels from -5 to 1, and white is 1 | black must be 0"),
        ([0.0, np.nan], 1.0, None, "has pixels that are not finite numbers | replace NaN"),
    ],
)
def test_numbers_that_are_no_pixels_are_refused_by_name(values, white, of_file, message):
    with pytest.raises(DataError) as caught:
        picture(values, white, of_file)
    assert message in f"{caught.value.message} | {caught.value.hint}"


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I"])
def test_pictures_of_pillow_above_eight_bits_are_not_clipped(mode):
    values = np.array([[0, 257, 32896, 65535]])
    deep = Image.fromarray(values.astype({"I;16": "<u2", "I;16B": ">u2", "I": "i4"}[mode]))
    assert deep.mode == mode
    assert fit_picture(deep, InputFormat(1, 4, 1), "image 0")[0, :, 0].tolist() == [0, 1, 128, 255]
    shallow = Image.fromarray((values // 16).astype(np.uint16))
    assert fit_picture(shallow, InputFormat(1, 4, 1, white=4095), "image 0")[0, :, 0].tolist() == [0, 1, 128, 255]


def test_a_picture_of_floating_point_numbers_needs_white():
    picture = Image.fromarray(np.float32([[0, 0.5, 1]]))
    with pytest.raises(DataError, match="image 0 has pixels from 0 to 1 and does not say which value is white"):
        fit_picture(picture, InputFormat(1, 3, 1), "image 0")
    assert fit_picture(picture, InputFormat(1, 3, 1, white=1), "image 0")[0, :, 0].tolist() == [0, 128, 255]


@each(
    "greatest, white",
    [
        *((0, 1), (1, 1), (1.0000001, 1), (15, 15), (16, 16), (33, 255), (255.1, 255), (256, 511), (1023, 1023)),
        *((1024, 1023), (3000, 4095), (4096, 4095), (32768, 32767), (65535, 65535)),
    ],
)
def test_the_likely_white_is_the_next_full_number_of_bits(greatest, white):
    assert likely_white(greatest) == white
