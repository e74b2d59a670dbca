"""Says what is in a picture, with the model, the preprocessing and the class names of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np

from cnncli.data.brightness import border_brightness
from cnncli.data.decode.image import read_image
from cnncli.data.folder_inventory import find_images
from cnncli.errors import DataError
from cnncli.factory.training import probabilities
from cnncli.factory.weights import load_weights
from cnncli.records import Prediction
from cnncli.runner.inputs.data_record import read_data_record
from cnncli.runner.inputs.splits import Notice, input_format_for
from cnncli.runner.model.build import compiled, inputs_of_run, run_spec
from cnncli.runner.weights import verified_weights
from cnncli.runs import RunDir

BATCH = 64

SAME_BACKGROUND = 48.0
"""Standard deviation of the border's brightness below which training images share a background."""

OTHER_BACKGROUND = 128.0
"""Distance in brightness, of 255, at which a picture's background is another one."""


@dataclass(frozen=True)
class Picture:
    """One picture to look at.

    Args:
        name: what people call it: its path, or `-`.
        source: the file, or its contents.
    """

    name: str
    source: Path | bytes


@dataclass(frozen=True)
class Unreadable:
    """A picture that could not be read.

    Args:
        image: its name.
        reason: names the picture and what is wrong with it.
    """

    image: str
    reason: str


def find_pictures(named: Iterable[str], standard_input: BinaryIO) -> Iterator[Picture]:
    """The pictures that a person names: files, folders of files, and `-` for standard input.

    Raises:
        DataError: a folder cannot be listed.
    """
    for name in named:
        path = Path(name)
        if name == "-":
            yield Picture(name, standard_input.read())
        elif path.is_dir():
            yield from (Picture(str(found), found) for found in find_images(path))
        else:
            yield Picture(name, path)


class Predictor:
    """The model of a run, ready to look at pictures.

    Args:
        run: its best weights are used.
        notice: is told of weights that are not those the training wrote.
        allow_changed_weights: use such weights all the same.

    Raises:
        RunError: the run is incomplete.
    """

    def __init__(self, run: RunDir, notice: Notice | None = None, allow_changed_weights: bool = False) -> None:
        weights = verified_weights(run, allow_changed_weights, notice)
        self._record = read_data_record(run)
        self.spec = run_spec(run)
        inputs = inputs_of_run(run)
        self.class_names = inputs.class_names
        self._reading = input_format_for(self.spec.data, inputs.shape)
        self.model, self._encoding = compiled(self.spec, inputs, total_steps=1)
        load_weights(self.model, weights)

    def predict(self, pictures: Iterable[Picture], invert: bool = False) -> Iterator[Prediction | Unreadable]:
        """Looks at pictures in order, a few at a time.

        Args:
            pictures: any number of them.
            invert: turn black into white and white into black before looking.

        Returns:
            For each picture what it shows, or why it could not be read.
        """
        waiting = iter(pictures)
        while group := list(islice(waiting, BATCH)):
            yield from self._group(group, invert)

    def _group(self, group: list[Picture], invert: bool) -> Iterator[Prediction | Unreadable]:
        read: list[np.ndarray | str] = []
        for picture in group:
            try:
                image = self._read(picture)
                read.append(255 - image if invert else image)
            except DataError as error:
                read.append(error.message)
        images = [image for image in read if not isinstance(image, str)]
        shown = iter(self._probabilities(np.stack(images)) if images else ())
        for picture, result in zip(group, read, strict=True):
            if isinstance(result, str):
                yield Unreadable(picture.name, result)
            else:
                values = tuple(float(value) for value in next(shown))
                yield Prediction(picture.name, self.class_names, values, self._note(result))

    def _read(self, picture: Picture) -> np.ndarray:
        wanted = self._reading
        size = wanted.height, wanted.width, wanted.channels
        return read_image(picture.source, *size, picture.name, wanted.resize, wanted.interpolation)

    def _probabilities(self, images: np.ndarray) -> np.ndarray:
        """`(images, height, width, channels)` uint8 → `(images, classes)` float32."""
        outputs = np.asarray(self.model(images, training=False))  # (images, units)
        return probabilities(outputs, self.spec.train.loss, self._encoding, len(self.class_names))

    def _note(self, image: np.ndarray) -> str:
        """A word of warning when a picture is the negative of what the model was trained on."""
        usual, spread = self._record.border_mean, self._record.border_std
        border = border_brightness(image)
        nearer_inverted = abs(255 - border - usual) < abs(border - usual)
        if spread < SAME_BACKGROUND and abs(border - usual) > OTHER_BACKGROUND and nearer_inverted:
            bright, trained = ("bright", "dark") if border > usual else ("dark", "bright")
            return f"{bright} background, but the model was trained on {trained} ones; try --invert"
        return ""
