"""The processes of a training while it runs: they exchange values between steps, and end together.

Every process has a connection to that of rank 0. Values pass over it only where all processes come by at the same
step. Threads beside the training say every second that a process is there, and hear what the others say; a process that
has gone, or is silent, ends all of them, whatever they are waiting for.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Self

from cnncli.errors import Interrupted, WorkerLost, brief
from cnncli.notices import Notice
from cnncli.observer import TrainingObserver
from cnncli.temporary import remove_temporary_folders
from cnncli.wording import in_shell
from cnncli.workers.addresses import Workers
from cnncli.workers.agreement import Difference
from cnncli.workers.channel import SILENCE, Connection, Message
from cnncli.workers.links import Links
from cnncli.workers.together import TogetherObserver

BEAT = 1.0
"""Seconds between two messages that say that a process is there."""

PATIENCE = 10.0
"""Seconds after which a process says for whom it waits."""

GRACE = 20.0
"""Seconds after which a process that hangs in TensorFlow is ended when another one is lost."""

_NEWS = 3.0
"""Seconds in which the loss of a process is heard of, once TensorFlow has noticed it."""


class Alone:
    """A training in one process."""

    workers: Workers | None = None
    rank, count = 0, 1

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run."""
        return not self.rank

    def exchange(self, value: Any) -> list[Any]:
        """The values that all processes give, by rank; a process waits until the last has given its own."""
        return [value]

    def agreed(self, numbers: Sequence[float]) -> list[float]:
        """The numbers of rank 0."""
        numbers = self.exchange(list(numbers))[0]
        return list(numbers)

    def require_same(self, value: Any, otherwise: Callable[[int], Difference]) -> None:
        """Raises the error of a `Difference`, in every process alike, if one has another value than rank 0."""
        values = self.exchange(value)
        for rank, other in enumerate(values):
            if other != values[0]:
                raise otherwise(rank).error()

    def observing(self, observer: TrainingObserver) -> TrainingObserver:
        """The observer, with one answer for all processes where it is asked."""
        return observer

    def explaining(self, *kinds: type[Exception]) -> AbstractContextManager[object]:
        """Inside, errors of TensorFlow that follow from the loss of a process are a `WorkerLost`."""
        del kinds
        return contextlib.nullcontext()

    def open(self, run: str, record: Callable[[str], None]) -> None:
        """The run folder is there; `record` writes into it why the training was interrupted."""

    def release(self) -> None:
        """From now on the processes do nothing together."""


ALONE = Alone()


