"""How a DICOM file begins: with a preamble, or, written without one, with its first elements."""

from __future__ import annotations

import struct

_PREAMBLE = 128
_FIRST_GROUPS = (0x0002, 0x0008)  # of the elements that files without a preamble begin with
_ENOUGH = 3  # elements in a row that no other file has by chance
_LONG_LENGTH = (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"UC", b"UN", b"UR", b"UT")
_SHORT_LENGTH = (
    *(b"AE", b"AS", b"CS", b"DA", b"DT", b"IS", b"LO", b"LT"),
    *(b"PN", b"SH", b"ST", b"TM", b"UI", b"UL", b"US"),
)


def is_dicom(head: bytes) -> bool:
    """Whether a file with these first bytes is a DICOM: `DICM` behind a preamble, or elements of its first groups."""
    if head[_PREAMBLE : _PREAMBLE + 4] == b"DICM":
        return True
    order = "<" if head[1:2] == b"\0" else ">"
    place, last, count, filled = 0, -1, 0, 0
    while count < _ENOUGH and place + 12 <= len(head):
        group, number = struct.unpack_from(f"{order}HH", head, place)
        length = _length(head, place + 4, order)
        if (count == 0 and group not in _FIRST_GROUPS) or (group << 16 | number) <= last or length % 2:
            return False
        if number == 0 and length != 4:  # as in a list of small numbers; the length of a group takes 4 bytes
            return False
        long = head[place + 4 : place + 6] in _LONG_LENGTH
        filled += length
        last, place, count = group << 16 | number, place + (12 if long else 8) + length, count + 1
    return count >= _ENOUGH and filled > 0


def _length(head: bytes, place: int, order: str) -> int:
    """The length of an element, whose kind or length stands at a place; -1 when it cannot be one."""
    kind = head[place : place + 2]
    if kind in _SHORT_LENGTH:
        return int(struct.unpack_from(f"{order}H", head, place + 2)[0])
    long = kind in _LONG_LENGTH
    length = int(struct.unpack_from(f"{order}I", head, place + 4 if long else place)[0])
    return length if long or length < 1 << 16 else -1
