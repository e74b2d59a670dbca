"""Images that wait for a network, and the thread that runs it.

Threads of a pool decode; one thread gives what they have decoded to the network, as many images at a time as there are.
It waits for others only while some are being decoded, and for two thousandths of a second at most. It decodes small
files itself, which takes less time than to hand them over.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnncli.machine import usable_cores
from cnncli.serve.limits import Limits
from cnncli.serve.metrics import Metrics
from cnncli.serve.refusals import BUSY, Refused

if TYPE_CHECKING:
    import numpy as np

    from cnncli.serve.images import Unread
    from cnncli.serve.served import Model


@dataclass
class _Job:
    """The images of one request."""

    model: Model
    answered: asyncio.Future[list[np.ndarray]]
    waiting: int  # images without an answer
    results: list[np.ndarray]
    problems: dict[int, Exception] = field(default_factory=dict)


@dataclass
class _Image:
    job: _Job
    number: int
    read: Callable[[], np.ndarray] | None
    pixels: np.ndarray | None = None

    def decode(self) -> bool:
        """Decodes it, unless that was done; whether it has pixels now."""
        if self.read is not None:
            try:
                self.pixels = self.read()
            except Exception as problem:
                self.job.problems[self.number] = problem
            self.read = None  # and with it the file
        return self.pixels is not None


_SMALL = 1 << 14
"""Bytes of a file that is decoded by the thread of the network."""


class Batches:
    """Classifies images; to be used in one event loop.

    Args:
        limits: Size of a batch, of the queue, and how long an image waits.
        metrics: Where batches and the queue are counted.
    """

    def __init__(self, limits: Limits, metrics: Metrics) -> None:
        self._limits, self._metrics = limits, metrics
        self._decoders = ThreadPoolExecutor(usable_cores(), thread_name_prefix="decode")
        self._changed = threading.Condition()
        self._ready: deque[_Image] = deque()  # decoded, or small
        self._coming = 0  # images that are not decoded yet
        self._accepted = 0  # images without an answer; of the event loop's thread
        self._ended = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)
        self._thread.start()

    async def probabilities(
        self, model: Model, unread: Sequence[Unread], is_accepted: bool = False
    ) -> list[np.ndarray]:
        """Probabilities of the classes, float32 `(classes,)`, for each image.

        Args:
            model: What classifies.
            unread: The images.
            is_accepted: Whether they belong to a request most of which is done, so that they wait in any case.

        Raises:
            Refused: The queue is full, or an image cannot be read.
        """
        if not is_accepted and self._accepted + len(unread) > self._limits.queue:
            raise Refused(429, "too many images are waiting; try again in a second", BUSY)
        job = _Job(model, self._loop.create_future(), len(unread), [None] * len(unread))  # type: ignore[list-item]
        self._accepted += len(unread)
        self._metrics.waiting.set(self._accepted)
        small: list[_Image] = []
        large: list[_Image] = []
        for number, each in enumerate(unread):
            (large if each.size > _SMALL else small).append(_Image(job, number, each.read))
        with self._changed:
            self._coming += len(large)
            self._ready.extend(small)
            self._changed.notify()
        for image in large:
            self._decoders.submit(self._decode, image)
        return await asyncio.shield(job.answered)

    def close(self) -> None:
        """Ends the threads; images that wait get no answer."""
        self._decoders.shutdown(wait=False, cancel_futures=True)
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _decode(self, image: _Image) -> None:
        """In a thread of the pool."""
        if not image.decode():
            self._hand_over([(image, None)])
        with self._changed:
            self._coming -= 1
            if image.pixels is not None:
                self._ready.append(image)
            self._changed.notify()

    def _run(self) -> None:
        """The thread of the networks."""
        while batch := self._next():
            readable = [image for image in batch if image.decode()]
            found: Sequence[np.ndarray | None] = []
            try:
                if readable:
                    found = [*batch[0].job.model.probabilities([image.pixels for image in readable])]  # type: ignore[misc]
                    self._metrics.batches.observe(len(readable))
            except Exception as error:
                for image in readable:
                    image.job.problems[image.number] = error
                found = [None] * len(readable)
            results = [*zip(readable, found, strict=True), *((each, None) for each in batch if each.pixels is None)]
            self._hand_over(results)

    def _hand_over(self, results: Sequence[tuple[_Image, np.ndarray | None]]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._deliver, results)

    def _next(self) -> list[_Image]:
        """The next images for one network; empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._ended)
            end = time.monotonic() + self._limits.batch_seconds
            while self._coming and len(self._ready) < self._limits.batch and not self._ended:
                if not self._changed.wait(max(0, end - time.monotonic())):
                    break
            if self._ended:
                return []
            model = self._ready[0].job.model
            batch: list[_Image] = []
            others: list[_Image] = []
            while self._ready and len(batch) < self._limits.batch:
                each = self._ready.popleft()
                (batch if each.job.model is model else others).append(each)
            self._ready.extendleft(reversed(others))
            return batch

    def _deliver(self, results: Sequence[tuple[_Image, np.ndarray | None]]) -> None:
        """In the event loop: hands images their probabilities, None for those that have none."""
        for image, one in results:
            job = image.job
            if one is not None:
                job.results[image.number] = one
            job.waiting -= 1
            if job.waiting or job.answered.done():
                continue
            if job.problems:
                job.answered.set_exception(_first(job.problems))
            else:
                job.answered.set_result(job.results)
        self._accepted -= len(results)
        self._metrics.waiting.set(self._accepted)


def _first(problems: dict[int, Exception]) -> Exception:
    """The problem of the first image that has one, and how many others have; a fault of the server before all."""
    first = problems[min(problems)]
    if faults := [problem for problem in problems.values() if not isinstance(problem, Refused)]:
        return faults[0]
    others = len(problems) - 1
    more = f"; {others} more cannot be read either" if others else ""
    return Refused(first.status, f"{first.sentence}{more}") if isinstance(first, Refused) else first
