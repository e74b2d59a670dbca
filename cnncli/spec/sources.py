"""`data.source` of a spec: a built-in data set, or a place of images with its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cnncli.catalog.datasets import DATASETS
from cnncli.catalog.image_sources import IMAGE_SOURCES, PATH
from cnncli.catalog.validators import Validator
from cnncli.errors import KeyPath, Problem
from cnncli.wording import nearest, shown


@dataclass(frozen=True)
class Source:
    """A source by name, with its arguments.

    Args:
        name: A built-in data set, or a key of `IMAGE_SOURCES`, such as `folder`.
        arguments: Values by name; paths as they were written.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_builtin(self) -> bool:
        """Whether it is a data set that cnncli ships or downloads."""
        return self.name in DATASETS

    @property
    def has_files(self) -> bool:
        """Whether each image is a file, which may be excluded."""
        return not self.is_builtin and IMAGE_SOURCES[self.name].images == "files"

    @property
    def paths(self) -> dict[str, str]:
        """Arguments that are files or folders."""
        if self.is_builtin:
            return {}
        accepted = IMAGE_SOURCES[self.name].arguments
        return {name: value for name, value in self.arguments.items() if accepted[name] is PATH}

    def plain(self) -> Any:
        """The source as YAML has it: `mnist`, or `{folder: {path: photographs}}`."""
        return {self.name: dict(self.arguments)} if self.arguments else self.name


def _words() -> str:
    return f"one of {', '.join(DATASETS)}, or {', '.join(f'{name}: {{…}}' for name in IMAGE_SOURCES)}"


def _accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
    if isinstance(value, str) and value in DATASETS:
        return Source(value)
    if not isinstance(value, dict) or len(value) != 1:
        known = [*DATASETS, *IMAGE_SOURCES]
        if isinstance(value, str) and value in IMAGE_SOURCES:
            first = IMAGE_SOURCES[value].required
            message = f"{value} needs '{first}': write '{value}: {{{first}: …}}'"
        else:
            near = nearest(value, known) if isinstance(value, str) else ""
            message = f"no source is called '{value}'{near}" if near else f"expected {_words()}; got {shown(value)}"
            if isinstance(value, str) and not near and ("/" in value or "." in value):
                kind = "csv" if value.endswith((".csv", ".tsv")) else "folder"
                message = f"a place needs its kind: write '{{{kind}: {{path: {value}}}}}'"
        problems.append(Problem(path, message))
        return value
    name, given = next(iter(value.items()))
    if name not in IMAGE_SOURCES:
        near = nearest(str(name), IMAGE_SOURCES) or f"; there are {', '.join(IMAGE_SOURCES)}"
        message = f"no source is called '{name}'{near}"
        if name in DATASETS:
            message = f"{name} takes no arguments: write 'source: {name}'"
        problems.append(Problem((*path, name), message, at_key=True))
        return value
    return Source(name, _arguments(name, given, (*path, name), problems))


def _arguments(name: str, given: Any, path: KeyPath, problems: list[Problem]) -> dict[str, Any]:
    accepted, first = IMAGE_SOURCES[name].arguments, IMAGE_SOURCES[name].required
    if not isinstance(given, dict):
        problems.append(Problem(path, f"{name} needs '{first}': write '{name}: {{{first}: …}}'"))
        return {}
    kept = {}
    for key, value in given.items():
        if key in accepted:
            kept[key] = accepted[key].accept(value, (*path, key), problems)
        else:
            near = nearest(str(key), accepted) or f"; {name} takes {', '.join(accepted)}"
            problems.append(Problem((*path, key), f"unknown argument{near}", at_key=True))
    if first not in given:
        problems.append(Problem(path, f"{name} needs '{first}'", at_key=True))
    return kept


def source_schema() -> dict[str, Any]:
    """JSON Schema of `data.source`, with all arguments."""
    places = [
        {
            "type": "object",
            "properties": {
                name: {
                    "type": "object",
                    "properties": {key: validator.schema for key, validator in kind.arguments.items()},
                    "required": [kind.required],
                    "additionalProperties": False,
                }
            },
            "required": [name],
            "additionalProperties": False,
        }
        for name, kind in IMAGE_SOURCES.items()
    ]
    return {"anyOf": [{"enum": list(DATASETS)}, *places]}


source = Validator(_words(), _accept, source_schema())