class Group(Alone):
    """The processes of a training that have met; inside a `with` they end together.

    Args:
        workers: All of them.
        connections: To rank 0, or from there to all others.
        links: To all others, for vectors within steps.
        notice: Receives a line on whom this process waits for.

    Attributes:
        run: Path of the run, on the machine of rank 0; empty before there is one.
        hint: What to do after the loss of a process.
        on_open: Called with that path.
        strategy: What TensorFlow makes of the group; None before that.
    """

    def __init__(self, workers: Workers, connections: Mapping[int, Connection], links: Links, notice: Notice) -> None:
        self.workers: Workers = workers
        self.rank, self.count, self.links = workers.rank, len(workers.addresses), links
        self.run, self.hint = "", "start every rank again"
        self.strategy: Any = None
        self.on_open: Callable[[str], None] = lambda run: None
        self._record: Callable[[str], None] = lambda reason: None
        self._connections, self._notice = dict(connections), notice
        self._inbox: dict[int, queue.SimpleQueue[Message | None]] = {rank: queue.SimpleQueue() for rank in connections}
        self._heard = dict.fromkeys(connections, time.monotonic())
        self._lock, self._telling, self._reason = threading.Lock(), threading.Lock(), ""
        self._over = self._noticed = self._closed = self._dismissed = False

    def __enter__(self) -> Self:
        for rank in self._connections:
            threading.Thread(target=self._listen, args=(rank,), daemon=True, name=f"rank {rank}").start()
        threading.Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._noticed = True
        if isinstance(error, Interrupted):
            error.run, error.options = self.run, self.workers.options
        try:
            if error is None and not self.is_chief:
                self._wait_for_the_end()
        finally:
            self._over = self._closed = True
            code = getattr(error, "exit_code", 1) if error is not None else 0
            self._tell_all("end", code=code, reason=_reason(error) if error is not None else "")
            for connection in self._connections.values():
                connection.close()
            self.links.close()

    def exchange(self, value: Any) -> list[Any]:
        """The values that all processes give, by rank; a process waits until the last has given its own."""
        if not self.is_chief:
            self._send(0, "value", value=value)
            values: list[Any] = self._next(0)["values"]
            return values
        values = [value, *(self._next(rank)["value"] for rank in range(1, self.count))]
        self._tell_all("values", values=values)
        return values

    def send_files(self, files: Mapping[str, bytes]) -> None:
        """Gives files to all others, by name."""
        for name, body in files.items():
            self._tell_all("file", body, name=name)
        self._tell_all("files")

    def receive_files(self) -> dict[str, bytes] | None:
        """The files that rank 0 gives; None if it has ended because nothing is to be done."""
        files: dict[str, bytes] = {}
        while (message := self._next(0))["kind"] == "file":
            files[str(message["name"])] = message.body
        return None if message["kind"] == "end" else files

    def observing(self, observer: TrainingObserver) -> TrainingObserver:
        """The observer, asked once for all processes."""
        return TogetherObserver(observer, self.exchange)

    @contextlib.contextmanager
    def explaining(self, *kinds: type[Exception]) -> Iterator[None]:
        """Inside, errors of the given kinds are a `WorkerLost` if a process is lost, or the connection to it."""
        try:
            yield
        except kinds as error:
            if type(error).__name__ == "ResourceExhaustedError":  # memory
                raise
            reason = self._reason_of(error)
            if not reason:
                raise
            raise self._lost(reason) from error

    def open(self, run: str, record: Callable[[str], None]) -> None:
        """The run folder is there, and is written by rank 0."""
        self.run = self.exchange(run)[0]
        self.hint = f"to continue, start every rank again: cnncli resume {in_shell(self.run)}{self.workers.options}"
        self._record = record
        self.on_open(self.run)

    def release(self) -> None:
        """Others may leave from now on, unless one of them has gone already."""
        self._over = self.is_chief

    def _reason_of(self, error: Exception) -> str:
        """Why TensorFlow failed; empty if that has nothing to do with other processes."""
        until = time.monotonic() + _NEWS
        while not self._reason and time.monotonic() < until:
            time.sleep(0.05)
        if self._reason:
            return self._reason
        rank, heard = min(self._heard.items(), key=lambda item: item[1])
        if (silent := time.monotonic() - heard) > 2 * BEAT:
            return f"{self.workers.name(rank)} has not answered for {silent:.0f} seconds"
        of_connection = type(error).__name__ in ("UnavailableError", "DeadlineExceededError", "AbortedError")
        failure = self.links.failure or (brief(error) if of_connection or "ollective" in str(error) else "")
        return f"the connection between the ranks failed: {failure}" if failure else ""

    def _lost(self, reason: str) -> WorkerLost:
        self._noticed = True
        return WorkerLost(reason, self.hint)

    def _next(self, rank: int) -> Message:
        """The next message of a process."""
        box, waits = self._inbox[rank], [PATIENCE]
        while True:
            try:  # what a process said before it was lost still counts
                message = box.get(not self._reason, waits.pop() if waits else None)
            except queue.Empty:
                if not self._reason:
                    self._notice(f"waiting for {self.workers.name(rank)}")
                message = None
            if message is not None:
                return message
            if self._reason:
                raise self._lost(self._reason)

    def _wait_for_the_end(self) -> None:
        """Waits, as one of the others, until rank 0 has written the results."""
        while not (self._dismissed or self._reason):
            self._inbox[0].get()
        if not self._dismissed:
            raise self._lost(self._reason)

    def _listen(self, rank: int) -> None:
        """Hears what a process says until it ends."""
        name = self.workers.name(rank)
        while True:
            try:
                message = self._connections[rank].receive()
            except TimeoutError:
                return self.lose(f"{name} has not answered for {SILENCE:.0f} seconds")
            except (OSError, EOFError, ValueError):
                return self.lose(f"{name} has gone: its process was ended, or its machine cannot be reached")
            self._heard[rank] = time.monotonic()
            if message["kind"] == "end" and message["code"]:
                return self.lose(f"{name} has ended: {message['reason']}" if message["reason"] else f"{name} has ended")
            self._dismissed = message["kind"] == "end"
            if message["kind"] != "beat":
                self._inbox[rank].put(message)
            if self._dismissed:
                return None

    def lose(self, reason: str) -> None:
        """Ends the training of this process, and of all others."""
        with self._lock:
            if self._reason or self._over:
                return
            self._reason = reason
        for box in self._inbox.values():
            box.put(None)
        if self.is_chief:
            self._tell_all("end", code=WorkerLost.exit_code, reason=reason)
        self.links.close()
        timer = threading.Timer(GRACE, self._give_up)
        timer.daemon = True
        timer.start()

    def _give_up(self) -> None:
        """Ends the process if its main thread has not: it waits for the other one in TensorFlow, perhaps for ever."""
        if self._noticed or self._over:
            return
        with contextlib.suppress(Exception):
            self._record(self._reason)
        with contextlib.suppress(OSError):
            os.write(2, f"error: {self._reason}\n{self.hint}\n".encode())
        remove_temporary_folders()
        os._exit(WorkerLost.exit_code)

    def _beat(self) -> None:
        while not self._closed:
            self._tell_all("beat")
            time.sleep(BEAT)

    def _tell_all(self, kind: str, body: bytes = b"", **values: Any) -> None:
        with self._telling:  # what one of them makes of it reaches no other before it
            for rank in self._connections:
                self._send(rank, kind, body, **values)

    def _send(self, rank: int, kind: str, body: bytes = b"", **values: Any) -> None:
        with contextlib.suppress(OSError):  # whoever listens hears that the other end has gone
            self._connections[rank].send(kind, body, **values)


def _reason(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt | Interrupted):
        return "interrupted"
    return str(getattr(error, "message", "")) or brief(error)
