"""Sections of a spec: frozen dataclasses, each field of which holds the validator of its key."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Self

from cnncli.catalog.entries import plain
from cnncli.catalog.validators import Validator
from cnncli.errors import KeyPath, Problem, path_text
from cnncli.spec.sections.instead import AS_KEYS, EVERYWHERE, OF_SECTION
from cnncli.wording import missing_space, near_word, nearest, shown

REQUIRED = dataclasses.MISSING
"""Default of a key that every spec must set."""


@dataclass(frozen=True)
class Key:
    """One key of a section."""

    description: str  # one line about it
    default: Any  # its value where a spec does not set it; `REQUIRED` where it must
    validator: Validator | None = None  # check of its value; None for a section
    section: type[Section] | None = None  # class of the section it holds; None for a value

    @property
    def required(self) -> bool:
        """Whether every spec must set it."""
        return self.default is REQUIRED

    @property
    def takes_null(self) -> bool:
        """Whether `null` is one of its values."""
        return self.validator is not None and self.validator.takes_null


def key(validator: Validator, description: str, default: Any = REQUIRED) -> Any:
    """A field for a key with a value."""
    return _field(Key(description, default, validator))


def subsection(section: type[Section], description: str, *, required: bool = False) -> Any:
    """A field for a key that holds a section; where it is not required, its default is that of each of its keys."""
    return _field(Key(description, REQUIRED if required else section(), section=section))


def _field(described: Key) -> Any:
    if described.required:
        return field(metadata={"key": described})
    return field(default_factory=lambda: copy(described.default), metadata={"key": described})


@dataclass(frozen=True, kw_only=True)
class Section:
    """A mapping of a spec with keys of its own.

    Args:
        set_keys: Keys that the spec sets, as opposed to those that have their default.
    """

    set_keys: frozenset[str] = field(default=frozenset(), compare=False, repr=False)

    @classmethod
    def spec_keys(cls) -> Mapping[str, Key]:
        """The keys by name, in the order of the schema."""
        return {each.name: each.metadata["key"] for each in dataclasses.fields(cls) if "key" in each.metadata}

    @classmethod
    def read(cls, value: Any, path: KeyPath, problems: list[Problem], root: type[Section] | None = None) -> Self | None:
        """Checks a section and adds every problem; `root` is the whole spec, for keys that belong to another section.

        Returns:
            The section, or None when there was a problem.
        """
        values = cls._values(value, path, problems, root or cls)
        return None if values is None else cls(**values)

    @classmethod
    def _values(cls, value: Any, path: KeyPath, problems: list[Problem], root: type[Section]) -> dict[str, Any] | None:
        keys = cls.spec_keys()
        if not isinstance(value, dict):
            end = _one_setting(value, keys) if isinstance(value, str) else ""
            message = f"expected the keys {', '.join(keys)}; got {shown(value)}{end}"
            if not end and (example := AS_KEYS.get(path, lambda value: "")(value)):
                message = f"expected a mapping, got {shown(value)}; write '{example}'"
            problems.append(Problem(path, message))
            return None
        before = len(problems)
        unknown = [name for name in value if name not in keys]
        misspelt = {near_word(str(name), keys) for name in unknown}  # not to be reported as missing as well
        values: dict[str, Any] = {"set_keys": frozenset(value)}
        for name, each in keys.items():
            if name in value and each.section:
                values[name] = each.section.read(value[name], (*path, name), problems, root)
            elif name in value and each.validator:
                values[name] = each.validator.accept(value[name], (*path, name), problems)
            elif each.required and name not in misspelt:
                where = f"'{path_text(path)}'" if path else "a spec"
                first, _, rest = each.description.partition(" ")
                what = f"{first if first == 'Keras' else first.lower()} {rest}"
                problems.append(Problem(path, f"{where} needs '{name}': {what}", at_key=True))
        for name in unknown:
            others = {at: section.spec_keys() for at, section in sections_of(root) if section is not cls}
            message = cls._unknown_key(str(name), path, others)
            problems.append(Problem((*path, name), message, at_key=True))
        return values if len(problems) == before else None

    @classmethod
    def _unknown_key(cls, key: str, path: KeyPath, others: Mapping[KeyPath, Collection[str]]) -> str:
        """What to say of a key that the section at a path does not have, given the keys of the other sections."""
        own_words = OF_SECTION.get(path, {})
        if key in own_words or (others and key in EVERYWHERE):
            return f"unknown key; {own_words.get(key) or EVERYWHERE[key]}"
        for section, names in others.items():
            if key in names:
                where = f"under '{'.'.join(map(str, section))}'" if section else "at the top level"
                return f"unknown key here; it belongs {where}"
        own = cls.spec_keys()
        return f"unknown key{nearest(key, own) or '; known are ' + ', '.join(own)}"

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """The section as JSON Schema; the sections within it are references to definitions of their names."""
        properties: dict[str, Any] = {}
        for name, each in cls.spec_keys().items():
            value = {"$ref": f"#/$defs/{each.section.__name__}"} if each.section else {}
            properties[name] = {**(each.validator.schema if each.validator else value), "description": each.description}
            if not each.required:
                properties[name]["default"] = plain(each.default)
        return {
            "type": "object",
            "description": " ".join((cls.__doc__ or "").split("\n\n")[0].split()),
            "properties": properties,
            "additionalProperties": False,
            "required": [name for name, each in cls.spec_keys().items() if each.required],
        }

    def replace(self, **values: Any) -> Self:
        """The same section with other values, unchecked."""
        return dataclasses.replace(self, **values, set_keys=self.set_keys | values.keys())

    def plain(self) -> dict[str, Any]:
        """The section as YAML or JSON has it, every default written out."""
        return {name: plain(getattr(self, name)) for name in self.spec_keys()}


def _one_setting(text: str, keys: Collection[str]) -> str:
    """The end of a message about `epochs:5` or `epochs = 5` where keys with values should be; empty for other texts."""
    word, equals, value = (part.strip() for part in text.partition("="))
    if equals and word in keys:
        return f"; did you mean '{word}: {value}'?"
    return missing_space(text.split(maxsplit=1)[0], keys) if text.strip() else ""


def sections_of(section: type[Section], path: KeyPath = ()) -> Iterator[tuple[KeyPath, type[Section]]]:
    """A section and all sections within it, each with its path."""
    yield path, section
    for name, each in section.spec_keys().items():
        if each.section:
            yield from sections_of(each.section, (*path, name))
