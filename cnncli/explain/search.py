"""Finds what a person means: `Conv2D`, `max_pool_2d`, `loss:Huber`, `Adam.beta_1`, `kernel size`, `overfitting`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from cnncli.catalog import FAMILIES, resolve, spellings
from cnncli.catalog.other_names import name_here
from cnncli.catalog.unsupported import RENAMED_ARGUMENTS, refusal
from cnncli.explain.texts import GLOSSARY, KEY, pages
from cnncli.explain.topics import (
    OURS,
    TITLES,
    ArgumentTopic,
    Topic,
    argument_names,
    families,
    is_ours,
    is_shared,
    names,
    topic,
)
from cnncli.wording import near_word

_AMERICAN = {"our": "or", "is": "iz", "grey": "gray", "centre": "center"}


class NotFound(Exception):
    """Nothing has this name; the message suggests the nearest ones."""


@dataclass(frozen=True)
class Meaning:
    """What an argument means to those of its owners that share the meaning."""

    family: str  # of the owners
    owners: tuple[str, ...]
    shared: bool  # by the whole family
    argument: ArgumentTopic


@dataclass(frozen=True)
class Answer:
    """What a word stands for."""

    topics: Sequence[Topic] = ()  # one, or several that share a name
    argument: str = ""  # the only argument of the topics to show; empty for the whole topic
    meanings: Sequence[Meaning] = ()  # of an argument, if the word is the name of one
    family: str = ""  # if the word is the name of one
    others: Sequence[str] = ()  # other readings of the word, each as it can be asked for


def find(word: str) -> Answer:
    """What a word stands for.

    Args:
        word: `name`, `name.argument`, `family:name`, an argument, a key of the spec or its last part, a word of the
            glossary, or a family. Capitals, hyphens, British spelling and plurals make no difference.

    Raises:
        NotFound: with the nearest names.
    """
    family, colon, rest = word.partition(":")
    if not colon:
        return _find(word.strip(), families())
    within = _family(family)
    if not within:
        raise NotFound(f"no family is called '{family}'; there are {', '.join(families())}")
    return _find(rest.strip(), (within,))


@cache
def canonical(word: str) -> str:
    """One spelling for all ways of writing a word or a dotted name: `Kernel-Sizes` → `kernelsize`."""
    text = "".join(letter for letter in word.lower() if letter.isalnum() or letter == ".")
    singular = ".".join(map(_singular, text.split(".")))
    for british, american in _AMERICAN.items():
        singular = singular.replace(british, american)
    return singular


def _singular(word: str) -> str:
    if word.endswith(("sses", "ches", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "as", "is", "us")) else word


def _find(word: str, within: Sequence[str]) -> Answer:
    if not canonical(word).strip("."):
        raise NotFound(f"nothing is called '{word}'; 'cnncli explain --list' lists every name")
    is_class = any(word in names(family) for family in within if family not in (KEY, GLOSSARY, "activation"))
    readings = _readings(word, within)
    meanings = [] if is_class else _meanings(word, within)
    listed = (_family(word) or "") if len(within) > 1 and not is_class else ""
    main = [pair for pair in readings if pair[0] == GLOSSARY] * (not is_class) or _best(word, readings)
    if main or listed or meanings:
        others = [f"{family}:{name}" for family, name in readings if (family, name) not in main]
        return Answer([topic(*pair) for pair in main], meanings=meanings, family=listed, others=others)
    before, dot, argument = word.rpartition(".")
    if before and (_readings(before, within) or _family(before)):
        return _argument(before, argument, within)
    parts = _of_others(argument, within) if dot else _with_part(word, within) or _of_others(word, within)
    if parts:
        return Answer([topic(*parts[0])], others=[f"{family}:{name}" for family, name in parts[1:]])
    raise NotFound(_unknown(before or word, within))


def _readings(word: str, within: Sequence[str]) -> list[tuple[str, str]]:
    """Everything of this name, whatever its spelling."""
    target = canonical(word)
    pairs: list[tuple[str, str]] = []
    for family in within:
        if family == GLOSSARY:
            called = {name: (name, *page.synonyms) for name, page in pages(GLOSSARY).items()}
            pairs += [(family, name) for name, words in called.items() if target in map(canonical, words)]
        elif family == KEY:
            parts = target.split(".")
            pairs += [(KEY, key) for key in names(KEY) if canonical(key).split(".")[-len(parts) :] == parts]
        else:
            exact = resolve(family, word)
            loose = [resolve(family, spelt) for spelt in spellings(family) if canonical(spelt) == target]
            pairs += [(family, name) for name in dict.fromkeys([exact, *loose]) if name]
    return pairs


def _with_part(word: str, within: Sequence[str]) -> list[tuple[str, str]]:
    """Classes with this part in their name (`rotation`, `batchnorm`); those with our own page first."""
    target = canonical(word)
    pairs = [(family, name) for family in within if family in FAMILIES for name in names(family)]
    pairs = [
        (family, name)
        for family, name in pairs
        if any(part == target or (len(target) > 5 and part.startswith(target)) for part in _parts(name))
    ]
    return sorted(pairs, key=lambda pair: not is_ours(*pair)) if len(target) > 2 else []


def _of_others(word: str, within: Sequence[str]) -> list[tuple[str, str]]:
    """What a name behind that of a library is, or one of another library: `layers.Dense` and `Linear` are Dense."""
    here = [(family, name_here(family, word).partition(":")[0]) for family in within]
    same = [(family, word) for family in within if family in FAMILIES and word in names(family)]
    return same + [(family, name) for family, name in here if name]


def _parts(name: str) -> set[str]:
    """Every run of words in a name, without its number: `GlobalMaxPooling2D` → global, globalmax, maxpooling, …"""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+", re.sub(r"\d\w*$", "", name))
    runs = ("".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1))
    return set(map(canonical, runs))


def _best(word: str, readings: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The readings spelt exactly so; without any, all of them."""
    exact = [pair for pair in readings if pair[0] in FAMILIES and resolve(pair[0], word) == pair[1]]
    exact += [pair for pair in readings if pair == (KEY, word)]
    return exact or readings


