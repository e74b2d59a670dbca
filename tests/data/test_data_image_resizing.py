"""Pictures of other sizes: stretched, padded or cropped, each interpolation, and the JPEG decoder's shortcut."""

import io
import itertools

import numpy as np
import pytest
from picture_files import encoded
from PIL import Image, ImageCms

from cnncli.data.decode.image import read_image
from cnncli.data.decode.input_format import InputFormat, positions
from cnncli.errors import DataError

WIDE = np.zeros((8, 16, 3), np.uint8)  # red, green, blue and white, each a quarter of the width
WIDE[:, :4, 0] = WIDE[:, 4:8, 1] = WIDE[:, 8:12, 2] = WIDE[:, 12:] = 255
RED, GREEN, BLUE, WHITE, BLACK = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0]


def row(picture: np.ndarray, height: int, width: int, resize: str, at: int) -> list[list[int]]:
    return read_image(encoded(picture), InputFormat(height, width, 3, resize=resize, interpolation="nearest"))[
        at
    ].tolist()


def test_stretching_shows_all_and_changes_the_proportions():
    assert row(WIDE, 4, 4, "stretch", 0) == [RED, GREEN, BLUE, WHITE]


def test_padding_shows_all_on_black_and_keeps_the_proportions():
    assert [row(WIDE, 4, 4, "pad", at) for at in (0, 3)] == [[BLACK] * 4] * 2
    assert [row(WIDE, 4, 4, "pad", at) for at in (1, 2)] == [[RED, GREEN, BLUE, WHITE]] * 2


def test_cropping_keeps_the_middle_and_the_proportions():
    for at in range(4):
        assert row(WIDE, 4, 4, "crop", at) == [GREEN, GREEN, BLUE, BLUE]


def test_high_pictures_are_treated_like_wide_ones():
    high = np.ascontiguousarray(WIDE.transpose(1, 0, 2))
    padded = read_image(encoded(high), InputFormat(4, 4, 3, resize="pad", interpolation="nearest"))
    assert padded[0].tolist() == [BLACK, RED, RED, BLACK]
    cropped = read_image(encoded(high), InputFormat(4, 4, 3, resize="crop", interpolation="nearest"))
    assert cropped[:, 0].tolist() == [GREEN, GREEN, BLUE, BLUE]


@pytest.mark.parametrize("resize", ["pad", "crop", "stretch"])
@pytest.mark.parametrize("shape", [(1, 900), (900, 1), (3, 7), (50, 49)])
def test_no_proportions_leave_nothing_of_a_picture(resize, shape):
    read = read_image(encoded(np.full(shape, 255, np.uint8)), InputFormat(5, 6, 1, resize=resize))
    assert read.shape == (5, 6, 1)
    assert read.max() == 255


INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "area": Image.Resampling.BOX,
}


@pytest.mark.parametrize(("name", "pillows"), INTERPOLATIONS.items())
@pytest.mark.parametrize("size", [(7, 5), (40, 33)])
def test_each_interpolation_is_the_one_pillow_calls_so(name, pillows, size):
    noise = np.random.default_rng(0).integers(0, 256, (20, 21, 3), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(noise).resize((size[1], size[0]), pillows))
    assert np.array_equal(read_image(encoded(noise), InputFormat(*size, 3, interpolation=name)), expected)


def test_interpolations_differ():
    noise = encoded(np.random.default_rng(0).integers(0, 256, (20, 21), dtype=np.uint8))
    results = [read_image(noise, InputFormat(8, 8, 1, interpolation=name)) for name in INTERPOLATIONS]
    assert not any(np.array_equal(a, b) for a, b in itertools.combinations(results, 2))


@pytest.mark.parametrize("name", INTERPOLATIONS)
@pytest.mark.parametrize("resize", ["stretch", "pad", "crop"])
def test_an_image_of_the_right_size_keeps_its_bytes(name, resize):
    noise = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    assert np.array_equal(read_image(encoded(noise), InputFormat(6, 9, 3, resize=resize, interpolation=name)), noise)


@pytest.mark.parametrize(
    "wrong",
    [
        {"height": 0},
        {"width": -1},
        {"channels": 4},
        {"resize": "squeeze"},
        {"interpolation": "cubic"},
    ],
)
def test_a_reading_that_is_none(wrong):
    with pytest.raises(ValueError, match=r"an image of|resize"):
        InputFormat(**{"height": 4, "width": 4, "channels": 3, **wrong})


# ---------------------------------------------------------------- large JPEGs


