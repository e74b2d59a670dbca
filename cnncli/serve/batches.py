"""Images that wait for a network, and the thread that runs it.

Threads of a pool decode; one thread gives what they have decoded to the network, as many images at a time as there are.
It waits for others only while some are being decoded, and for two thousandths of a second at most.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnncli.machine import usable_cores
from cnncli.serve.images import pixels_of
from cnncli.serve.limits import Limits
from cnncli.serve.metrics import Metrics
from cnncli.serve.refusals import BUSY, Refused

if TYPE_CHECKING:
    import numpy as np

    from cnncli.serve.served import Model


@dataclass
class _Job:
    """The images of one request."""

    model: Model
    answered: asyncio.Future[list[np.ndarray]]
    waiting: int  # images without an answer
    results: list[np.ndarray]
    problems: dict[int, Refused] = field(default_factory=dict)


@dataclass
class _Decoded:
    job: _Job
    number: int
    pixels: np.ndarray


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
        self._decoded: deque[_Decoded] = deque()
        self._coming = 0  # images that are not decoded yet
        self._accepted = 0  # images without an answer; of the event loop's thread
        self._ended = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)
        self._thread.start()

    async def probabilities(self, model: Model, files: Sequence[bytes]) -> list[np.ndarray]:
        """Probabilities of the classes, float32 `(classes,)`, for each image file.

        Raises:
            Refused: The queue is full, or an image cannot be read.
        """
        if self._accepted + len(files) > self._limits.queue:
            raise Refused(429, "too many images are waiting; try again in a second", BUSY)
        job = _Job(model, self._loop.create_future(), len(files), [None] * len(files))  # type: ignore[list-item]
        self._accepted += len(files)
        self._metrics.waiting.set(self._accepted)
        with self._changed:
            self._coming += len(files)
        names = ["the image"] if len(files) == 1 else [f"image {number}" for number in range(1, len(files) + 1)]
        for number, file in enumerate(files):
            self._decoders.submit(self._decode, job, number, file, names[number])
        return await asyncio.shield(job.answered)

    def close(self) -> None:
        """Ends the threads; images that wait get no answer."""
        self._decoders.shutdown(wait=False, cancel_futures=True)
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _decode(self, job: _Job, number: int, file: bytes, name: str) -> None:
        try:
            decoded = _Decoded(job, number, pixels_of(file, job.model.image, name))
        except Refused as problem:
            job.problems[number] = problem
            decoded = None
        except BaseException as error:
            self._fail([job], error)
            decoded = None
        with self._changed:
            self._coming -= 1
            if decoded:
                self._decoded.append(decoded)
            self._changed.notify()
        if decoded is None:
            self._loop.call_soon_threadsafe(self._deliver, [(job, number, None)])

    def _run(self) -> None:
        """The thread of the networks."""
        while batch := self._next():
            model = batch[0].job.model
            try:
                found: Sequence[np.ndarray | None] = [*model.probabilities([each.pixels for each in batch])]
            except BaseException as error:
                self._fail([each.job for each in batch], error)
                found = [None] * len(batch)
            self._metrics.batches.observe(len(batch))
            results = [(each.job, each.number, one) for each, one in zip(batch, found, strict=True)]
            self._loop.call_soon_threadsafe(self._deliver, results)

    def _next(self) -> list[_Decoded]:
        """The next images for one network; empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._decoded or self._ended)
            end = time.monotonic() + self._limits.batch_seconds
            while self._coming and len(self._decoded) < self._limits.batch and not self._ended:
                if not self._changed.wait(max(0, end - time.monotonic())):
                    break
            if self._ended:
                return []
            model = self._decoded[0].job.model
            batch: list[_Decoded] = []
            others: list[_Decoded] = []
            while self._decoded and len(batch) < self._limits.batch:
                each = self._decoded.popleft()
                (batch if each.job.model is model else others).append(each)
            self._decoded.extendleft(reversed(others))
            return batch

    def _deliver(self, results: Sequence[tuple[_Job, int, np.ndarray | None]]) -> None:
        """In the event loop: hands images their probabilities, None for those that have none."""
        for job, number, one in results:
            if one is not None:
                job.results[number] = one
            job.waiting -= 1
            if job.waiting or job.answered.done():
                continue
            if job.problems:
                job.answered.set_exception(_first(job.problems))
            else:
                job.answered.set_result(job.results)
        self._accepted -= len(results)
        self._metrics.waiting.set(self._accepted)

    def _fail(self, jobs: Sequence[_Job], error: BaseException) -> None:
        self._loop.call_soon_threadsafe(_fail, jobs, error)


def _fail(jobs: Sequence[_Job], error: BaseException) -> None:
    for job in jobs:
        if not job.answered.done():
            job.answered.set_exception(error)


def _first(problems: dict[int, Refused]) -> Refused:
    """The problem of the first image that has one, and how many others have."""
    first = problems[min(problems)]
    others = len(problems) - 1
    more = f"; {others} more cannot be read either" if others else ""
    return Refused(first.status, f"{first.sentence}{more}")