def _family(word: str) -> str | None:
    """The family that a word names, in the singular or plural."""
    called = {canonical(name): family for family in families() for name in (family, TITLES[family])}
    return called.get(canonical(word.replace("keys of", "key of")))


def _meanings(word: str, within: Sequence[str]) -> list[Meaning]:
    """What an argument of this name means to each of its owners; equal texts once, our own first."""
    groups: dict[tuple[str, bool, str], list[tuple[str, ArgumentTopic]]] = {}
    target = canonical(word)
    for family in within:
        for name in names(family):
            for key in argument_names(family, name):
                if canonical(key) == target and (argument := topic(family, name).argument(key)):
                    group = family, is_shared(family, name, key), argument.text
                    groups.setdefault(group, []).append((name, argument))
    meanings = [
        Meaning(family, tuple(name for name, _ in owners), shared, owners[0][1])
        for (family, shared, _), owners in groups.items()
    ]
    return sorted(meanings, key=lambda meaning: meaning.argument.source != OURS)


def _argument(before: str, argument: str, within: Sequence[str]) -> Answer:
    """`Conv2D.strides`, and `optimizer.learning_rate` for what all of a family share."""
    if (family := _family(before)) and not any(before in names(one) for one in within):
        return _find(argument, (family,))
    topics = [topic(*pair) for pair in _best(before, _readings(before, within))]
    if not topics:
        raise NotFound(_unknown(before, within))
    spelt = [each.name for one in topics for each in one.arguments]
    name = next((key for key in spelt if canonical(key) == canonical(argument)), argument)
    owners = [one for one in topics if one.argument(name)]
    if not owners:
        near = near_word(argument, spelt)
        hint = RENAMED_ARGUMENTS.get(argument) or (
            f"did you mean '{near}'?" if near else f"it has {', '.join(spelt) or 'none'}"
        )
        raise NotFound(f"{topics[0].name} has no argument '{argument}'; {hint}")
    return Answer(owners, name)


def _unknown(word: str, within: Sequence[str]) -> str:
    refused = next((reason for family in within if (reason := refusal(family, word))), None)
    if refused:
        return f"'{word}' cannot be used: {refused}"
    words = [name for family in within for name in (spellings(family) if family in FAMILIES else names(family))]
    words += [name.rpartition(".")[2] for name in names(KEY)]
    words += [synonym for page in pages(GLOSSARY).values() for synonym in page.synonyms]
    words += sorted({key for family in within for name in names(family) for key in argument_names(family, name)})
    containing = [name for name in dict.fromkeys(words) if len(word) > 3 and canonical(word) in canonical(name)]
    near = near_word(word, words)
    if near:  # an alias stands for the class
        near = next((name for family in within if family in FAMILIES and (name := resolve(family, near))), near)
    suggestions = [f"'{name}'" for name in dict.fromkeys([*([near] if near else []), *containing])][:6]
    if not suggestions:
        return f"nothing is called '{word}'; 'cnncli explain --list' lists every name"
    listed = " or ".join([", ".join(suggestions[:-1]), suggestions[-1]] if suggestions[1:] else suggestions)
    return f"nothing is called '{word}'; did you mean {listed}?"
