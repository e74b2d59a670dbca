"""Reads names, arguments, defaults and docstrings out of the installed Keras' source, without importing it.

Importing Keras takes seconds; parsing the one file a class lives in takes a fraction of a millisecond.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cnncli.catalog.augmentations import GENERATOR, GENERATOR_WORDS
from cnncli.catalog.backbones import BACKBONES, words_on
from cnncli.catalog.definitions import Definition, constants, definition, initializer, module_file
from cnncli.catalog.packages import own_definition, plugin_layer

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
              "return_state", "stateful", "backward_layer", "renorm_clipping"},
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
    """One argument of a Keras class.

    Args:
        name: as Keras spells it.
        default: its default as Python, or `REQUIRED`.
        annotation: what its source says that it takes; Keras says nothing.
    """

    name: str
    default: Any
    annotation: ast.expr | None = field(default=None, compare=False)

    @property
    def required(self) -> bool:
        """Whether a spec must give it."""
        return self.default is REQUIRED

    @property
    def default_text(self) -> str:
        """The default as a spec would have it, or `required`."""
        return "required" if self.required else as_yaml(self.default)


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
        return own_definition(name)
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


def _signed(found: Definition) -> dict[str, Argument]:
    """The arguments of a function, or of a class' `__init__`."""
    function = found if isinstance(found.node, ast.FunctionDef) else initializer(found)
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
    """The arguments a spec may give to a Keras class or activation, by name and in Keras' order.

    Args:
        family: such as `layer` or `optimizer`.
        name: a name of the catalogue.
    """
    if name == "ImageDataGenerator":
        return {key: Argument(key, default) for key, default in GENERATOR.items()}
    found = _find(family, name)
    arguments = _signed(found) if found else {}
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
    if name == "ImageDataGenerator":
        return GENERATOR_WORDS
    if _kind_of(family, name) == "backbone":
        return words_on(name)
    found = _find(family, name)
    return (ast.get_docstring(found.node) or "") if found else ""


def first_line(family: str, name: str) -> str:
    """The first sentence of Keras' docstring, on one line and without its full stop."""
    paragraph = docstring(family, name).split("\n\n")[0]
    return " ".join(paragraph.split()).split(". ")[0].rstrip(".").replace("`", "")
