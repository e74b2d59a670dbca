"""Ctrl-C and SIGTERM, heard in the same way, so that a stopped training is always left readable.

The first one asks for the end. While a model trains it waits for the end of the step, so that nothing is lost; anywhere
else it is raised. The second one ends the process at once: every file is whole at every moment.

Python runs its own handlers between two of its instructions, and a step of training is one instruction, however long
it takes. So the signals are also watched by a thread, which answers at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, NoReturn, Self

HEARD = (signal.SIGINT, signal.SIGTERM)
SAME = 0.5
"""Seconds within which a second signal is the first one again: `timeout` sends it to the process and to its group."""


class Stopped(KeyboardInterrupt):
    """A signal asked for an end.

    Args:
        number: of the signal; the exit code is 128 more.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


class Signals:
    """Inside a `with`, Ctrl-C and SIGTERM raise `Stopped`, which is a KeyboardInterrupt, or wait to be asked for.

    Attributes:
        answer: is called, from another thread, with a line for the person who waits for the end of a step.
    """

    def __init__(self) -> None:
        self.answer: Callable[[str], None] = lambda text: None
        self._number = 0
        self._waiting = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        self._number = 0
        self._ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        self._theirs = theirs
        self._wakeup = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._hear) for number in HEARD}
        threading.Thread(target=self._watch, args=(self._ours,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self._theirs.close()  # which ends the thread

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Inside, signals raise nothing; `asked` tells of them."""
        self._waiting = True
        try:
            yield
        finally:
            self._waiting = False

    @property
    def asked(self) -> int:
        """The exit code that a signal asks for, or 0."""
        return 128 + self._number if self._number else 0

    def _hear(self, number: int, frame: Any) -> None:
        again, self._number = self._number, self._number or number
        if not self._waiting and not again:
            raise Stopped(number)

    def _watch(self, ours: socket.socket) -> None:
        first = 0.0
        with ours:
            while heard := ours.recv(1):
                if heard[0] not in HEARD:
                    continue
                if first and time.monotonic() - first > SAME:
                    _end_at_once(heard[0])
                if not first:
                    first = time.monotonic()
                    with contextlib.suppress(
                        OSError
                    ):  # nobody may read it; the second signal must be heard all the same
                        self.answer("stopping; once more stops at once")


def _end_at_once(number: int) -> NoReturn:
    if sys.stderr.isatty():
        os.write(2, b"\x1b[?25h\n")  # the cursor, which a bar hides
    os._exit(128 + number)
