"""Topics: everything that can be explained, by its name, with our text or else Keras'."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cnncli.catalog import FAMILIES, WORDS, as_yaml, members, signature
from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.entries import argument_validator, plain as plain_value
from cnncli.catalog.packages import plugin_layer
from cnncli.errors import KeyPath
from cnncli.explain.docstrings import read_docstring
from cnncli.explain.texts import EVERY, GLOSSARY, KEY, SELDOM, Page, pages, plain
from cnncli.spec.graph.blocks import KEYS
from cnncli.spec.schema import sections

OURS = "cnncli"
KERAS = "Keras"

TITLES: Mapping[str, str] = {**WORDS, KEY: "key of the spec", GLOSSARY: "word"}
"""What each family is called in a sentence."""

BESIDE_SCHEMA = ("extends", *(f"model.layers.{key}" for key in KEYS))
"""Keys that the schema does not list: the reader removes one, and every layer has the others."""


@dataclass(frozen=True)
class ArgumentTopic:
    """One argument, or one key of a section."""

    name: str
    default: str  # as YAML, or `required`; empty for a section
    takes: str  # description of the values it accepts; empty for a section
    text: str  # what it does and when to change it
    source: str = OURS  # of the text: `OURS`, `KERAS`, or the package that registers the layer
    seldom: bool = False  # means the same throughout the family and is seldom changed


@dataclass(frozen=True)
class Topic:
    """One thing explained."""

    family: str  # of the catalogue, or `KEY` or `GLOSSARY`
    name: str  # in the family, such as `Conv2D` or `train.batch_size`
    paragraphs: Sequence[str]  # what it is and when to use it
    arguments: Sequence[ArgumentTopic] = ()  # in Keras' order; those that are seldom changed come last
    usage: str = ""  # YAML that shows how it is written
    source: str = OURS  # of the paragraphs, as for arguments
    default: str = ""  # of a key, as YAML
    takes: str = ""  # description of the values that a key accepts

    def argument(self, name: str) -> ArgumentTopic | None:
        """The argument of this name."""
        return next((argument for argument in self.arguments if argument.name == name), None)


def families() -> tuple[str, ...]:
    """Every family that has topics."""
    return (*FAMILIES, KEY, GLOSSARY)


def names(family: str) -> tuple[str, ...]:
    """Every name of a family; the keys of the spec with their sections, as `train` and `train.epochs`."""
    if family == GLOSSARY:
        return tuple(pages(GLOSSARY))
    return (*_keys(), *BESIDE_SCHEMA) if family == KEY else members(family)


def argument_names(family: str, name: str) -> tuple[str, ...]:
    """The arguments of a name of the catalogue; activations are named without any."""
    return () if family in ("activation", KEY, GLOSSARY) else tuple(signature(family, name))


def is_ours(family: str, name: str) -> bool:
    """Whether we have a text of our own on it."""
    return name in pages(family)


def is_shared(family: str, name: str, argument: str) -> bool:
    """Whether an argument means the same here as throughout the family."""
    return argument in _shared(family) and argument not in _page(family, name).arguments


def first_sentence(family: str, name: str) -> str:
    """What a thing is, in one sentence."""
    paragraphs = topic(family, name).paragraphs
    text = paragraphs[0] if paragraphs else ""
    return text.partition(". ")[0].rstrip(".")


def explained(word: str) -> Sequence[str]:
    """The paragraphs on a word of the glossary."""
    return topic(GLOSSARY, word).paragraphs


def topic(family: str, name: str) -> Topic:
    """The topic of a name of the family."""
    page = _page(family, name)
    if family == KEY:
        return _key(name, page)
    arguments = list(_arguments(family, name, page))
    seldom = list(_page(family, SELDOM).arguments)
    arguments.sort(key=lambda argument: seldom.index(argument.name) if argument.seldom else -1)
    if is_ours(family, name):
        return Topic(family, name, [*map(plain, page.paragraphs)], arguments, page.usage)
    return Topic(family, name, read_docstring(family, name).paragraphs, arguments, source=_source(family, name))


def _page(family: str, name: str) -> Page:
    return pages(family).get(name) or Page()


def _shared(family: str) -> dict[str, str]:
    """Our texts on arguments that mean the same throughout the family."""
    return {**_page(family, EVERY).arguments, **_page(family, SELDOM).arguments}


def _source(family: str, name: str) -> str:
    """The origin of the text on a thing without a page; the catalogue itself describes backbones."""
    if family == "layer" and name in BACKBONES:
        return OURS
    own = plugin_layer(name) if family == "layer" else None
    return own.origin if own else KERAS


def _arguments(family: str, name: str, page: Page) -> Iterator[ArgumentTopic]:
    for key in argument_names(family, name):
        argument = signature(family, name)[key]
        theirs, source = read_docstring(family, name).arguments.get(key), _source(family, name)
        ours = page.arguments.get(key) or (None if theirs and source != KERAS else _shared(family).get(key))
        text = plain(ours) if ours else theirs or f"Not documented by {source}."
        seldom = is_shared(family, name, key) and key in _page(family, SELDOM).arguments
        takes = argument_validator(family, name, argument).description
        yield ArgumentTopic(key, as_yaml(argument.default), takes, text, OURS if ours else source, seldom)


def _keys(above: KeyPath = ()) -> Iterator[str]:
    """Every key of the spec by its dotted path, a section before its keys."""
    for key in sections()[above].spec_keys():
        yield ".".join(map(str, (*above, key)))
        if (*above, key) in sections():
            yield from _keys((*above, key))


def _key(name: str, page: Page) -> Topic:
    paragraphs = [plain(paragraph) for paragraph in page.paragraphs]
    if name in BESIDE_SCHEMA:
        return Topic(KEY, name, paragraphs, (), page.usage)
    *above, key = path = tuple(name.split("."))
    info = sections()[tuple(above)].spec_keys()[key]
    paragraphs.insert(0, f"{info.description}.")
    if section := sections().get(path):
        inside = [(key, _key(f"{name}.{key}", Page())) for key in section.spec_keys()]
        arguments = [ArgumentTopic(key, topic.default, topic.takes, topic.paragraphs[0]) for key, topic in inside]
        return Topic(KEY, name, paragraphs, arguments, page.usage)
    default = "required" if info.required else as_yaml(plain_value(info.default))
    takes = info.validator.description if info.validator else ""
    return Topic(KEY, name, paragraphs, (), page.usage, default=default, takes=takes)
