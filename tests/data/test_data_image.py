"""One image file into an array: every mode, every orientation, and everything that only looks like an image."""

import io
import os
import socket
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from picture_files import STORED
from PIL import Image

from cnncli.data.decode import image as images
from cnncli.data.decode.image import read_image
from cnncli.data.decode.input_format import InputFormat
from cnncli.errors import DataError

PHOTO = np.random.default_rng(1).integers(0, 256, (6, 4, 3), dtype=np.uint8)  # (height, width, channels)
GREY = PHOTO[:, :, 0]


def encoded(picture: Image.Image | np.ndarray, kind: str = "PNG", **options) -> bytes:
    out = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(out, kind, **options)
    return out.getvalue()


def noise(size: int = 64) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (size, size, 3), dtype=np.uint8)


# ---------------------------------------------------------------- pixels stay what they are


@pytest.mark.parametrize("options", [("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True})], ids=lambda o: o[0])
def test_an_image_of_the_right_size_keeps_its_bytes(options, tmp_path):
    path = tmp_path / "photo.any"
    path.write_bytes(encoded(PHOTO, options[0], **options[1]))
    read = read_image(path, InputFormat(6, 4, 3))
    assert read.dtype == np.uint8
    assert read.shape == (6, 4, 3)
    assert np.array_equal(read, PHOTO)
    assert np.array_equal(read, read_image(path.read_bytes(), InputFormat(6, 4, 3)))


def test_grey_keeps_its_bytes_and_its_axis():
    assert np.array_equal(read_image(encoded(GREY), InputFormat(6, 4, 1)), GREY[:, :, None])


def test_grey_to_colour_is_three_times_the_same():
    assert np.array_equal(read_image(encoded(GREY), InputFormat(6, 4, 3)), np.stack([GREY] * 3, axis=-1))


def test_colour_to_grey_weighs_the_channels():
    primaries = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    assert read_image(encoded(primaries), InputFormat(1, 4, 1))[0, :, 0].tolist() == [76, 150, 29, 255]


def test_a_gif_keeps_its_palette_colours():
    flags = np.array([[[255, 0, 0], [0, 128, 0]], [[0, 0, 255], [9, 9, 9]]], np.uint8)
    assert np.array_equal(read_image(encoded(flags, "GIF"), InputFormat(2, 2, 3)), flags)


def test_a_jpeg_is_what_pillow_decodes():
    data = encoded(noise(16), "JPEG", quality=95)
    assert np.array_equal(read_image(data, InputFormat(16, 16, 3)), np.asarray(Image.open(io.BytesIO(data))))


def test_the_result_can_be_written_to():
    read_image(encoded(PHOTO), InputFormat(6, 4, 3))[0, 0, 0] = 7


def test_the_name_of_the_file_does_not_matter(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(PHOTO, "PNG"))
    assert np.array_equal(read_image(path, InputFormat(6, 4, 3)), PHOTO)


# ---------------------------------------------------------------- size


def test_stretching_does_not_keep_the_proportions():
    halves = np.zeros((4, 8, 3), np.uint8)
    halves[:, 4:] = 200
    read = read_image(encoded(halves), InputFormat(16, 2, 3))
    assert read.shape == (16, 2, 3)
    assert read[:, 0].max() < 100 < read[:, 1].min()


def test_shrinking_is_antialiased():
    # A chessboard of single pixels: picking pixels gives black or white, averaging them gives grey
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    small = read_image(encoded(board), InputFormat(8, 8, 1))
    assert small.min() > 115
    assert small.max() < 140


# ---------------------------------------------------------------- modes


def test_transparent_pixels_are_laid_on_white():
    picture = np.zeros((1, 3, 4), np.uint8)
    picture[0, :, :3] = (200, 0, 0)  # red is hidden below the transparent pixel
    picture[0, :, 3] = (255, 0, 128)
    read = read_image(encoded(picture), InputFormat(1, 3, 3))[0]
    assert read[0].tolist() == [200, 0, 0]
    assert read[1].tolist() == [255, 255, 255]
    assert np.abs(read[2].astype(int) - [227, 127, 127]).max() <= 1


def test_grey_with_alpha():
    picture = Image.fromarray(np.array([[[10, 255], [10, 0]]], np.uint8), "LA")
    assert read_image(encoded(picture), InputFormat(1, 2, 1))[0, :, 0].tolist() == [10, 255]


def test_a_palette_with_a_transparent_colour():
    picture = Image.new("P", (2, 1))
    picture.putpalette([0, 0, 255, 200, 100, 50])
    picture.putpixel((1, 0), 1)
    for kind in ("PNG", "GIF"):
        read = read_image(encoded(picture, kind, transparency=0), InputFormat(1, 2, 3))
        assert read[0].tolist() == [[255, 255, 255], [200, 100, 50]], kind


def test_a_palette_with_an_alpha_for_each_colour():
    picture = Image.new("P", (2, 1))
    picture.putpalette([0, 0, 0, 200, 100, 50])
    picture.putpixel((1, 0), 1)
    read = read_image(encoded(picture, transparency=bytes([0, 255])), InputFormat(1, 2, 3))
    assert read[0].tolist() == [[255, 255, 255], [200, 100, 50]]


@pytest.mark.parametrize(("channels", "key"), [(3, (1, 2, 3)), (1, 9)])
def test_one_colour_that_a_png_calls_transparent(channels, key):
    pixels = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8) if channels == 3 else np.array([[9, 8]], np.uint8)
    read = read_image(encoded(pixels, transparency=key), InputFormat(1, 2, channels))
    assert read[0, 0].tolist() == [255] * channels
    assert read[0, 1].tolist() == ([4, 5, 6] if channels == 3 else [8])


def test_one_bit():
    picture = Image.fromarray(np.array([[0, 255], [255, 0]], np.uint8)).convert("1")
    assert read_image(encoded(picture), InputFormat(2, 2, 1))[:, :, 0].tolist() == [[0, 255], [255, 0]]


def test_sixteen_bits_are_scaled_and_not_clipped():
    values = np.array([[0, 256, 257, 386, 32768, 65535]], np.uint16)
    assert read_image(encoded(values), InputFormat(1, 6, 1))[0, :, 0].tolist() == [0, 1, 1, 2, 128, 255]
    assert read_image(encoded(values), InputFormat(1, 6, 3))[0, 5].tolist() == [255, 255, 255]


def test_sixteen_bits_with_a_transparent_value():
    values = np.array([[1000, 30000]], np.uint16)
    data = with_chunk(encoded(values), b"tRNS", struct.pack(">H", 1000))
    assert read_image(data, InputFormat(1, 2, 1))[0, :, 0].tolist() == [255, 117]


def test_cmyk_becomes_the_colours_it_means():
    ink = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # magenta and yellow make red
    red = read_image(encoded(ink, "JPEG", quality=95), InputFormat(16, 16, 3))[8, 8]
    assert red[0] > 240
    assert red[1:].max() < 15


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "lime", "blue")]
    for kind, options in (("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True})):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert read_image(data, InputFormat(4, 4, 3))[2, 2].tolist() == [255, 0, 0], kind


# ---------------------------------------------------------------- orientation

ASYMMETRIC = np.arange(24, dtype=np.uint8).reshape(6, 4) * 10


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_turned_photo_is_seen_upright(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED[orientation](ASYMMETRIC))
    data = encoded(
        Image.fromarray(stored).convert("RGB"), kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {})
    )
    assert np.array_equal(read_image(data, InputFormat(6, 4, 1))[:, :, 0], ASYMMETRIC)


def test_a_turned_jpeg_changes_its_shape():
    exif = Image.Exif()
    exif[0x0112] = 6
    wide = np.zeros((16, 32, 3), np.uint8)
    wide[:, 16:] = 255  # bright on the right when stored, so at the bottom when seen
    read = read_image(encoded(wide, "JPEG", exif=exif), InputFormat(32, 16, 3))
    assert read[:8].max() < 20
    assert read[-8:].min() > 235


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("exif", [b"Exif\0\0nonsense", b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01", b"Exif\0\0"])
def test_exif_that_cannot_be_parsed_does_not_matter(exif):
    data = encoded(noise(8), "JPEG", quality=95, exif=exif)
    assert np.array_equal(read_image(data, InputFormat(8, 8, 3)), np.asarray(Image.open(io.BytesIO(data))))


def test_pillow_says_nothing_to_the_user(tmp_path):
    for name in ("cat", "dog"):
        path = tmp_path / name / "photo.jpg"
        path.parent.mkdir()
        path.write_bytes(encoded(noise(8), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01"))
    done = subprocess.run([sys.executable, "-m", "cnncli", "data", tmp_path], capture_output=True, text=True)
    assert "2 images" in done.stdout
    assert done.stderr == ""


def test_an_orientation_that_does_not_exist_is_ignored():
    exif = Image.Exif()
    exif[0x0112] = 77
    assert np.array_equal(read_image(encoded(PHOTO, exif=exif), InputFormat(6, 4, 3)), PHOTO)


# ---------------------------------------------------------------- files that are no images

FOREIGN = {
    "is empty": b"",
    "is an HTML page": b"<!DOCTYPE html>\n<html><body>404</body></html>",
    "is an HTML page, not": b"\xef\xbb\xbf\n <html lang='en'>",
    "is an SVG image, which cnncli does not read": b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>",
    "is a PDF document": b"%PDF-1.7\n",
    "is a ZIP archive": b"PK\x03\x04\x14\0\0\0",
    "is a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n",
    "is a text file": "Blümchen; not a picture\n".encode(),
    "is a text file, not": b"BMW, Audi, Opel and other makers of cars",
    "is a NumPy array": b"\x93NUMPY\x01\0",
    "is cut off: the end of the TIFF is missing": b"II*\0\x08\0\0\0",
    "is a Radiance image, which cnncli does not read": b"#?RADIANCE\n",
    "is cut off: the end of the HEIC is missing": b"\0\0\0\x18ftypheic\0\0\0\0",
    "is cut off: the end of the AVIF is missing": b"\0\0\0\x18ftypavif\0\0\0\0",
    "is not an image": b"\0\x01\x02\x03\x04" * 20,
}


@pytest.mark.parametrize(("words", "contents"), FOREIGN.items(), ids=[*FOREIGN])
def test_what_is_no_image_is_called_what_it_is(words, contents, tmp_path):
    path = tmp_path / "cat.jpg"
    path.write_bytes(contents)
    with pytest.raises(DataError) as caught:
        read_image(path, InputFormat(8, 8, 3))
    assert caught.value.message.startswith(f"{path} {words}")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_half_a_file_is_cut_off(kind, share):
    data = encoded(noise(), kind)
    with pytest.raises(DataError, match=f"^photo is cut off: the end of the {kind} is missing$"):
        read_image(data[: int(len(data) * share)], InputFormat(64, 64, 3), name="photo")


def outcome(data: bytes) -> str:
    try:
        shape = read_image(data, InputFormat(12, 11, 3)).shape
    except DataError as error:
        return error.message
    return "the image is there" if shape == (12, 11, 3) else f"wrong shape {shape}"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_no_cut_makes_anything_but_an_image_or_a_data_error(kind):
    data = encoded(noise(12), kind)
    for length in range(len(data)):
        assert outcome(data[:length]).startswith("the image is ")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_no_flipped_byte_makes_anything_but_an_image_or_a_data_error(kind):
    data = encoded(noise(10), kind)
    for place in range(0, len(data), max(1, len(data) // 300)):
        broken = bytearray(data)
        broken[place] ^= 0xFF
        assert outcome(bytes(broken)).startswith("the image is ")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP"])
def test_damage_in_the_middle_is_not_called_a_missing_end(kind):
    data = encoded(noise(), kind)
    said = set()
    for place in [28, 30, *range(60, len(data) - 70, len(data) // 100)]:
        broken = bytearray(data)
        broken[place] ^= 0xFF
        said.add(outcome(bytes(broken)).partition(":")[0])
    assert f"the image is a damaged {kind}" in said
    assert said <= {f"the image is a damaged {kind}", "the image is there"}


def test_a_wrong_checksum_in_a_png_is_damage():
    data = bytearray(encoded(noise()))
    data[200] ^= 1
    with pytest.raises(DataError, match=r"^the image is a damaged PNG: ."):
        read_image(bytes(data), InputFormat(64, 64, 3))


# ---------------------------------------------------------------- bombs


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk(png: bytes, kind: bytes, data: bytes) -> bytes:
    """The PNG with one chunk more, behind its header."""
    return png[:33] + png_chunk(kind, data) + png[33:]


def png_header(width: int, height: int) -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + png_chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(10_000, 5_001), (10_000, 10_000), (20_000, 20_000), (100_000, 100_000)])
def test_a_bomb_is_refused_by_its_header(width, height, tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(width, height))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DataError) as caught:
            read_image(path, InputFormat(8, 8, 3))
    assert caught.value.message == f"{path} is a PNG of {height}×{width} pixels: more than 50 million"


def test_fifty_million_pixels_are_allowed(monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", 24)
    assert read_image(encoded(PHOTO), InputFormat(6, 4, 3)).shape == (6, 4, 3)
    monkeypatch.setattr(images, "MAX_PIXELS", 23)
    with pytest.raises(DataError, match="6×4 pixels"):
        read_image(encoded(PHOTO), InputFormat(6, 4, 3))


def test_a_gif_of_a_small_screen_with_a_large_frame():
    data = bytearray(encoded(Image.new("P", (4, 4)), "GIF"))
    frame = data.index(b",", 13 + 3 * 2)
    data[frame + 5 : frame + 9] = struct.pack("<HH", 20_000, 20_000)
    with pytest.raises(DataError, match=r"is a GIF.*: more than 50 million"):
        read_image(bytes(data), InputFormat(4, 4, 3))


def test_a_webp_that_claims_to_be_large():
    canvas = (16_000 - 1).to_bytes(3, "little") * 2
    chunk = b"VP8X" + struct.pack("<I", 10) + b"\0\0\0\0" + canvas
    data = b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk
    with pytest.raises(DataError, match=r"is a WEBP.*: more than 50 million"):
        read_image(data, InputFormat(4, 4, 3))


# ---------------------------------------------------------------- paths


def test_no_such_file(tmp_path):
    with pytest.raises(DataError, match=r"cat\.png does not exist: no such file$"):
        read_image(tmp_path / "cat.png", InputFormat(8, 8, 3))


def test_a_link_to_nowhere(tmp_path):
    (tmp_path / "cat.png").symlink_to(tmp_path / "gone.png")
    with pytest.raises(DataError, match="is a link to a file that does not exist"):
        read_image(tmp_path / "cat.png", InputFormat(8, 8, 3))


def test_a_link_to_itself(tmp_path):
    (tmp_path / "cat.png").symlink_to(tmp_path / "cat.png")
    with pytest.raises(DataError, match=r"cat\.png cannot be opened: "):
        read_image(tmp_path / "cat.png", InputFormat(8, 8, 3))


def test_a_folder(tmp_path):
    with pytest.raises(DataError, match="is a folder, not an image"):
        read_image(tmp_path, InputFormat(8, 8, 3))


def test_a_fifo_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "cat.png")
    with pytest.raises(DataError, match="is a FIFO, not an image"):
        read_image(tmp_path / "cat.png", InputFormat(8, 8, 3))


def test_a_socket(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("cat.png")
        with pytest.raises(DataError, match="is a socket, not an image"):
            read_image(tmp_path / "cat.png", InputFormat(8, 8, 3))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_is_not_permitted(tmp_path):
    (tmp_path / "cat.png").write_bytes(encoded(PHOTO))
    (tmp_path / "cat.png").chmod(0)
    with pytest.raises(DataError, match="not permitted"):
        read_image(tmp_path / "cat.png", InputFormat(8, 8, 3))


def test_not_permitted_as_the_system_says_it(tmp_path, monkeypatch):
    (tmp_path / "cat.png").write_bytes(encoded(PHOTO))

    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refused)
    with pytest.raises(DataError, match=r"cat\.png cannot be read: permission denied"):
        read_image(tmp_path / "cat.png", InputFormat(8, 8, 3))


def test_a_name_no_system_allows(tmp_path):
    for name in ("a\0b.png", "x" * 5000):
        with pytest.raises(DataError, match="cannot be opened"):
            read_image(tmp_path / name, InputFormat(8, 8, 3))


def test_no_file_stays_open(tmp_path):
    (tmp_path / "cat.png").write_bytes(encoded(PHOTO))
    (tmp_path / "bad.png").write_bytes(encoded(noise())[:500])
    open_files = Path("/proc/self/fd")
    if not open_files.is_dir():
        pytest.skip("no /proc here")
    before = len(list(open_files.iterdir()))
    for _ in range(20):
        read_image(tmp_path / "cat.png", InputFormat(6, 4, 3))
        with pytest.raises(DataError):
            read_image(tmp_path / "bad.png", InputFormat(6, 4, 3))
    assert len(list(open_files.iterdir())) <= before + 2
