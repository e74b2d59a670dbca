"""The images of a training, ready to be read; where possible they are loaded while TensorFlow starts."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any

from cnncli.data.sources.builtin import DOWNLOADS
from cnncli.data.sources.published.download import download_dir
from cnncli.errors import CnncliError
from cnncli.isolation import isolated_images
from cnncli.notices import Notice, Progress
from cnncli.observer import TrainingObserver
from cnncli.runner.inputs.class_check import require_fitting_spec
from cnncli.runner.inputs.size_findings import warn_about_sizes
from cnncli.runner.inputs.source_check import load_readable_splits
from cnncli.runner.inputs.splits import Splits, all_files, decoded
from cnncli.runner.inputs.streamed import is_streamed
from cnncli.spec.schema import Data, Spec
from cnncli.spec.sections.sources import Source

TrainingImages = Callable[[Spec, TrainingObserver], tuple[Splits, Splits]]
"""Gives the images of a spec as their source has them, and the same from the cache."""

_LONGEST = 1.0  # seconds that an abandoned thread gets to end at its next event


def checked_images(spec: Spec, notice: Notice, before: Callable[[Splits], object] = lambda splits: None) -> Splits:
    """Loads and divides the images of a spec, and reads the headers of its files; pixels are not decoded.

    Args:
        spec: A checked spec.
        notice: Receives a line about whatever is left out or looks wrong.
        before: Receives the images before any header is read.

    Raises:
        DataError: Images are missing, cannot be read, or cannot be divided as the spec asks.
        SpecError: The spec has weights for classes that there are none of, or a network that does not fit.
        ResourceError: The images do not fit into memory.
    """
    splits = load_readable_splits(spec.data, spec.seed, notice, before)
    require_fitting_spec(spec, splits.shape, splits.class_names)
    warn_about_sizes(spec, splits, notice)
    return splits


def training_images(spec: Spec, observer: TrainingObserver) -> tuple[Splits, Splits]:
    """The images of a spec as their source has them, and the same from the cache.

    Raises:
        CnncliError: As `checked_images` and `decoded` do.
    """
    return _loaded(spec, observer.on_notice, observer.on_decoding)


@contextlib.contextmanager
def images_ahead(spec: Spec) -> Iterator[TrainingImages]:
    """Inside, the images of a spec are loaded on a thread of its own, so that TensorFlow starts meanwhile.

    What there is to tell and what goes wrong with them reaches whoever asks for them, when they are asked for. If
    TensorFlow runs already, or a server is to be asked, they are only loaded then.
    """
    if "cnncli.startup" in sys.modules or not is_here(spec.data.source):
        yield training_images
        return
    # What the thread would import of C waits while TensorFlow's libraries are loaded, and all of Python with it
    import mmap  # noqa: F401

    import numpy.random  # noqa: F401

    import cnncli.data.decode.readers.png  # noqa: F401

    ahead = _ImagesAhead(spec)
    try:
        yield ahead
    finally:
        ahead.abandon()


def is_here(source: Source) -> bool:
    """Whether no server has to be asked for the images."""
    if source.name == "tfds":
        return False
    return all((download_dir() / file.place).is_file() for file in DOWNLOADS.get(source.name, ()))


def _loaded(spec: Spec, notice: Notice, progress: Progress) -> tuple[Splits, Splits]:
    source = checked_images(spec, notice, lambda splits: _decode_ahead(splits, spec.data, progress, notice))
    return source, decoded(source, spec.data, progress, notice)


def _decode_ahead(splits: Splits, data: Data, progress: Progress, notice: Notice) -> None:
    """Decodes images in tar shards on a server into the cache, if they fit there: each shard while the next ones come.

    Whatever goes wrong does so again when they are checked and asked for, and is told then.
    """
    files = all_files(splits)
    if files is None or files.shards is None or not data.caches_on_disk:
        return
    if not is_streamed(files, data.cache):
        with contextlib.suppress(CnncliError):
            decoded(splits, data, progress, notice)


class _Abandoned(BaseException):
    """Raised in the thread whose images nobody will ask for."""


class _ImagesAhead:
    """Images that a thread loads; its events wait for an observer."""

    def __init__(self, spec: Spec) -> None:
        self._events: SimpleQueue[tuple[str, tuple[Any, ...]] | None] = SimpleQueue()
        self._result: tuple[Splits, Splits] | BaseException = _Abandoned()
        self._is_abandoned = False
        self._thread = Thread(target=self._load, args=(spec,), daemon=True)
        self._thread.start()

    def __call__(self, spec: Spec, observer: TrainingObserver) -> tuple[Splits, Splits]:
        while (event := self._events.get()) is not None:
            name, values = event
            getattr(observer, name)(*values)
        if isinstance(self._result, BaseException):
            raise self._result
        return self._result

    def abandon(self) -> None:
        """Ends the thread at its next event, which leaves no unfinished file in the cache."""
        self._is_abandoned = True
        self._thread.join(_LONGEST)

    def _load(self, spec: Spec) -> None:
        try:
            with isolated_images():
                self._result = _loaded(spec, partial(self._tell, "on_notice"), partial(self._tell, "on_decoding"))
        except BaseException as error:
            self._result = error
        self._events.put(None)

    def _tell(self, event: str, *values: Any) -> None:
        if self._is_abandoned:
            raise _Abandoned
        self._events.put((event, values))
