"""Formats: cells of format, depth and colour as another reader has them, stacks, orientation, and what is not read."""

import io
import struct
import sys
from functools import cache
from itertools import product
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from cases import each
from format_files import CELLS, HEIGHT, SMOOTH, WIDTH, Cell, bytes_of, of_bits, saved, tiff
from picture_files import STORED
from PIL import Image

from cnncli.data.decode.formats import FORMATS, format_of
from cnncli.data.decode.image import read_image, size_of
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.readers import open_picture
from cnncli.errors import DataError

GREY = of_bits(SMOOTH[:, :, 0], 8)
COLORS = of_bits(SMOOTH[:, :, :3], 8)
READ = {"channels": 3, "height": HEIGHT, "width": WIDTH}


@cache
def cell_of(name: str) -> Cell:
    return CELLS[name]()


def refusal(data: bytes, name: str = "", **options) -> DataError:
    with pytest.raises(DataError) as caught:
        read_image(data, InputFormat(**(READ | options)), name)
    return caught.value


@each("name", CELLS)
def test_a_cell_of_the_grid_has_the_pixels_of_the_file(name):
    cell = cell_of(name)
    input_format = InputFormat(HEIGHT, WIDTH, cell.expected.shape[2], **(cell.options or {}))
    assert np.abs(read_image(cell.data, input_format) - cell.expected).max() <= cell.tolerance


@each("name", CELLS)
def test_the_size_is_told_without_decoding(name, tmp_path):
    cell = cell_of(name)
    (tmp_path / "image").write_bytes(cell.data)
    input_format = InputFormat(1, 1, 1, **(cell.options or {}))
    assert size_of(tmp_path / "image", input_format) == (HEIGHT, WIDTH)


@each("name", CELLS)
def test_grey_is_called_grey(name):
    cell = cell_of(name)
    opened = open_picture(format_of(cell.data), io.BytesIO(cell.data), (cell.options or {}).get("frame"))
    assert opened.is_grey == (cell.expected.shape[2] == 1)


# ---------------------------------------------------------------- several pages


def test_a_stack_needs_to_be_told_which_page():
    error = refusal(tiff(of_bits(np.moveaxis(SMOOTH, 2, 0), 16), photometric="minisblack"))
    assert error.message == "the image is a TIFF of 4 pages"
    assert error.hint == "choose one with data.image.frame: a number from 0 to 3, first or middle"


def test_a_page_that_is_not_there_is_named():
    error = refusal(tiff(of_bits(np.moveaxis(SMOOTH, 2, 0), 8), photometric="minisblack"), frame=4)
    assert (error.message, error.hint) == ("the image is a TIFF of 4 pages", "data.image.frame is 4; the first is 0")
    assert refusal(tiff(GREY), frame=1).message == "the image is a TIFF of 1 page"


@pytest.mark.parametrize("frame", ["first", "middle", 0])
def test_a_single_page_is_the_first_and_the_middle(frame):
    read = read_image(tiff(GREY), InputFormat(HEIGHT, WIDTH, 1, frame=frame))
    assert np.array_equal(read[:, :, 0], GREY)


@pytest.mark.parametrize("options", [{"imagej": True}, {"ome": True, "metadata": {"axes": "CYX"}}])
def test_slices_and_channels_of_microscopes_are_pages(options):
    assert refusal(tiff(of_bits(np.moveaxis(SMOOTH, 2, 0), 8), **options)).message == "the image is a TIFF of 4 pages"


@pytest.mark.parametrize("bits", [8, 16])
def test_a_stack_in_one_page_is_not_taken_for_its_first_slice(bits):
    stack = of_bits(np.moveaxis(SMOOTH, 2, 0), bits)
    assert "pictures in one page" in refusal(tiff(stack, photometric="minisblack", truncate=True)).message


@pytest.mark.parametrize("bits", [8, 16])
def test_a_thumbnail_is_no_page(bits):
    pixels, out = of_bits(SMOOTH[:, :, 0], bits), io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        writer.write(pixels[::4, ::4], photometric="minisblack", subfiletype=1)
        writer.write(pixels, photometric="minisblack")
    read = read_image(out.getvalue(), InputFormat(HEIGHT, WIDTH, 1))
    assert np.abs(read[:, :, 0] - bytes_of(SMOOTH[:, :, 0])).max() <= 1


# ---------------------------------------------------------------- orientation


