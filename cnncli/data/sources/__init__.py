"""Where images come from: one module for each source, listed in `cnncli.catalog.image_sources`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cnncli.catalog.image_sources import IMAGE_SOURCES

if TYPE_CHECKING:  # `check` looks for files with the modules here, and starts no NumPy
    from cnncli.data.samples import ImageData


def load_images(name: str, arguments: Mapping[str, Any], **context: Any) -> ImageData[Any]:
    """Loads all images of a source, a key of `IMAGE_SOURCES`, in the splits that it has itself.

    Of the `context` of a training (`input_format`, `classes`, `exclude`, `notice`) it receives what its function `load`
    has parameters for; an argument of the spec wins.

    Raises:
        DataError: The images are missing, damaged or not what the arguments say.
        ResourceError: They do not fit into memory.
    """
    load: Callable[..., ImageData[Any]] = module_of(name).load
    return load(**{**accepted(load, context), **arguments})


def module_of(name: str) -> ModuleType:
    """The module of a source; only now are it and the packages that it needs imported."""
    return import_module(f"{__name__}.{IMAGE_SOURCES[name].module}")


def accepted(function: Callable[..., object], context: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a function has parameters for."""
    return {name: value for name, value in context.items() if name in inspect.signature(function).parameters}
