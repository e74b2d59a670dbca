"""What every kind of server offers: the names below a path, and the bytes of an object by its exact name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class ObjectChanged(OSError):
    """An object is no longer the version that was asked for."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as the server lists it."""

    path: str  # on the server: `bucket/photos/cat.jpg`, or the address of a file on a web server
    size: int | None  # bytes, where the server says
    mark: str  # changes with the contents; empty where the server has none


class Objects(Protocol):
    """The files of a server; every method may be called by many threads at once.

    Raises:
        FileNotFoundError: There is no object of this name.
        PermissionError: These credentials may not read it.
        ObjectChanged: It is not the version that was asked for.
        OSError: Anything else that may pass; with `status`, the code of the server's answer, where there was one.
    """

    def listed(self, root: str) -> dict[str, RemoteFile]:
        """Every file below a path by its name relative to it, or the one file at the path; empty for nothing."""

    def info(self, path: str) -> RemoteFile:
        """What the server says of a file now."""

    def read(self, path: str, start: int = 0, stop: int | None = None, mark: str = "") -> bytes:
        """The bytes of a file from `start` to before `stop`, or its end, if it is still the version `mark`."""

    def copy(self, file: RemoteFile, place: Path) -> None:
        """Writes a file of any size to a place on a disk, if it is still of this mark, as far as the server tells."""
