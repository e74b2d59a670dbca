"""Reads arguments, defaults, annotations and docstrings from the source of Keras and of packages, without importing.

Importing Keras takes seconds; parsing the one file a class lives in takes a fraction of a millisecond.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cnncli.catalog.backbones import BACKBONES, words_on
from cnncli.catalog.definitions import Definition, constants, definition, initializer, module_file
from cnncli.catalog.image_data_generator import GENERATOR, GENERATOR_WORDS
from cnncli.catalog.packages import plugin_definition, plugin_layer
from cnncli.catalog.validators import (
    Validator,
    any_of,
    boolean,
    choice,
    is_number,
    list_of,
    number,
    text,
    validator,
    whole,
)
from cnncli.catalog.whitening import NAME as WHITENING_NAME, WHITENING, WHITENING_WORDS

REQUIRED = "required"
"""Stands for the default of an argument that has none."""

MODULES = {
    "layer": "layers",
    "optimizer": "optimizers",
    "schedule": "optimizers.schedules",
    "loss": "losses",
    "metric": "metrics",
    "callback": "callbacks",
    "initializer": "initializers",
    "regularizer": "regularizers",
    "constraint": "constraints",
    "activation": "activations",
    "augmentation": "layers",
    "backbone": "applications",
}
"""Where Keras has the names of each family."""

_OURS = {"ImageDataGenerator": (GENERATOR, GENERATOR_WORDS), WHITENING_NAME: (WHITENING, WHITENING_WORDS)}
"""Arguments with their defaults, and words, of what is not read from Keras' source."""

# Arguments that a base class takes through **kwargs and that make sense in a spec.
_INHERITED = {
    "layer": {"name": None, "trainable": True, "dtype": None},
    "own": {"name": None, "trainable": True, "dtype": None},
    "backbone": {"name": None, "trainable": True},
}

# Arguments of Keras that are not a person's to set: they are for Keras itself, they name what cnncli names, or they
# are about sequences of batches.
_HIDDEN = {
    "": {"self", "name", "dtype"},
    "layer": {"self", "weights", "lora_rank", "lora_alpha", "quantization_config", "gptq_unpacked_column_size",
              "renorm_clipping"},
    "loss": {"self", "name", "dtype", "reduction"},
    "metric": {"self", "dtype"},
    "callback": {"self", "verbose"},
    "initializer": {"self", "input_axes", "output_axes"},
    "activation": {"x"},
    "augmentation": {"self", "name", "dtype", "seed", "value_range", "data_format"},
    "own": {"self", "autocast"},
    # the head, which a spec writes itself, and what the layers around a backbone tell
    "backbone": {"include_top", "classes", "classifier_activation", "dropout", "dropout_rate", "input_tensor",
                 "input_shape", "include_preprocessing"},
}  # fmt: skip


@dataclass(frozen=True)
class Argument:
    """One argument of a Keras class."""

    name: str  # as Keras spells it
    default: Any  # as Python, or `REQUIRED`
    annotation: ast.expr | None = field(default=None, compare=False)  # what the source says it takes; Keras' is silent

    @property
    def required(self) -> bool:
        """Whether a spec must give it."""
        return self.default is REQUIRED


def as_yaml(value: Any) -> str:
    """A plain value on one line, as a spec would have it."""
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_yaml, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {as_yaml(item)}' for key, item in value.items())}}}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind_of(family: str, name: str) -> str:
    """The family, by where its names are: a spec lists backbones and layers of packages among Keras' layers."""
    if family != "layer":
        return family
    return "backbone" if name in BACKBONES else "own" if plugin_layer(name) else family


def _find(family: str, name: str) -> Definition | None:
    kind = _kind_of(family, name)
    if kind == "own":
        return plugin_definition(name)
    file = module_file(f"keras.{MODULES[kind]}")
    if file is None:
        raise ModuleNotFoundError("keras is not installed; 'pip install cnncli' installs it")
    return definition(file, name)


def _default(node: ast.expr | None, constants: dict[str, ast.expr]) -> Any:
    if node is None:
        return REQUIRED
    if isinstance(node, ast.Name) and node.id in constants:
        node = constants[node.id]
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def _signed(symbol: Definition) -> dict[str, Argument]:
    """The arguments of a function, or of a class' `__init__`."""
    function = symbol if isinstance(symbol.node, ast.FunctionDef) else initializer(symbol)
    if function is None or not isinstance(function.node, ast.FunctionDef):
        return {}
    signed = function.node.args
    missing = len(signed.args) - len(signed.defaults)
    defaults = [*[None] * missing, *signed.defaults, *signed.kw_defaults]
    return {
        each.arg: Argument(each.arg, _default(default, constants(function.file)), each.annotation)
        for each, default in zip([*signed.args, *signed.kwonlyargs], defaults, strict=True)
    }


