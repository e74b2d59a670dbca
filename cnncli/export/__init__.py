"""Takes the network of a run to where there is no cnncli.

network      run → the float32 network, from pixels to probabilities
refusals     what a format cannot express, said before any work
<format>     network → file, and the lines of predict.py that run it
description  model.json
program      predict.py
check        whether the file answers as the network does
benchmark    how quick each exported file is
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from cnncli.catalog.export_formats import ExportFormat
from cnncli.errors import ResourceError

if TYPE_CHECKING:
    import keras
    import numpy as np

    from cnncli.export.program import Runtime


class Writer(Protocol):
    """The module of a format."""

    RUNTIME: Runtime

    def write(self, network: keras.Model, path: Path, classes: tuple[str, ...]) -> None:
        """Writes a network, which takes `image` and gives `probabilities`, to a path that does not exist."""

    def quantize(self, path: Path, images: np.ndarray, quantized: Path, classes: tuple[str, ...]) -> None:
        """Writes an int8 version of the file at `path`; only of formats that have a `quantizer`."""


def writer_of(form: ExportFormat, int8: bool = False) -> Writer:
    """The module of a format.

    Raises:
        ResourceError: A package that it needs is not installed.
    """
    needed = [(module, form.extra) for module in form.imports]
    if int8 and form.quantizer not in form.imports:
        needed.append((form.quantizer, "quantize"))
    for module, extra in needed:
        try:
            import_module(module)
        except ImportError as error:
            absent = isinstance(error, ModuleNotFoundError) and error.name == module
            state = "is not installed" if absent else f"cannot be imported: {error}"
            message = f"an export to {form.name} needs the package {module.replace('_', '-')}, which {state}"
            wanted = f"'cnncli[{extra}]'" if extra else module.replace("_", "-")
            raise ResourceError(message, f"pip install {wanted}") from error
    return cast(Writer, import_module(f"{__name__}.{form.module}"))
