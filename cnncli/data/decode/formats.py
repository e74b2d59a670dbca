"""Every format of pictures: how its files begin, what they are called, what reads them, or what converts them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from os.path import splitext
from pathlib import PurePath

from cnncli.data.decode.dicom_start import is_dicom
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
        convert: The command that makes a picture that is read of `{file}`, without its suffix `{stem}`; empty when all
            files of the format are read.
        article: `an` where the name is spoken with a vowel.
        has_frames: Whether a file may hold a stack, of which `data.image.frame` chooses one.
    """

    name: str
    begins: Beginning
    suffixes: tuple[str, ...]
    reader: str = ""
    convert: str = ""
    article: str = "a"
    has_frames: bool = False

    @property
    def words(self) -> str:
        """The name with its article: `a PNG`."""
        return f"{self.article} {self.name}"


def _with(*magics: bytes) -> Beginning:
    return lambda head: head.startswith(magics)


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


_NETPBM = re.compile(
    rb"P[1-6](?=[\s#])(?:\s|#[^\r\n]*(?:[\r\n]|\Z))*(?:[0-9]|\Z)|P7\n(?:[\s#]|WIDTH|HEIGHT|DEPTH|MAXVAL|TUPLTYPE|\Z)"
)


def _is_netpbm(head: bytes) -> bool:
    return _NETPBM.match(head) is not None


def _is_raw(head: bytes) -> bool:
    """Of a camera; most are TIFFs, which their reader looks into."""
    starts = (b"IIRO", b"IIRS", b"IIU\0", b"FUJIFILMCCD-RAW")
    return head.startswith(starts) or head[8:11] == b"CR\x02" or _brands(head)[:1] == (b"crx ",)


_is_tiff = _with(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_is_jpeg2000 = _with(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")


def _is_ico(head: bytes) -> bool:
    return head.startswith(b"\0\0\1\0") and 0 < int.from_bytes(head[4:6], "little") < 256 and head[9:10] == b"\0"


def _is_svg(head: bytes) -> bool:
    text = text_of(head)
    return text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!doctype svg", b"<!--")) and b"<svg" in text)


def _never(head: bytes) -> bool:
    return False


_MAGICK = "magick {file} {stem}.png (ImageMagick 7; in version 6, convert in place of magick)"
_DCMTK = "dcmj2pnm --write-png {file} {stem}.png"  # called dcm2img since 3.6.9
_PILLOW = (
    'python -c "import sys; from PIL import Image; '
    "Image.open(sys.argv[1]).convert('RGBA').save(sys.argv[2])\" {file} {stem}.png"
)

FORMATS = (
    Format(
        "DICOM", is_dicom, (".dcm", ".dicom"), "dicom:open_dicom", convert=_DCMTK, has_frames=True
    ),  # may begin as a TIFF
    Format("JPEG", _with(b"\xff\xd8\xff"), (".jpg", ".jpeg", ".jpe", ".jfif"), "jpeg:open_jpeg", convert=_MAGICK),
    Format("PNG", _with(b"\x89PNG\r\n\x1a\n"), (".png",), "png:open_png"),
    Format("GIF", _with(b"GIF87a", b"GIF89a"), (".gif",), "pillow:open_gif"),
    Format("BMP", _is_bmp, (".bmp",), "pillow:open_bmp"),
    Format("WEBP", _is_webp, (".webp",), "pillow:open_webp"),
    Format(
        "camera raw",
        _is_raw,
        (".cr2", ".cr3", ".orf", ".raf", ".rw2", ".nef", ".arw", ".dng"),
        convert="dcraw -c -w {file} > {stem}.ppm",
    ),
    Format("TIFF", _is_tiff, (".tif", ".tiff"), "tiff:open_tiff", convert=_MAGICK, has_frames=True),
    Format("AVIF", _is_avif, (".avif",), "avif:open_avif", article="an"),
    Format("HEIC", _is_heif, (".heic", ".heif", ".hif"), "heic:open_heic", convert="heif-convert {file} {stem}.png"),
    Format(
        "JPEG 2000", _is_jpeg2000, (".jp2", ".j2k", ".jpx", ".j2c", ".jpc"), "jpeg2000:open_jpeg2000", convert=_MAGICK
    ),
    Format("QOI", _with(b"qoif"), (".qoi",), "pillow:open_qoi"),
    Format("Netpbm", _is_netpbm, (".ppm", ".pgm", ".pbm", ".pnm", ".pam"), "netpbm:open_netpbm"),
    Format("ICO", _is_ico, (".ico",), "ico:open_ico", article="an"),
    Format("JPEG XL", _with(b"\0\0\0\x0cJXL ", b"\xff\x0a"), (".jxl",), convert="djxl {file} {stem}.png"),
    Format("JPEG XR", _with(b"II\xbc"), (".jxr", ".wdp", ".hdp"), convert="JxrDecApp -i {file} -o {stem}.bmp"),
    Format("Photoshop", _with(b"8BPS"), (".psd",), convert=_PILLOW),
    Format("OpenEXR", _with(b"v/1\x01"), (".exr",), convert=_MAGICK, article="an"),
    Format("Radiance", _with(b"#?RADIANCE", b"#?RGBE"), (".hdr",), convert=_MAGICK),
    Format("DDS", _with(b"DDS "), (".dds",), convert=_PILLOW),
    Format("PFM", _with(b"Pf\n", b"PF\n"), (".pfm",), convert=_MAGICK),
    Format("SVG", _is_svg, (".svg",), convert="rsvg-convert {file} -o {stem}.png", article="an"),
    Format("GIMP", _with(b"gimp xcf"), (".xcf",), convert=_MAGICK),
    Format("SGI", _with(b"\x01\xda\0", b"\x01\xda\1"), (".sgi",), convert=_PILLOW, article="an"),
    Format("Apple icon", _with(b"icns"), (".icns",), convert=_PILLOW, article="an"),
    Format("Windows cursor", _with(b"\0\0\2\0\1\0"), (".cur",), convert=_PILLOW),
    Format("DjVu", _with(b"AT&TFORM"), (".djvu", ".djv"), convert="ddjvu -format=ppm -page=1 {file} {stem}.ppm"),
    Format("Targa", _never, (".tga",), convert=_PILLOW),
    Format("PCX", _never, (".pcx",), convert=_PILLOW),
)
"""In the order in which they are tried. Those that `_never` begin in a certain way are known by their suffix alone."""

SUFFIXES = frozenset(suffix for one in FORMATS for suffix in one.suffixes)
"""Suffixes of images, also of formats that are not read: those are reported, not silently ignored."""


def suffix_of(name: str) -> str:
    """The suffix of a file, in lower case."""
    return splitext(name)[1].lower()  # noqa: PTH122  names are many, and become no paths


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
    # Not a file, or one with a wrong suffix, perhaps that of a PNG
    file, stem = (name, str(path.with_suffix(""))) if path.suffix.lower() in kind.suffixes else ("FILE", "FILE")
    command = kind.convert.format(file=shlex.quote(file), stem=shlex.quote(stem))
    ways = [f"pip install 'cnncli[{extra}]'"] * bool(extra)
    ways += [f"convert it: {command}"] * bool(command)
    return ", or ".join(ways)
