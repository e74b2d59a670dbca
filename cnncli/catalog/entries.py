"""Entries: the name of a Keras object with its arguments, as a spec writes them, checked to the bottom."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from cnncli.catalog.arguments import value_validator
from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.misplaced import key_of_name, name_in_front, where_it_stands, with_article
from cnncli.catalog.other_names import ARGUMENTS, name_here
from cnncli.catalog.packages import plugin_layer
from cnncli.catalog.source import Argument, signature, validator_by_source
from cnncli.catalog.spelling import WORDS, nearest_name, resolve
from cnncli.catalog.unsupported import RENAMED_ARGUMENTS, refusal
from cnncli.catalog.validators import Validator, any_of, positive
from cnncli.errors import KeyPath, Problem
from cnncli.wording import near_word, nearest, shown, suggestion


@dataclass(frozen=True)
class Entry:
    """A Keras object by name, with the arguments that differ from its defaults."""

    family: str  # such as `layer` or `optimizer`
    name: str  # Keras class, such as `Conv2D`
    arguments: Mapping[str, Any] = field(default_factory=dict)  # values by name; nested objects are entries themselves

    def plain(self) -> Any:
        """The entry as YAML has it: `Flatten`, or `{Dropout: {rate: 0.5}}`."""
        if not self.arguments:
            return self.name
        return {self.name: plain(self.arguments)}

    def get(self, argument: str) -> Any:
        """The value of an argument: the spec's, else Keras' default."""
        if argument in self.arguments:
            return self.arguments[argument]
        parameter = signature(self.family, self.name).get(argument)
        return None if parameter is None or parameter.required else parameter.default


def plain(value: Any) -> Any:
    """A checked value as YAML or JSON has it."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    return value.plain() if hasattr(value, "plain") else value


def parse(family: str, value: Any, path: KeyPath, problems: list[Problem], more: Collection[str] = ()) -> Entry | None:
    """Reads `Name` or `Name: {argument: value}`, and adds every problem.

    `more` are keys that the caller removed, for the nearest word to a misspelt one.

    Returns:
        The entry, or None when not even its name is known.
    """
    name, arguments, inside = split(family, value, path, problems)
    if name is None:
        return None
    entry_name = resolve(family, name)
    if entry_name is None:
        problems.append(Problem(path, unknown(family, name), at_key=isinstance(value, dict)))
        return None
    accepted = {} if family == "activation" else signature(family, entry_name)
    values: dict[str, Any] = {}
    meant = set()  # arguments that are there, but misspelt: not to be called missing as well
    for key, item in arguments.items():
        if key in accepted:
            values[key] = _argument(family, entry_name, accepted[key], item, (*inside, key), problems)
            continue
        meant.add(_argument_here(key, accepted) or near_word(key, accepted))
        problems.append(
            Problem((*inside, key), _unknown_argument(entry_name, key, dict.fromkeys([*accepted, *more])), at_key=True)
        )
    missing = [
        key for key, argument in accepted.items() if argument.required and key not in arguments and key not in meant
    ]
    if missing:
        listed = " and ".join(f"'{key}'" for key in missing)
        problems.append(Problem(inside, f"{entry_name} needs {listed}", at_key=isinstance(value, dict)))
    return Entry(family, entry_name, values)


def split(
    family: str, value: Any, path: KeyPath, problems: list[Problem], own: Collection[str] = ()
) -> tuple[str | None, Mapping[str, Any], KeyPath]:
    """Takes `Name: {argument: value}` apart without looking at what is in it; `own` are names that the spec defines.

    Returns:
        Name, arguments and the path of the arguments; no name when the value has another form.
    """
    word = WORDS[family]
    if isinstance(value, str):
        return value, {}, path
    if not isinstance(value, dict) or not value:
        problems.append(
            Problem(
                path, f"expected the name of {with_article(family)}, or 'Name: {{argument: value}}', got {shown(value)}"
            )
        )
        return None, {}, path
    if key := key_of_name(family, value, own):
        problems.append(Problem((*path, key), name_in_front(family, value, key), at_key=True))
        return None, {}, path
    if len(value) > 1:
        names = [key for key in value if key in own or resolve(family, key)]
        others = [key for key in value if key not in names]
        if len(names) == 1 and value[names[0]] is None:
            message = f"the arguments of {names[0]} must stand deeper than its name: '{names[0]}: {{{others[0]}: …}}'"
        elif len(names) == 1:
            message = (
                f"'{others[0]}' stands beside {names[0]}; arguments go under the name: '{names[0]}: {{{others[0]}: …}}'"
            )
        else:
            message = f"expected one {word}, got {len(value)} names: {', '.join(value)}"
        beside = len(names) == 1
        problems.append(Problem((*path, others[0]) if beside else path, message, at_key=beside))
        return None, {}, path
    name, arguments = next(iter(value.items()))
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        if name not in own and resolve(family, name) is None:
            return name, {}, (*path, name)
        example = _by_name(family, name, arguments)
        problems.append(Problem((*path, name), f"expected the arguments of {example}, got {shown(arguments)}"))
        return None, {}, path
    return name, arguments, (*path, name)


