"""Colour profiles: their names, pictures converted to sRGB, and what the doctor says of them."""

import io
import zlib

import imagecodecs
import numpy as np
import pytest
from picture_files import encoded
from PIL import Image, ImageCms
from png_files import chunk, png, with_chunk

from cnncli.data.decode.image import read_image
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.profiles import DAMAGED, profile_name, profile_named, profile_of
from cnncli.data.quality import Plan, scan_files
from cnncli.data.quality.inspection import inspect

P3 = profile_named("Display P3")
ADOBE = profile_named("Adobe RGB")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
CONVERTED = {(234, 51, 35): (255, 0, 0), (117, 251, 76): (0, 255, 0), (211, 162, 135): (220, 160, 130)}
"""Colours as Display P3 has them, and as sRGB has them."""


def converted(data: bytes, channels: int = 3) -> np.ndarray:
    width = 3 if channels == 3 else 4
    return read_image(data, InputFormat(1, width, channels, icc="srgb"))[0].astype(int)


@pytest.mark.parametrize("name", ["sRGB", "Display P3", "Adobe RGB", "ProPhoto RGB", "Rec. 2020"])
def test_a_usual_space_is_known_by_its_primaries_whatever_it_is_called(name):
    profile = profile_named(name)
    assert profile_name(profile.replace(name.encode("utf-16-be"), name[::-1].encode("utf-16-be"))) == name


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        *((b"", ""), (SRGB, "sRGB"), (b"nonsense", DAMAGED), (P3[:200], DAMAGED)),
        (P3.replace(b"rXYZ", b"rXYY"), "Display P3"),
        (
            P3.replace(b"rXYZ", b"rXYY").replace(P3[240:288], b"desc" + bytes(7) + b"\4\xce\xce\xce" + bytes(33)),
            DAMAGED,
        ),
        (ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(), ""),
    ],
    ids=["none", "sRGB", "nonsense", "cut off", "by its description", "no letters", "not of colours"],
)
def test_what_profiles_are_called(profile, name):
    assert profile_name(profile) == name


def exif(index: str) -> Image.Exif:
    """What a camera writes beside a picture in a space of its choice."""
    exif = Image.Exif()
    exif[0x8769] = {0xA001: 65535, 0xA005: {1: index, 2: b"0100"}}
    return exif


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_adobe_rgb_is_known_by_exif_alone(tmp_path, kind):
    picture = Image.new("RGB", (16, 16), (100, 200, 90))
    file = tmp_path / "a"
    for index, name in (("R03", "Adobe RGB"), ("R98", "")):
        file.write_bytes(encoded(picture, kind, quality=100, exif=exif(index)))
        assert inspect(file, "a", decode=False).profile == name
    file.write_bytes(encoded(picture, kind, quality=100, exif=exif("R03"), icc_profile=P3))
    assert inspect(file, "a", decode=False).profile == "Display P3"
    read = read_image(encoded(picture, kind, quality=100, exif=exif("R03")), InputFormat(16, 16, 3, icc="srgb"))
    ours = ImageCms.profileToProfile(picture, io.BytesIO(ADOBE), ImageCms.createProfile("sRGB"))
    assert np.abs(read[8, 8].astype(int) - ours.getpixel((8, 8))).max() <= 3
    assert np.abs(np.array(ours.getpixel((8, 8))) - (0, 201, 80)).max() <= 3


def test_an_exif_that_only_says_so_by_chance_names_no_space(tmp_path):
    other = Image.Exif()
    other[0x010E] = "R03"
    (tmp_path / "a").write_bytes(encoded(Image.new("RGB", (16, 16)), "JPEG", exif=other))
    assert inspect(tmp_path / "a", "a", decode=False).profile == ""


def with_gamma(gamma: float) -> bytes:
    """The profile of sRGB with a power for its curve."""
    usual = profile_named("sRGB")
    at = usual.index(b"para")
    curve = b"curv\0\0\0\0\0\0\0\1" + round(gamma * 256).to_bytes(2)
    return usual[:at] + curve + usual[at + len(curve) :]


