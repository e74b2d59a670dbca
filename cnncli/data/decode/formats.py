"""Every format of pictures: how its files begin, what they are called, what reads them, or what converts them."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from cnncli.data.decode.other_files import kind_of_other_file, text_of

HEAD = 512
"""How many of a file's first bytes the functions here want to see."""

Beginning = Callable[[bytes], bool]


@dataclass(frozen=True)
class Format:
    """A format of pictures.

    Args:
        name: What messages and reports call it.
        begins: Whether a file with these first bytes has the format.
        suffixes: Its usual suffixes, in lower case.
        reader: `module:function` in `readers` that opens such a file; empty when cnncli does not read it.
        extra: The extra of cnncli that some or all of its files need; empty for none.
        convert: The command that makes a PNG of `{file}`, without its suffix `{png}`; empty when it is always read.
        article: `an` where the name is spoken with a vowel.
    """

    name: str
    begins: Beginning
    suffixes: tuple[str, ...]
    reader: str = ""
    extra: str = ""
    convert: str = ""
    article: str = "a"

    @property
    def words(self) -> str:
        """The name with its article: `a PNG`."""
        return f"{self.article} {self.name}"


def _with(*magics: bytes, at: int = 0) -> Beginning:
    return lambda head: head.startswith(magics, at)


def _brands(head: bytes) -> tuple[bytes, ...]:
    """The brands of a file of boxes, such as HEIC and AVIF, the most important first."""
    if head[4:8] != b"ftyp":
        return ()
    end = min(len(head), int.from_bytes(head[:4]))
    return (head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4)))


def _is_avif(head: bytes) -> bool:
    return any(brand in (b"avif", b"avis") for brand in _brands(head))


def _is_heif(head: bytes) -> bool:
    return _brands(head)[:1] in [(brand,) for brand in _HEIF_BRANDS]


_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"mif2", b"msf1")
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # "BM" alone may begin any text


def _is_bmp(head: bytes) -> bool:
    return head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _is_netpbm(head: bytes) -> bool:
    return head[:1] == b"P" and head[1:2] in b"123456" and head[2:3] in (b" ", b"\t", b"\n", b"\r", b"#")


def _is_svg(head: bytes) -> bool:
    text = text_of(head)
    return text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!doctype svg", b"<!--")) and b"<svg" in text)


def _never(head: bytes) -> bool:
    return False


_MAGICK = "magick {file} {png}"
_PILLOW = (
    'python -c "import sys; from PIL import Image; '
    "Image.open(sys.argv[1]).convert('RGBA').save(sys.argv[2])\" {file} {png}"
)

FORMATS = (
    Format("JPEG", _with(b"\xff\xd8\xff"), (".jpg", ".jpeg", ".jpe", ".jfif"), "pillow:open_jpeg"),
    Format("PNG", _with(b"\x89PNG\r\n\x1a\n"), (".png",), "png:open_png"),
    Format("GIF", _with(b"GIF87a", b"GIF89a"), (".gif",), "pillow:open_gif"),
    Format("BMP", _is_bmp, (".bmp",), "pillow:open_bmp"),
    Format("WEBP", _is_webp, (".webp",), "pillow:open_webp"),
    Format("TIFF", _with(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), (".tif", ".tiff"), convert=_MAGICK),
    Format("AVIF", _is_avif, (".avif",), convert=_PILLOW, article="an"),
    Format("HEIC", _is_heif, (".heic", ".heif"), convert="heif-convert {file} {png}"),
    Format("JPEG 2000", _with(b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"), (".jp2", ".j2k"), convert=_MAGICK),
    Format("JPEG XL", _with(b"\0\0\0\x0cJXL ", b"\xff\x0a"), (".jxl",), convert="djxl {file} {png}"),
    Format("Photoshop", _with(b"8BPS"), (".psd",), convert=_PILLOW),
    Format("DICOM", _with(b"DICM", at=128), (".dcm",)),
    Format("OpenEXR", _with(b"v/1\x01"), (".exr",), convert=_MAGICK, article="an"),
    Format("Radiance", _with(b"#?RADIANCE", b"#?RGBE"), (".hdr",), convert=_MAGICK),
    Format("Netpbm", _is_netpbm, (".ppm", ".pgm", ".pbm", ".pnm"), convert=_PILLOW),
    Format("ICO", _with(b"\0\0\1\0"), (".ico",), convert=_PILLOW, article="an"),
    Format("Targa", _never, (".tga",), convert=_PILLOW),
    Format("PCX", _never, (".pcx",), convert=_PILLOW),
    Format("SVG", _is_svg, (".svg",), convert="rsvg-convert {file} -o {png}", article="an"),
)
"""In the order in which they are tried. Those that `_never` begin in a certain way are known by their suffix alone."""

SUFFIXES = frozenset(suffix for one in FORMATS for suffix in one.suffixes)
"""Suffixes of images, also of formats that are not read: those are reported, not silently ignored."""


def format_of(head: bytes, suffix: str = "") -> Format | None:
    """The format of a file that begins like this, whatever it is called; None when it is not a picture.

    The suffix, in lower case, decides for the formats whose files may begin with anything.
    """
    for one in FORMATS:
        if one.begins(head):
            return one
    if suffix and kind_of_other_file(head) is None:
        return next((one for one in FORMATS if one.begins is _never and suffix in one.suffixes), None)
    return None


def remedy(kind: Format, extra: str, name: str) -> str:
    """What to do about a file that is not read: the extra to install, if there is one, and the command that converts.

    `name` is the path of the file, or whatever it is called.
    """
    path = PurePath(name)
    if path.suffix.lower() in kind.suffixes:
        file, png = name, str(path.with_suffix(".png"))
    else:  # not a file, or one with a wrong suffix, perhaps that of a PNG
        file, png = f"FILE{kind.suffixes[0]}", "FILE.png"
    file, png = shlex.quote(file), shlex.quote(png)
    ways = [f"pip install 'cnncli[{extra}]'"] * bool(extra)
    ways += [f"convert it: {kind.convert.format(file=file, png=png)}"] * bool(kind.convert)
    return ", or ".join(ways)
