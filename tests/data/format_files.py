"""Small files of every format, depth and colour, each with the pixels that another reader or the writer says they have.

A cell of the grid is made when its test runs: `CELLS[name]()` gives the file and what cnncli has to make of it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, NamedTuple

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

HEIGHT, WIDTH = 23, 32  # not the same, and less than two tiles of 16
_Y, _X = np.mgrid[0:HEIGHT, 0:WIDTH]
SMOOTH = np.stack([(np.sin(_X / 5 + c) + np.cos(_Y / 4 + 2 * c) + 2) / 4 for c in range(4)], axis=2)
"""Four channels from 0 to 1, `(height, width, 4)`; the fourth serves as alpha or black ink."""


class Cell(NamedTuple):
    """A file and what is read of it: 0…255, `(height, width, 1 or 3)`; some cells set keys of the spec."""

    data: bytes
    expected: np.ndarray
    options: dict[str, Any] | None = None
    tolerance: float = 1


def of_bits(values: np.ndarray, bits: int) -> np.ndarray:
    """0…1 as integers of this many bits."""
    return np.rint(values * (2**bits - 1)).astype(np.uint8 if bits <= 8 else np.uint16 if bits <= 16 else np.uint32)


def tiff(pixels: np.ndarray, **options: Any) -> bytes:
    out = io.BytesIO()
    tifffile.imwrite(out, pixels, **options)
    return out.getvalue()


def saved(picture: np.ndarray | Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(out, kind, **options)
    return out.getvalue()


def on_white(colors: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Colours from 0 to 1 with alpha, laid on white."""
    return colors * alpha + 1 - alpha


def bytes_of(values: np.ndarray) -> np.ndarray:
    """0…1 as 0…255."""
    return np.rint(values * 255)


# ---------------------------------------------------------------- TIFF

COMPRESSIONS = [None, "lzw", "zlib", "packbits", "lzma", "zstd", "png", "jpeg2000"]
_EXACT = {"jpeg2000": {"compressionargs": {"level": 0}}}


def _planes(pixels: np.ndarray, planar: str) -> np.ndarray:
    return np.moveaxis(pixels, 2, 0) if planar == "separate" else pixels


def tiff_colors(bits: int, compression: str | None, planar: str, tile: tuple[int, int] | None) -> Cell:
    pixels = of_bits(SMOOTH[:, :, :3], bits)
    data = tiff(
        _planes(pixels, planar), photometric="rgb", planarconfig=planar, compression=compression, tile=tile,
        **_EXACT.get(compression or "", {}),
    )  # fmt: skip
    return Cell(data, bytes_of(pixels / (2**bits - 1)))


def tiff_grey(bits: int, photometric: str, **options: Any) -> Cell:
    pixels = of_bits(SMOOTH[:, :, 0], bits)
    share = pixels[:, :, None] / (2**bits - 1)
    data = tiff(pixels.astype(bool) if bits == 1 else pixels, photometric=photometric, bitspersample=bits, **options)
    return Cell(data, bytes_of(share if photometric == "minisblack" else 1 - share))


def tiff_numbers(dtype: str, photometric: str = "minisblack") -> Cell:
    """Numbers whose white the file does not say: 1 for floating-point, else 100."""
    white = 1.0 if dtype[0] == "f" else 100.0
    pixels = (SMOOTH[:, :, 0] * white).astype(dtype)
    share = pixels[:, :, None].astype(float) / white
    data = tiff(pixels, photometric=photometric, compression="zlib", predictor=dtype != "u8" or None)
    return Cell(data, bytes_of(share if photometric == "minisblack" else 1 - share), {"white": white})


def tiff_alpha(bits: int, channels: int, kind: str, planar: str) -> Cell:
    alpha = of_bits(SMOOTH[:, :, 3:], bits)
    share = alpha / (2**bits - 1)
    colors = of_bits(SMOOTH[:, :, :channels], bits)
    expected = bytes_of(on_white(colors / (2**bits - 1), share))
    if kind == "assocalpha":
        colors = np.rint(colors * share).astype(colors.dtype)
    data = tiff(
        _planes(np.concatenate([colors, alpha], axis=2), planar),
        photometric="rgb" if channels == 3 else "minisblack", planarconfig=planar, extrasamples=[kind],
    )  # fmt: skip
    return Cell(data, expected, tolerance=2 if kind == "assocalpha" else 1)  # dividing enlarges what was rounded