def turned(kind: str, orientation: int) -> bytes:
    stored = np.ascontiguousarray(STORED[orientation](GREY))
    exif = Image.Exif()
    exif[0x0112] = orientation
    if kind == "TIFF":
        return saved(stored, "TIFF", exif=exif)
    if kind == "deep TIFF":
        tag = (274, 3, 1, orientation, True)
        return tiff(stored.astype(np.uint16) * 257, photometric="minisblack", extratags=[tag])
    if kind == "deep JPEG":
        data = imagecodecs.jpeg_encode(stored.astype(np.uint16) * 257, bitspersample=16, lossless=True)
        segment = exif.tobytes()
        return data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:]
    return saved(Image.fromarray(stored).convert("RGB"), "AVIF", exif=exif, quality=100, subsampling="4:4:4")


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["TIFF", "deep TIFF", "deep JPEG", "AVIF"])
def test_a_turned_picture_is_seen_upright(kind, orientation, tmp_path):
    (tmp_path / "image").write_bytes(turned(kind, orientation))
    assert size_of(tmp_path / "image") == (HEIGHT, WIDTH)
    read = read_image(tmp_path / "image", InputFormat(HEIGHT, WIDTH, 1))[:, :, 0]
    assert np.abs(read - GREY.astype(int)).max() <= (4 if kind == "AVIF" else 0)


def heic(orientation: int, turns: bool = True) -> bytes:
    """Pillow-heif turns by the format's own property, which a file may lack."""
    from pillow_heif import register_heif_opener

    register_heif_opener()
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(Image.fromarray(COLORS), "HEIF", exif=exif.tobytes(), quality=-1, chroma=444)
    return data if turns else data.replace(b"\0\0\0\x09irot\x03", b"\0\0\0\x09irot\x00")


def test_a_heic_is_turned_once(tmp_path):
    (tmp_path / "image.heic").write_bytes(heic(6))
    assert size_of(tmp_path / "image.heic") == (WIDTH, HEIGHT)
    read = read_image(tmp_path / "image.heic", InputFormat(WIDTH, HEIGHT, 3))
    assert np.abs(read - np.rot90(COLORS, -1).astype(int)).max() <= 2


@pytest.mark.parametrize(("orientation", "turns", "traits"), [(6, False, ("ignored-orientation",)), (6, True, ())])
def test_a_heic_that_is_turned_in_exif_alone_is_told(orientation, turns, traits):
    data = heic(orientation, turns)
    assert open_picture(format_of(data), io.BytesIO(data)).traits == traits


@pytest.mark.parametrize("head", [b"P5#by hand\n3 2 255\n", b"P5\n#1\n#2\n3 #w\n2 255\n", b"P5 3\r2\r#max\r\n255\t"])
def test_comments_may_be_anywhere_in_a_netpbm(head, tmp_path):
    pixels = np.arange(0, 60, 10, np.uint8).reshape(2, 3)
    (tmp_path / "a.pgm").write_bytes(head + pixels.tobytes())
    assert (read_image(tmp_path / "a.pgm", InputFormat(2, 3, 1))[:, :, 0] == pixels).all()


@pytest.mark.parametrize("first", ["HEIGHT 2", "DEPTH 1", "MAXVAL 255", "TUPLTYPE GRAYSCALE", "# HEIGHT 3", ""])
def test_the_fields_of_a_pam_may_be_in_any_order(first, tmp_path):
    fields = [first, *(each for each in ("WIDTH 3", "HEIGHT 2", "DEPTH 1", "MAXVAL 255") if each != first), "ENDHDR"]
    pixels = np.arange(0, 60, 10, np.uint8).reshape(2, 3)
    (tmp_path / "a.pam").write_bytes(b"P7\n" + "\n".join(fields).encode() + b"\n" + pixels.tobytes())
    assert (read_image(tmp_path / "a.pam", InputFormat(2, 3, 1))[:, :, 0] == pixels).all()


@pytest.mark.parametrize("text", [b"P5 of the list\n", b"P1# and so on\nP2\n", b"P7 332\n", b"P5x\n", b"P8 3 2\n"])
def test_a_text_that_begins_like_a_netpbm_is_none(text):
    assert format_of(text) is None


# ---------------------------------------------------------------- one of several pictures


def test_of_an_animated_avif_the_first_frame_is_taken():
    frames = [Image.fromarray(COLORS), Image.fromarray(255 - COLORS)]
    data = saved(frames[0], "AVIF", save_all=True, append_images=frames[1:], quality=100, subsampling="4:4:4")
    assert data[4:12] == b"ftypavis"
    assert np.abs(read_image(data, InputFormat(**READ)) - COLORS.astype(int)).max() <= 4


