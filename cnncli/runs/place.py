"""A folder of runs, wherever the program goes meanwhile."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from cnncli.errors import RunError


class Place:
    """A folder, which stays the same when the program changes its current folder, as notebooks do."""

    def __init__(self, path: Path) -> None:
        self._path, self._origin = path, ""
        if not path.is_absolute():
            with contextlib.suppress(OSError):  # the current folder was removed
                self._origin = os.getcwd()  # noqa: PTH109

    @property
    def path(self) -> Path:
        """The folder as it was named, relative to the current one; the whole path once that is another."""
        with contextlib.suppress(OSError):
            if self._origin and os.getcwd() != self._origin:  # noqa: PTH109
                return Path(self._origin, self._path)
        return self._path

    @property
    def name(self) -> str:
        """Name of the folder: `mnist-001`."""
        return self._path.name

    def require(self) -> None:
        """Tells a folder that is gone from one that lacks a file.

        Raises:
            RunError: It was removed, moved or renamed.
        """
        if not os.path.isdir(self.path):  # noqa: PTH112
            raise RunError(f"'{self.path}' is no longer there", "if it was moved or renamed, open it where it is now")


class File:
    """The path of a file in a place: `spec = File("spec.yaml")`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, place: Place, _: type[Place]) -> Path:
        return place.path / self._name
