"""A run that is served, and the engine that answers for it; replaced as a whole when its files change."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np

from cnncli.data.decode.input_format import InputFormat
from cnncli.errors import CnncliError, ResourceError, RunError, brief
from cnncli.inference import open_quickest
from cnncli.inference.exported import EXPORTS
from cnncli.inference.quickest import Quickest
from cnncli.notices import Notice
from cnncli.runner.open_run import OpenRun, Weights
from cnncli.runner.temperature import FILE as TEMPERATURE_FILE, temperature_for
from cnncli.runs import RunDir

_OWN_FILES = ("spec.yaml", "data.json", "weights.sha256", TEMPERATURE_FILE)

Stamp = tuple[tuple[str, int, int, int], ...]
"""What tells that files were replaced: name, inode, time and size of each."""


@dataclass(frozen=True, eq=False)
class Model:
    """What answers for a run: a request sees one of these from its first image to its last.

    Args:
        classes: Names of the classes in the order of the probabilities.
        image: How images are read.
        engine: What computes the probabilities; may be used by one thread at a time.
        own: Stamp of the files of the run when it was opened.
        exports: The same of its exports.
    """

    classes: tuple[str, ...]
    image: InputFormat
    engine: Quickest
    own: Stamp
    exports: Stamp

    def probabilities(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """float32 `(images, classes)` of pixels, each uint8 `(height, width, channels)`."""
        return self.engine.probabilities(np.stack(images))


class ServedRun:
    """A run under its name.

    Args:
        folder: The run.
        weights: `best` or `last`.
        engine: Name of its engine; None for the quickest ones.
        largest: Images of the largest batch.
        allow_changed_weights: Accept weights whose checksum does not match the run.
        notice: Receives warnings, and what becomes of changes.
        calibrated: Whether its temperature corrects the probabilities; as its spec says if None.

    Raises:
        RunError: The run is not finished or not complete.
    """

    def __init__(
        self,
        folder: RunDir,
        weights: Weights,
        engine: str | None,
        largest: int,
        allow_changed_weights: bool,
        notice: Notice,
        calibrated: bool | None = None,
    ) -> None:
        self.name = (folder.path if folder.path.name not in ("", "..") else folder.path.resolve()).name
        self._folder, self._weights, self._allow_changed = folder, weights, allow_changed_weights
        self._named, self._largest, self._calibrated = engine, largest, calibrated
        self._notice = notice
        state = folder.status().get("state")
        if state != "finished":
            hint = "wait until it ends" if state == "running" else f"continue it first: cnncli resume {folder.path}"
            raise RunError(f"'{folder.path}' is not finished: its state is {state}", hint)
        self._seen: tuple[Stamp, Stamp] | None = None

    model: Model

    @property
    def path(self) -> Path:
        """Folder of the run."""
        return self._folder.path

    def open(self) -> None:
        """Opens the engine.

        Raises:
            RunError: The run is not complete, its weights were changed, it has no temperature that is wanted, or it has
                no export, or not the named one, and TensorFlow is missing.
            ResourceError: TensorFlow cannot be started, or the runtime of the named engine is missing.
        """
        for _ in range(_TRIES):
            own, exports = self._stamps()
            run = OpenRun(self._folder)
            model = Model(run.class_names, run.input_format, self._engine(run), own, exports)
            if (own, exports) == self._stamps():  # else it may be half of one training and half of another
                self.model = model
                return
        raise RunError(f"'{self._folder.path}' is being written to", "wait until that ends")

    def _engine(self, run: OpenRun) -> Quickest:
        temperature = temperature_for(run, self._calibrated, self._weights, self._notice)

        def opened(name: str | None) -> Quickest:
            return open_quickest(
                run,
                name,
                self._largest,
                weights=self._weights,
                allow_changed_weights=self._allow_changed,
                notice=self._notice,
                temperature=temperature,
            )

        try:
            return opened(self._named)
        except ResourceError:
            if self._named is not None or find_spec("tensorflow") is not None:
                raise
            return opened("litert")  # which says why the run has no export that could answer

    def refresh(self) -> Literal["", "replaced", "failed"]:
        """Opens the run again if it has changed since, and nobody writes to it; until then the old one answers.

        Called now and then: files count as changed when they look the same twice.
        """
        seen, self._seen = self._seen, self._stamps()
        own, exports = self._seen
        if seen != self._seen or (own, exports) == (self.model.own, self.model.exports):
            return ""
        if not self._folder.is_finished() or any("/.tmp-" in name for name, *_ in exports):
            return ""
        if own == self.model.own and not exports:  # the export is gone; what was loaded of it answers the same
            return ""
        if self._seen == self._refused:
            return ""
        try:
            self.open()
        except (CnncliError, OSError, MemoryError) as error:
            self._refused = self._seen
            reason = error.message if isinstance(error, CnncliError) else brief(error)
            self._notice(f"warning: {self.name} has changed and cannot be opened: {reason}; the old one still answers")
            return "failed"
        self._notice(f"{self.name} has changed and was opened again ({self.model.engine.words})")
        return "replaced"

    _refused: tuple[Stamp, Stamp] | None = None

    def _stamps(self) -> tuple[Stamp, Stamp]:
        path = self._folder.path
        return _stamp([path / name for name in _OWN_FILES]), _stamp(sorted(path.glob(f"{EXPORTS}/*/*")))


_TRIES = 3


def _stamp(files: Sequence[Path]) -> Stamp:
    stamps = []
    for file in files:
        try:
            status = os.lstat(file)
        except OSError:
            continue
        stamps.append((str(file), status.st_ino, status.st_mtime_ns, status.st_size))
    return tuple(stamps)
