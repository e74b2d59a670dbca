"""Where a search is kept: a journal file, SQLite or PostgreSQL. What is away for some minutes is waited for."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from cnncli.errors import ResourceError, brief
from cnncli.machine import expanded
from cnncli.notices import Notice
from cnncli.search.journal import Journal
from cnncli.search.turns import DatabaseTurn, FileTurn, Turn

AWAY = (OSError, SQLAlchemyError, StorageInternalError, UnboundLocalError)
"""What a storage raises while it cannot be reached; the last one is Optuna's own, at the end of a trial."""

PATIENCE = 600.0
"""Seconds for which a storage that is away is waited for."""

_LONGEST_PAUSE = 5.0
_CONNECT = 10  # seconds to reach a server

JOURNAL = "study.journal"

T = TypeVar("T")


@dataclass(frozen=True)
class Store:
    """An open storage.

    Args:
        place: Where it is, without a password.
        storage: Optuna's object.
        turn: Whoever has the turn decides what is tried next.
        notice: Receives a line when the storage is away, and when it is back.
    """

    place: str
    storage: BaseStorage
    turn: Turn
    notice: Notice

    def attempt(self, action: Callable[[], T], patience: float = PATIENCE) -> T:
        """Does something with the storage; while that is away, again and again.

        Raises:
            ResourceError: It is away for longer than `patience`, in seconds.
        """
        since = time.monotonic()
        pause, is_told = 0.2, False
        while True:
            try:
                result = action()
            except AWAY as error:
                if time.monotonic() - since > patience:
                    raise ResourceError(
                        f"the storage of the search, {self.place}, cannot be reached: {_reason(error)}",
                        "nothing is lost: when it is back, start the same command again",
                    ) from error
                if not is_told:
                    self.notice(
                        f"warning: the storage of the search cannot be reached: {_reason(error)}; trying again for "
                        f"{patience / 60:.0f} minutes, results stay in the runs meanwhile"
                    )
                    is_told = True
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                if is_told:
                    self.notice("the storage of the search can be reached again")
                return result


def open_storage(location: str | None, folder: Path, notice: Notice) -> Store:
    """Opens a storage, and makes a missing one.

    Args:
        location: A file for a journal, `sqlite:///FILE`, or `postgresql://…`; None for a journal in the folder.
        folder: Folder of the search.
        notice: Receives a line about what was repaired, and about a storage that is away.

    Raises:
        ResourceError: It cannot be opened.
    """
    try:
        if location is None or "://" not in location:
            return _journal(folder / JOURNAL if location is None else expanded(location), notice)
        return _database(location, notice)
    except AWAY as error:
        where = str(folder / JOURNAL) if location is None else shown_place(location)
        message = f"the storage of the search, {where}, cannot be opened: {_reason(error)}"
        raise ResourceError(message, "check the path, or that the server runs and lets you in") from error


def _journal(path: Path, notice: Notice) -> Store:
    if path.is_dir():
        raise ResourceError(f"--storage: '{path}' is a folder", f"name a file: {path / JOURNAL}")
    if path.exists() and not path.is_file():
        raise ResourceError(f"--storage: '{path}' is a device or a pipe", f"name a file: {JOURNAL}")
    path.parent.mkdir(parents=True, exist_ok=True)
    turn = FileTurn(path.with_name(f"{path.name}.lock"), notice)
    return Store(str(path), JournalStorage(Journal(path, turn, notice)), turn, notice)


def _database(location: str, notice: Notice) -> Store:
    try:
        url = sqlalchemy.make_url(location)
    except ArgumentError:
        raise _unknown(location) from None
    kind = url.get_backend_name()
    if kind not in ("sqlite", "postgresql"):
        raise _unknown(location)
    turn: Turn
    options: dict[str, Any] = {"pool_pre_ping": True}
    if kind == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise ResourceError("--storage: a search in memory is lost when it ends", "write sqlite:///FILE")
        file = expanded(str(url.database))
        file.parent.mkdir(parents=True, exist_ok=True)
        turn, url = FileTurn(file.with_name(f"{file.name}.lock"), notice), url.set(database=str(file))
    else:
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg2")
        options["connect_args"] = {"connect_timeout": _CONNECT}
        try:
            engine = sqlalchemy.create_engine(url, **options)
        except ModuleNotFoundError as error:
            raise ResourceError(f"PostgreSQL needs the package {error.name}", "pip install 'cnncli[tune]'") from error
        digest = hashlib.sha256(b"cnncli tune").digest()
        turn = DatabaseTurn(engine, int.from_bytes(digest[:8], "big") >> 1, notice)
    with turn:  # processes that start at once would make the same tables
        storage = RDBStorage(url.render_as_string(hide_password=False), engine_kwargs=options)
    return Store(shown_place(location), storage, turn, notice)


def _unknown(location: str) -> ResourceError:
    kind = location.partition("://")[0]
    return ResourceError(
        f"--storage: '{kind}://' cannot hold a search",
        "write a file, sqlite:///FILE or postgresql://HOST/DATABASE",
    )


def shown_place(location: str) -> str:
    """A location without a password, which may also be among its options."""
    if "://" not in location:
        return location
    try:
        return sqlalchemy.make_url(location).set(query={}).render_as_string(hide_password=True)
    except ArgumentError:
        return location.partition("://")[0] + "://…"


def _reason(error: BaseException) -> str:
    """Why a storage cannot be reached, on one line."""
    inner = error
    while inner.__cause__ is not None:
        inner = inner.__cause__
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror
    if isinstance(inner, UnboundLocalError):
        return "the database did not answer"
    lines = [line.strip() for line in str(inner).splitlines() if line.strip()]
    return lines[0] if lines else brief(inner)