@pytest.mark.parametrize(("gamma", "name"), [(2.2, "sRGB"), (1.0, "BGRs"), (1.8, "BGRs")])
def test_the_primaries_of_srgb_with_another_curve_are_another_space(gamma, name):
    profile = with_gamma(gamma).replace("sRGB".encode("utf-16-be"), "BGRs".encode("utf-16-be"))
    assert profile_name(profile) == name
    data = encoded(Image.new("RGB", (3, 1), (128, 128, 128)), icc_profile=profile)
    assert abs(converted(data)[0, 0] - {2.2: 128, 1.0: 188, 1.8: 147}[gamma]) <= 1


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_colours_are_converted_only_if_wanted(kind):
    picture = np.uint8([[*CONVERTED]])
    data = encoded(picture, kind, icc_profile=P3, **({"lossless": True} if kind == "WEBP" else {}))
    assert np.array_equal(read_image(data, InputFormat(1, 3, 3)), picture)
    assert np.abs(converted(data) - [*CONVERTED.values()]).max() <= 4  # the green lies outside of sRGB
    assert np.abs(converted(data)[[0, 2]] - [(255, 0, 0), (220, 160, 130)]).max() <= 1


def test_a_jpeg_is_converted():
    data = encoded(Image.new("RGB", (3, 1), (211, 162, 135)), "JPEG", quality=100, icc_profile=P3)
    assert np.abs(converted(data) - (220, 160, 130)).max() <= 2


def test_sixteen_bits_are_converted_once_they_are_eight():
    values = np.array([[*CONVERTED]]) * 257
    profile = b"p3\0\0" + zlib.compress(P3)
    assert np.abs(converted(with_chunk(png(values, 16, 2), chunk(b"iCCP", profile)))[0] - (255, 0, 0)).max() <= 1


def test_a_space_that_a_png_names_by_its_number_wins():
    data = with_chunk(encoded(np.uint8([[*CONVERTED]])), chunk(b"cICP", bytes([12, 13, 0, 1])))
    assert np.abs(converted(data)[0] - (255, 0, 0)).max() <= 1
    brighter_than_white = with_chunk(encoded(np.uint8([[*CONVERTED]])), chunk(b"cICP", bytes([9, 16, 0, 1])))
    assert np.array_equal(converted(brighter_than_white), [*CONVERTED])
    assert profile_of(2, 13) == b""


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_colours_that_a_box_numbers_are_converted(kind):
    from pillow_heif import register_heif_opener

    register_heif_opener()
    data = encoded(Image.new("RGB", (16, 16), (211, 162, 135)), kind, quality=100)
    assert b"colrnclx\0\1" in data
    data = data.replace(b"colrnclx\0\1", b"colrnclx\0\x0c")
    assert np.abs(read_image(data, InputFormat(16, 16, 3))[8, 8].astype(int) - (211, 162, 135)).max() <= 3
    assert np.abs(read_image(data, InputFormat(16, 16, 3, icc="srgb"))[8, 8].astype(int) - (220, 160, 130)).max() <= 3


@pytest.mark.parametrize("bits", [8, 12])
def test_a_jpeg_2000_is_converted_by_its_profile(bits):
    white = 2**bits - 1
    color = np.rint(np.array([211, 162, 135]) / 255 * white).astype(np.uint8 if bits == 8 else np.uint16)
    data = imagecodecs.jpeg2k_encode(np.full((16, 16, 3), color), level=0, codecformat="jp2", bitspersample=bits)
    at = data.index(b"colr") - 4
    size = int.from_bytes(data[at : at + 4])
    box = (len(P3) + 11).to_bytes(4) + b"colr\2\0\0" + P3
    header = data.index(b"jp2h") - 4
    longer = int.from_bytes(data[header : header + 4]) + len(box) - size
    data = data[:header] + longer.to_bytes(4) + data[header + 4 : at] + box + data[at + size :]
    read = read_image(data, InputFormat(16, 16, 3, icc="srgb"))[8, 8].astype(int)
    assert np.abs(read - (220, 160, 130)).max() <= 1
    assert np.abs(read_image(data, InputFormat(16, 16, 3))[8, 8].astype(int) - (211, 162, 135)).max() <= 1


def test_transparency_and_palettes_are_converted_too():
    clear = np.uint8([[(*color, alpha) for color, alpha in zip(CONVERTED, (255, 0, 255), strict=True)]])
    assert np.abs(converted(encoded(clear, icc_profile=P3)) - [(255, 0, 0), (255,) * 3, (220, 160, 130)]).max() <= 1
    palette = Image.new("P", (3, 1))
    palette.putpalette([channel for color in CONVERTED for channel in color])
    for place in range(3):
        palette.putpixel((place, 0), place)
    assert np.abs(converted(encoded(palette, icc_profile=P3))[0] - (255, 0, 0)).max() <= 1


