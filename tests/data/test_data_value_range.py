"""Sets of images that use only part of their range, found by the doctor, before a training and by `init`."""

import shutil
import struct

import numpy as np
import pytest
import tifffile
from picture_files import encoded
from PIL import Image
from png_files import png

from cnncli.data.decode.image import read_image
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.quality import Plan, check_headers, scan_files
from cnncli.data.quality.survey import survey
from cnncli.data.sources import folder
from cnncli.draft import draft


def images(root, greatest: int, count: int = 4, kind: str = "PNG", bits: int = 16, channels: int = 1):
    """Two classes of images from 0 to a greatest value."""
    random = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (root / label).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            values = random.integers(0, greatest + 1, (9, 9, channels))
            values[4, 4] = greatest
            data = png(values, bits, 2 if channels == 3 else 0)
            if kind != "PNG":
                data = encoded(values[:, :, 0].astype(np.uint8), kind)
            (root / label / f"{greatest}-{number}.{kind.lower()}").write_bytes(data)
    return root


def told(root, **plan) -> list[tuple[str, str]]:
    report = scan_files("folder", root, plan=Plan(**plan))
    return [(one.message, one.affected[0].detail) for one in report.findings if one.code == "white-unset"]


@pytest.mark.parametrize("bits", range(9, 16))
@pytest.mark.parametrize("channels", [1, 3])
def test_fewer_bits_in_sixteen_are_told_with_the_value_to_set(tmp_path, bits, channels):
    greatest = 2**bits - 2
    message = f"no pixel of 8 images of more than 8 bits is above {greatest:,}, although white is 65,535"
    example = f"for example data.image.white: {2**bits - 1}"
    assert told(images(tmp_path, greatest, channels=channels)) == [(message, example)]


def test_where_white_is_set_nothing_is_told(tmp_path):
    assert told(images(tmp_path, 4000), reading=InputFormat(1, 1, 3, white=4095)) == []


@pytest.mark.parametrize(
    ("greatest", "bits", "kind", "example"),
    [(1, 8, "PNG", 1), (16, 8, "PNG", 16), (1, 8, "BMP", 1), (1, 16, "PNG", 1), (200, 16, "PNG", 255)],
)
def test_masks_and_small_numbers_are_told(tmp_path, greatest, bits, kind, example):
    ((_, detail),) = told(images(tmp_path, greatest, bits=bits, kind=kind))
    assert detail == f"for example data.image.white: {example}"


@pytest.mark.parametrize(("greatest", "bits"), [(65535, 16), (33000, 16), (255, 8), (60, 8)])
def test_sets_with_a_bright_image_are_not_told_of(tmp_path, greatest, bits):
    assert told(images(tmp_path, greatest, bits=bits)) == []


def test_one_dark_image_of_sixteen_bits_changes_nothing(tmp_path):
    images(tmp_path, 255, bits=8)
    (tmp_path / "cat" / "dark.png").write_bytes(png(np.full((9, 9, 1), 900) + np.arange(9)[:, None], 16, 0))
    assert told(tmp_path) == []
    assert "white" not in draft(survey(tmp_path), "a.yaml")


def test_deep_images_are_judged_apart_from_the_others(tmp_path):
    images(images(tmp_path, 255, bits=8), 1000)
    ((message, _),) = told(tmp_path)
    assert "8 images of more than 8 bits" in message


def test_before_a_training_few_are_looked_at_and_for_init_all(tmp_path):
    images(tmp_path, 4000, count=30)
    bright = png(np.full((9, 9, 1), 40_000), 16, 0)
    (tmp_path / "dog" / "4000-0a.png").write_bytes(bright)  # not one of those that are looked at
    splits = folder.load(tmp_path, InputFormat(9, 9, 1)).splits
    assert [one.code for one in check_headers(splits).findings] == ["white-unset"]
    assert "no pixel of 16 images" in check_headers(splits).findings[0].message
    assert told(tmp_path) == []
    assert "white" not in draft(survey(tmp_path), "a.yaml")


def test_masks_of_0_and_1_are_of_a_single_colour_only_where_they_are_black(tmp_path):
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for number in range(4):
            mask = np.zeros((40, 40), np.uint8)
            mask[: 10 * number, :] = 1
            Image.fromarray(mask).save(tmp_path / label / f"{number}.png")
    findings = {one.code: one for one in scan_files("folder", tmp_path).findings}
    assert "white-unset" in findings
    assert [one.names for one in findings["blank"].affected] == [("cat/0.png",), ("dog/0.png",)]


