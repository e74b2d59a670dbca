"""A folder of runs, wherever the program goes meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

from cnncli.errors import RunError
from cnncli.lasting import LastingPath


class Place(LastingPath):
    """A folder, which stays the same when the program changes its current folder, as notebooks do."""

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
