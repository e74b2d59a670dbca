"""Where images come from: one module for each source, listed in `cnncli.catalog.image_sources`, and no other.

`builtin` has the data sets that a spec names without arguments. What the sources consist of is in the rooms here:
`rows` and `exports` for tables, `published` for data sets in their authors' files.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cnncli.catalog.image_sources import IMAGE_SOURCES
from cnncli.data.inventory.source_inventory import SourceInventory, inventory_of_data

if TYPE_CHECKING:  # `check` looks for files with the modules here, and starts no NumPy
    from cnncli.data.samples import FileSamples, ImageData


def load_images(name: str, arguments: Mapping[str, Any], **context: Any) -> ImageData[Any]:
    """Loads all images of a source, a key of `IMAGE_SOURCES`, in the splits that it has itself.

    Of the `context` of a training (`input_format`, `classes`, `exclude`, `notice`) it receives what its function `load`
    has parameters for; an argument of the spec wins.

    Raises:
        DataError: The images are missing, damaged or not what the arguments say.
        ResourceError: They do not fit into memory.
    """
    load: Callable[..., ImageData[Any]] = _module_of(name).load
    return load(**{**_accepted(load, context), **arguments})


def inventory_of(name: str, arguments: Mapping[str, Any], **context: Any) -> SourceInventory:
    """Lists a source of files, a key of `IMAGE_SOURCES`; a DataError when that is impossible.

    A module of a source may have a function `inventory`, which lists also what `load` refuses; without it, the files
    are those that are loaded.
    """
    inventory: Callable[..., SourceInventory] | None = getattr(_module_of(name), "inventory", None)
    if inventory is not None:
        return inventory(**arguments, **_accepted(inventory, context))
    data: ImageData[FileSamples] = load_images(name, arguments, **context)
    return inventory_of_data(data, data.splits["train"].root)


def _module_of(name: str) -> ModuleType:
    """The module of a source; only now are it and the packages that it needs imported."""
    return import_module(f"{__name__}.{IMAGE_SOURCES[name].module}")


def _accepted(function: Callable[..., object], context: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a function has parameters for."""
    return {name: value for name, value in context.items() if name in inspect.signature(function).parameters}
