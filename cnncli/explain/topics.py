"""Topics: everything that can be explained, found by its name, with our words or else Keras'."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cnncli.catalog import FAMILIES, WORDS, Entry, arguments_of, as_yaml, members
from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.docstrings import words_of
from cnncli.catalog.entries import kind_of
from cnncli.catalog.packages import plugin_layer
from cnncli.errors import Path
from cnncli.explain.texts import EVERY, KEY, SELDOM, Shape, Text, plain, texts
from cnncli.spec.graph.blocks import KEYS
from cnncli.spec.schema import Section, sections

OURS = "cnncli"
KERAS = "Keras"

WORD: Mapping[str, str] = {**WORDS, KEY: "key of the spec"}
"""What each family is called in a sentence."""

BESIDE = ("extends", *(f"model.layers.{key}" for key in KEYS))
"""Keys that the schema does not list: the reader takes one away, and every layer has the others."""


@dataclass(frozen=True)
class ArgumentTopic:
    """One argument, or one key of a section.

    Args:
        name: as it is spelt.
        default: as a spec would have it, or `required`; empty for a section.
        takes: what it may be, in words; empty for a section.
        words: what it does and when to change it.
        source: whose words these are: `OURS`, `KERAS`, or the package that registers the layer.
        seldom: whether it means the same throughout the family and is seldom changed.
    """

    name: str
    default: str
    takes: str
    words: str
    source: str = OURS
    seldom: bool = False


@dataclass(frozen=True)
class Topic:
    """One thing explained.

    Args:
        family: one of the catalogue's, or `KEY`.
        name: such as `Conv2D` or `train.batch_size`.
        paragraphs: what it is and when to use it.
        arguments: in Keras' order; those that are seldom changed last.
        usage: YAML that shows how it is written.
        given: shapes that the usage is worked out on.
        source: whose words the paragraphs are: `OURS`, `KERAS`, or the package that registers the layer.
        default: of a key.
        takes: what a key may be, in words.
    """

    family: str
    name: str
    paragraphs: Sequence[str]
    arguments: Sequence[ArgumentTopic] = ()
    usage: str = ""
    given: Sequence[Shape] = field(default=())
    source: str = OURS
    default: str = ""
    takes: str = ""

    def argument(self, name: str) -> ArgumentTopic | None:
        """The argument of this name."""
        return next((argument for argument in self.arguments if argument.name == name), None)


def names(family: str) -> tuple[str, ...]:
    """Every name of a family; the keys of the spec with their sections, as `train` and `train.epochs`."""
    return (*_keys(), *BESIDE) if family == KEY else members(family)


def families() -> tuple[str, ...]:
    """Every family there are topics of."""
    return (*FAMILIES, KEY)


def _text(family: str, name: str) -> Text:
    return texts(family).get(name) or Text()


def _common(family: str) -> dict[str, str]:
    """Our words on arguments that mean the same throughout the family."""
    return {**_text(family, EVERY).arguments, **_text(family, SELDOM).arguments}


def is_ours(family: str, name: str) -> bool:
    """Whether there are words of our own on it."""
    return name in texts(family)


def is_shared(family: str, name: str, argument: str) -> bool:
    """Whether an argument means the same here as for the whole family."""
    return argument in _common(family) and argument not in _text(family, name).arguments


def first_sentence(family: str, name: str) -> str:
    """What a thing is, in one sentence."""
    paragraphs = topic(family, name).paragraphs
    text = paragraphs[0] if paragraphs else ""
    return text.partition(". ")[0].rstrip(".")


def topic(family: str, name: str) -> Topic:
    """The topic of a name that is in the family."""
    text = _text(family, name)
    if family == KEY:
        return _key(name, text)
    arguments = [] if family == "activation" else list(_arguments(family, name, text))
    seldom = list(_text(family, SELDOM).arguments)
    arguments.sort(key=lambda argument: seldom.index(argument.name) if argument.seldom else -1)
    if is_ours(family, name):
        return Topic(family, name, [*map(plain, text.paragraphs)], arguments, text.usage, text.given)
    return Topic(family, name, words_of(family, name).paragraphs, arguments, source=_source(family, name))


def _source(family: str, name: str) -> str:
    """Whose words there are on a thing that has no page; the catalogue describes backbones in ours."""
    if family == "layer" and name in BACKBONES:
        return OURS
    own = plugin_layer(name) if family == "layer" else None
    return own.origin if own else KERAS


def _arguments(family: str, name: str, text: Text) -> Iterator[ArgumentTopic]:
    for argument in arguments_of(family, name).values():
        key = argument.name
        takes = kind_of(family, name, argument).words
        theirs, source = words_of(family, name).arguments.get(key), _source(family, name)
        ours = text.arguments.get(key) or (None if theirs and source != KERAS else _common(family).get(key))
        words = plain(ours) if ours else theirs or "Its documentation says nothing of it."
        seldom = is_shared(family, name, key) and key in _text(family, SELDOM).arguments
        yield ArgumentTopic(key, argument.default_text, takes, words, OURS if ours else source, seldom)


def _keys(above: str = "") -> dict[str, type[Section] | None]:
    """Every key of the spec by its dotted path, with the section that it is, if it is one."""
    known = sections()
    found: dict[str, type[Section] | None] = {}
    for key in known[_path(above)].model_fields:
        name = f"{above}.{key}".strip(".")
        found[name] = known.get(_path(name))
        if found[name]:
            found |= _keys(name)
    return found


def _path(name: str) -> Path:
    return tuple(name.split(".")) if name else ()


def _key(name: str, text: Text) -> Topic:
    if name in BESIDE:
        return Topic(KEY, name, [*map(plain, text.paragraphs)], (), text.usage)
    *above, key = _path(name)
    info = sections()[tuple(above)].model_fields[str(key)]
    section = sections().get(_path(name))
    paragraphs = [f"{info.description}.", *map(plain, text.paragraphs)]
    if section:
        inside = [_key(f"{name}.{key}", Text()) for key in section.model_fields]
        arguments = [ArgumentTopic(str(_path(k.name)[-1]), k.default, k.takes, k.paragraphs[0]) for k in inside]
        return Topic(KEY, name, paragraphs, arguments, text.usage)
    default = "required" if info.is_required() else as_yaml(_plain(info.get_default()))
    return Topic(KEY, name, paragraphs, (), text.usage, default=default, takes=info.metadata[0].kind.words)


def _plain(value: Any) -> Any:
    """A default of the schema without entries in it."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.plain() if isinstance(value, Entry) else value
