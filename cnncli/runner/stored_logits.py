"""The logits that a run keeps of its test and validation images; the file may come from a stranger."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnncli.errors import RunError
from cnncli.report.logits import MOST_LOGITS
from cnncli.runs.untrusted import Unreadable, read_bytes

if TYPE_CHECKING:
    from cnncli.runner.open_run import OpenRun

FILE = "logits.npz"
"""The file of a run that holds them."""


@dataclass(frozen=True)
class StoredLogits:
    """Logits of the images of a split, or of a sample of them.

    Args:
        logits: What the softmax of makes the probabilities, shape `(images, classes)`, float32.
        labels: True classes as indices, shape `(images,)`, int64.
        images: Place of each image in the split, ascending, shape `(images,)`, int64.
    """

    logits: np.ndarray
    labels: np.ndarray
    images: np.ndarray


def stored_logits(run: OpenRun, split: str) -> StoredLogits | None:
    """Reads the logits of a split; None where the run has none, such as one of an older version.

    Raises:
        RunError: The file is damaged.
    """
    path, classes = run.path / FILE, len(run.class_names)
    if not path.exists():
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(read_bytes(path, 16 * MOST_LOGITS))) as archive:
            if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
                raise ValueError("it is compressed")
        with np.load(path, allow_pickle=False) as arrays:
            if split not in arrays:
                return None
            logits, labels, images = arrays[split], arrays[f"{split}_labels"], arrays[f"{split}_images"]
        fit = logits.dtype == np.float32 and logits.shape == (len(labels), classes) and labels.shape == images.shape
        if not fit or labels.dtype != np.int32 or images.dtype != np.int32 or not np.isin(labels, range(classes)).all():
            raise ValueError("its arrays do not fit the classes of the run")
    except (Unreadable, ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise RunError(f"'{path}' is damaged: {error}", f"write it again: cnncli evaluate {run.path} --write") from None
    return StoredLogits(logits, labels.astype(np.int64), images.astype(np.int64))
