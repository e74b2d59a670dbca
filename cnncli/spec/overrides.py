"""What changes a spec before it is checked: `extends:` and `--set key=value`."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cnncli.catalog.image_sources import ARCHIVES, TABLES
from cnncli.errors import KeyPath, Place, Problem, SpecError
from cnncli.machine import expanded
from cnncli.spec.reader import MAX_BYTES, MAX_DEPTH, NOT_A_SPEC, Document, read_leniently, read_value
from cnncli.spec.schema import sections
from cnncli.spec.shipped import template_called
from cnncli.wording import in_shell, near_word, suggestion, without_secrets

MAX_CHAIN = 10


def read_file(path: Path) -> Document:
    """Reads a spec file together with the files that it extends; its own keys win.

    Raises:
        SpecError: A file is missing or unreadable, is not YAML, or extends itself.
    """
    document = read_single_file(path)
    chain = [path]
    while isinstance(document.value, dict) and "extends" in document.value:
        extended, place = document.value["extends"], document.values.get(("extends",))
        if wrong := _wrong_base(extended, chain):
            raise SpecError([Problem(("extends",), wrong, place)], str(path))
        chain.append(chain[-1].parent / expanded(extended))
        base = read_single_file(chain[-1], place)
        if not isinstance(base.value, dict):
            raise SpecError([Problem((), NOT_A_SPEC, base.values[()])], base.file)
        own = {key: value for key, value in document.value.items() if key != "extends"}
        own_values = {path: place for path, place in document.values.items() if path != ("extends",)}
        document = Document(
            document.file,
            _merge(base.value, own, ()),
            ChainMap(dict(document.keys), dict(base.keys)),
            ChainMap(own_values, dict(base.values)),
            document.problems + base.problems,
        )
    return document


def _wrong_base(extended: Any, chain: Sequence[Path]) -> str:
    """Why a value of `extends` cannot be followed, in a sentence; empty when it can."""
    if not isinstance(extended, str) or not extended.strip():
        return "expected the path of another spec"
    try:
        is_loop = (chain[-1].parent / expanded(extended)).resolve() in [file.resolve() for file in chain]
    except (OSError, RuntimeError, ValueError) as error:  # a loop of symbolic links; a character no path can have
        return f"'{extended}' is not a path: {error}"
    if is_loop:
        return f"'{extended}' leads back to this file"
    return f"more than {MAX_CHAIN} files extend each other" if len(chain) >= MAX_CHAIN else ""


def read_single_file(path: Path, place: Place | None = None) -> Document:
    """Reads a spec file and no other; `place` is where the spec that extends it names it.

    Raises:
        SpecError: The file is missing, unreadable or not YAML.
    """
    message = ""
    try:
        if path.is_file() and path.name.lower().endswith((*TABLES, *ARCHIVES)):
            message = f"'{path}' is a table or an archive, not a spec; 'cnncli init {in_shell(path)}' writes one for it"
        elif path.is_file():  # neither a FIFO, which would be waited for, nor a device, which may have no end
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        else:
            message = _why_no_file(path)
    except OSError as error:
        message = f"cannot read '{path}': {error.strerror}"
    if message:
        raise SpecError([Problem(("extends",) if place else (), message, place)], place.file if place else str(path))
    return read_leniently(data, str(path))


def _why_no_file(path: Path) -> str:
    if path.is_dir():
        return f"'{path}' is a folder, not a spec; for a folder of images, 'cnncli init {in_shell(path)}' writes one"
    if path.exists():
        return f"'{path}' is not a regular file but a device, a socket or a FIFO"
    template, specs = template_called(path), sorted(path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
    if not template and (near := near_word(path.stem, [file.stem for file in specs])):
        return f"no such file: '{path}'{suggestion(next(file.name for file in specs if file.stem == near))}"
    hint = f"; 'cnncli init --template {template}' writes it here" if template else ""
    return f"no such file: '{path}'{hint}"


def _merge(base: Any, own: Any, path: KeyPath) -> Any:
    """`own` over `base`: sections key by key, objects of the same name argument by argument, the rest whole."""
    if not isinstance(base, dict) or not isinstance(own, dict):
        return own
    if _is_section(path):
        merged = {key: _merge(base.get(key), value, (*path, key)) for key, value in own.items()}
        unset = {key for key, value in own.items() if value is None and _is_unset_by_null((*path, key))}
        return {key: value for key, value in {**base, **merged}.items() if key not in unset or key not in base}
    if not (len(own) == 1 and own.keys() == base.keys()):
        return own
    name = next(iter(own))
    if not isinstance(base[name], dict) or not isinstance(own[name], dict):
        return own
    arguments = {key: _merge(base[name].get(key), value, (*path, name, key)) for key, value in own[name].items()}
    return {name: {**base[name], **arguments}}


def _is_section(path: KeyPath) -> bool:
    """Whether the keys of a value are merged one by one."""
    in_blocks = path[:2] == ("model", "blocks") and (len(path) < 4 or path[3:] == ("parameters",))
    return path in sections() or in_blocks


def _is_unset_by_null(path: KeyPath) -> bool:
    """Whether `null` gives a key its default, because it is not one of its values."""
    section = sections().get(path[:-1]) if path else None
    key = section.spec_keys().get(str(path[-1])) if section else None
    return key is not None and not key.takes_null


_PART = re.compile(r"([^.\[\]]+)|\[([0-9]{1,9})\]")
_KEY = re.compile(r"[^.\[\]]+(\.[^.\[\]]+|\[[0-9]{1,9}\])*\Z")
_DISTRIBUTION = re.compile(r"\.(?=[A-Za-z]+Distribution(?:\.|\Z))")
_INDEX = re.compile(r"[0-9]{1,9}\Z")
_NO_KEY = "expected key=value, such as train.epochs=5"
_EMPTY = "{name} has no value; a variable of the shell may not be set; for none, or the default, write {name}=null"


class OptionsOwn(str):
    """An override that an option of its own stands for, `--max-time 10m`; problems name that."""

    option: str

    @classmethod
    def of(cls, option: str, key: str, typed: str, value: str | None = None) -> OptionsOwn:
        """The override of a key by an option and what was typed behind it; `value` is that as the spec has it."""
        override = cls(f"{key}={typed if value is None else value}")
        override.option = f"{option} {without_secrets(typed)}"
        return override


def apply_overrides(document: Document, overrides: Sequence[str]) -> Document:
    """Sets keys by hand: `train.epochs=5`, `model.layers[0].Conv2D.filters=16`.

    Args:
        document: The spec as read.
        overrides: `key=value` each; the value is YAML.

    Raises:
        SpecError: An override has no '=', its value is not YAML, or its path does not exist. All of them are listed.
    """
    problems: list[Problem] = []
    value = document.value
    keys: dict[KeyPath, Place] = {}
    values: dict[KeyPath, Place] = {}
    for override in overrides:
        file = override.option if isinstance(override, OptionsOwn) else f"--set {without_secrets(override)}"
        name, equals, text = override.partition("=")
        path = _path_of(name)
        wrong = _wrong_key(name, path) if equals else _NO_KEY
        if not wrong and not text.strip() and path[:2] != ("data", "source"):  # where an empty text means something
            wrong = _EMPTY.format(name=name)
        if wrong:
            problems.append(Problem((), wrong, Place(file, 1, 1)))
            continue
        try:
            setting = read_value(text, file)
            value, path = _set(value, path, setting, ())
        except SpecError as error:
            problems.extend(Problem(p.path, p.message, Place(file, 1, len(name) + 2)) for p in error.problems)
            continue
        for length in range(1, len(path) + 1):
            keys.setdefault(path[:length], Place(file, 1, 1))
        keys[path] = Place(file, 1, 1)
        values[path] = Place(file, 1, len(name) + 2)
    if problems:
        raise SpecError(problems, document.file)
    keys = {path: place for path, place in keys.items() if path in values or path not in document.keys}
    file_keys, file_values = _without_replaced(document.keys, values), _without_replaced(document.values, values)
    return Document(document.file, value, ChainMap(keys, file_keys), ChainMap(values, file_values), document.problems)


def _path_of(name: str) -> KeyPath:
    """The parts of a key; below `tune.space` each is the path of another: `tune.space.train.batch_size`."""
    before, _, rest = name.partition("tune.space.")
    if before or not rest:
        return tuple(int(index) if index else word for word, index in _PART.findall(name))
    key, *deeper = _DISTRIBUTION.split(rest, maxsplit=1)
    return ("tune", "space", key, *(part for text in deeper for part in _path_of(text)))


def _wrong_key(name: str, path: KeyPath) -> str:
    """Why a key cannot be set, in a sentence; empty when it can."""
    if not _KEY.match(name):
        return _NO_KEY
    if path[0] == "extends":
        return "'extends' cannot be set by hand: the files are read before; write it into the spec"
    return f"nested deeper than {MAX_DEPTH} levels" if len(path) > MAX_DEPTH else ""


def _without_replaced(places: Mapping[KeyPath, Place], replaced: Mapping[KeyPath, Place]) -> dict[KeyPath, Place]:
    """The places of a file, but for those inside of values that were set by hand."""
    return {
        path: place
        for path, place in places.items()
        if not any(path[:length] in replaced for length in range(1, len(path)))
    }


def _set(value: Any, path: KeyPath, setting: Any, done: KeyPath) -> tuple[Any, KeyPath]:
    """The value with one part replaced, and the path that was really taken: `layers.0` becomes `layers[0]`."""
    if len(done) == len(path):
        return setting, done
    part = path[len(done)]
    if isinstance(value, list):
        index = int(part) if _INDEX.match(str(part)) else -1
        if not 0 <= index < len(value):
            raise SpecError([Problem(done, f"there is no item '{part}': the list has {len(value)}")])
        path = (*path[: len(done)], index, *path[len(done) + 1 :])
        inner, path = _set(value[index], path, setting, (*done, index))
        return [*value[:index], inner, *value[index + 1 :]], path
    if isinstance(value, str) and value == part:
        value = {part: {}}  # `optimizer: Adam` is short for `optimizer: {Adam: {}}`
    if not isinstance(value, dict | None):
        raise SpecError([Problem(done, f"it has no keys to set: it is '{value}'")])
    if isinstance(part, int):
        raise SpecError([Problem(done, f"there is no item '{part}': it is not a list")])
    value = value or {}
    inner, path = _set(value.get(part), path, setting, (*done, part))
    if inner is None and _is_unset_by_null((*done, part)):
        return {key: item for key, item in value.items() if key != part}, path
    return {**value, part: inner}, path