def _by_name(family: str, name: str, value: Any) -> str:
    """How arguments are written, with the one a lone value was meant for: the first, if it may have it."""
    entry_name = resolve(family, name)
    first = _first_argument(family, entry_name) if entry_name else None
    problems: list[Problem] = []
    if entry_name and first and isinstance(value, str | int | float):
        _argument(family, entry_name, signature(family, entry_name)[first], value, (), problems)
        if not problems:
            return f"{entry_name} by name, as in '{entry_name}: {{{first}: {value}}}'"
    return f"{name} as 'argument: value'"


def _first_argument(family: str, entry_name: str) -> str | None:
    """The argument that a class needs, or else the first that it takes."""
    accepted = signature(family, entry_name)
    return next((key for key, argument in accepted.items() if argument.required), next(iter(accepted), None))


def unknown(family: str, name: str, own: Collection[str] = ()) -> str:
    """Why a name cannot be used, with the nearest one that can; `own` are names that the spec itself defines."""
    before, _, inside = name.partition("(")  # Python's `keras.layers.Conv2D(8, 3)`
    word = before.rpartition(".")[2].strip() or name
    if reason := refusal(family, name) or refusal(family, word):
        return f"'{name}' cannot be used: {reason}"
    here, has_arguments = name_here(family, word), bool(inside.strip(" )"))
    if ":" in here:
        end = f"; write '{here}'"
    elif entry_name := here or (word != name and resolve(family, word)):
        end = _as_written(family, entry_name) if has_arguments else suggestion(entry_name)
    else:
        end = nearest_name(name if word == before else word, [family], own)
    return f"unknown {WORDS[family]} '{name}'{end}"


def _as_written(family: str, entry_name: str) -> str:
    """The end of a message that shows how a name takes arguments."""
    first = None if family == "activation" else _first_argument(family, entry_name)
    written = where_it_stands(family, f"{entry_name}: {{{first}: …}}")
    return f"; write '{written}'" if first else suggestion(entry_name)


def _unknown_argument(name: str, key: str, accepted: Collection[str]) -> str:
    if key in RENAMED_ARGUMENTS:
        return f"unknown argument; {RENAMED_ARGUMENTS[key]}"
    if not accepted:
        return f"'{name}' takes no arguments"
    if here := _argument_here(key, accepted):
        return f"unknown argument{suggestion(here)}"
    return f"unknown argument{nearest(key, accepted) or f'; {name} takes ' + ', '.join(accepted)}"


def _argument_here(key: str, accepted: Collection[str]) -> str | None:
    """The name that an argument of another library has here, if the class has it."""
    here = ARGUMENTS.get(key)
    return here if here in accepted else None


def _argument(family: str, name: str, argument: Argument, value: Any, path: KeyPath, problems: list[Problem]) -> Any:
    validator = argument_validator(family, name, argument)
    if value is None:
        if argument.default is not None and not validator.takes_null:
            problems.append(Problem(path, f"expected {validator.description}, got nothing"))
        return None
    return validator.accept(value, path, problems)


def entry_validator(family: str) -> Validator:
    """The validator of an argument that is itself an object, such as `kernel_regularizer`."""

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        if family == "activation" and not isinstance(value, str):
            problems.append(
                Problem(path, f"expected the name of an activation, got {shown(value)}{_activation(value)}")
            )
            return value
        entry = parse(family, value, path, problems)
        if entry is None:
            return value
        if family == "layer" and entry.name in BACKBONES:  # a layer within a layer, such as SpectralNormalization's
            problems.append(Problem(path, f"{entry.name} is a whole network; write it as a layer of its own"))
        return entry.name if family == "activation" else entry

    return Validator(with_article(family), accept, {"$ref": f"#/$defs/{family}"})


def _activation(value: Any) -> str:
    """The end of a message about an activation with arguments: it is a layer."""
    if not isinstance(value, dict) or len(value) != 1:
        return ""
    ((word, arguments),) = value.items()
    if name := resolve("layer", str(word)):
        return f"; {name} is a layer: write it below this one"
    return suggestion(arguments) if isinstance(arguments, str) and resolve("activation", arguments) else ""


_OBJECTS = {name: entry_validator(name) for name in ("activation", "constraint", "initializer", "layer", "regularizer")}
_LEARNING_RATE = any_of(positive, entry_validator("schedule"))
_SAME_IN_PACKAGES = ("dtype", "filters", "name", "trainable", "units")


def argument_validator(family: str, name: str, argument: Argument) -> Validator:
    """What an argument of a class may be.

    The last word of a layer's argument tells which family its object is of: `activation`, `kernel_regularizer`. Other
    arguments of a package's layer are known from its source alone.
    """
    if (family, argument.name) == ("optimizer", "learning_rate"):
        return _LEARNING_RATE
    of_family = argument.name.rpartition("_")[2]
    if family == "layer" and of_family in _OBJECTS:
        return _OBJECTS[of_family]
    if family == "layer" and plugin_layer(name) and argument.name not in _SAME_IN_PACKAGES:
        return validator_by_source(argument)
    return value_validator(family, name, argument.name)