@pytest.mark.parametrize(
    ("brands", "name"),
    [
        (b"avis____msf1iso8", "AVIF"),  # animated
        (b"msf1____avismiaf", "AVIF"),
        (b"mif1____avifmiaf", "AVIF"),
        (b"mif1____heicmiaf", "HEIC"),
        (b"isom____iso2avc1mp41", None),  # a video
    ],
)
def test_pictures_in_boxes_are_told_from_videos_by_their_brands(brands, name):
    kind = format_of((len(brands) + 8).to_bytes(4) + b"ftyp" + brands)
    assert (kind and kind.name) == name


def icon(*pictures: tuple[int, bytes]) -> bytes:
    """An icon of pictures of 16×16 pixels, each given by the bits that its entry declares and its bytes."""
    head, place = struct.pack("<HHH", 0, 1, len(pictures)), 6 + 16 * len(pictures)
    for bits, data in pictures:
        head += struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, bits, len(data), place)
        place += len(data)
    return head + b"".join(data for _, data in pictures)


def bitmap(color: tuple[int, int, int, int], bits: int) -> bytes:
    """A picture of one colour as icons have it: upside down, twice as high, with a mask that is all 0."""
    header = struct.pack("<IiiHHIIiiII", 40, 16, 32, 1, bits, 0, 0, 0, 0, 0, 0)
    return header + bytes(color[: bits // 8]) * 256 + bytes(64)


@pytest.mark.parametrize("declared", [0, 24, 32])
def test_of_an_icon_the_picture_with_the_most_colours_is_taken(declared):
    data = icon((24, bitmap((0, 0, 9, 0), 24)), (declared, bitmap((255, 128, 0, 128), 32)))
    read = read_image(data, InputFormat(16, 16, 3))
    assert np.abs(read[8, 8] - np.array([127, 191, 255])).max() <= 1  # blue first in the file, half transparent


# ---------------------------------------------------------------- what is not read

BEGINNINGS = {
    "Photoshop": b"8BPS\0\1",
    "OpenEXR": b"v/1\x01",
    "Radiance": b"#?RADIANCE\n",
    "DDS": b"DDS |\0\0\0",
    "JPEG XL": b"\xff\x0a",
    "JPEG XR": b"II\xbc\1",
    "SVG": b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
    "PFM": b"PF\n3 2\n-1.0\n",
    "Targa": b"\0\0\2\0",
    "PCX": b"\n\5\1\x08",
    "camera raw": b"II*\0\x10\0\0\0CR\x02\0",
}


@pytest.mark.parametrize("name", BEGINNINGS)
def test_a_format_that_is_not_read_is_named_with_the_command_that_converts_it(name, tmp_path):
    kind = next(one for one in FORMATS if one.name == name)
    path = tmp_path / f"of the sea{kind.suffixes[0]}"
    path.write_bytes(BEGINNINGS[name])
    with pytest.raises(DataError) as caught:
        read_image(path, InputFormat(8, 8, 3))
    assert caught.value.message == f"{path} is {kind.words} image, which cnncli does not read"
    assert caught.value.hint.startswith("convert it: ")
    assert f"'{path}'" in caught.value.hint  # as a shell takes it


def test_a_file_without_its_suffix_is_not_named_in_the_command(tmp_path):
    path = tmp_path / "sea.png"
    path.write_bytes(BEGINNINGS["Radiance"])
    with pytest.raises(DataError) as caught:
        read_image(path, InputFormat(8, 8, 3))
    assert "magick FILE FILE.png" in caught.value.hint


@pytest.mark.parametrize("suffix", [".nef", ".arw", ".dng"])
def test_a_raw_photograph_is_not_taken_for_its_thumbnail(suffix):
    data = tiff(GREY, subfiletype=1)
    for name in (f"a{suffix}", "a.tif"):
        assert "raw photograph" in refusal(data, name).message
    assert "raw photograph" in refusal(tiff(GREY, extratags=[(50706, 1, 4, (1, 4, 0, 0), True)])).message


@pytest.mark.parametrize("channels", [2, 4, 5])
@pytest.mark.parametrize("bits", [8, 16])
def test_channels_without_a_colour_are_not_guessed(channels, bits):
    pixels = of_bits(np.concatenate([SMOOTH, SMOOTH], axis=2)[:, :, :channels], bits)
    message = refusal(tiff(pixels, photometric="minisblack", planarconfig="contig")).message
    assert message == f"the image is a TIFF of {channels} channels that does not say which colours they are"


@pytest.mark.parametrize("dtype", ["i2", "u4", "f4", "f2"])
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_numbers_without_a_white_are_asked_about(dtype, photometric):
    error = refusal(tiff((SMOOTH[:, :, 0] * 100).astype(dtype), photometric=photometric))
    assert "does not say which value is white" in error.message
    assert "data.image.white" in error.hint


def test_negative_numbers_are_refused():
    error = refusal(tiff((SMOOTH[:, :, 0] * 100).astype(np.int16) - 50), white=100)
    assert error.message == "the image has pixels from -50 to 49, and white is 100"


def test_a_white_of_deeper_files_is_not_that_of_shallow_ones():
    for data in (
        CELLS["JPEG 2000 4 1 jp2"]().data,
        CELLS["Netpbm 5 15 1"]().data,
        CELLS["TIFF grey 4 minisblack"]().data,
    ):
        assert read_image(data, InputFormat(HEIGHT, WIDTH, 1, white=4095)).max() > 240


# ---------------------------------------------------------------- packages that are not there

NEEDS = {
    "TIFF grey 16 minisblack": ("tifffile", "is a TIFF of numbers of 16 bits", "tiff"),
    "TIFF numbers f4 minisblack": (
        "imagecodecs",
        "is a TIFF of floating-point numbers of 32 bits, compressed with Deflate",
        "tiff",
    ),
    "TIFF colours 8 png contig None": ("tifffile", "is a TIFF of numbers of 8 bits, compressed with PNG", "tiff"),
    "JPEG 2000 12 3 j2k": ("imagecodecs", "is a JPEG 2000 of 12 bits per channel", "tiff"),
    "JPEG 12 1 lossy": ("imagecodecs", "is a JPEG of 12 bits per channel", "tiff"),
    "JPEG 8 3 ls": ("imagecodecs", "is a JPEG-LS of 8 bits per channel", "tiff"),
    "HEIC 8 3": ("pi_heif", "is a HEIC image", "heic"),
}


@pytest.mark.parametrize("name", NEEDS)
def test_a_missing_package_is_named_with_its_extra(name, monkeypatch):
    module, fact, extra = NEEDS[name]
    cell = cell_of(name)
    monkeypatch.setitem(sys.modules, module, None)
    error = refusal(cell.data, **(cell.options or {}))
    assert error.message == f"the image {fact}, and {module}, which reads it, is not installed"
    assert error.hint.startswith(f"pip install 'cnncli[{extra}]', or convert it: ")


@pytest.mark.parametrize(
    "name",
    [
        "TIFF grey 8 minisblack",
        "TIFF grey 1 miniswhite",
        "TIFF colours 8 lzma contig (16, 16)",
        "TIFF inks 8 contig",
        "JPEG 2000 8 3 jp2",
        "AVIF 8 3",
        "QOI 4",
        "ICO bmp 4",
        "Netpbm 6 4095 3",
    ],
)
def test_the_core_reads_without_any_package_of_an_extra(name, monkeypatch):
    cell = cell_of(name)
    for module in ("tifffile", "imagecodecs", "pi_heif"):
        monkeypatch.setitem(sys.modules, module, None)
    read = read_image(cell.data, InputFormat(HEIGHT, WIDTH, cell.expected.shape[2]))
    assert np.abs(read - cell.expected).max() <= cell.tolerance


def test_no_package_of_an_extra_is_imported_before_it_is_needed():
    import subprocess

    code = (
        "import sys, io; from PIL import Image; from cnncli.data.decode.image import read_image; "
        "from cnncli.data.decode.input_format import InputFormat; out = io.BytesIO(); "
        "Image.new('RGB', (9, 9)).save(out, 'TIFF'); read_image(out.getvalue(), InputFormat(9, 9, 3)); "
        "sys.exit(str({'tifffile', 'imagecodecs', 'pi_heif'} & set(sys.modules) or ''))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr.strip() == ""


# ---------------------------------------------------------------- damage

DAMAGED = [
    "TIFF colours 8 None contig None",
    "TIFF colours 8 lzw contig (16, 16)",
    "TIFF colours 16 None separate None",
    "TIFF colours 16 zlib contig None",
    "TIFF colours 16 jpeg2000 contig (16, 16)",
    "TIFF colours 8 png contig None",
    "TIFF JPEG 12 ycbcr (16, 16)",
    "TIFF palette 8",
    "JPEG 12 3 lossy",
    "JPEG 16 1 ls",
    "JPEG 2000 8 3 jp2",
    "JPEG 2000 8 4 j2k",
    "JPEG 2000 16 3 jp2",
    "Netpbm 3 255 3",
    "Netpbm 5 4095 1",
    "Netpbm 7 255 4",
    "AVIF 8 4",
    "HEIC 8 4",
    "QOI 4",
    "ICO bmp 4",
    "ICO png 3",
]


def outcome(data: bytes) -> str:
    try:
        shape = read_image(data, InputFormat(12, 11, 3)).shape
    except DataError as error:
        return error.message if error.message.isprintable() else f"not printable: {error.message!r}"
    return "the image is there" if shape == (12, 11, 3) else f"wrong shape {shape}"


@each("name, share", product(DAMAGED, [0.6, 0.9]))
def test_half_a_file_is_cut_off(name, share):
    data = cell_of(name).data
    kind = format_of(data).name
    assert outcome(data[: int(len(data) * share)]) == f"the image is cut off: the end of the {kind} is missing"


@pytest.mark.parametrize("places", [15, pytest.param(60, marks=pytest.mark.exhaustive)])
@each("name", DAMAGED)
def test_no_cut_and_no_flipped_byte_makes_anything_but_an_image_or_a_data_error(name, places):
    data = cell_of(name).data
    for place in range(0, len(data), max(1, len(data) // places)):
        assert outcome(data[:place]).startswith("the image ")
        assert outcome(data[:place] + bytes((data[place] ^ 0xFF,)) + data[place + 1 :]).startswith("the image ")


@pytest.mark.parametrize(("compression", "bits"), [("png", 16), ("jpeg2000", 16), ("jpeg", 12)])
def test_a_part_that_unpacks_to_more_than_its_tile_is_refused(compression, bits):
    pixels = of_bits(np.tile(SMOOTH[:, :, :1], (3, 2, 1)).squeeze(), bits)
    data = tiff(pixels, photometric="minisblack", bitspersample=bits, compression=compression, rowsperstrip=len(pixels))
    for tag in (b"\1\1", b"\x16\1"):  # height and rows of a strip
        place = data.index(tag, 8) + 8
        data = data[:place] + struct.pack("<I", 9) + data[place + 4 :]
    assert outcome(data).startswith("the image is a damaged TIFF: a part has 64×69 pixels and declares ")


def test_two_sizes_in_a_jpeg_2000_are_not_believed():
    data = imagecodecs.jpeg2k_encode(COLORS, level=0, codecformat="jp2")
    size = struct.pack(">II", HEIGHT, WIDTH)
    assert data.count(size) == 1
    assert "different sizes" in outcome(data.replace(size, struct.pack(">II", 4, 4)))


@pytest.mark.parametrize("options", [{}, {"save_all": True, "append_images": [Image.new("RGB", (200, 100), "red")]}])
def test_an_avif_is_as_large_as_its_codestream(options):
    data = saved(Image.new("RGB", (200, 100)), "AVIF", **options)
    size = struct.pack(">II", 200, 100)
    assert size in data
    lie = data.replace(size, struct.pack(">II", 12, 12))
    opened = open_picture(format_of(lie), io.BytesIO(lie))
    assert (opened.width, opened.height) == (200, 100)


def test_many_pages_with_many_parts_are_not_all_looked_at():
    tags = ((256, 1, 12), (257, 1, 12), (273, 1_000_000, 8))
    one = struct.pack("<H", 3) + b"".join(struct.pack("<HHII", tag, 4, count, value) for tag, count, value in tags)
    pages, place = b"", 8 + 4_000_000
    for _ in range(20):
        place += len(one) + 4
        pages += one + struct.pack("<I", place)
    data = struct.pack("<2sHI", b"II", 42, 8 + 4_000_000) + bytes(4_000_000) + pages
    assert outcome(data) == "the image is a damaged TIFF: its pages have no end"


# ---------------------------------------------------------------- the page

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")


def test_the_page_has_the_command_of_every_format_that_is_not_read():
    for one in FORMATS:
        if not one.reader and one.convert:
            command = one.convert.format(file=f"FILE{one.suffixes[0]}", stem="FILE").partition(" (")[0]
            suffixes = ", ".join(f"`{suffix}`" for suffix in one.suffixes)
            assert f"| {one.name} | {suffixes} | `{command}` |" in PAGE
