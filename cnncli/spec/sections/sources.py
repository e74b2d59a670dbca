"""`data.source` of a spec: a built-in data set, or a place of images with its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cnncli.catalog.datasets import DATASETS
from cnncli.catalog.image_sources import FORMER_NAMES, IMAGE_SOURCES, PATH, place_of
from cnncli.catalog.source import as_yaml
from cnncli.catalog.validators import Validator
from cnncli.errors import KeyPath, Problem
from cnncli.wording import near_word, nearest, shown


@dataclass(frozen=True)
class Source:
    """A source by name, with its arguments."""

    name: str  # a built-in data set, or a key of `IMAGE_SOURCES`, such as `folder`
    arguments: Mapping[str, Any] = field(default_factory=dict)  # values by name; paths as they were written

    @property
    def is_builtin(self) -> bool:
        """Whether it is a data set that cnncli ships or downloads."""
        return self.name in DATASETS

    @property
    def has_files(self) -> bool:
        """Whether each image is a file, which may be excluded."""
        return not self.is_builtin and IMAGE_SOURCES[self.name].images == "files"

    @property
    def has_encoded_images(self) -> bool:
        """Whether each image is encoded, as a file or in one of TensorFlow Datasets, and decoded by cnncli."""
        return not self.is_builtin and IMAGE_SOURCES[self.name].images != "arrays"

    @property
    def where(self) -> str:
        """What a message calls it: its path, or the name of a data set."""
        return str(self.arguments.get("path") or self.arguments.get("name") or self.name)

    @property
    def paths(self) -> dict[str, str]:
        """Arguments that are files or folders."""
        if self.is_builtin:
            return {}
        accepted = IMAGE_SOURCES[self.name].arguments
        return {name: value for name, value in self.arguments.items() if accepted.get(name) is PATH}

    def plain(self) -> Any:
        """The source as YAML has it: `mnist`, or `{folder: {path: photographs}}`."""
        return {self.name: dict(self.arguments)} if self.arguments else self.name


_DESCRIPTION = f"one of {', '.join(DATASETS)}, or {', '.join(f'{name}: {{…}}' for name in IMAGE_SOURCES)}"


def _accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
    if isinstance(value, str) and value in DATASETS:
        return Source(value)
    value = _under_one_name(value)
    if not isinstance(value, dict) or len(value) != 1 or _with_its_kind(value):
        problems.append(Problem(path, _wrong_word(value)))
        return value
    written, arguments = next(iter(value.items()))
    name = str(FORMER_NAMES.get(written, written))
    if name in IMAGE_SOURCES:
        return Source(name, _arguments(name, arguments, (*path, written), problems))
    near = nearest(name, IMAGE_SOURCES) or f"; there are {', '.join(IMAGE_SOURCES)}"
    message = f"no source is called '{name}'{near}"
    if name in DATASETS:
        message = f"{name} takes no arguments: write 'source: {name}'"
    problems.append(Problem((*path, name), message, at_key=True))
    return value


def _under_one_name(value: Any) -> Any:
    """A source that `--set` calls by one name and the file by its former one, as one; anything else as it is."""
    for former, name in FORMER_NAMES.items():
        both = isinstance(value, dict) and value.keys() == {former, name}
        if both and all(isinstance(arguments, dict) for arguments in value.values()):
            return {name: {key: each for arguments in value.values() for key, each in arguments.items()}}
    return value


def _wrong_word(value: Any) -> str:
    """Why a value that is not a mapping with one key is not a source."""
    if isinstance(value, dict) and (example := _with_its_kind(value)):
        return f"the kind of a place stands before its arguments: write '{{{example}}}'"
    if not isinstance(value, str):
        return f"expected {_DESCRIPTION}; got {shown(value)}"
    if (name := FORMER_NAMES.get(value, value)) in IMAGE_SOURCES:
        return _needs(name)
    if near := nearest(value, [*DATASETS, *IMAGE_SOURCES]):
        return f"no source is called '{value}'{near}"
    if "/" in value or "." in value:
        return f"a place needs its kind: write '{{{place_of(value)}}}'"
    return f"expected {_DESCRIPTION}; got {shown(value)}; a folder is written '{{{place_of(value)}}}'"


def _with_its_kind(value: Mapping[str, Any]) -> str:
    """How `{type: folder, path: photos}` or `{path: photos}` is written; empty for other mappings."""
    key = next(
        (key for key in ("name", "type", "kind", "class") if value.get(key) in [*IMAGE_SOURCES, *FORMER_NAMES]), ""
    )
    arguments = {other: item for other, item in value.items() if other != key}
    if key:
        return f"{FORMER_NAMES.get(value[key], value[key])}: {as_yaml(arguments)}"
    return place_of(value["path"]) if list(value) == ["path"] and isinstance(value["path"], str) else ""


def _needs(name: str, value: Any = None) -> str:
    required = IMAGE_SOURCES[name].required
    example = value if isinstance(value, str) else "…"
    return f"{name} needs '{required}': write '{name}: {{{required}: {example}}}'"


def _arguments(name: str, arguments: Any, path: KeyPath, problems: list[Problem]) -> dict[str, Any]:
    accepted, required = IMAGE_SOURCES[name].arguments, IMAGE_SOURCES[name].required
    if not isinstance(arguments, dict):
        problems.append(Problem(path, _needs(name, arguments)))
        return {}
    unknown = [str(key) for key in arguments if key not in accepted]
    misspelt = {near_word(key, accepted) for key in unknown}  # not to be reported as missing as well
    for key in unknown:
        near = nearest(key, accepted) or f"; {name} takes {', '.join(accepted)}"
        problems.append(Problem((*path, key), f"unknown argument{near}", at_key=True))
    if required not in arguments and required not in misspelt:
        problems.append(Problem(path, f"{name} needs '{required}'", at_key=True))
    return {
        key: accepted[key].accept(value, (*path, key), problems) for key, value in arguments.items() if key in accepted
    }


def _object(properties: dict[str, Any], required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [required], "additionalProperties": False}


def source_schema() -> dict[str, Any]:
    """JSON Schema of `data.source`, with all arguments."""
    places = []
    for name in (*IMAGE_SOURCES, *FORMER_NAMES):
        kind = IMAGE_SOURCES[FORMER_NAMES.get(name, name)]
        arguments = {key: each.schema for key, each in kind.arguments.items()}
        places.append(_object({name: _object(arguments, kind.required)}, name))
    return {"anyOf": [{"enum": list(DATASETS)}, *places]}


source = Validator(_DESCRIPTION, _accept, source_schema())
