"""Optuna's journal file, written so that neither a killed process nor a full disk damages it.

The format is that of Optuna's own `JournalFileBackend`: a record of JSON to a line. Other programs, such as
optuna-dashboard, read the same file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from optuna.storages.journal import BaseJournalBackend

from cnncli.errors import ResourceError
from cnncli.search.turns import FileTurn

_NOTHING = b'{"op_code":10,"worker_id":"cnncli"}'
"""A record that Optuna passes over: an operation that only its Rust version knows."""

_START = b'{"op_code":'


class Journal(BaseJournalBackend):
    """A journal file.

    Args:
        path: The file; a missing one is made.
        turn: Whoever has the turn may write.
        notice: Receives a line about what was repaired.

    Raises:
        ResourceError: The file is something else; it is left as it is.
        OSError: It cannot be read or written.
    """

    def __init__(self, path: Path, turn: FileTurn, notice: Callable[[str], None]) -> None:
        self._path, self._turn = path, turn
        self._offsets = {0: 0}
        with turn, path.open("ab+") as file:
            _require_journal(file, path)
            self._repair(file, notice)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Appends records, all or none.

        Raises:
            OSError: They cannot be written.
        """
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode("utf-8")
        with self._turn, self._path.open("rb+", buffering=0) as file:
            end = _whole_lines(file)  # a killed process may have left part of one
            try:
                file.truncate(end)
                file.seek(end)
                written = 0
                while written < len(lines):  # a full disk takes a part, and refuses the rest
                    written += file.write(lines[written:]) or 0
                os.fsync(file.fileno())
            except OSError:
                file.truncate(end)
                raise

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """The records from a number on; a line that is no record counts as one without effect."""
        number = log_number_from if log_number_from in self._offsets else 0
        with self._path.open("rb") as file:
            file.seek(self._offsets[number])
            for line in file:
                if not line.endswith(b"\n"):
                    return  # is being written
                self._offsets[number + 1] = self._offsets[number] + len(line)
                if number >= log_number_from:
                    yield _record(line) or {"op_code": 10, "worker_id": ""}
                number += 1

    def _repair(self, file: IO[bytes], notice: Callable[[str], None]) -> None:
        """Cuts off half a line at the end, and replaces lines that are no records, which Optuna could not read."""
        end, size = _whole_lines(file), file.seek(0, os.SEEK_END)
        if end < size:
            file.truncate(end)
            notice(f"{self._path}: the last line was cut off, by a full disk or a killed process; it is left out")
        file.seek(0)
        start = 0
        broken = []
        for line in file:
            if _record(line) is None:
                broken.append((start, line))
            start += len(line)
        if broken:
            with self._path.open("rb+") as writable:
                for start, line in broken:
                    if len(line) > len(_NOTHING):
                        writable.seek(start)
                        writable.write(_NOTHING.ljust(len(line) - 1) + b"\n")
            lines = "one line is" if len(broken) == 1 else f"{len(broken)} lines are"
            notice(f"{self._path}: {lines} damaged and left out; results that were there are read from the runs")


def _require_journal(file: IO[bytes], path: Path) -> None:
    """Refuses a file that begins with anything but a record, or a part of one."""
    file.seek(0)
    line = file.readline(1 << 20)
    is_part = not line.endswith(b"\n") and (line.startswith(_START) or _START.startswith(line))
    if not is_part and _record(line) is None:
        raise ResourceError(f"'{path}' is not a journal of a search", "name another file with --storage")


def _whole_lines(file: IO[bytes]) -> int:
    """Number of bytes up to the last end of a line."""
    position = file.seek(0, os.SEEK_END)
    while position > 0:
        start = max(0, position - 4096)
        file.seek(start)
        found = file.read(position - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        position = start
    return 0


def _record(line: bytes) -> dict[str, Any] | None:
    """The record in a line; None for anything else."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    is_record = isinstance(record, dict) and type(record.get("op_code")) is int and "worker_id" in record
    return record if is_record else None