def tiff_inks(bits: int, planar: str) -> Cell:
    inks = of_bits(SMOOTH, bits)
    share = 1 - inks / (2**bits - 1)
    data = tiff(_planes(inks, planar), photometric="separated", planarconfig=planar)
    return Cell(data, bytes_of(share[:, :, :3] * share[:, :, 3:]))


def tiff_palette(bits: int) -> Cell:
    colors = np.random.default_rng(0).integers(0, 65536, (3, 2**bits), dtype=np.uint16)
    pixels = of_bits(SMOOTH[:, :, 0], bits)
    if bits > 4:
        data = tiff(pixels, photometric="palette", colormap=colors)
    else:  # which tifffile writes as grey alone
        tag = (320, 3, colors.size, colors.ravel(), True)
        data = tiff(
            pixels.astype(bool) if bits == 1 else pixels, photometric="minisblack", bitspersample=bits, extratags=[tag]
        )
        grey = b"\x06\x01\x03\0\x01\0\0\0"
        assert grey + b"\1" in data
        data = data.replace(grey + b"\1", grey + b"\3")
    return Cell(data, colors.T[pixels] / 257)


def tiff_lab(deep: bool) -> Cell:
    picture = Image.fromarray(of_bits(SMOOTH[:, :, :3], 8)).convert("LAB")
    expected = np.asarray(picture.convert("RGB"))
    if not deep:
        return Cell(saved(picture, "TIFF"), expected)
    light, a, b = (np.asarray(band).astype(np.int32) for band in picture.split())
    deep_lab = np.stack([light * 257, (a - 128) * 256 & 65535, (b - 128) * 256 & 65535], axis=2).astype(np.uint16)
    return Cell(tiff(deep_lab, photometric="cielab"), expected)


def tiff_jpeg(bits: int, photometric: str, tile: tuple[int, int] | None) -> Cell:
    pixels = of_bits(SMOOTH[:, :, :3], bits)
    if photometric == "minisblack":
        pixels = pixels[:, :, 0]
    data = tiff(
        pixels, photometric="rgb" if pixels.ndim == 3 else photometric, compression="jpeg", tile=tile,
        bitspersample=bits, compressionargs={"outcolorspace": photometric} if pixels.ndim == 3 else None,
    )  # fmt: skip
    decoded = tifffile.imread(io.BytesIO(data)).reshape(HEIGHT, WIDTH, -1)
    return Cell(data, bytes_of(decoded / (2**bits - 1)))


def tiff_page(bits: int, frame: Any, index: int) -> Cell:
    pixels = of_bits(np.moveaxis(SMOOTH, 2, 0), bits)  # four pages
    data = tiff(pixels, photometric="minisblack")
    return Cell(data, bytes_of(pixels[index][:, :, None] / (2**bits - 1)), {"frame": frame})


def tiff_extra(bits: int) -> Cell:
    """Two channels beyond red, green and blue that are not said to be anything."""
    pixels = of_bits(np.concatenate([SMOOTH[:, :, :3], SMOOTH[:, :, :2]], axis=2), bits)
    data = tiff(pixels, photometric="rgb", extrasamples=["unspecified"] * 2)
    return Cell(data, bytes_of(pixels[:, :, :3] / (2**bits - 1)))


def tiff_fax(compression: str) -> Cell:
    """What scanners write: Pillow's libtiff compresses it, imagecodecs unpacks it."""
    data = saved(Image.fromarray(SMOOTH[:, :, 0] > 0.5), "TIFF", compression=compression)
    return Cell(data, 255.0 * tifffile.imread(io.BytesIO(data))[:, :, None])


def tiff_webp(tile: tuple[int, int] | None) -> Cell:
    pixels = of_bits(SMOOTH[:, :, :3], 8)
    lossless = {"lossless": True}
    return Cell(tiff(pixels, photometric="rgb", compression="webp", compressionargs=lossless, tile=tile), pixels)


# ---------------------------------------------------------------- all others


def common(kind: str, bits: int, channels: int) -> Cell:
    """PNG, WebP and BMP by imagecodecs."""
    pixels = of_bits(SMOOTH[:, :, :channels], bits)
    encode, decode = (getattr(imagecodecs, f"{kind.lower()}_{step}") for step in ("encode", "decode"))
    data = encode(pixels.squeeze(), **({"lossless": True} if kind == "WEBP" else {}))
    share = decode(data).reshape(pixels.shape) / (2**bits - 1)
    colors = share[:, :, : 3 if channels > 2 else 1]
    return Cell(data, bytes_of(on_white(colors, share[:, :, -1:]) if channels in (2, 4) else colors))


