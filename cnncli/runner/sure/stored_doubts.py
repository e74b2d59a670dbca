"""`unknown.npz`: what tells doubtful images of a run; the file may come from a stranger."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnncli.errors import RunError
from cnncli.inference.exported import fingerprint
from cnncli.insight.unknown import MOST_NUMBERS, Doubts, Head, Likeness
from cnncli.runner.open_run import OpenRun
from cnncli.runs import verified_weights
from cnncli.runs.hashes import sha256_of
from cnncli.runs.untrusted import Unreadable, read_bytes

FILE = "unknown.npz"
"""The file of a run that holds it."""

_MOST_KNOWN = 100_000
_LIMIT = 16 * MOST_NUMBERS


@dataclass(frozen=True)
class StoredDoubts:
    """What tells doubtful images, and the scores of the test images, which are known.

    Args:
        doubts: Thresholds, and what the training images are like.
        known: Confidence and unlikeness of the test images, or a sample of them, float32, shape `(2, images)`.
    """

    doubts: Doubts
    known: np.ndarray

    def words(self, features: np.ndarray) -> list[str]:
        """As `Doubts.words`.

        Raises:
            RunError: The file was made for another network.
        """
        self._require(features)
        return self.doubts.words(features)

    def scores(self, features: np.ndarray) -> np.ndarray:
        """As `Doubts.scores`; raises as `words`."""
        self._require(features)
        return self.doubts.scores(features)

    def _require(self, features: np.ndarray) -> None:
        if features.shape[1] != len(self.doubts.likeness.origin):
            raise RunError(f"{FILE} of this run is damaged: it is of another network", "delete it, to measure it again")


def stored_doubts(run: OpenRun) -> StoredDoubts | None:
    """Reads the file; None where there is none, it is damaged, or of other weights, classes or preprocessing."""
    path = run.path / FILE
    if not path.exists():
        return None
    try:
        content = read_bytes(path, _LIMIT)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
                return None
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            stored = _checked({name: arrays[name] for name in arrays.files}, len(run.class_names))
            is_current = arrays["identity"].tobytes() == _identity(run)
    except (Unreadable, ValueError, TypeError, KeyError, OSError, MemoryError, zipfile.BadZipFile):
        return None
    return stored if is_current else None


def write_doubts(run: OpenRun, stored: StoredDoubts, path: Path) -> None:
    """Writes such a file, as arrays without pickles."""
    doubts, likeness = stored.doubts, stored.doubts.likeness
    places = np.linspace(0, stored.known.shape[1] - 1, min(stored.known.shape[1], _MOST_KNOWN)).astype(np.int64)
    with path.open("wb") as file:
        np.savez(
            file,
            allow_pickle=False,
            identity=np.frombuffer(_identity(run), np.uint8),
            kernel=likeness.head.kernel,
            bias=likeness.head.bias,
            origin=likeness.origin,
            directions=likeness.directions,
            numbers=np.array([likeness.scale, likeness.images, doubts.least_confidence, doubts.most_unlikeness]),
            known=stored.known[:, places],
        )


def _identity(run: OpenRun) -> bytes:
    """What the file belongs to: the best weights as they were trained, classes and preprocessing."""
    weights = sha256_of(verified_weights(run.folder))
    return hashlib.sha256(f"{weights} {fingerprint(run)}".encode()).digest()


def _checked(arrays: dict[str, np.ndarray], classes: int) -> StoredDoubts:
    """The contents of a file; raises a ValueError if they do not fit each other."""
    kernel, bias, origin, directions = (arrays[name] for name in ("kernel", "bias", "origin", "directions"))
    numbers, known = arrays["numbers"], arrays["known"]
    width = len(origin)
    fit = (
        all(each.dtype == np.float32 and np.isfinite(each).all() for each in (kernel, bias, origin, directions, known))
        and (kernel.shape, bias.shape, origin.shape) == ((width, classes), (classes,), (width,))
        and directions.shape[:1] == (width,)
        and directions.ndim == known.ndim == 2
        and len(known) == 2
        and known.shape[1] > 0
        and (numbers.dtype, numbers.shape) == (np.float64, (4,))
        and np.isfinite(numbers).all()
    )
    if not fit:
        raise ValueError("its arrays do not fit each other")
    scale, images, confidence, unlikeness = numbers.tolist()
    likeness = Likeness(Head(kernel, bias), origin, directions, scale, int(images))
    return StoredDoubts(Doubts(likeness, confidence, unlikeness), known)
