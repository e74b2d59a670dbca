"""Layers of installed packages, registered under the entry point group `cnncli.layers`.

Whoever installs a package lets its code run; a spec can only name what is installed. Here a package is read, as Keras
is, and not imported: that happens when a model with one of its layers is built.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from cnncli.catalog.definitions import Definition, definition, imports, initializer, lineage, module_file

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "cnncli.layers"
"""The entry point group."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}\Z")
_VALUE = re.compile(r"\s*([\w.]+)\s*:\s*(\w+)\s*(\[.*\])?\s*\Z")
_KERAS_NAMES = ("keras.layers", "keras.applications")
_KEYS = {"inputs", "repeat"}  # of every layer of a spec


@dataclass(frozen=True)
class Registered:
    """A layer as a package registers it."""

    name: str  # in a spec
    module: str  # with its dots
    attribute: str  # its class there; empty when the entry point is not `module:Class`
    package: str  # on PyPI
    version: str

    @property
    def origin(self) -> str:
        """The package in a sentence."""
        return f"the package '{self.package}' {self.version}"


@cache
def _all() -> Mapping[str, tuple[Registered, ...]]:
    """Every layer that is registered, by name; several when packages share one."""
    from importlib.metadata import entry_points  # a third of the time of `cnncli --help`, which needs no layers

    layers: dict[str, tuple[Registered, ...]] = {}
    for point in sorted(entry_points(group=GROUP), key=_place):
        match = _VALUE.match(point.value)
        module, attribute = (match[1], match[2]) if match else (point.value, "")
        package, version = _place(point)
        new = Registered(point.name, module, attribute, package, version)
        layers[point.name] = (*layers.get(point.name, ()), new)
    return layers


def _place(point: EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist else ("unknown", "")


def registered_names() -> tuple[str, ...]:
    """The names of all layers that packages register, those that cannot be used included."""
    return tuple(_all())


def plugin_names() -> tuple[str, ...]:
    """The names of all layers of packages that a spec can use."""
    return tuple(name for name in _all() if not registration_error(name))


def plugin_layer(name: str) -> Registered | None:
    """The layer that an installed package registers under this name; None when there is none, or it cannot be used."""
    return _all()[name][0] if name in _all() and not registration_error(name) else None


def plugin_definition(name: str) -> Definition | None:
    """Where the class of such a layer is written; None when there is no such layer."""
    layer = plugin_layer(name)
    file = module_file(layer.module) if layer else None
    return definition(file, layer.attribute) if layer and file else None


@cache
def registration_error(name: str) -> str:
    """Why a registered layer cannot be used, in a sentence; empty when it can, or when none has this name."""
    layers = _all().get(name, ())
    if not layers:
        return ""
    origins = " and ".join(layer.origin for layer in layers)
    if any(file and name in imports(file) for file in map(module_file, _KERAS_NAMES)):
        return f"Keras has a layer of this name, and {origins} registers another; one of the two must go"
    if len(layers) > 1:
        return f"{origins} register a layer of this name; uninstall one of them"
    wrong = _wrong_layer(layers[0])
    return f"{origins} registers it, but {wrong}" if wrong else ""


def _wrong_layer(layer: Registered) -> str:
    """What is wrong with a registered layer, as far as its name and its source tell."""
    if not _NAME.match(layer.name):
        return "its name has other characters than letters, digits and '_', or does not begin with a letter"
    if not layer.attribute:
        return f"'{layer.module}' is not of the form 'package.module:Class'"
    file = module_file(layer.module)
    if file is None:
        return f"there is no Python module '{layer.module}'"
    try:
        symbol = definition(file, layer.attribute)
        if symbol is None:
            return f"'{layer.module}' has no class '{layer.attribute}'"
        return _wrong_class(symbol)
    except (SyntaxError, ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, SyntaxError) and error.lineno else ""
        return f"'{layer.module}' cannot be read as Python{where}"
    except OSError as error:
        return f"'{layer.module}' cannot be read: {error.strerror or error}"


def _wrong_class(symbol: Definition) -> str:
    name = symbol.node.name
    base = module_file("keras.src.layers.layer")
    family = list(lineage(symbol))
    if None not in family and not any(each and each.node.name == "Layer" and each.file == base for each in family):
        return f"'{name}' is not a class derived from keras.layers.Layer"
    function = initializer(symbol)
    signed = _arguments(function) if function else {"**"}
    if not {"name", "dtype", "trainable"} <= signed and "**" not in signed:
        return f"'{name}.__init__' takes no **kwargs, through which a layer is given its name and its dtype"
    if taken := sorted(signed & _KEYS):
        return f"every layer of a spec has a key '{taken[0]}', and '{name}.__init__' an argument of this name"
    return ""


def _arguments(function: Definition) -> set[str]:
    """The names of what a function takes, with `**` for whatever else it is given."""
    if not isinstance(function.node, ast.FunctionDef):
        return set()
    signed = function.node.args
    names = {argument.arg for argument in (*signed.args, *signed.kwonlyargs)}
    return names | {"**"} if signed.kwarg else names
