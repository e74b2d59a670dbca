"""Class names that probably mean the same class: `ANGER` and `anger`, `cat` and `cats`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping


def similar_names(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Groups of names that differ only by case, blanks, punctuation, the coding of letters, zeros in front, or an `s`.

    Single letters are never similar: `A` and `a` may well be two classes.

    Example:
        >>> similar_names(["ANGER", "cat", "anger", "Cats", "owl"])
        [('ANGER', 'anger'), ('cat', 'Cats')]
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(_essence(name), []).append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def merging(names: Iterable[str], groups: Iterable[tuple[str, ...]]) -> Mapping[str, str]:
    """The mapping for `data.classes` that gives all names of a group the one in lower case, or else the first."""
    shared = {name: next((each for each in group if each.islower()), group[0]) for group in groups for name in group}
    return {name: shared.get(name, name) for name in names}


def _essence(name: str) -> str:
    """What is left of a name when everything is taken away that people write now so and now so."""
    text = unicodedata.normalize("NFKC", name).casefold().strip()
    if len(text) < 2:
        return unicodedata.normalize("NFC", name)
    text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")  # invisible
    text = re.sub(r"(?<!\d)0+(?=\d)", "", text)
    text = re.sub(r"(?<=\d)[\W_]+(?=\d)", ".", text)
    if re.fullmatch(r"[-−+]?\d+(\.\d+)?", text):
        return text.lstrip("+")  # -1 is not 1
    text = re.sub(r"[^\w.]+|_+|(?<!\d)\.|\.(?!\d)", "", text)
    if len(text) > 3 and text.endswith("s") and not text.endswith("ss"):
        text = text.removesuffix("s")
    return text or name
