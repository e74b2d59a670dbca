"""Paths in results that stay right when the program changes its current folder, as notebooks do."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class LastingPath:
    """A path and the folder that it is relative to."""

    def __init__(self, path: Path) -> None:
        self._path, self._origin = path, ""
        if not path.is_absolute():
            with contextlib.suppress(OSError):  # the current folder was removed
                self._origin = os.getcwd()  # noqa: PTH109

    @property
    def path(self) -> Path:
        """The path as it was named, relative to the current folder; the whole path once that is another."""
        with contextlib.suppress(OSError):
            if self._origin and os.getcwd() != self._origin:  # noqa: PTH109
                return Path(self._origin, self._path)
        return self._path


def lasting(*names: str) -> Callable[[type[_Result]], type[_Result]]:
    """Makes fields of a dataclass lasting: each is given and read as a path, its text, or None.

    Example:
        >>> from dataclasses import dataclass
        >>> @lasting("path")
        ... @dataclass(frozen=True)
        ... class Written:
        ...     path: Path
        >>> Written(Path("runs")).path.name
        'runs'
    """

    def made(cls: type[_Result]) -> type[_Result]:
        for name in names:
            setattr(cls, name, _LastingField(name))
        return cls

    return made


class _LastingField:
    def __init__(self, name: str) -> None:
        self._name = name

    def __set__(self, result: object, value: Path | str | None) -> None:
        place = None if value is None else LastingPath(Path(value))
        vars(result)[self._name] = place, isinstance(value, str)

    def __get__(self, result: object | None, _: type) -> Any:
        if result is None:
            return self
        place, is_text = vars(result)[self._name]
        return place and (str(place.path) if is_text else place.path)