@pytest.mark.parametrize(
    ("picture", "profile"),
    [
        (Image.new("RGB", (3, 1), (234, 51, 35)), b"nonsense"),
        (Image.new("RGB", (3, 1), (234, 51, 35)), P3[:300]),
        (Image.new("RGB", (3, 1), (234, 51, 35)), SRGB),
        (Image.new("L", (3, 1), 99), P3),
    ],
    ids=["nonsense", "cut off", "sRGB", "of colours for grey"],
)
def test_a_profile_that_does_not_fit_changes_nothing(picture, profile):
    data = encoded(picture, icc_profile=profile)
    assert np.array_equal(converted(data), read_image(data, InputFormat(1, 3, 3))[0])


def test_grey_is_converted_from_what_its_profile_says():
    grey = io.BytesIO()
    Image.new("L", (4, 1), 128).save(grey, "PNG", icc_profile=grey_profile(1.0))
    assert converted(grey.getvalue(), channels=1)[0, 0] == 188  # half of the light


def grey_profile(gamma: float) -> bytes:
    """A profile of grey whose curve is a power: that of sRGB, with one curve and no colours."""
    curve = b"curv\0\0\0\0\0\0\0\1" + round(gamma * 256).to_bytes(2) + b"\0\0"
    white = b"XYZ \0\0\0\0\0\0\xf6\xd6\0\1\0\0\0\0\xd3\x2d"
    text = b"mluc\0\0\0\0\0\0\0\1\0\0\0\x0cenUS\0\0\0\2\0\0\0\x1c\0g\0\0"
    tags = {b"desc": text, b"cprt": text, b"wtpt": white, b"kTRC": curve}
    table, body, start = len(tags).to_bytes(4), b"", 132 + 12 * len(tags)
    for kind, data in tags.items():
        table += kind + (start + len(body)).to_bytes(4) + len(data).to_bytes(4)
        body += data
    header = bytearray(profile_named("sRGB")[:128])
    header[:4], header[16:20] = (start + len(body)).to_bytes(4), b"GRAY"
    return bytes(header) + table + body


# ---------------------------------------------------------------- the doctor


def photos(root, **profiles: list[bytes]):
    """A class for each list, with a photograph for each profile in it."""
    random = np.random.default_rng(0)
    for label, some in profiles.items():
        (root / label).mkdir()
        for number, profile in enumerate(some):
            picture = random.integers(0, 256, (40, 40, 3), dtype=np.uint8)
            (root / label / f"{number}.jpg").write_bytes(encoded(picture, "JPEG", icc_profile=profile or None))
    return root


def findings(root, **plan) -> dict:
    return {one.code: one for one in scan_files("folder", root, plan=Plan(**plan)).findings}


def test_a_class_of_another_camera_is_a_warning(tmp_path):
    found = findings(photos(tmp_path, cat=[P3] * 5 + [b""], dog=[SRGB] * 3 + [b""] * 3))
    assert [one.detail for one in found["profile-tells-class"].affected] == ["cat: Display P3 in 83%"]
    assert len(found["wide-gamut"].affected) == 5


@pytest.mark.parametrize(
    ("cat", "dog", "is_told"),
    [
        ([P3] * 4, [ADOBE] * 4, True),
        ([P3] * 4, [P3] * 4, False),
        ([P3, b"", P3, b""], [b"", P3, b"", P3], False),
        ([SRGB] * 4, [b""] * 4, False),
        ([P3] * 2, [b""] * 2, False),
    ],
    ids=["two spaces", "all alike", "in both", "sRGB is none", "too few"],
)
def test_only_profiles_that_differ_by_class_are_a_warning(tmp_path, cat, dog, is_told):
    assert ("profile-tells-class" in findings(photos(tmp_path, cat=cat, dog=dog))) is is_told


def test_where_they_are_converted_nothing_is_told(tmp_path):
    root = photos(tmp_path, cat=[P3] * 4, dog=[b"", b"", b"", b"nonsense"])
    found = findings(root, reading=InputFormat(1, 1, 3, icc="srgb"))
    assert "profile-tells-class" not in found
    assert "wide-gamut" not in found
    assert [one.names for one in found["broken-profile"].affected] == [("dog/3.jpg",)]


def test_a_long_profile_in_a_png_is_known(tmp_path):
    padded = P3 + bytes(2_000_000)
    padded = len(padded).to_bytes(4) + padded[4:]
    data = with_chunk(encoded(np.uint8([[*CONVERTED]])), chunk(b"iCCP", b"p3\0\0" + zlib.compress(padded)))
    (tmp_path / "a.png").write_bytes(data)
    assert inspect(tmp_path / "a.png", "a.png", decode=False).profile == "Display P3"
    assert np.abs(converted(data)[0] - (255, 0, 0)).max() <= 1
