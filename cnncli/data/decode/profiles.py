"""Colour profiles: what they are called, and pictures converted from them to sRGB."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from PIL import ExifTags, Image, ImageCms

DAMAGED = "a damaged profile"
"""What `profile_name` calls a profile that cannot be read."""

STANDARD = "sRGB"
"""What `profile_name` calls a profile that changes nothing, or next to nothing."""

_PRIMARIES: Mapping[str, tuple[tuple[float, float, float], ...]] = {
    STANDARD: ((0.4361, 0.2225, 0.0139), (0.3852, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)),
    "Display P3": ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)),
    "Adobe RGB": ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)),
    "ProPhoto RGB": ((0.7977, 0.2880, 0.0), (0.1352, 0.7119, 0.0), (0.0313, 0.0001, 0.8249)),
    "Rec. 2020": ((0.6735, 0.2790, -0.0019), (0.1657, 0.6754, 0.0300), (0.1251, 0.0456, 0.7969)),
}
"""Red, green and blue of the usual spaces as X, Y and Z under D50, as their profiles have them."""

_SAME = 0.01  # distance in X, Y or Z up to which primaries are taken for those of a space
_LONGEST = 60  # characters of a description
_SAME_GREY = 2  # levels, on average, up to which a curve is taken for that of sRGB; a gamma of 2.2 is 1 away
_CICP = {1: STANDARD, 9: "Rec. 2020", 11: "Display P3", 12: "Display P3"}
_CURVES = (1, 6, 13, 14, 15)  # transfer functions of ITU-T H.273 that are near that of sRGB
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_ADOBE_GAMMA = 563 / 256
_DCF_OPTION = b"R03"
_D50 = (0.9642, 1.0, 0.8249)
_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab ": "LAB"}


@lru_cache(64)
def profile_name(profile: bytes) -> str:
    """What a profile in a file is called: that of a usual space, or as it describes itself.

    Empty for none, and for those of grey and of inks, which tell nothing of the space of other files.
    """
    opened = _opened(profile) if profile else None
    try:
        return _described(opened, profile) if opened else DAMAGED if profile else ""
    except ValueError:  # letters that do not exist
        return DAMAGED


def to_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """A picture of 8 bits with its colours converted to sRGB, its transparency as it is.

    It stays as it is where the profile is damaged, is of another kind than the picture, or is that of sRGB.
    """
    if not profile or profile_name(profile) in (STANDARD, DAMAGED):
        return picture
    alpha = None
    if picture.has_transparency_data:
        picture = picture.convert("RGBA" if picture.mode not in ("L", "LA") else "LA")
        alpha = picture.getchannel("A")
    elif picture.mode in ("P", "PA"):
        picture = picture.convert("RGB")
    mode = {"RGBA": "RGB", "LA": "L"}.get(picture.mode, picture.mode)
    transform = _transform(profile, mode)
    if transform is None:
        return picture
    converted = ImageCms.applyTransform(picture.convert(mode) if alpha else picture, transform)
    assert converted is not None  # it is not in place
    if alpha:
        converted.putalpha(alpha)
    return converted


def profile_of(primaries: int, curve: int) -> bytes:
    """A profile of the primaries and the curve that PNG, AVIF and HEIC number (ITU-T H.273).

    Empty for other primaries than those of the usual spaces, and for curves of pictures that are brighter than white.
    """
    name = _CICP.get(primaries)
    return profile_named(name) if name and curve in _CURVES else b""


def profile_in_boxes(data: bytes) -> bytes:
    """The same for the beginning of an AVIF or HEIC, whose box `colr` has the numbers; empty where there is none."""
    place = data.find(b"colrnclx") + 8
    return profile_of(*struct.unpack(">HH", data[place : place + 4])) if 8 <= place <= len(data) - 4 else b""


def profile_in_exif(picture: Image.Image) -> bytes:
    """A profile of Adobe RGB, where a camera named it in EXIF alone; empty otherwise.

    Source:
        JEITA CP-3461B, "Design rule for Camera File system, DCF 2.0": the interoperability index R03.
    """
    if _DCF_OPTION not in (picture.info.get("exif") or b""):
        return b""
    try:
        index = picture.getexif().get_ifd(ExifTags.IFD.Interop).get(ExifTags.Interop.InteropIndex)
    except Exception:  # EXIF that cannot be parsed names no space; the pixels are good all the same
        return b""
    return profile_named("Adobe RGB") if index == _DCF_OPTION.decode() else b""


@lru_cache
def profile_named(name: str) -> bytes:
    """A profile of one of the usual spaces, with the curve of sRGB; of Adobe RGB with its own.

    Source: ICC.1:2022, sections 7.2 (header), 7.3 (tag table) and 10 (tag types).
    """
    text = name.encode("utf-16-be")
    words = struct.pack(">4sIII2s2sII", b"mluc", 0, 1, 12, b"en", b"US", len(text), 28) + text
    is_power = name == "Adobe RGB"
    numbers = (_ADOBE_GAMMA,) if is_power else _SRGB_CURVE
    curve = struct.pack(">4sIHH", b"para", 0, 0 if is_power else 3, 0) + _fixed(numbers)
    tags = {b"desc": words, b"cprt": words, b"wtpt": b"XYZ \0\0\0\0" + _fixed(_D50)}
    for kind, color in zip((b"r", b"g", b"b"), _PRIMARIES[name], strict=True):
        tags[kind + b"XYZ"] = b"XYZ \0\0\0\0" + _fixed(color)
        tags[kind + b"TRC"] = curve
    table, body, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for kind, data in tags.items():
        table += struct.pack(">4sII", kind, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    header = struct.pack(
        ">I4sI4s4s4s12s4s", start + len(body), b"", 0x04300000, b"mntr", b"RGB ", b"XYZ ", b"", b"acsp"
    )
    return header + bytes(28) + _fixed(_D50) + bytes(48) + table + body


def _fixed(numbers: tuple[float, ...]) -> bytes:
    """Numbers as a profile has them: 16 bits before the point and 16 behind it."""
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def _described(opened: ImageCms.ImageCmsProfile, profile: bytes) -> str:
    if opened.profile.xcolor_space.strip() != "RGB":
        return ""
    colorants = [getattr(opened.profile, f"{color}_colorant") for color in ("red", "green", "blue")]
    if all(colorants):
        own = np.array([colorant[0] for colorant in colorants])  # (3, 3)
        for name, usual in _PRIMARIES.items():
            if np.abs(own - usual).max() < _SAME and (name != STANDARD or _has_usual_curve(profile)):
                return name
    return (opened.profile.profile_description or "").strip()[:_LONGEST] or "an unnamed profile"


def _has_usual_curve(profile: bytes) -> bool:
    """Whether greys stay about what they are in sRGB: one with its primaries may still be linear."""
    transform, greys = _transform(profile, "RGB"), np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(1, 256, 3)
    converted = ImageCms.applyTransform(Image.fromarray(greys), transform) if transform else None
    return converted is None or np.abs(np.asarray(converted, np.int16) - greys).mean() < _SAME_GREY


@lru_cache(64)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """What converts pictures of a mode; None where the profile is not one for them."""
    opened = _opened(profile)
    if opened is None or _MODES.get(opened.profile.xcolor_space) != mode:
        return None
    try:
        return ImageCms.buildTransform(opened, ImageCms.createProfile("sRGB"), mode, "RGB")
    except ImageCms.PyCMSError:
        return None


def _opened(profile: bytes) -> ImageCms.ImageCmsProfile | None:
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except (OSError, ImageCms.PyCMSError):
        return None
