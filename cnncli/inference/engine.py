"""What all engines do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from cnncli.errors import RunError
from cnncli.insight.probabilities import with_temperature
from cnncli.machine import usable_cores


class Engine(ABC):
    """Computes the probabilities of the classes with the float32 network of a run.

    May be used by one thread at a time, whichever that is. Of an export, the answer to an image has the same bits
    whatever other images are in its batch; TensorFlow's may differ in the last digits.

    Args:
        shape: Height, width and channels of an image.
        classes: Number of classes.
    """

    name: str
    """Its name, of `catalog.export_formats.ENGINES`."""

    temperature = 1.0
    """What remains to divide the logits of its network by."""

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        self._shape, self._classes = shape, classes

    @property
    def is_started(self) -> bool:
        """Whether its network is loaded."""
        return True

    def start(self) -> None:  # noqa: B027  exports have theirs
        """Loads its network, if that waits for the first images."""

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """One probability for each class.

        Args:
            images: Pixels 0…255, uint8 or float32, shape `(images, height, width, channels)`, as
                `data.decode.image.read_image` gives them.

        Returns:
            float32, shape `(images, classes)`.

        Raises:
            ValueError: The images have another shape.
            RunError: The file of an export is not that of this run.
        """
        if images.shape[1:] != self._shape:
            raise ValueError(f"images of the shape {images.shape[1:]} for a network that takes {self._shape}")
        if not len(images):
            return np.empty((0, self._classes), np.float32)
        found = self._compute(images)
        if found.shape != (len(images), self._classes) or found.dtype != np.float32:
            raise RunError(
                f"the {self.name} export gives {found.dtype} of the shape {found.shape}: it is not that of this run",
                f"export it again: cnncli export RUN --format {self.name}",
            )
        return found if self.temperature == 1 else with_temperature(found, self.temperature)

    @abstractmethod
    def _compute(self, images: np.ndarray) -> np.ndarray:
        """The same for one image or more, which have the right shape."""


class ExportEngine(Engine):
    """The engine of an exported network; opening it raises whatever its runtime raises about a damaged file.

    Args:
        files: Contents of the files of the network, by name.
        shape: Height, width and channels of an image.
        classes: Number of classes.
        threads: Number of threads, which changes no bit of the answers; as many as there are cores if None. OpenVINO
            chooses it itself.
    """

    def __init__(
        self, files: Mapping[str, bytes], shape: tuple[int, int, int], classes: int, threads: int | None = None
    ) -> None:
        super().__init__(shape, classes)
        self._threads = threads or usable_cores()
        self._open(files)

    @abstractmethod
    def _open(self, files: Mapping[str, bytes]) -> None:
        """Loads the network."""