def test_init_sets_white_and_says_why(tmp_path):
    text = draft(survey(images(tmp_path, 4000)), "a.yaml")
    assert "white: 4095}" in text
    assert "White is 4095, because no pixel of 8 images of more than 8 bits is above 4,000" in " ".join(
        line.strip(" #") for line in text.splitlines()
    )


def test_numbers_that_do_not_say_what_is_white_are_looked_at_by_init(tmp_path):
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for number in range(4):
            pixels = np.random.default_rng(number).random((9, 9)).astype(np.float32)
            tifffile.imwrite(tmp_path / label / f"{number}.tif", pixels)
    seen = survey(tmp_path)
    assert str(seen.dark).endswith(", and they do not say which value is white")
    assert "white: 1}" in draft(seen, "a.yaml")


def test_files_that_cannot_be_read_do_not_stop_the_search(tmp_path):
    images(tmp_path, 4000)
    whole = tmp_path / "cat" / "4000-0.png"
    data = bytearray(whole.read_bytes())
    data[60] ^= 0xFF
    whole.write_bytes(bytes(data))
    assert "no pixel of 7 images" in told(tmp_path)[0][0]


# ---------------------------------------------------------------- pictures without a visible pixel


def bmp_with_alpha(pixels: np.ndarray) -> bytes:
    """A BMP of 32 bits that names its fourth byte alpha; pixels `(height, width, 4)`, red first."""
    height, width, _ = pixels.shape
    body = pixels[::-1, :, [2, 1, 0, 3]].tobytes()
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    info = (
        struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, len(body), 0, 0, 0, 0) + masks + b"BGRs" + bytes(48)
    )
    return b"BM" + struct.pack("<IHHI", 14 + len(info) + len(body), 0, 0, 14 + len(info)) + info + body


def test_a_bmp_whose_alpha_was_left_empty_shows_its_colours():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 6, 4), dtype=np.uint8)
    pixels[:, :, 3] = 0
    assert np.array_equal(read_image(bmp_with_alpha(pixels), InputFormat(5, 6, 3)), pixels[:, :, :3])
    pixels[2, 2, 3] = 255
    assert read_image(bmp_with_alpha(pixels), InputFormat(5, 6, 3))[0].min() == 255


def test_pictures_without_a_visible_pixel_are_counted(tmp_path):
    images(tmp_path, 255, bits=8)
    values = np.random.default_rng(0).integers(0, 256, (40, 40, 4))
    for name, bits, alpha in (("a", 8, 0), ("b", 16, 0), ("c", 8, 255)):
        pixels = values * (257 if bits == 16 else 1)
        pixels[:, :, 3] = alpha
        (tmp_path / "cat" / f"{name}.png").write_bytes(png(pixels, bits, 6))
    found = {one.code: [name for some in one.affected for name in some.names] for one in report_of(tmp_path)}
    assert found["transparent-everywhere"] == ["cat/a.png", "cat/b.png"]
    assert found["transparent"] == ["cat/c.png"]


def report_of(root):
    return scan_files("folder", root).findings


@pytest.mark.parametrize(
    ("dark", "bright", "bits"),
    [(4095, 65_535, 16), (1023, 40_000, 16), (4095, 250, 16), (8, 255, 8)],
    ids=["12 bits beside 16", "10 bits beside 16", "12 bits beside 8", "few numbers beside bytes"],
)
def test_a_class_of_fewer_bits_than_the_others_is_a_warning(tmp_path, dark, bright, bits):
    for label, greatest in (("cat", dark), ("dog", bright)):
        for place in ("near", "far"):
            images(tmp_path / place, greatest, bits=8 if greatest < 256 else bits)
            (tmp_path / place / label).rename(tmp_path / f"{label} {place}")
            shutil.rmtree(tmp_path / place)
    found = {one.code: [each.detail for each in one.affected] for one in scan_files("folder", tmp_path).findings}
    seen = round(255 * dark / (65_535 if bits == 16 else 255))
    assert found["brightness-tells-class"] == [
        f"cat {place} is nowhere brighter than {seen} of 255" for place in ("far", "near")
    ]


def test_dark_images_in_every_class_tell_none_apart(tmp_path):
    images(tmp_path, 4095)
    images(tmp_path, 65_535)
    codes = [one.code for one in scan_files("folder", tmp_path).findings]
    assert "brightness-tells-class" not in codes
    assert "brightness-tells-class" not in [
        one.code for one in scan_files("folder", images(tmp_path / "all", 30, bits=8)).findings
    ]