@cache
def signature(family: str, name: str) -> dict[str, Argument]:
    """The arguments a spec may give to a Keras class or activation, by name and in Keras' order."""
    if name in _OURS:
        return {key: Argument(key, default) for key, default in _OURS[name][0].items()}
    symbol = _find(family, name)
    arguments = _signed(symbol) if symbol else {}
    kind = _kind_of(family, name)
    hidden = _HIDDEN.get(kind, _HIDDEN[""])
    arguments = {key: argument for key, argument in arguments.items() if key not in hidden}
    for key, value in _INHERITED.get(kind, {}).items():
        arguments.pop(key, None)
        arguments[key] = Argument(key, value)
    return arguments


@cache
def docstring(family: str, name: str) -> str:
    """Keras' own words on a class or function; empty when it has none."""
    if name in _OURS:
        return _OURS[name][1]
    if _kind_of(family, name) == "backbone":
        return words_on(name)
    symbol = _find(family, name)
    return (ast.get_docstring(symbol.node) or "") if symbol else ""


def first_line(family: str, name: str) -> str:
    """The first sentence of Keras' docstring, on one line and without its full stop."""
    paragraph = docstring(family, name).split("\n\n")[0]
    return " ".join(paragraph.split()).split(". ")[0].rstrip(".").replace("`", "")


_ANNOTATED = {"int": whole(), "float": number(), "bool": boolean, "str": text}
_LISTS = {"list", "List", "tuple", "Tuple", "Sequence", "Iterable", "Collection"}
_UNIONS = {"Optional", "Union"}


def _is_finite(value: Any) -> bool:
    if isinstance(value, list | dict):
        return all(map(_is_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or math.isfinite(value)


ANYTHING = validator("a value other than .inf and .nan", _is_finite, {})
"""Any value of YAML; the layer itself refuses what it does not take."""


def validator_by_source(argument: Argument) -> Validator:
    """What an argument of a package's layer may be: by its annotation, else by its default.

    Keras annotates nothing, so its arguments are described in a table; those of a package only it can describe.
    """
    if argument.annotation is not None:
        return _annotated(argument.annotation)
    default = argument.default
    if argument.required or default is None:
        return ANYTHING
    if isinstance(default, bool):
        return boolean
    if is_number(default):
        return number(as_written=isinstance(default, int))
    return text if isinstance(default, str) else ANYTHING


def _annotated(node: ast.expr) -> Validator:
    """The validator of an annotation: of `int`, `float | None`, `Literal["a", "b"]`, `tuple[int, int]` and the like."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):  # an annotation in quotes
        try:
            return _annotated(ast.parse(node.value, mode="eval").body)
        except SyntaxError:
            return ANYTHING
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([node.left, node.right])
    if isinstance(node, ast.Subscript):
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return _subscripted(_last_word(node.value), items)
    return _ANNOTATED.get(_last_word(node), ANYTHING)


def _last_word(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _union(nodes: list[ast.expr]) -> Validator:
    validators = [_annotated(node) for node in nodes if not (isinstance(node, ast.Constant) and node.value is None)]
    if not validators or ANYTHING in validators:
        return ANYTHING
    return any_of(*validators) if len(validators) > 1 else validators[0]


def _subscripted(word: str, items: list[ast.expr]) -> Validator:
    if word == "Literal":
        words = [item.value for item in items if isinstance(item, ast.Constant)]
        strings = [word for word in words if isinstance(word, str)]
        return choice(*strings) if len(strings) == len(items) else ANYTHING
    if word in _UNIONS:
        return _union(items)
    if word not in _LISTS:
        return ANYTHING
    endless = len(items) == 1 or (isinstance(items[-1], ast.Constant) and items[-1].value is ...)
    validators = {ast.unparse(item): _annotated(item) for item in (items[:1] if endless else items)}
    if len(validators) > 1:  # the items differ
        return list_of(ANYTHING, len(items))
    return list_of(next(iter(validators.values())), None if endless else len(items))
