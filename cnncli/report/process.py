"""Makes the artefacts of a run in a process of its own, so that a training neither waits for them nor for matplotlib.

The process has no TensorFlow: what it needs of the network it asks for. It sends files, and only the training writes
into the run; when the training dies, the process ends.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Container, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.environment import is_claimed
from cnncli.records import History
from cnncli.report.artifacts import EvaluationData, Moment, StartData, Write, artifact_names, write_artifacts
from cnncli.report.serving import Asked, Known

if TYPE_CHECKING:
    from cnncli.report.page.template import Explain

Data = StartData | History | EvaluationData
LeftOut = Callable[[str, str], None]
"""Receives the name of an artefact that does not apply, and why."""

LARGEST = 200_000_000
"""Bytes of answers that are sent to the process; of more, the copy would take longer than the plots."""

PATIENCE = 2.0
"""Seconds that the process gets to notice that nobody needs its files any more."""

_PROGRAM = """\
import gc, sys
gc.disable()
sys.path.insert(0, sys.argv[1])
from cnncli.report.serving import serve
serve(int(sys.argv[2]))
"""


class Reports:
    """Makes artefacts when they are asked for."""

    def begin(
        self, when: Moment, data: Data, write: Write, skip: Container[str] = (), left_out: LeftOut = lambda *_: None
    ) -> None:
        """Begins with the artefacts of a moment, as `write_artifacts` has them; they may be there only after `settle`.

        Raises:
            CnncliError: What the data or the disk raises; perhaps only in `settle`.
        """
        for name, reason in write_artifacts(when, data, write, skip).items():
            left_out(name, reason)

    def settle(self, wait: bool = True) -> None:
        """Writes artefacts that were begun: all of them, or those that are ready."""


@contextlib.contextmanager
def reports_beside(explain: Explain) -> Iterator[Reports]:
    """Inside, artefacts are made in a process of its own, where this one is cnncli's alone and can start another.

    `explain`, a function of a module, explains words of the glossary: the process reads that before it is needed.
    """
    reports = None
    if is_claimed() and os.name == "posix":
        with contextlib.suppress(OSError):
            reports = _ReportsBeside(explain)
    try:
        yield reports or Reports()
    finally:
        if reports:
            reports.close()


@dataclasses.dataclass
class _Order:
    """Artefacts of a moment that were begun."""

    when: Moment
    data: Data
    write: Write
    skip: Sequence[str]
    left_out: LeftOut
    written: set[str] = dataclasses.field(default_factory=set)

    def call(self, name: str, *values: Any) -> Any:
        """What the process asks for: a function of the data, or of what it says of the run."""
        assert isinstance(self.data, EvaluationData)
        return getattr(self.data if name == "images" else self.data.run, name)(*values)


class _ReportsBeside(Reports):
    """Has a process make the artefacts; does so itself when that process is gone."""

    def __init__(self, explain: Explain) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            package = str(Path(__file__).parents[2])
            number = str(theirs.fileno())
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _PROGRAM, package, number],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for the training, which asks for the rest
            )
        self._connection: Connection | None = Connection(ours.detach())
        self._orders: deque[_Order] = deque()
        self._send(explain)

    def begin(
        self, when: Moment, data: Data, write: Write, skip: Container[str] = (), left_out: LeftOut = lambda *_: None
    ) -> None:
        skipped = [name for name in artifact_names(when) if name in skip]
        self._orders.append(_Order(when, data, write, skipped, left_out))
        if _size(data) > LARGEST:
            self._give_up()
        self._send((when, _sendable(data), skipped))

    def settle(self, wait: bool = True) -> None:
        try:
            while self._orders and (self._connection is None or wait or self._connection.poll()):
                self._take(self._orders[0])
        except BaseException:  # in the middle of a message, or of an answer that the process waits for
            self.close()
            self._orders.clear()
            raise

    def close(self) -> None:
        """Ends the process; one that is at work removes its temporary files before."""
        self._give_up()
        if self._orders:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE)
        self._process.kill()
        self._process.wait()

    def _take(self, order: _Order) -> None:
        """Takes the next message on an order, or makes the rest of its artefacts here."""
        kind, values = "gone", list[Any]()
        with contextlib.suppress(OSError, EOFError):
            if self._connection is not None:
                kind, *values = self._connection.recv()
        if kind == "file":
            name, content = values
            with order.write(name) as path:
                path.write_bytes(content)
            order.written.add(name)
        elif kind == "call":
            self._send(order.call(*values))
        elif kind == "done":
            self._orders.popleft()
            left_out, known = values
            vars(order.data).update(known)
            for name, reason in left_out.items():
                order.left_out(name, reason)
        else:
            self._give_up()
            self._orders.popleft()
            super().begin(order.when, order.data, order.write, {*order.skip, *order.written}, order.left_out)

    def _send(self, message: Any) -> None:
        if self._connection is not None:
            try:
                self._connection.send(message)
            except OSError:
                self._give_up()

    def _give_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _size(data: Data) -> int:
    """Bytes of the answers in data."""
    if not isinstance(data, EvaluationData):
        return 0
    evaluations = [each for each in (data.evaluation, data.validation) if each is not None]
    return sum(2 * each.probabilities.nbytes for each in evaluations)


def _sendable(data: Data) -> Data:
    """The data without functions: what is small as it is, the rest as something that is asked for."""
    if isinstance(data, StartData):
        return dataclasses.replace(data, images=Known(data.images()), summary=Known(data.summary()))
    if isinstance(data, EvaluationData):
        run = data.run and dataclasses.replace(data.run, heat_maps=Asked("heat_maps"))
        return dataclasses.replace(data, images=Asked("images"), run=run)
    return data
