"""What a plain word of YAML means, by the core schema of YAML 1.2.

PyYAML's own rules are those of YAML 1.1, which turn `no` into False, `1e-4` into a text, `010` into 8 and `12:30:45`
into 45045.
"""

from __future__ import annotations

import re

MAX_DIGITS = 40

_NULL = re.compile(r"(~|null|Null|NULL|)\Z")
_BOOL = re.compile(r"(true|True|TRUE|false|False|FALSE)\Z")
_INT = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL_OR_HEX = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")

Scalar = str | int | float | bool | None


def meaning(text: str) -> Scalar:
    """The value of a scalar that stands without quotes.

    Raises:
        ValueError: it is a number that nobody can mean; what is wrong with it, in words.
    """
    if _NULL.match(text):
        return None
    if _BOOL.match(text):
        return text.lower() == "true"
    if _INT.match(text) or _OCTAL_OR_HEX.match(text):
        return _whole(text)
    if _FLOAT.match(text):
        value = float(text)
        if value in (float("inf"), float("-inf")):
            raise ValueError(f"{text[:20]} is too large a number")
        return value
    if _INFINITE.match(text):
        return float(text.replace(".", ""))
    return text


def _whole(text: str) -> int:
    digits = text.lstrip("+-").removeprefix("0o").removeprefix("0x")
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits is too large")
    if not _INT.match(text):
        return int(text, 0)
    if len(digits) > 1 and digits[0] == "0":
        raise ValueError(f"write {int(text)}, or '{text}' in quotes: a leading zero is ambiguous")
    return int(text)
