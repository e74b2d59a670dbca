"""Names of classes that are probably none: dates, measurements, ids; and names with characters that nobody sees."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

from cnncli.wording import counted, some

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([ T].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}( .*)?|(19|20)\d\d(0[1-9]|1[0-2])[0-3]\d"
    rf"|\d{{1,2}}[-. ]*({_MONTHS})[a-z]*[-., ]*\d{{4}}|({_MONTHS})[a-z]*[. ]+\d{{1,2}},? \d{{4}}",
    re.IGNORECASE,
)
_ONE_HOT = re.compile(r"[\[(]?(0[ ,;|]*)*1([ ,;|]*0)*[\])]?")
_NOTHING = frozenset({"na", "n/a", "nan", "none", "null", "nil", "?", "-", "--", "#n/a", "<na>", "undefined"})
_LIST = re.compile(r"\s*[,;|/]\s*")
_FRACTION = re.compile(r"[+-]?\d*[.,]\d*[1-9]\d*(e[+-]?\d+)?", re.IGNORECASE)
_MANY = 10
"""Classes from which on it is no chance that most have a single image."""


def odd_labels(names: Sequence[str], images: int) -> Iterator[str]:
    """Sentences about names of classes that are odd, with the number of images of all; none for most data sets.

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
    if len(names) > 1 and all(map(_ONE_HOT.fullmatch, names)) and len({name.count("0") for name in names}) == 1:
        yield f"the classes are one-hot labels, such as {names[0]}: one digit for each class"
    if nothing := [name for name in names if name.casefold() in _NOTHING]:
        yield f"classes that are called {some(nothing)} may stand for no label; to leave them out, list the others"
    if lists := _lists(names):
        yield f"names of classes are lists of others, such as {lists[0]}: several labels of one image"
    if mixed := [_foreign(name) for name in names if _alphabets(name)]:
        yield f"names of classes have letters of two alphabets that look alike: {some(mixed)}"
    unseen = [_with_codes(name) for name in names if _with_codes(name) != name]
    if unseen:
        yield f"names of classes have characters that are not seen, or letters in two parts: {some(unseen)}"


def _lists(names: Sequence[str]) -> list[str]:
    """Names that join the name of a class with others, each of which is a class, or is joined elsewhere as well."""
    known = {name.casefold() for name in names}
    parts = {name: _LIST.split(name.casefold()) for name in names}
    often = Counter(part for each in parts.values() for part in {*each})
    return [
        name
        for name, each in parts.items()
        if len(each) > 1 and not known.isdisjoint(each) and all(often[part] > 1 for part in each)
    ]


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


_ALPHABETS = ("LATIN", "CYRILLIC", "GREEK")


def _alphabets(name: str) -> set[str]:
    """The alphabets of the words of a name, where letters of several stand in one word."""
    for word in re.findall(r"[^\W\d_]+", name):
        found = {each for letter in word for each in _ALPHABETS if unicodedata.name(letter, "").startswith(each)}
        if len(found) > 1 and len(word) > 1:
            return found
    return set()


def _foreign(name: str) -> str:
    """The name with letters that are not Latin by their codes."""
    return "".join(
        f"<U+{ord(letter):04X}>" if unicodedata.name(letter, "").startswith(("CYRILLIC", "GREEK")) else letter
        for letter in name
    )
