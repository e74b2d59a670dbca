"""What a file is that is not a picture, although it may be called one."""

from __future__ import annotations

_MAGICS = (
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"\x89HDF", "an HDF5 file"),
    (4, b"ftyp", "a video"),
    (0, b"version https://git-lfs", "a Git LFS pointer (`git lfs pull` fetches the file itself)"),
    (0, b"\0\x05\x16\x07", "a resource fork of macOS"),
)


def kind_of_other_file(head: bytes) -> str | None:
    """What a file that begins like this is, such as `a ZIP archive`; None when nobody can tell."""
    for offset, magic, words in _MAGICS:
        if head.startswith(magic, offset):
            return words
    text = text_of(head)
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or (text[:1] == b"<" and b"<html" in text):
        return "an HTML page"
    if head and all(byte >= 32 or byte in b"\t\n\r\f\x1b" for byte in head):
        return "a text file"
    return None


def text_of(head: bytes) -> bytes:
    """The beginning of a text in lower case, without what may stand before it."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()


def other_file(head: bytes) -> str:
    """The end of "this file is …" for a file that begins like this and is not a picture."""
    kind = kind_of_other_file(head)
    if kind is None:
        return "not an image" if head else "empty"
    return f"{kind}, not an image{' (a download that failed?)' * (kind == 'an HTML page')}"
