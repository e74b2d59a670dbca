"""Finds what a person means: `Conv2D`, `conv2d`, `max_pool_2d`, `loss:Huber`, `Adam.learning_rate`, `batch_size`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cnncli.catalog import arguments_of, resolve, spellings
from cnncli.catalog.unsupported import RENAMED_ARGUMENTS, refusal
from cnncli.catalog.validators import near_word
from cnncli.explain.texts import KEY
from cnncli.explain.topics import WORD, Topic, families, is_ours, is_shared, names, topic


class NotFound(Exception):
    """Nothing is called that; the message says what is near."""


@dataclass(frozen=True)
class Found:
    """What a word stands for.

    Args:
        topics: one, or several that share a name.
        argument: the one argument that was asked for; empty for all of it.
        family: a whole family, when its name was given.
        others: how else the word can be meant, each as it can be asked for.
        common: whether the argument was asked for alone, and means the same wherever the family has it.
    """

    topics: Sequence[Topic] = ()
    argument: str = ""
    family: str = ""
    others: Sequence[str] = ()
    common: bool = False


def find(word: str) -> Found:
    """What a word stands for.

    Args:
        word: `name`, `name.argument`, `family:name`, a key of the spec or its last part, or a family.

    Raises:
        NotFound: with the nearest right word.
    """
    family, colon, rest = word.partition(":")
    if not colon:
        return _find(word.strip(), families())
    chosen = _family(family)
    if not chosen:
        raise NotFound(f"no family is called '{family}'; there are {', '.join(families())}")
    return _find(rest.strip(), (chosen,))


def _find(word: str, within: Sequence[str]) -> Found:
    named = _named(word, within)
    listed = _family(word) if len(within) > 1 else None
    if listed:
        return Found([topic(*pair) for pair in named], family=listed)
    if named:
        return _with_others(word, named, within)
    before, dot, argument = word.rpartition(".")
    if dot and before:
        return _argument(before, argument, within)
    owners = list(dict.fromkeys(_owners(word, within)))
    if len(owners) == 1:
        return Found([topic(*owners[0])], argument=word, common=is_shared(*owners[0], word))
    if owners:
        examples = ", ".join(f"{owner}.{word}" for _, owner in owners[:4])
        more = f" and {len(owners) - 4} more" * (len(owners) > 4)
        raise NotFound(f"'{word}' is an argument of several; ask for one of {examples}{more}")
    raise NotFound(_unknown(word, within))


def _plain(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum() or letter == ".")


def _family(word: str) -> str | None:
    """The family that a word names, one or many of it."""
    wanted = _plain(word)
    for family in families():
        called = {_plain(name) for name in (family, WORD[family])}
        if wanted in called | {f"{name}s" for name in called} | {f"{name}es" for name in called}:
            return family
    return None


def _named(word: str, within: Sequence[str]) -> list[tuple[str, str]]:
    """Everything of this name: spelt exactly so, else but for capitals and underscores."""
    exact = [(family, known) for family in within if family != KEY and (known := resolve(family, word))]
    exact += [(KEY, word)] * (KEY in within and word in names(KEY))
    if exact:
        return exact
    wanted = _plain(word)
    loose = [(family, known) for family in within if (known := _loosely(family, wanted))]
    return loose or [(KEY, name) for name in _ending(word, within)]


def _loosely(family: str, wanted: str) -> str | None:
    words = spellings(family) if family != KEY else list(names(KEY))
    spelt = next((word for word in words if _plain(word) == wanted), None)
    return spelt if spelt is None or family == KEY else resolve(family, spelt)


def _ending(word: str, within: Sequence[str]) -> list[str]:
    """The keys of the spec whose last parts are these."""
    wanted = _plain(word).split(".")
    keys = names(KEY) if KEY in within else ()
    return [key for key in keys if [_plain(part) for part in key.split(".")][-len(wanted) :] == wanted]


def _with_others(word: str, found: list[tuple[str, str]], within: Sequence[str]) -> Found:
    loose = [(family, known) for family in within if (known := _loosely(family, _plain(word)))]
    loose += [(KEY, name) for name in _ending(word, within)]
    loose += [pair for one in found if (pair := _with_two_axes(*one))]
    others = [f"{family}:{name}" for family, name in dict.fromkeys(loose) if (family, name) not in found]
    return Found([topic(*pair) for pair in found], others=others)


def _with_two_axes(family: str, name: str) -> tuple[str, str] | None:
    """`Conv2D` for `Conv1D`, which has no words of ours."""
    image = re.sub(r"[13]D", "2D", name)
    return (family, image) if image != name and is_ours(family, image) and not is_ours(family, name) else None


def _argument(before: str, argument: str, within: Sequence[str]) -> Found:
    """`Conv2D.strides`, and `optimizer.learning_rate` for what all of a family share."""
    if (family := _family(before)) and not any(before in names(one) for one in within):
        return _find(argument, (family,))
    found = _named(before, within)
    topics = [topic(*pair) for pair in found]
    if not topics:
        raise NotFound(_unknown(before, within))
    having = [one for one in topics if one.argument(argument)]
    if not having:
        known = [argument.name for one in topics for argument in one.arguments]
        near = near_word(argument, known)
        hint = RENAMED_ARGUMENTS.get(argument) or (
            f"did you mean '{near}'?" if near else f"it has {', '.join(known) or 'none'}"
        )
        raise NotFound(f"{topics[0].name} has no argument '{argument}'; {hint}")
    return Found(having, argument)


def _owners(word: str, within: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Who has an argument of this name; where it means the same for a whole family, one of it."""
    for family in within:
        if family in (KEY, "activation"):
            continue
        having = [name for name in names(family) if word in arguments_of(family, name)]
        same = [name for name in having if is_shared(family, name, word)]
        yield from ((family, name) for name in having if name not in same[1:])


def _unknown(word: str, within: Sequence[str]) -> str:
    refused = next((reason for family in within if (reason := refusal(family, word))), None)
    if refused:
        return f"'{word}' cannot be used: {refused}"
    known = [name for family in within for name in (names(KEY) if family == KEY else spellings(family))]
    known += [name.rpartition(".")[2] for name in names(KEY)]
    containing = [name for name in dict.fromkeys(known) if len(word) > 3 and _plain(word) in _plain(name)]
    argument_names = {
        name for family in within if family != KEY for each in names(family) for name in arguments_of(family, each)
    }
    near = near_word(word, [*known, *sorted(argument_names)])
    if near:  # a second name stands for the class
        near = next((name for family in within if family != KEY and (name := resolve(family, near))), near)
    suggestions = list(dict.fromkeys([*([near] if near else []), *containing]))[:6]
    if not suggestions:
        return f"nothing is called '{word}'; 'cnncli explain' lists what there is"
    quoted = [f"'{name}'" for name in suggestions]
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
    return f"nothing is called '{word}'; did you mean {listed}?"
