"""PNG in every colour type, depth and order of rows, with and without transparency, against the numbers written."""

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from picture_files import encoded, oriented
from PIL import Image
from png_files import CHANNELS, DEPTHS, chunk, png, seen, with_chunk

from cnncli.data.decode.image import read_image, size_of
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.quality.inspection import inspect
from cnncli.errors import DataError

KINDS = [(kind, bits) for kind, depths in DEPTHS.items() for bits in depths]
NAMES = {0: "grey", 2: "colour", 3: "palette", 4: "grey-alpha", 6: "colour-alpha"}
GREY = np.arange(63, dtype=np.uint8).reshape(9, 7) * 4


def written(kind: int, bits: int) -> tuple[np.ndarray, list | None]:
    random = np.random.default_rng(bits)
    values = random.integers(0, 2**bits, (9, 11, CHANNELS[kind]))
    return values, random.integers(0, 256, (2**bits, 3)).tolist() if kind == 3 else None


def difference(data: bytes, expected: np.ndarray) -> float:
    return np.abs(read_image(data, InputFormat(*expected.shape)) - expected).max()


@pytest.mark.parametrize("interlaced", [False, True], ids=["", "interlaced"])
@pytest.mark.parametrize(("kind", "bits"), KINDS, ids=[f"{NAMES[kind]}-{bits}" for kind, bits in KINDS])
def test_every_png_is_what_its_numbers_say(kind, bits, interlaced):
    values, palette = written(kind, bits)
    data = png(values, bits, kind, palette=palette, interlaced=interlaced)
    assert difference(data, seen(values, bits, kind, palette=palette)) <= 0.5


@pytest.mark.parametrize("interlaced", [False, True], ids=["", "interlaced"])
@pytest.mark.parametrize(
    ("kind", "bits"),
    [pair for pair in KINDS if pair[0] in (0, 2, 3)],
    ids=[f"{NAMES[kind]}-{bits}" for kind, bits in KINDS if kind in (0, 2, 3)],
)
def test_the_transparent_value_is_white_at_every_depth(kind, bits, interlaced):
    values, palette = written(kind, bits)
    key = [0, 100] if palette else values[3, 3].tolist()
    data = png(values, bits, kind, key=key, palette=palette, interlaced=interlaced)
    assert difference(data, seen(values, bits, kind, key, palette)) <= 0.5


@pytest.mark.parametrize(("bits", "key"), [(4, 0xFFF5), (8, 0x0105)])
def test_of_a_transparent_value_the_bits_that_pixels_have_count(bits, key):
    values = np.array([[[5], [6]]])
    read = read_image(png(values, bits, 0, key=[key]), InputFormat(1, 2, 1))
    assert read[0, :, 0].tolist() == [255, 6 * 255 // (2**bits - 1)]


def test_grey_of_sixteen_bits_with_alpha_is_grey(tmp_path):
    values, _ = written(4, 16)
    (tmp_path / "a.png").write_bytes(png(values, 16, 4))
    assert inspect(tmp_path / "a.png", "a.png", decode=True).grey


def test_animated_sixteen_bits_show_their_first_frame():
    values, _ = written(2, 16)
    control = struct.pack(">IIIIIHHBB", 0, 11, 9, 0, 0, 1, 1, 0, 0)
    data = with_chunk(png(values, 16, 2), chunk(b"acTL", struct.pack(">II", 1, 0)), chunk(b"fcTL", control))
    assert difference(data, seen(values, 16, 2)) <= 0.5


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("orientation", [3, 6])
def test_a_turn_told_behind_the_pixels_is_applied_at_every_depth(bits, orientation):
    values, _ = written(2, bits)
    turned = {3: lambda seen: seen[::-1, ::-1], 6: lambda seen: np.rot90(seen, -1)}[orientation]
    data = oriented(png(values, bits, 2), orientation, behind_pixels=True)
    assert difference(data, turned(seen(values, bits, 2))) <= 0.5


# ---------------------------------------------------------------- alpha that was never meant


def hidden(kind: str, alpha: int) -> bytes:
    photo = np.random.default_rng(1).integers(0, 256, (6, 5, 4), dtype=np.uint8)
    photo[:, :, 3] = alpha
    return encoded(photo, kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))


