"""Text of counts, sizes, durations, shapes and values, and the word probably meant: the one place that makes it."""

from __future__ import annotations

import difflib
import json
import math
import re
import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

_UNITS = ("KiB", "MiB", "GiB", "TiB")
_LONGEST_VALUE = 60
_MOST_ITEMS = 6
_MOST_NAMES = 10
_MOST_SUFFIXES = 10
_UNPRINTED = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")


def counted(number: int, noun: str) -> str:
    """`1 layer`, `2,000 images`, `0 classes`."""
    if number != 1:
        if noun.endswith("y") and noun[-2:-1] not in "aeiou":
            noun = noun.removesuffix("y") + "ies"
        else:
            noun += "es" if noun.endswith(("s", "x", "tch", "nch", "sh")) else "s"
    return f"{number:,} {noun}"


def by_suffix(names: Iterable[str]) -> str:
    """How many of these files have which suffix, the most frequent first: `24 .jpg, 3 .qoi`."""
    suffixes = Counter(PurePosixPath(name).suffix.lower() or "without a suffix" for name in names)
    shown = [f"{count:,} {suffix}" for suffix, count in suffixes.most_common(_MOST_SUFFIXES)]
    rest = suffixes.total() - sum(count for _, count in suffixes.most_common(_MOST_SUFFIXES))
    return ", ".join([*shown, f"{rest:,} others"] if rest else shown)


def percentage(part: int, whole: int, digits: int) -> str:
    """A share as people read it, with so many decimals, unless it is all or nothing: `95.50 %`, `100 %`.

    Example:
        >>> percentage(65, 68, 2), percentage(99_999, 100_000, 2), percentage(3, 3, 1)
        ('95.59 %', '99.99 %', '100 %')
    """
    if part in (0, whole):
        return "100 %" if part else "0 %"
    least = 10.0**-digits
    percent = min(max(round(100 * part / whole, digits), least), 100 - least)
    return f"{percent:.{digits}f} %"


def with_interval(value: float, interval: tuple[float, float] | None, images: int) -> str:
    """A figure between 0 and 1 with its interval, in as many digits as so many images carry.

    Example:
        >>> with_interval(0.9581, (0.9412, 0.9702), 413), with_interval(0.95, None, 20)
        ('0.958 (0.941–0.970)', '0.95')
    """
    digits = min(max(round(math.log10(images)), 2), 4)
    between = "" if interval is None else f" ({interval[0]:.{digits}f}–{interval[1]:.{digits}f})"
    return f"{value:.{digits}f}{between}"


def p_text(p: float) -> str:
    """The p of a comparison: `= 0.034`, `< 0.001`."""
    return "< 0.001" if p < 0.001 else f"= {p:.3f}" if p < 0.1 else f"= {p:.2f}"


