"""Ctrl-C and SIGTERM, handled alike, so that an interrupted training always leaves a readable run.

The first signal requests a stop. While a model trains it is deferred to the end of the step, so that nothing is lost;
elsewhere it raises an exception. The second signal ends the process at once: every file is whole at every moment.

Python runs its own handlers between two instructions, and a step of training is one instruction, however long it
takes. So a thread also watches the signals, and responds at once.
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
from typing import Any, NoReturn, Self

from cnncli.temporary import remove_temporary_folders

HANDLED = (signal.SIGINT, signal.SIGTERM)
REPEAT_SECONDS = 0.5
"""A second signal within this time is the first one again: `timeout` signals the process and its group."""


class Stopped(KeyboardInterrupt):
    """A signal ended what was under way; the exit code is its number and 128."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


class Signals:
    """Inside a `with`, Ctrl-C and SIGTERM raise `Stopped`, which is a KeyboardInterrupt, or are deferred.

    Attributes:
        announce: Called from another thread with a line to show while the current step ends.
    """

    def __init__(self) -> None:
        self.announce: Callable[[str], None] = lambda text: None
        self._number, self._deferred = 0, False

    def __enter__(self) -> Self:
        self._number = 0
        ours, self._theirs = socket.socketpair()
        self._theirs.setblocking(False)
        self._wakeup = signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._handle) for number in HANDLED}
        threading.Thread(target=self._watch, args=(ours,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self._theirs.close()  # this ends the thread

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Inside, signals raise nothing; `exit_code` reports them."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False

    @property
    def exit_code(self) -> int:
        """The exit code of the first signal, or 0."""
        return 128 + self._number if self._number else 0

    def _handle(self, number: int, frame: Any) -> None:
        earlier, self._number = self._number, self._number or number
        if not self._deferred and not earlier:
            raise Stopped(number)

    def _watch(self, ours: socket.socket) -> None:
        first = 0.0
        with ours:
            while received := ours.recv(1):
                if received[0] not in HANDLED:
                    continue
                if first and time.monotonic() - first > REPEAT_SECONDS:
                    _end_at_once(received[0])
                if not first:
                    first = time.monotonic()
                    with contextlib.suppress(OSError):  # a closed output must not keep the second signal from working
                        self.announce("stopping; press Ctrl-C again to stop at once")


def _end_at_once(number: int) -> NoReturn:
    if sys.stderr.isatty():
        os.write(2, b"\x1b[?25h\n")  # the cursor, which a bar hides
    remove_temporary_folders()
    os._exit(128 + number)