def jpeg2000(bits: int, channels: int, codec: str) -> Cell:
    pixels = of_bits(SMOOTH[:, :, :channels], bits)
    data = imagecodecs.jpeg2k_encode(pixels.squeeze(), level=0, codecformat=codec, bitspersample=bits, reversible=True)
    share = imagecodecs.jpeg2k_decode(data).reshape(pixels.shape) / (2**bits - 1)
    colors = share[:, :, : 3 if channels > 2 else 1]
    return Cell(data, bytes_of(on_white(colors, share[:, :, -1:]) if channels in (2, 4) else colors))


def jpeg(bits: int, channels: int, kind: str) -> Cell:
    pixels = of_bits(SMOOTH[:, :, :channels], bits).squeeze()
    if kind == "ls":
        data = imagecodecs.jpegls_encode(pixels)
    else:
        data = imagecodecs.jpeg_encode(pixels, level=95, bitspersample=bits, lossless=kind == "lossless")
    decoded = pixels if kind != "lossy" else imagecodecs.jpeg_decode(data)
    return Cell(data, bytes_of(decoded.reshape(HEIGHT, WIDTH, channels) / (2**bits - 1)))


def netpbm(kind: int, maximum: int, channels: int) -> Cell:
    pixels = np.rint(SMOOTH[:, :, :channels] * maximum).astype(">u2" if maximum > 255 else np.uint8)
    size = f"{WIDTH} # width\n{HEIGHT}"
    if kind in (1, 4):
        ink = pixels[:, :, 0].astype(bool)
        text = "\n".join("".join("01"[bit] for bit in row) for row in ink.astype(int))
        body = np.packbits(ink, axis=1).tobytes() if kind == 4 else f"# ink\n{text}".encode()
        return Cell(f"P{kind}\n{size}\n".encode() + body, 255 - 255 * ink[:, :, None])
    body = b" ".join(b"%d" % value for value in pixels.ravel()) if kind < 4 else pixels.tobytes()
    head = f"P{kind}\n# made by hand\n{size}\n{maximum}\n"
    share = pixels.astype(float) / maximum
    if kind == 7:
        name = {1: "GRAYSCALE", 2: "GRAYSCALE_ALPHA", 3: "RGB", 4: "RGB_ALPHA"}[channels]
        fields = f"WIDTH {WIDTH}\nHEIGHT {HEIGHT}\nDEPTH {channels}\nMAXVAL {maximum}\nTUPLTYPE {name}"
        head = f"P7\n# made by hand\n{fields}\nENDHDR\n"
        if channels in (2, 4):
            share = on_white(share[:, :, :-1], share[:, :, -1:])
    return Cell(head.encode() + body, bytes_of(share))


def avif(bits: int, channels: int) -> Cell:
    pixels = of_bits(SMOOTH[:, :, :channels], bits)
    data = imagecodecs.avif_encode(pixels.squeeze(), level=95, bitspersample=bits)
    share = imagecodecs.avif_decode(data).reshape(HEIGHT, WIDTH, -1)[:, :, :channels] / (2**bits - 1)
    expected = bytes_of(on_white(share[:, :, :3], share[:, :, 3:]) if channels == 4 else share)
    return Cell(data, expected, tolerance=1 if bits == 8 else 3)  # libavif goes to 8 bits before it computes colours


def heic(bits: int, channels: int) -> Cell:
    import pillow_heif

    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    pixels = of_bits(SMOOTH[:, :, :channels], 8 if bits == 8 else 16)
    pillow_heif.options.SAVE_HDR_TO_12_BIT = bits == 12
    file = pillow_heif.from_bytes(mode if bits == 8 else f"{mode};16", (WIDTH, HEIGHT), pixels.tobytes())
    out = io.BytesIO()
    file.save(out, quality=-1, chroma=444)
    decoded = pillow_heif.open_heif(out.getvalue(), convert_hdr_to_8bit=False)
    assert decoded.info["bit_depth"] == bits
    share = np.asarray(decoded).reshape(HEIGHT, WIDTH, channels) / (255 if bits == 8 else (2**bits - 1) << (16 - bits))
    if channels < 4:
        return Cell(out.getvalue(), bytes_of(share))
    # Both colour and alpha are rounded to 8 bits
    return Cell(out.getvalue(), bytes_of(on_white(share[:, :, :3], share[:, :, 3:])), tolerance=2)


def qoi(channels: int) -> Cell:
    pixels = of_bits(SMOOTH[:, :, :channels], 8)
    data = imagecodecs.qoi_encode(pixels)
    share = imagecodecs.qoi_decode(data) / 255
    return Cell(data, bytes_of(on_white(share[:, :, :3], share[:, :, 3:]) if channels == 4 else share))


