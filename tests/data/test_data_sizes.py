"""The size all images have is found in their headers; where there is none, what was found is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from picture_files import encoded, oriented
from PIL import Image

from cnncli.data.decode.image import read_image, size_of
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.sizes import common_size, proposed_size
from cnncli.data.quality.inspection import inspect
from cnncli.data.samples import FileSamples
from cnncli.errors import DataError


def picture(height: int, width: int, kind: str = "PNG", **options) -> bytes:
    return encoded(np.zeros((height, width, 3), np.uint8), kind, **options)


def files(root: Path, **contents: bytes) -> FileSamples:
    for name, content in contents.items():
        (root / name).write_bytes(content)
    return FileSamples(root, tuple(contents), np.zeros(len(contents), np.int64), InputFormat(1, 1, 3))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_the_size_of_a_file_is_height_and_width(tmp_path, kind):
    (tmp_path / "picture").write_bytes(picture(7, 12, kind))
    assert size_of(tmp_path / "picture") == (7, 12)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_that_lies_on_its_side_is_measured_upright(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    (tmp_path / "photo.jpg").write_bytes(picture(7, 12, "JPEG", exif=exif.tobytes()))
    height, width = (12, 7) if orientation > 4 else (7, 12)
    assert size_of(tmp_path / "photo.jpg") == (height, width)
    read_image(tmp_path / "photo.jpg", InputFormat(height, width, 3))  # and it can be read so


@pytest.mark.parametrize("behind_pixels", [False, True])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_png_is_measured_as_it_is_read_wherever_it_tells_its_orientation(tmp_path, orientation, behind_pixels):
    pixels = np.random.default_rng(0).integers(0, 256, (7, 12, 3), np.uint8)
    path = tmp_path / "photo.png"
    path.write_bytes(oriented(encoded(pixels), orientation, behind_pixels))
    height, width = size_of(path)
    assert (height, width) == ((12, 7) if orientation > 4 else (7, 12))
    upright = read_image(path, InputFormat(height, width, 3))  # not resized, so these are the very pixels
    assert np.array_equal(upright[0, 0], pixels[::-1, ::-1][0, 0]) == (orientation in (3, 7))
    assert sorted(map(bytes, upright.reshape(-1, 3))) == sorted(map(bytes, pixels.reshape(-1, 3)))
    for decode in (False, True):
        inspection = inspect(path, "photo.png", decode)
        assert (inspection.height, inspection.width) == (height, width)


def test_an_orientation_behind_the_pixels_is_found_without_decoding_them(tmp_path):
    png = oriented(encoded(np.zeros((7, 12, 3), np.uint8)), 6, behind_pixels=True)
    at = png.index(b"IDAT") + 4
    (tmp_path / "spoilt.png").write_bytes(png[:at] + b"nothing!" + png[at + 8 :])
    assert size_of(tmp_path / "spoilt.png") == (12, 7)


def test_nothing_but_the_header_is_read(tmp_path):
    whole = encoded(np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype(np.uint8))
    (tmp_path / "cut.png").write_bytes(whole[:2000])
    assert size_of(tmp_path / "cut.png") == (200, 300)


def test_many_images_of_all_splits_have_one_size(tmp_path):
    train = files(tmp_path, **{f"{number}.png": picture(7, 12) for number in range(30)})
    test = files(tmp_path, **{"a.jpg": picture(7, 12, "JPEG")})
    assert common_size([train, test]) == (7, 12)


def test_what_to_do_about_a_file_without_a_size_is_said(tmp_path):
    with pytest.raises(DataError, match="is empty") as caught:
        common_size([files(tmp_path, **{"a.png": picture(7, 12), "b.png": b""})])
    assert "data.unreadable: exclude" in caught.value.hint


@pytest.mark.parametrize("split", [0, 1])
def test_different_sizes_are_counted_and_the_key_is_named(tmp_path, split):
    contents = {f"{number}.png": picture(7, 12) for number in range(30)}
    odd = {"odd.png": picture(12, 7), "other.png": picture(7, 13)}
    splits = [files(tmp_path, **contents), files(tmp_path, **odd)]
    if split == 0:
        splits = [files(tmp_path, **odd, **contents)]
    with pytest.raises(DataError) as caught:
        common_size(splits)
    assert caught.value.message == "the images have 3 different sizes; 30 of 32 are 7×12"
    assert "data.image.size" in caught.value.hint


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({(300, 200): 3, (30, 20): 1}, (224, 160)),  # at most 224, and in proportion
        ({(100, 130): 2, (101, 131): 5, (4000, 10): 1}, (96, 128)),  # one that is odd counts for no more than one
        ({(28, 28): 1, (20, 30): 2}, (32, 32)),
        ({(3, 900): 1, (3, 901): 1}, (32, 224)),
    ],
)
def test_a_size_near_the_median_is_proposed(sizes, expected):
    assert proposed_size(sizes) == expected


def test_the_size_proposed_is_that_of_these_images(tmp_path):
    odd = files(tmp_path, **{"a.png": picture(60, 97), "b.png": picture(70, 90)})
    with pytest.raises(DataError) as caught:
        common_size([odd])
    assert caught.value.hint.endswith("data.image.size, for example [64, 96]")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", r"1\.png is empty"), (b"hello there", r"1\.png is a text file"), (None, r"1\.png does not exist")],
)
def test_a_file_that_is_no_image_is_named(tmp_path, content, message):
    samples = files(tmp_path, **{f"{number}.png": picture(7, 12) for number in range(3)})
    if content is None:
        (tmp_path / "1.png").unlink()
    else:
        (tmp_path / "1.png").write_bytes(content)
    with pytest.raises(DataError, match=message):
        common_size([samples])
