"""Images → answers, a batch at a time, while the next ones are decoded in threads."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from cnncli.data.decode.image import read_image
from cnncli.data.threads import is_quick
from cnncli.errors import DataError
from cnncli.machine import usable_cores
from cnncli.runner.answers.answers import Answers, Refused, on_one_line, ranked
from cnncli.runner.answers.images import ImageList
from cnncli.runner.answers.job import Noted, added
from cnncli.runner.background import background_notes

if TYPE_CHECKING:
    from cnncli.runner.open_run import OpenRun
    from cnncli.runner.sure.class_sets import RunSets
    from cnncli.runner.sure.stored_doubts import StoredDoubts

BATCH = 64
"""Images that an engine gets at a time, always: a shorter batch is filled up with black ones.

So an answer does not depend on how many images there are, on which of them a shard has, or on where a killed command
stopped. The answer for an image has the same bits whatever its neighbours are and wherever it stands among them; in
TensorFlow it does not when their number differs.
"""

_AHEAD = 2
"""Decoded batches that may wait for the engine, beside those that are being decoded."""

Compute = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]
"""Makes probabilities, and embeddings if they are asked for, of `BATCH` images; see `Engine.probabilities`."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Piece:
    """What became of some images: answers, those that cannot be read, and warnings about some."""

    images: int
    answers: Answers
    refused: list[Refused]
    notes: Mapping[str, Noted]


@dataclass(frozen=True)
class Settings:
    """What is to be answered: see `cnncli.Run.predict_to`."""

    top_k: int = 1
    probabilities: bool = False
    embeddings: bool = False
    invert: bool = False
    coverage: float | None = None
    tta: bool = False
    unknown: bool = False

    @property
    def features(self) -> bool:
        """Whether the inputs of the last layer are needed."""
        return self.embeddings or self.unknown


@dataclass(frozen=True)
class _Batch:
    positions: list[int]
    names: list[str]
    pixels: np.ndarray  # uint8, (BATCH, height, width, channels)
    refused: list[Refused]
    notes: Mapping[str, Noted]


class Reader:
    """Decodes the images of a list as a run takes them."""

    def __init__(self, images: ImageList, run: OpenRun, invert: bool) -> None:
        self._images, self._invert = images, invert
        self._format, self._record = run.input_format, run.data_record

    def batches(self, positions: np.ndarray) -> Iterator[_Batch]:
        """The images at these positions, decoded in as many threads as are quickest; of none an empty batch."""
        chunks = (positions[start : start + BATCH].tolist() for start in range(0, max(len(positions), 1), BATCH))
        for chunk in islice(chunks, 1):
            yield self._batch(chunk)  # the first also loads what decodes
        threads = 1
        for chunk in islice(chunks, 1):
            began, computed = time.perf_counter(), time.thread_time()
            batch = self._batch(chunk)
            if not is_quick(time.perf_counter() - began, time.thread_time() - computed, len(chunk)):
                threads = usable_cores()
            yield batch
        yield from _ahead(self._batch, chunks, threads)

    def _batch(self, positions: list[int]) -> _Batch:
        readable, names, refused = list[int](), list[str](), list[Refused]()
        pixels = np.zeros((BATCH, *self._format.shape), np.uint8)
        for position in positions:
            name = on_one_line(self._images.name(position))
            try:
                values = read_image(self._images.path(position), self._format, name)
            except DataError as error:
                reason = f"{error.message}; {error.hint}" if error.hint else error.message
                refused.append(Refused(position, name, reason))
                continue
            pixels[len(readable)] = 255 - values if self._invert else values
            readable.append(position)
            names.append(name)
        notes = background_notes(pixels[: len(readable)], self._record, self._invert)
        noted = dict[str, Noted]()
        for note, position, name in zip(notes, readable, names, strict=True):
            if note:
                noted = added(noted, {note: Noted(1, position, name)})
        return _Batch(readable, names, pixels, refused, noted)


def answered(
    reader: Reader,
    positions: np.ndarray,
    compute: Compute,
    settings: Settings,
    sets: RunSets | None,
    doubts: StoredDoubts | None,
) -> Iterator[Piece]:
    """The answers for the images at these positions, in order."""
    for batch in reader.batches(positions):
        count = len(batch.positions)
        probabilities, embeddings = compute(batch.pixels)
        probabilities = probabilities[:count]  # (images, classes)
        classes = ranked(probabilities, settings.top_k)  # (images, top_k)
        answers = Answers(
            np.array(batch.positions, np.int64),
            batch.names,
            classes,
            np.take_along_axis(probabilities, classes, axis=1),
            probabilities if settings.probabilities else None,
            embeddings[:count] if embeddings is not None and settings.embeddings else None,
            None if sets is None else sets.members(probabilities),
            None if doubts is None or embeddings is None else doubts.words(embeddings[:count]),
        )
        yield Piece(count + len(batch.refused), answers, batch.refused, batch.notes)


def _ahead(work: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """The results in order, worked out in threads, but never more of them than can wait."""
    waiting = deque[Future[Result]]()
    with ThreadPoolExecutor(threads, thread_name_prefix="decode") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= threads + _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
