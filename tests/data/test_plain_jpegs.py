"""JPEGs that Pillow's decoder is given at once: the same pixels, the same messages, and which ones they are."""

import numpy as np
import pytest
from picture_files import encoded
from PIL import Image

from cnncli.data.decode.image import read_image
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.readers import jpeg
from cnncli.data.decode.readers.codestream import JpegFrame, plain_frame
from cnncli.errors import DataError

RANDOM = np.random.default_rng(4)
PHOTO = Image.fromarray(RANDOM.integers(0, 256, (48, 64, 3), dtype=np.uint8))
COMMENT, JFXX = b"\xff\xfe\x00\x04hi", b"\xff\xe0\x00\x10JFXX\0" + bytes(9)
KINDS = {
    "as it is": {},
    "grey": {"grey": True},
    "progressive": {"progressive": True},
    "whole colours": {"subsampling": 0},
    "red, green and blue": {"keep_rgb": True},
    "restarts": {"restart_marker_blocks": 3},
    "profile": {"icc_profile": b"of no kind"},
    "comment": {"comment": b"hello"},
}


def saved(kind: str) -> bytes:
    options = dict(KINDS[kind])
    return encoded(PHOTO.convert("L") if options.pop("grey", False) else PHOTO, "JPEG", **options)


def answer(data: bytes, height: int = 9, width: int = 10, channels: int = 3, **how) -> list[int] | str:
    """The pixels, or what is said of the file."""
    try:
        return read_image(data, InputFormat(height, width, channels, **how), "photo").tolist()
    except DataError as error:
        return f"{error.message}; {error.hint}"


@pytest.fixture
def by_reader(monkeypatch):
    """What Pillow's reader makes of a file."""

    def read(data: bytes, *size: int, **how) -> list[int] | str:
        with monkeypatch.context() as patched:
            patched.setattr(jpeg, "plain_frame", lambda _: None)
            return answer(data, *size, **how)

    return read


def agreed(data: bytes, by_reader) -> list[int] | str:
    said = answer(data)
    assert said == by_reader(data)
    return said


@pytest.mark.parametrize("kind", KINDS)
def test_plain_ones_need_no_reader(monkeypatch, kind):
    monkeypatch.setattr(jpeg, "JpegImageFile", None)
    assert isinstance(answer(saved(kind)), list)


@pytest.mark.parametrize("kind", KINDS)
def test_the_pixels_are_those_of_pillows_reader(by_reader, kind):
    data = saved(kind)
    assert plain_frame(data) is not None
    for size in (
        (48, 64, 3),
        (48, 64, 1),
        (9, 10, 3),
        (6, 8, 3),
        (3, 4, 1),
    ):  # the last two from a quarter and an eighth
        assert answer(data, *size) == by_reader(data, *size)
    assert answer(data, icc="srgb") == by_reader(data, icc="srgb")
    assert answer(data, white=200) == by_reader(data, white=200)


def test_what_is_said_of_damaged_ones_stays(by_reader):
    answers = set()
    for kind in ("as it is", "progressive", "profile"):
        data = saved(kind)
        for length in range(4, len(data), 97):
            answers.add(str(agreed(data[:length], by_reader)).partition(":")[0])
        for place in range(2, 700, 7):
            broken = bytearray(data)
            broken[place] ^= 0xFF
            answers.add(str(agreed(bytes(broken), by_reader)).partition(":")[0])
    assert answers > {"photo is cut off", "photo is a damaged JPEG"}


def test_a_plain_one_tells_its_size_and_channels():
    assert plain_frame(saved("as it is")) == JpegFrame(0xC0, 8, 64, 48, 3)
    assert plain_frame(saved("grey")) == JpegFrame(0xC0, 8, 64, 48, 1)
    for segment in (COMMENT, JFXX):
        assert plain_frame(b"\xff\xd8" + segment + saved("as it is")[2:]) is not None


def tampered(data: bytes, offset: int, value: int) -> bytes:
    """With a byte of the frame changed, counted from its marker."""
    place = data.index(b"\xff\xc0") + offset
    return data[:place] + bytes([value]) + data[place + 1 :]


def not_plain() -> dict[str, bytes]:
    plain, exif = saved("as it is"), Image.Exif()
    exif[0x0112] = 6
    frame, scan = plain.index(b"\xff\xc0"), plain.index(b"\xff\xda")
    size = 2 + int.from_bytes(plain[frame + 2 : frame + 4])
    return {
        "EXIF": encoded(PHOTO, "JPEG", exif=exif),
        "EXIF behind the frame": plain[:scan] + b"\xff\xe1\x00\x0aExif\0\0II" + plain[scan:],
        "inks": encoded(PHOTO.convert("CMYK"), "JPEG"),
        "12 bits": tampered(plain, 4, 12),
        "no width": tampered(plain, 8, 0),
        "two channels": tampered(plain, 9, 2),
        "two frames": plain[: frame + size] + plain[frame:],
        "no frame": plain[:frame] + plain[frame + size :],
        "arithmetic coding": plain[:frame] + b"\xff\xc9" + plain[frame + 2 :],
        "a short JFIF": plain[:2] + b"\xff\xe0\x00\x09JFIF\0\1\1" + plain[2:],
        "a short Adobe": plain[:2] + b"\xff\xee\x00\x08Adobe\0" + plain[2:],
        "a filled marker": plain[:2] + b"\xff" + COMMENT + plain[2:],
        "something between": plain[:2] + b"?" + plain[2:],
        "a segment of no length": plain[:2] + b"\xff\xfe\x00\x00" + plain[2:],
        "only its beginning": plain[: scan + 4],
        "nothing": b"\xff\xd8\xff",
    }


@pytest.mark.parametrize(("kind", "data"), not_plain().items(), ids=[*not_plain()])
def test_all_others_are_left_to_pillows_reader(by_reader, kind, data):
    assert plain_frame(data) is None
    agreed(data, by_reader)
