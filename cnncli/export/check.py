"""Whether an exported network answers as the run's own does, on every test image."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from cnncli.data.samples import FileSamples, LabelledImages
from cnncli.errors import NotExported
from cnncli.export.description import BOUND
from cnncli.export.network import PROBABILITIES, sensitivity
from cnncli.temporary import temporary_folder
from cnncli.wording import counted

if TYPE_CHECKING:
    import keras

_ROUNDING = 2.0**-16
"""Part of each weight that may change: a difference no larger than what follows from that counts as none, too.

float32 rounds to parts of 2⁻²⁴, float16 to parts of 2⁻¹¹. Runtimes add the same products in other orders, each of which
rounds otherwise, and sums of ten thousand products were seen to differ by parts of 2⁻¹⁷.
"""

_BATCH = 64
_WORST = 64  # images, those with the largest differences, from which the rounding is measured
_WRITTEN = 64  # images of a source without files that are written as PNGs for predict.py
_NORMAL = 1.96  # standard deviations on either side of a 95 % interval


@dataclass(frozen=True)
class Reference:
    """The test images of a run and what its network says of them in float32.

    Args:
        network: The network.
        samples: The images.
        probabilities: Shape `(images, classes)`, float32.
        recorded: The answer to each image in predictions.csv, as an index; None where it has others.
    """

    network: keras.Model
    samples: LabelledImages
    probabilities: np.ndarray
    recorded: np.ndarray | None

    @classmethod
    def of(cls, network: keras.Model, samples: LabelledImages, recorded: np.ndarray | None) -> Reference:
        """Computes the probabilities."""
        batches = [network.predict_on_batch(each)[PROBABILITIES] for each in _batches(samples)]
        return cls(network, samples, np.concatenate(batches), recorded)

    def compared_with(self, module: ModuleType) -> dict[str, Any]:
        """The contents of check.json, for the `classify` of a predict.py.

        An answer that changed is a tie if the network gives both classes the same probability, but for `bound`.
        """
        answers = np.concatenate([module.classify(each) for each in _batches(self.samples)])  # (images, classes)
        expected, taken = self.probabilities.argmax(axis=1), answers.argmax(axis=1)
        differences = np.abs(answers - self.probabilities).max(axis=1)  # (images,)
        bound = self._bound(differences)
        every = np.arange(len(taken))
        lead = self.probabilities[every, expected] - self.probabilities[every, taken]
        labels, images = self.samples.labels, len(self.samples)
        lost = int(((expected == labels) & (taken != labels)).sum())
        won = int(((taken == labels) & (expected != labels)).sum())
        gain = (won - lost) / images
        half = _NORMAL * math.sqrt(max(0.0, (won + lost) / images - gain**2) / images)
        found: dict[str, Any] = {
            "split": "test",
            "images": images,
            "largest_difference": float(differences.max()),
            "bound": bound,
            "changed_answers": int((lead > 2 * bound).sum()),
            "ties": int(((taken != expected) & (lead <= 2 * bound)).sum()),
            "accuracy": float((taken == labels).mean()),
            "accuracy_of_the_network": float((expected == labels).mean()),
            "accuracy_gain": gain,
            "accuracy_gain_interval": [gain - half, gain + half],
        }
        if self.recorded is not None:
            found["answers_other_than_in_predictions.csv"] = int((taken != self.recorded).sum())
        return found

    def _bound(self, differences: np.ndarray) -> float:
        """How far the probabilities of a right conversion may be from the network's."""
        if differences.max() <= BOUND:
            return BOUND
        worst = self.samples.read(np.argsort(-differences, kind="stable")[:_WORST])
        return max(BOUND, sensitivity(self.network, worst.astype(np.float32), _ROUNDING))

    def require_equal(self, name: str, found: dict[str, Any]) -> None:
        """Raises `NotExported` unless no probability differs by more than the bound, and so no answer but ties."""
        largest, bound = found["largest_difference"], found["bound"]
        if not largest <= bound:  # NaN is not less
            raise NotExported(
                f"the {name} file answers differently from the network: {found['changed_answers']:,} of "
                f"{counted(found['images'], 'answer')} changed, the largest difference of a probability is "
                f"{largest:.1e} and may be {bound:.0e}; it was removed",
                "please report it with spec.yaml of the run; another format may do",
            )

    def require_same_reading(self, name: str, module: ModuleType) -> dict[str, int]:
        """Raises `NotExported` unless predict.py reads the test images as the training did.

        Of a source without files, or with tar shards on a server, some are written as PNGs.

        Returns:
            How many were read, and how many predict.py cannot read, since Pillow does not know their format.
        """
        if isinstance(self.samples, FileSamples) and self.samples.shards is None:
            indices, root = range(len(self.samples)), self.samples.root
            return self._read_by(name, module, indices, [root / image for image in self.samples.names])
        indices = range(min(_WRITTEN, len(self.samples)))
        with temporary_folder() as folder:
            paths = [folder / f"{index}.png" for index in indices]
            for path, pixels in zip(paths, self.samples.read(np.array(indices)), strict=True):
                Image.fromarray(pixels.squeeze(axis=2) if pixels.shape[2] == 1 else pixels).save(path)
            return self._read_by(name, module, indices, paths)

    def _read_by(self, name: str, module: ModuleType, indices: Sequence[int], paths: Sequence[Path]) -> dict[str, int]:
        not_read = 0
        for index, path in zip(indices, paths, strict=True):
            try:
                pixels = module.read(path)
            except Exception:  # which predict.py tells
                not_read += 1
                continue
            trained = self.samples.read(np.array([index])).astype(np.float32)
            if np.array_equal(pixels, trained):
                continue
            largest = float(np.abs(module.classify(pixels) - module.classify(trained)).max())
            if not largest <= BOUND:
                raise NotExported(
                    f"predict.py of the {name} export reads '{path}' otherwise than the training did, so a probability "
                    f"differs by {largest:.1e}; the export was removed",
                    "convert the file to a PNG of 8 bits, or classify with cnncli predict",
                )
        return {"images": len(paths) - not_read, "not_read": not_read}


def require_accurate(name: str, found: dict[str, Any], tolerance: float) -> None:
    """Raises `NotExported` where the accuracy fell by more than a tolerance, 0…1."""
    if found["accuracy_gain"] < -tolerance:
        low, high = (100 * side for side in found["accuracy_gain_interval"])
        raise NotExported(
            f"the accuracy of {name} is {found['accuracy']:.4f}, that of the network "
            f"{found['accuracy_of_the_network']:.4f}: {100 * found['accuracy_gain']:+.1f} points "
            f"({low:+.1f} to {high:+.1f}), more than the tolerance of {100 * tolerance:g}; it was removed",
            "accept more with --tolerance, or export without --int8",
        )


def _batches(samples: LabelledImages) -> Iterator[np.ndarray]:
    starts = range(0, len(samples), _BATCH)
    return (samples.read(np.arange(start, min(start + _BATCH, len(samples)))).astype(np.float32) for start in starts)