def photo(height: int, width: int) -> Image.Image:
    """Smooth with some grain, as photographs are."""
    random = np.random.default_rng(3)
    small = Image.fromarray(random.integers(0, 256, (height // 40, width // 40, 3), dtype=np.uint8))
    grain = random.integers(-10, 11, (height, width, 1))
    return Image.fromarray(
        np.clip(np.asarray(small.resize((width, height), Image.Resampling.BICUBIC)) + grain, 0, 255).astype(np.uint8)
    )


@pytest.mark.parametrize("resize", ["stretch", "pad", "crop"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_decoded_smaller_looks_the_same(resize, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(photo(800, 1208), "JPEG", quality=90, exif=exif)
    pixels = Image.open(io.BytesIO(data)).convert("RGB")
    lossless = encoded(pixels, "PNG", exif=exif, compress_level=1)
    small, exact = (read_image(source, InputFormat(60, 72, 3, resize=resize)) for source in (data, lossless))
    difference = np.abs(small.astype(int) - exact)
    assert 0 < difference.max() <= 4  # not zero: the shortcut was taken
    assert difference.mean() < 0.5


@pytest.mark.parametrize(("height", "width", "is_whole"), [(200, 50, False), (50, 200, True)])
def test_of_a_turned_jpeg_the_sides_are_compared_as_they_are_seen(height, width, is_whole):
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(photo(400, 1600), "JPEG", quality=90, exif=exif)  # seen upright, it is 1600 high
    seen = Image.open(io.BytesIO(data)).transpose(Image.Transpose.ROTATE_270)
    whole = np.asarray(seen.resize((width, height), Image.Resampling.BILINEAR))
    assert np.array_equal(read_image(data, InputFormat(height, width, 3)), whole) == is_whole


def test_picking_pixels_picks_from_the_whole_jpeg():
    data = encoded(photo(800, 1200), "JPEG", quality=90)
    whole = np.asarray(Image.open(io.BytesIO(data)).resize((40, 40), Image.Resampling.NEAREST))
    assert np.array_equal(read_image(data, InputFormat(40, 40, 3, interpolation="nearest")), whole)


@pytest.mark.parametrize("size", [(400, 400), (801, 801), (800, 803), (800, 400)])
def test_a_jpeg_not_four_times_as_large_or_of_odd_size_is_decoded_whole(size):
    data = encoded(photo(*size), "JPEG", quality=90)
    whole = Image.open(io.BytesIO(data))
    expected = np.asarray(whole.resize((101, 101), Image.Resampling.BILINEAR))
    assert np.array_equal(read_image(data, InputFormat(101, 101, 3)), expected)


def test_a_cut_off_jpeg_is_noticed_when_decoded_smaller():
    data = encoded(photo(800, 800), "JPEG")
    with pytest.raises(DataError, match="is cut off"):
        read_image(data[: len(data) // 2], InputFormat(20, 20, 3))


# ---------------------------------------------------------------- inks and profiles


def without_adobe(jpeg: bytes) -> bytes:
    """The JPEG without the segment in which Adobe says how inks are stored."""
    start = jpeg.index(b"\xff\xee")
    return jpeg[:start] + jpeg[start + 2 + int.from_bytes(jpeg[start + 2 : start + 4], "big") :]


def test_inks_are_inverted_only_where_adobe_says_so():
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    adobe = encoded(red, "JPEG", quality=95)
    plain = without_adobe(encoded(Image.eval(red, lambda ink: 255 - ink), "JPEG", quality=95))
    for data in (adobe, plain):
        for size in (16, 2):
            pixel = read_image(data, InputFormat(size, size, 3))[0, 0]
            assert pixel[0] > 235
            assert pixel[1:].max() < 20


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_colour_profile_changes_no_pixel(kind):
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    plain = read_image(encoded(noise, kind), InputFormat(16, 16, 3))
    for of in (profile, profile[: len(profile) // 2], b"nonsense"):
        assert np.array_equal(read_image(encoded(noise, kind, icc_profile=of), InputFormat(16, 16, 3)), plain)


@pytest.mark.parametrize("resize", ["stretch", "pad", "crop"])
@pytest.mark.parametrize("size", [(40, 100), (100, 40), (37, 53), (24, 24), (12, 30), (300, 7)])
def test_the_way_back_finds_each_row_and_column_where_it_was_put(resize, size):
    reading = InputFormat(24, 24, 1, resize=resize)
    places = positions(size, reading)
    for side in (0, 1):
        ramp = np.linspace(40, 250, size[side])
        picture = np.broadcast_to(ramp[:, None] if side == 0 else ramp, size).astype(np.uint8)
        line = read_image(encoded(picture), reading)[:, :, 0]
        line = line[:, 11] if side == 0 else line[11]  # through the middle, which is never cut off
        shown = ~np.isnan(places[side])
        first, last = np.nanmin(places[side]), np.nanmax(places[side])
        inner = shown & (places[side] > first + 2) & (places[side] < last - 2)  # beyond the edge is nothing, or black
        step = 210 / size[side] * max(1, size[side] / 24)  # between two pixels of the result
        np.testing.assert_allclose(np.interp(places[side][inner], np.arange(24), line), ramp[inner], atol=step / 2 + 2)
        assert shown.all() == (resize != "crop" or size[side] <= size[1 - side])


def test_a_pixel_that_is_cut_off_has_no_place():
    rows, columns = positions((8, 16), InputFormat(4, 4, 1, resize="crop"))
    assert rows.tolist() == [-0.25, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25]
    assert np.isnan(columns).tolist() == [True] * 4 + [False] * 8 + [True] * 4
