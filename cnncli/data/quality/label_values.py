"""Names of classes that are probably none: dates, measurements, ids; and names with characters that nobody sees."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from cnncli.wording import counted, some

_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([ T].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}( .*)?")
_FRACTION = re.compile(r"[+-]?\d*[.,]\d*[1-9]\d*(e[+-]?\d+)?", re.IGNORECASE)
_MANY = 10
"""Classes from which on it is no chance that most have a single image."""


def odd_labels(names: Sequence[str], images: int) -> Iterator[str]:
    """Sentences about names of classes that are odd; none for most data sets.

    Args:
        names: Names of the classes.
        images: Number of images of all of them.

    Example:
        >>> next(odd_labels(["2026-01-30", "2026-02-01"], 40))
        'the classes are dates, such as 2026-01-30'
    """
    dates = [name for name in names if _DATE.fullmatch(name)]
    fractions = [name for name in names if _FRACTION.fullmatch(name)]
    if dates and len(dates) == len(names):
        yield f"the classes are dates, such as {dates[0]}"
    elif 2 * len(fractions) > len(names):
        yield f"the classes are numbers with fractions, such as {fractions[0]}: measurements, not classes"
    elif len(names) >= _MANY and 2 * len(names) > images:
        yield f"most of the {counted(len(names), 'class')} have one image, such as {names[0]}: ids, not classes"
    unseen = [_with_codes(name) for name in names if _with_codes(name) != name]
    if unseen:
        yield f"names of classes have characters that are not seen, or letters in two parts: {some(unseen)}"


def _with_codes(name: str) -> str:
    """The name with its invisible characters, unusual blanks and detached accents as `<U+200B>`."""
    parts = unicodedata.normalize("NFC", name) != name
    return "".join(
        f"<U+{ord(letter):04X}>"
        if unicodedata.category(letter) in ("Cf", "Cc", "Zl", "Zp")
        or (letter != " " and unicodedata.category(letter) == "Zs")
        or (parts and unicodedata.combining(letter))
        else letter
        for letter in name
    )