def size_text(size: int) -> str:
    """A number of bytes in powers of 1024, as memory and disks are reported throughout: `512 B`, `1.1 GiB`."""
    power = min(max(size.bit_length() - 1, 0) // 10, len(_UNITS))
    return f"{size / 1024**power:,.1f} {_UNITS[power - 1]}" if power else f"{size} B"


def decimal_text(number: float) -> str:
    """A number with at most one digit after the point: `4.7`, `38`, `1,200`."""
    return f"{number:,.1f}".removesuffix(".0")


def duration_text(seconds: float) -> str:
    """A duration in its two largest units: `8.2 s`, `4 min 5 s`, `10 min`, `2 h 10 min`."""
    if seconds < 59.5:
        return f"{seconds:.2g} s" if seconds < 9.5 else f"{seconds:.0f} s"
    whole = round(seconds)
    large, small = (whole // 60, whole % 60) if whole < 3600 else (whole // 3600, whole % 3600 // 60)
    units = ("min", "s") if whole < 3600 else ("h", "min")
    return f"{large} {units[0]}" + (f" {small} {units[1]}" if small else "")


def dimensions(shape: Iterable[Any]) -> str:
    """A shape or the size of an image: `28×28×1`, height before width."""
    return "×".join(map(str, shape))


def quoted(text: str) -> str:
    """Text in the double quotes of YAML; what cannot be printed is escaped."""
    return _UNPRINTED.sub(lambda match: f"\\u{ord(match.group()):04x}", json.dumps(text, ensure_ascii=False))


def in_shell(path: object) -> str:
    """A path as a shell takes it, for a command to copy: `photos`, `'my photos'`."""
    return shlex.quote(str(path))


def without_secrets(text: str) -> str:
    """Text in which addresses have lost user names, passwords and what follows a `?`."""
    return re.sub(r"(://)[^/@\s'\"]*@", r"\1", re.sub(r"(://[^?\s'\"]*)\?[^\s'\"}\],]*", r"\1", text))


def shown(value: Any) -> str:
    """A value as messages quote it: short, text in quotes."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        items = ", ".join(shown(item) for item in value[:_MOST_ITEMS])
        return f"[{items}{', …' * (len(value) > _MOST_ITEMS)}]"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def some(names: Collection[str]) -> str:
    """The first of many names and how many more there are: `a, b, c and 97 more`."""
    shown = ", ".join(list(names)[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown} and {len(names) - _MOST_NAMES} more"


def listed(problems: Iterable[str]) -> str:
    """The first of many problems, each on a line of its own, and how many more there are."""
    lines = list(problems)
    more = [f"and {len(lines) - _MOST_NAMES} more"] if len(lines) > _MOST_NAMES else []
    return "".join(f"\n  {line}" for line in lines[:_MOST_NAMES] + more)


def in_counting_order(name: str) -> tuple[list[tuple[str, int, str]], str]:
    """A sort key that takes digits as numbers, `class2` before `class10`; the text decides `a1` and `a01`."""
    pieces = re.findall(r"(\D*)(\d*)", name)
    # A number as its length and its digits: Python makes no integer of more than 4,300
    numbers = [(text, digits.lstrip("0"), len(digits.lstrip("0")) if digits else -1) for text, digits in pieces]
    return [(text.casefold(), length, digits) for text, digits, length in numbers], name


def near_word(word: str, words: Iterable[str]) -> str | None:
    """The word of a list that is spelt most like this one, the first of equals; None when none is like it.

    Two words are alike when `difflib` finds more than 0.6 of them in common, its own measure of a close match. A word
    of the list is also like itself with a value behind its colon, `epochs:5`.
    """
    words = list(words)
    before, colon, _ = word.partition(":")
    if colon and before in words:
        return before
    matcher = difflib.SequenceMatcher(b=word.lower())
    best, best_ratio = None, 0.6
    for candidate in words:
        matcher.set_seq1(candidate.lower())
        if matcher.real_quick_ratio() > best_ratio and (ratio := matcher.ratio()) > best_ratio:
            best, best_ratio = candidate, ratio
    return best


def nearest(word: str, words: Iterable[str]) -> str:
    """The end of a message, `; did you mean 'x'?`, when one of the words is near; else nothing."""
    near = near_word(word, words)
    return missing_space(word, [near]) or suggestion(near) if near else ""


def suggestion(word: str) -> str:
    """The end of a message that proposes another word."""
    return f"; did you mean '{word}'?"


def missing_space(text: str, words: Collection[str]) -> str:
    """The end of a message about `epochs:5`, which YAML reads as one word, when `epochs` is one of the words."""
    word, colon, value = text.partition(":")
    return f"; did you mean '{word}: {value}', with a space after the colon?" if colon and word in words else ""


def short_names(names: Sequence[str]) -> dict[str, str]:
    """The shortest end of each dotted name that no other one has.

    Example:
        >>> list(short_names(["train.batch_size", "model.a.filters", "model.b.filters"]).values())
        ['batch_size', 'a.filters', 'b.filters']
    """
    short = {}
    for name in names:
        parts = name.split(".")
        ends = [".".join(parts[start:]) for start in range(len(parts) - 1, -1, -1)]
        others = [other for other in names if other != name]
        short[name] = next((end for end in ends if not any(f".{other}".endswith(f".{end}") for other in others)), name)
    return short