@pytest.mark.parametrize("alpha", [0, 1])
@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP"])
def test_a_picture_that_is_transparent_everywhere_shows_its_colours(kind, alpha):
    opaque = read_image(hidden(kind, 255), InputFormat(6, 5, 3))
    assert np.array_equal(read_image(hidden(kind, alpha), InputFormat(6, 5, 3)), opaque)


@pytest.mark.parametrize(("kind", "bits"), [(4, 8), (4, 16), (6, 8), (6, 16)])
def test_so_does_grey_and_every_depth(kind, bits):
    values, _ = written(kind, bits)
    values[:, :, -1] = 0
    opaque = np.concatenate([values[:, :, :-1], np.full((9, 11, 1), 2**bits - 1)], axis=2)
    assert difference(png(values, bits, kind), seen(opaque, bits, kind)) <= 0.5


def test_a_palette_without_an_opaque_colour_shows_its_colours():
    values, palette = written(3, 4)
    data = png(values, 4, 3, key=[0] * 16, palette=palette)
    assert difference(data, seen(values, 4, 3, palette=palette)) <= 0.5


def test_one_visible_pixel_makes_the_others_white():
    values, _ = written(6, 8)
    values[:, :, 3] = 0
    values[4, 4, 3] = 255
    read = read_image(png(values, 8, 6), InputFormat(9, 11, 3))
    assert read[4, 4].tolist() == values[4, 4, :3].tolist()
    assert read[0].min() == 255


# ---------------------------------------------------------------- long texts and profiles

LONG = zlib.compress(b"a" * 3_000_000)
TEXTS = {
    "zTXt": chunk(b"zTXt", b"history\0\0" + LONG),
    "iTXt": chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + LONG),
    "plain iTXt": chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"a" * 3_000_000),
    "iCCP": chunk(b"iCCP", b"scanner\0\0" + LONG),
}


@pytest.mark.parametrize("behind", [False, True], ids=["before", "behind"])
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("bits", [8, 16])
def test_a_long_text_is_no_damage(text, behind, bits, tmp_path):
    values, _ = written(2, bits)
    data = with_chunk(oriented(png(values, bits, 2), 3), TEXTS[text], behind=behind)
    assert difference(data, seen(values, bits, 2)[::-1, ::-1]) <= 0.5
    (tmp_path / "a.png").write_bytes(data)
    assert size_of(tmp_path / "a.png") == (9, 11)
    assert not inspect(tmp_path / "a.png", "a.png", decode=True).problem


def test_many_texts_that_are_long_together_are_no_damage():
    packed = zlib.compress(b"a" * 900_000)
    texts = (chunk(b"zTXt", b"part %d\0\0" % part + packed) for part in range(75))
    assert np.array_equal(read_image(with_chunk(encoded(GREY), *texts), InputFormat(9, 7, 1))[:, :, 0], GREY)


def test_a_text_that_unpacks_to_much_more_takes_little_memory():
    data = with_chunk(encoded(GREY), chunk(b"zTXt", b"bomb\0\0" + zlib.compress(bytes(50_000_000))))
    tracemalloc.start()
    read_image(data, InputFormat(9, 7, 1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_damaged_png_stays_damaged_beside_a_long_text():
    data = bytearray(with_chunk(encoded(GREY), TEXTS["zTXt"]))
    data[-30] ^= 0xFF
    with pytest.raises(DataError, match="is a damaged PNG"):
        read_image(bytes(data), InputFormat(9, 7, 1))


def test_a_long_text_with_a_wrong_checksum_is_damage():
    broken = bytearray(TEXTS["zTXt"])
    broken[-1] ^= 1
    with pytest.raises(DataError, match="is a damaged PNG"):
        read_image(with_chunk(encoded(GREY), bytes(broken)), InputFormat(9, 7, 1))


def test_a_png_that_ends_within_a_long_text_is_cut_off():
    whole = with_chunk(encoded(GREY), TEXTS["plain iTXt"])
    with pytest.raises(DataError, match="is cut off"):
        read_image(whole[:1_000_000], InputFormat(9, 7, 1))


def test_pillow_would_refuse_these():
    with pytest.raises(ValueError, match="too large"):
        Image.open(io.BytesIO(with_chunk(encoded(GREY), TEXTS["zTXt"])))
