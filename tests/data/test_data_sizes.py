"""The size all images have is found in their headers; where there is none, what was found is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from picture_files import encoded
from PIL import Image

from cnncli.data.images import read_image, size_of
from cnncli.data.reading import Reading
from cnncli.data.samples import FileSamples
from cnncli.data.sizes import common_size
from cnncli.errors import DataError


def picture(height: int, width: int, kind: str = "PNG", **options) -> bytes:
    return encoded(np.zeros((height, width, 3), np.uint8), kind, **options)


def files(root: Path, **contents: bytes) -> FileSamples:
    for name, content in contents.items():
        (root / name).write_bytes(content)
    return FileSamples(root, tuple(contents), np.zeros(len(contents), np.int64), Reading(1, 1, 3))


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
    read_image(tmp_path / "photo.jpg", height, width, 3)  # and it can be read so


def test_nothing_but_the_header_is_read(tmp_path):
    whole = encoded(np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype(np.uint8))
    (tmp_path / "cut.png").write_bytes(whole[:2000])
    assert size_of(tmp_path / "cut.png") == (200, 300)


def test_many_images_of_all_splits_have_one_size(tmp_path):
    train = files(tmp_path, **{f"{number}.png": picture(7, 12) for number in range(30)})
    test = files(tmp_path, **{"a.jpg": picture(7, 12, "JPEG")})
    assert common_size([train, test]) == (7, 12)


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
