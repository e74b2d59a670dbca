"""Weights from the archives that `model.save("my.keras")` writes in Keras 3."""

from __future__ import annotations

import contextlib
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

from cnncli.errors import DataError
from cnncli.temporary import temporary_folder

_WEIGHTS = "model.weights.h5"
_UNREADABLE = (EOFError, OSError, RuntimeError, ValueError, zipfile.BadZipFile)


@contextlib.contextmanager
def weights_in(path: Path) -> Iterator[Path]:
    """The file of weights that a file is or contains; nothing else in an archive is read, its layers and code least.

    Raises:
        DataError: It is an archive, but not one that Keras wrote. Errors from within name the archive.
    """
    if path.suffix.lower() != ".keras":
        yield path
        return
    with temporary_folder() as folder:
        weights = folder / _WEIGHTS
        try:
            _unpack(path, weights)
        except _UNREADABLE as error:
            reason = str(error) or type(error).__name__
            raise DataError(f"the weights in '{path}' cannot be unpacked: {reason}") from error
        try:
            yield weights
        except DataError as error:
            raise DataError(str(error).replace(str(weights), str(path)), error.hint) from error


def _unpack(path: Path, target: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        try:
            member = archive.getinfo(_WEIGHTS)
        except KeyError:
            raise DataError(f"'{path}' is not a model of Keras 3: there is no '{_WEIGHTS}' in it") from None
        if member.compress_type != zipfile.ZIP_STORED:  # a few bytes may unpack to a terabyte
            raise DataError(f"'{path}' is compressed, which Keras does not do: save the model again")
        with archive.open(member) as packed, target.open("wb") as plain:
            shutil.copyfileobj(packed, plain)
