"""Layers of installed packages: recorded in the run, and reported with advice when their package is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cnncli.catalog import Entry
from cnncli.catalog.packages import Registered, plugin_layer, registration_error
from cnncli.errors import RunError
from cnncli.spec.graph import Node

LAYERS_KEY = "layers"
"""The key of environment.json."""

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?\Z")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,49}\Z")


def package_layers(nodes: Sequence[Node]) -> dict[str, Registered]:
    """The layers of packages in a network by name, those inside other layers included."""
    names = dict.fromkeys(name for node in nodes for name in _names(node.entry))
    return {name: layer for name in names if (layer := plugin_layer(name))}


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, Entry) and value.family == "layer":
        yield value.name
        for argument in value.arguments.values():
            yield from _names(argument)


def require_packages(run: Path, environment: Mapping[str, Any]) -> None:
    """Refuses a run with a layer that no installed package provides, by what its environment.json says.

    Raises:
        RunError: A package is missing; the message names it.
    """
    layers = environment.get(LAYERS_KEY)
    for name, record in layers.items() if isinstance(layers, dict) else ():
        package, version = map(record.get, ("package", "version")) if isinstance(record, dict) else ("", "")
        if plugin_layer(name) or registration_error(name) or not (isinstance(package, str) and _NAME.match(package)):
            continue
        exact = f"=={version}" if isinstance(version, str) and _VERSION.match(version) else ""
        raise RunError(
            f"'{run}' has a layer '{name[:100]}' of the package '{package}', which is not installed",
            f"packages run code of their own; if you trust this one: pip install '{package}{exact}'",
        )
