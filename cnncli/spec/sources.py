"""Where images may come from: the sources a spec can name, with their arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cnncli.catalog.datasets import DATASETS
from cnncli.catalog.validators import Validator, choice, mapping_of, nearest, number, shown, text
from cnncli.errors import Path, Problem


@dataclass(frozen=True)
class Source:
    """A source by name, with its arguments.

    Args:
        name: a built-in data set, or the kind of place that images come from, such as `folder`.
        arguments: by name; paths as they were written.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_builtin(self) -> bool:
        """Whether everything is known of it without looking."""
        return self.name in DATASETS

    def plain(self) -> Any:
        """The source as YAML has it: `mnist`, or `{folder: {path: photographs}}`."""
        return {self.name: dict(self.arguments)} if self.arguments else self.name


def _path(value: Any, path: Path, problems: list[Problem]) -> Any:
    if not isinstance(value, str) or not value:
        problems.append(Problem(path, f"expected a path, got {shown(value)}"))
    return value


_PATH = Validator("a path", _path, {"type": "string"})

# With a namespace in front, TensorFlow Datasets would download somebody's code and run it
_TFDS = re.compile(r"[a-z][a-z0-9_]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)?(:[0-9*]+\.[0-9*]+\.[0-9*]+)?\Z")


def _tfds_name(value: Any, path: Path, problems: list[Problem]) -> Any:
    if not isinstance(value, str) or not _TFDS.match(value):
        problems.append(Problem(path, f"expected {_TFDS_NAME.words}, got {shown(value)}"))
    return value


_TFDS_NAME = Validator("a data set by name, such as cifar10 or stanford_dogs:0.2.0", _tfds_name, {"type": "string"})

SOURCES: Mapping[str, Mapping[str, Validator]] = {
    "folder": {"path": _PATH},
    "csv": {
        "path": _PATH,
        "root": _PATH,
        "image_column": text,
        "label_column": text,
        "split_column": text,
        "delimiter": choice(",", ";", "\t"),
    },
    "arrays": {"path": _PATH, "labels": _PATH, "white": number(0, above=True)},
    "idx": {"path": _PATH},
    "cifar": {"path": _PATH, "labels": choice("fine", "coarse")},
    "tfds": {"name": _TFDS_NAME, "splits": mapping_of(text), "data_dir": _PATH},
}
"""Arguments of each source; the first is the one it cannot do without."""

PATHS = {("folder", "path"), ("csv", "path"), ("csv", "root"), ("arrays", "path"), ("arrays", "labels"),
         ("idx", "path"), ("cifar", "path"), ("tfds", "data_dir")}  # fmt: skip
"""Arguments that are files or folders."""


def _words() -> str:
    return f"one of {', '.join(DATASETS)}, or {', '.join(f'{name}: {{…}}' for name in SOURCES)}"


def _accept(value: Any, path: Path, problems: list[Problem]) -> Any:
    if isinstance(value, str) and value in DATASETS:
        return Source(value)
    if not isinstance(value, dict) or len(value) != 1:
        known = [*DATASETS, *SOURCES]
        if isinstance(value, str) and value in SOURCES:
            first = next(iter(SOURCES[value]))
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
    if name not in SOURCES:
        near = nearest(str(name), SOURCES) or f"; there are {', '.join(SOURCES)}"
        message = f"no source is called '{name}'{near}"
        if name in DATASETS:
            message = f"{name} takes no arguments: write 'source: {name}'"
        problems.append(Problem((*path, name), message, at_key=True))
        return value
    return Source(name, _arguments(name, given, (*path, name), problems))


def _arguments(name: str, given: Any, path: Path, problems: list[Problem]) -> dict[str, Any]:
    accepted = SOURCES[name]
    first = next(iter(accepted))
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


def _schema() -> dict[str, Any]:
    places = [
        {
            "type": "object",
            "properties": {
                name: {
                    "type": "object",
                    "properties": {key: kind.schema for key, kind in arguments.items()},
                    "required": [next(iter(arguments))],
                    "additionalProperties": False,
                }
            },
            "required": [name],
            "additionalProperties": False,
        }
        for name, arguments in SOURCES.items()
    ]
    return {"anyOf": [{"enum": list(DATASETS)}, *places]}


source = Validator(_words(), _accept, _schema())
