"""File names that other systems, or people, trip over."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from cnncli.data.quality.codes import finding
from cnncli.records import Affected, Finding

LONG_PATH = 200
"""Characters of a path within the data: with the folder before it, Windows' 260 are near."""


def name_findings(names: Iterable[str]) -> list[Finding]:
    """Names that differ by case or accents alone, cannot be seen or typed, or are very long.

    Args:
        names: paths with forward slashes; every folder in one is looked at once.
    """
    parts: dict[str, None] = {}
    long = []
    for name in names:
        if len(name) > LONG_PATH:
            long.append(Affected((name,), f"has {len(name)} characters"))
        at = name.find("/")
        while at >= 0:
            parts[name[:at]] = None
            at = name.find("/", at + 1)
        parts[name] = None
    twins: dict[tuple[str, str], list[str]] = {}
    odd = []
    for part in parts:
        parent, _, last = part.rpartition("/")
        twins.setdefault((parent, unicodedata.normalize("NFC", last).casefold()), []).append(part)
        reason = "" if (last.isascii() and last.isalnum()) or last in (".", "..") else _odd(last)
        if reason:
            odd.append(Affected((part,), reason))
    collide = [Affected(tuple(group)) for group in twins.values() if len(group) > 1]
    return [*finding("names-collide", collide), *finding("odd-name", odd), *finding("long-name", long)]


def _odd(name: str) -> str:
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        return "has bytes that are no UTF-8 text"
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") for letter in name):
        return "has characters that cannot be seen"
    if name != name.strip():
        return "begins or ends with a blank"
    if name.endswith(".") or any(letter in '\\:*?"<>|' for letter in name):
        return "is not possible on Windows"
    return ""
