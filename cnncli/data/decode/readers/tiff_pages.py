"""The pages of a TIFF as their tags declare them, so that nothing is decoded or allocated before it was looked at."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from cnncli.data.decode.cut_off import CutOff

MAX_PAGES = 100_000
"""Pages above which a file is refused; stacks of microscopes have some thousands."""

_TYPES = {1: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_MOST_VALUES = 4_000_000  # of all tags: two for each strip or tile
_MOST_SAMPLES = 16
_DESCRIPTION = 270
_DESCRIPTION_BYTES = 512
_PROFILE = 34675
_NUMBERS = {254, 256, 257, 258, 259, 262, 273, 274, 277, 278, 279, 284, 317, 322, 323, 324, 325, 338, 339, 530, 32997}
_RAW = {33421, 50706}  # the filter over a sensor, the version of DNG
_REDUCED, _MASK = 1, 4  # flags of thumbnails and of masks, which are no pages

COLORS = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3}
"""Samples of a colour by photometric interpretation: white is 0, black is 0, RGB, palette, CMYK, YCbCr, CIELAB."""

Tags = dict[int, tuple[int, ...]]


@dataclass(frozen=True)
class TiffPage:
    """What one page declares, with the defaults of TIFF 6.0."""

    index: int  # its place in the file, thumbnails counted
    is_big_endian_bigtiff: bool  # whether the file is a BigTIFF of big-endian numbers
    width: int
    height: int
    bits: tuple[int, ...]  # of each sample of a pixel
    sample_format: int  # 1 for unsigned, 2 for signed, 3 for floating-point numbers
    photometric: int  # 0 white is 0, 1 black is 0, 2 RGB, 3 palette, 5 CMYK, 6 YCbCr, 8 CIELAB
    compression: int
    planar: int  # 1 where the samples of a pixel lie together, 2 where each has its plane
    predictor: int  # 1 none, 2 differences, 3 those of floating-point numbers
    extra_samples: tuple[int, ...]  # beyond the colours: 1 alpha that is multiplied in, 2 alpha, 0 something else
    orientation: int
    block: tuple[int, int]  # width and height of its tiles or strips
    offsets: tuple[int, ...]  # where each of those begins; `counts` has the bytes of each
    counts: tuple[int, ...]
    is_raw: bool  # whether it holds what a sensor measured, in a file of a camera
    subfile: int  # flags that say whether it is a thumbnail or a mask of another page
    subsampling: tuple[int, ...]  # of colours against brightness, for YCbCr
    pictures: int  # how many pictures the page holds; 1 but for volumes, and stacks of ImageJ
    profile: bytes

    @property
    def end(self) -> int:
        """Where its last byte lies."""
        return max((offset + count for offset, count in zip(self.offsets, self.counts, strict=False)), default=0)

    @property
    def has_alpha(self) -> bool:
        """Whether the first sample beyond the colours is alpha; a fourth one of RGB that says nothing counts as it."""
        silent = self.photometric == 2 and len(self.bits) == 4 and not self.extra_samples
        return silent or self.extra_samples[:1] in [(1,), (2,)]

    @property
    def is_grey(self) -> bool:
        """Whether it is stored without colour."""
        return self.photometric in (0, 1)


def pages_of(stream: BinaryIO) -> list[TiffPage]:
    """The pages of a file, without thumbnails and masks.

    Raises:
        ValueError: A page has no size, or the pages have no end.
        CutOff: A page lies behind the end of the file.
    """
    stream.seek(0)
    is_odd = stream.read(4) == b"MM\0+"
    pages = [_page(index, is_odd, tags) for index, tags in enumerate(_directories(stream))]
    if not pages:
        raise ValueError("it has no page")
    return [page for page in pages if not page.subfile & (_REDUCED | _MASK)]


def _directories(stream: BinaryIO) -> Iterator[Tags]:
    stream.seek(0)
    head = stream.read(16)
    order = "<" if head[:2] == b"II" else ">"
    is_big = struct.unpack(order + "H", head[2:4])[0] == 43
    (place,) = struct.unpack(order + "Q", head[8:16]) if is_big else struct.unpack(order + "I", head[4:8])
    visited: set[int] = set()
    numbers = 0
    while place:
        if place in visited or len(visited) == MAX_PAGES or numbers > _MOST_VALUES:
            raise ValueError("its pages have no end")
        tags, following = _directory(stream, place, order, is_big, with_description=not visited)
        visited.add(place)
        numbers += sum(len(values) for values in tags.values())
        yield tags
        place = following


def _directory(stream: BinaryIO, place: int, order: str, is_big: bool, with_description: bool) -> tuple[Tags, int]:
    """The tags of numbers in one directory, the first bytes of its description if asked for, and the next place."""
    count_type, entry, pointer = ("Q", "HHQ8s", "Q") if is_big else ("H", "HHI4s", "I")
    (count,) = _unpacked(stream, place, order + count_type)
    if count > 4096:
        raise ValueError(f"a page has {count:,} tags")
    size = struct.calcsize(order + entry)
    start = place + struct.calcsize(order + count_type)
    entries = _bytes_at(stream, start, count * size)
    tags = {}
    for tag, kind, number, value in struct.iter_unpack(order + entry, entries):
        if tag == _DESCRIPTION and number > 4 and with_description:
            at = struct.unpack(order + "Q" * is_big + "I" * (not is_big), value)[0]
            stream.seek(at)
            tags[tag] = tuple(stream.read(min(number, _DESCRIPTION_BYTES)))
        elif kind in _TYPES and (tag in _NUMBERS | _RAW or (tag == _PROFILE and number <= _MOST_VALUES)):
            if number > _MOST_VALUES:
                raise ValueError(f"tag {tag} has {number:,} values")
            layout = f"{order}{number}{_TYPES[kind]}"
            length = struct.calcsize(layout)
            at = int.from_bytes(value, "little" if order == "<" else "big")
            data = value[:length] if length <= len(value) else _bytes_at(stream, at, length)
            tags[tag] = struct.unpack(layout, data)
    return tags, _unpacked(stream, start + count * size, order + pointer)[0]


def _unpacked(stream: BinaryIO, place: int, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, _bytes_at(stream, place, struct.calcsize(layout)))


def _bytes_at(stream: BinaryIO, place: int, length: int) -> bytes:
    if place + length > stream.seek(0, os.SEEK_END):
        raise CutOff
    stream.seek(place)
    return stream.read(length)


def _page(index: int, is_odd: bool, tags: Tags) -> TiffPage:
    def one(tag: int, default: int = 0) -> int:
        return tags.get(tag, (default,))[0] if tags.get(tag, (default,)) else default

    width, height, samples = one(256), one(257), one(277, 1)
    bits = tags.get(258, (1,))
    if len(bits) == 1:
        bits *= min(samples, _MOST_SAMPLES)
    formats = set(tags.get(339, (1,)))
    is_tiled = 322 in tags
    if width < 1 or height < 1 or not 0 < samples <= _MOST_SAMPLES or len(bits) != samples or len(formats) > 1:
        raise ValueError(f"it declares {width}×{height} pixels of {samples} samples")
    return TiffPage(
        index,
        is_odd,
        width,
        height,
        bits,
        formats.pop(),
        one(262, -1),
        one(259, 1),
        one(284, 1),
        one(317, 1),
        tags.get(338, ()),
        one(274, 1),
        (one(322), one(323)) if is_tiled else (width, min(height, one(278, height))),
        tags.get(324 if is_tiled else 273, ()),
        tags.get(325 if is_tiled else 279, ()),
        bool(_RAW & tags.keys()) or one(262) in (32803, 34892),
        one(254),
        tags.get(530, (2, 2)),
        _pictures(bytes(tags.get(_DESCRIPTION, ()))) * max(1, one(32997, 1)),
        bytes(number & 255 for number in tags.get(_PROFILE, ())),
    )


def _pictures(description: bytes) -> int:
    """How many pictures a page holds by its description: ImageJ and tifffile may write a stack as one page."""
    if description.startswith(b"ImageJ="):
        stack = re.search(rb"images=(\d{1,9})", description)
        return int(stack[1]) if stack else 1
    if description.startswith(b'{"shape":') and b'"truncated": true' in description:
        return 2
    return 1