def ico(picture: str, channels: int) -> Cell:
    pixels = of_bits(SMOOTH[:, :, :channels], 8)
    small = Image.new("RGB", (16, 16), "red")
    data = saved(
        pixels, "ICO", sizes=[(16, 16), (WIDTH, HEIGHT)], append_images=[small], bitmap_format=picture
    )  # fmt: skip
    share = pixels / 255
    return Cell(data, bytes_of(on_white(share[:, :, :3], share[:, :, 3:]) if channels == 4 else share))


def _grid() -> dict[str, Callable[[], Cell]]:
    cells: dict[str, Callable[[], Cell]] = {}

    def add(name: str, make: Callable[..., Cell], *values: Any, **options: Any) -> None:
        cells[f"{name} {' '.join(str(value) for value in (*values, *options.values()))}"] = lambda: make(
            *values, **options
        )

    for compression in COMPRESSIONS:
        for planar in ("contig", "separate"):
            for tile in (None, (16, 16)):
                for bits in (8, 16):
                    add("TIFF colours", tiff_colors, bits, compression, planar, tile)
    for photometric in ("minisblack", "miniswhite"):
        for bits in range(1, 17):
            add("TIFF grey", tiff_grey, bits, photometric)
        for order in "<>":
            for is_big in (False, True):
                for bits in (8, 16):
                    for predictor in (None, True):
                        options = {"byteorder": order, "bigtiff": is_big, "predictor": predictor, "compression": "lzw"}
                        add("TIFF grey", tiff_grey, bits, photometric, **options)
        for dtype in ("i1", "i2", "i4", "u4", "u8", "f2", "f4", "f8"):
            add("TIFF numbers", tiff_numbers, dtype, photometric)
    for bits in (8, 16):
        for channels in (1, 3):
            for kind in ("unassalpha", "assocalpha"):
                for planar in ("contig", "separate"):
                    add("TIFF alpha", tiff_alpha, bits, channels, kind, planar)
        for planar in ("contig", "separate"):
            add("TIFF inks", tiff_inks, bits, planar)
        add("TIFF extra", tiff_extra, bits)
        for frame, index in (("first", 0), ("middle", 2), (3, 3)):
            add("TIFF page", tiff_page, bits, frame, index)
    for bits in (1, 2, 4, 8, 16):
        add("TIFF palette", tiff_palette, bits)
    for deep in (False, True):
        add("TIFF CIELAB", tiff_lab, deep)
    for bits in (8, 12):
        for photometric in ("rgb", "ycbcr", "minisblack"):
            for tile in (None, (16, 16)):
                add("TIFF JPEG", tiff_jpeg, bits, photometric, tile)
    for bits in (1, 2, 4, 7, 8, 9, 10, 12, 16):
        for channels in (1, 2, 3, 4):
            for codec in ("jp2", "j2k"):
                add("JPEG 2000", jpeg2000, bits, channels, codec)
    for compression in ("tiff_ccitt", "group3", "group4"):
        add("TIFF fax", tiff_fax, compression)
    for tile in (None, (16, 16)):
        add("TIFF WebP", tiff_webp, tile)
    for kind, bits, numbers in (
        ("PNG", 8, (1, 2, 3, 4)),
        ("PNG", 16, (1, 2, 3, 4)),
        ("BMP", 8, (1, 3)),
        ("WEBP", 8, (3, 4)),
    ):
        for channels in numbers:
            add(kind, lambda bits, channels, kind=kind: common(kind, bits, channels), bits, channels)
    for channels in (1, 3):
        for kind, depths in (("lossless", (8, 10, 12, 16)), ("ls", (8, 16)), ("lossy", (8, 12))):
            for bits in depths:
                add("JPEG", jpeg, bits, channels, kind)
    for maximum in (1, 15, 254, 255, 256, 1000, 4095, 65535):
        for kind, channels in ((2, 1), (3, 3), (5, 1), (6, 3), (7, 1), (7, 2), (7, 3), (7, 4)):
            add("Netpbm", netpbm, kind, maximum, channels)
    for kind in (1, 4):
        add("Netpbm", netpbm, kind, 1, 1)
    for bits in (8, 10, 12):
        for channels in (1, 3, 4):
            add("AVIF", avif, bits, channels)
            if (bits, channels) not in ((10, 1), (12, 1)):
                add("HEIC", heic, bits, channels)
    for channels in (3, 4):
        add("QOI", qoi, channels)
        for picture in ("bmp", "png"):
            add("ICO", ico, picture, channels)
    return cells


CELLS = _grid()
