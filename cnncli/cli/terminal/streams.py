"""Standard streams of the command line: closed ones, full disks behind them, and readers that are gone."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from cnncli.errors import ResourceError


class _Output(io.RawIOBase):
    """Writes to a file descriptor, and no more once that has failed.

    Results that cannot be written are an error. What goes to stderr is none: a full disk behind it ends no training.
    """

    def __init__(self, descriptor: int, carries_results: bool) -> None:
        self._descriptor, self._carries_results, self._failed = descriptor, carries_results, False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, data: Any) -> int:
        remaining = memoryview(data)
        while remaining and not self._failed:
            try:
                remaining = remaining[os.write(self._descriptor, remaining) :]
            except OSError as error:
                self._failed = True
                if self._carries_results and isinstance(error, BrokenPipeError):
                    raise
                if self._carries_results:
                    message = f"the output cannot be written to stdout: {error.strerror}"
                    raise ResourceError(message, "free some space, or send the output elsewhere") from error
        return memoryview(data).nbytes


def open_standard_streams() -> None:
    """Opens closed standard streams on the null device, and puts streams that report failures in place of Python's.

    A file that is opened later would otherwise get the number of a closed stream, and with it whatever a library
    writes there.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number: this one
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
    if os.name == "posix":
        sys.stdout = _text(sys.stdout, 1)
        sys.stderr = _text(sys.stderr, 2)


def _text(before: Any, descriptor: int) -> io.TextIOWrapper:
    raw = _Output(descriptor, carries_results=descriptor == 1)
    encoding = "utf-8" if before is None else before.encoding
    by_lines, at_once = descriptor == 2 or raw.isatty(), bool(before and before.write_through)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, "backslashreplace", "\n", by_lines, at_once)
