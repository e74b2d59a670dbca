"""Classifies images with an engine, the preprocessing and the class names of a run."""

from __future__ import annotations

import glob
import io
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from cnncli.data.decode.image import fit_picture, read_sized_image
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.readers import DeepPixels
from cnncli.data.decode.white import WHITE
from cnncli.data.inventory.folder_inventory import find_images
from cnncli.data.remote.address import refuse_address
from cnncli.errors import DataError
from cnncli.inference import open_engine
from cnncli.machine import expanded
from cnncli.notices import Notice, warn
from cnncli.records import Prediction, UnreadableImage
from cnncli.runner.background import background_notes
from cnncli.runner.open_run import OpenRun, Weights
from cnncli.runner.temperature import temperature_for
from cnncli.runner.views.allowed import required_views

if TYPE_CHECKING:
    from PIL import Image

    from cnncli.inference import Engine
    from cnncli.inference.tensorflow_graph import TensorFlowGraph
    from cnncli.runner.sure.class_sets import RunSets
    from cnncli.runner.sure.stored_doubts import StoredDoubts

    ImageLike = str | os.PathLike[str] | bytes | IO[bytes] | Image.Image | np.ndarray

BATCH_SIZE = 64


@dataclass(frozen=True)
class NamedImage:
    """One image to classify."""

    name: str  # its path, `-` for standard input, or its position: `image 3`
    content: Path | bytes | Image.Image | np.ndarray  # a file, the contents of one, a picture, or pixels


def as_list(images: ImageLike | Iterable[ImageLike]) -> Iterable[ImageLike]:
    """Several images as they are, and one as a list; an array of four dimensions holds several."""
    one = isinstance(images, str | bytes | os.PathLike) or hasattr(images, "read") or hasattr(images, "getbands")
    if one or (isinstance(images, np.ndarray) and images.ndim < 4):
        return [images]  # type: ignore[list-item]
    if not isinstance(images, Iterable):
        raise TypeError(f"expected an image or several, each a path, bytes, a picture or an array; got {images!r}")
    return images  # type: ignore[return-value]


def is_nothing_there(images: ImageLike | Iterable[ImageLike]) -> bool:
    """Whether all images are paths, and there is nothing at any of them."""
    listed = as_list(images)
    return isinstance(listed, list | tuple) and all(
        isinstance(one, str | os.PathLike)
        and not glob.has_magic(path := str(expanded(one)))
        and not os.path.lexists(path)
        for one in listed
    )


def named_images(images: Iterable[ImageLike]) -> Iterator[NamedImage]:
    """The images with their names; a folder stands for all images in it.

    Raises:
        DataError: A folder cannot be listed, or something is not an image.
    """
    for position, image in enumerate(images):
        if isinstance(image, str | os.PathLike):
            refuse_address(os.fspath(image))
            path = expanded(image)
            files = find_images(path) if path.is_dir() else [path]
            if glob.has_magic(str(path)) and not os.path.lexists(path):
                from cnncli.runner.answers.images import matching_files  # which reads tables as well: it takes time

                files = matching_files(str(path)) or files
            yield from (NamedImage(str(file), file) for file in files)
        elif isinstance(image, io.TextIOBase):
            raise DataError(f"image {position} is a file that was opened as text", "open it with open(FILE, 'rb')")
        elif hasattr(image, "read"):
            yield NamedImage("-" if image is sys.stdin.buffer else f"image {position}", image.read())
        else:
            yield NamedImage(f"image {position}", image)


class Predictor:
    """An engine of a run, ready to classify images; arguments and errors are those of `cnncli.Run.predict`."""

    def __init__(
        self,
        run: OpenRun,
        notice: Notice = warn,
        allow_changed_weights: bool = False,
        weights: Weights = "best",
        engine: str | None = None,
        calibrated: bool | None = None,
        tta: bool = False,
        features: bool = False,
    ) -> None:
        self._views = required_views(run) if tta else None
        temperature = temperature_for(run, calibrated, weights, notice, tta)
        self._graph: TensorFlowGraph | None = None
        self.engine: Engine
        if features:
            require_features(engine)
            from cnncli.inference.tensorflow_graph import TensorFlowGraph

            self._graph = TensorFlowGraph(run, weights, allow_changed_weights, notice, True, temperature)
            self.engine = self._graph
        else:
            self.engine = open_engine(
                run,
                engine,
                weights=weights,
                allow_changed_weights=allow_changed_weights,
                notice=notice,
                temperature=temperature,
            )
        self._record, self.class_names, self.format = run.data_record, run.class_names, run.input_format

    def predict(
        self,
        images: Iterable[ImageLike],
        top_k: int = 1,
        invert: bool = False,
        sets: RunSets | None = None,
        doubts: StoredDoubts | None = None,
    ) -> Iterator[Prediction | UnreadableImage]:
        """For each image its prediction or why it cannot be read; the images are classified in batches.

        With doubts, this predictor must be one that gives features.
        """
        remaining = named_images(images)
        while batch := list(islice(remaining, BATCH_SIZE)):
            pixels = self._pixels(batch, invert)
            readable = [one for one in pixels if not isinstance(one, UnreadableImage)]
            more = iter(self._more(readable, sets, doubts)) if readable else iter(())
            for image, one in zip(batch, pixels, strict=True):
                if isinstance(one, UnreadableImage):
                    yield one
                else:
                    of_classes, inside, doubt = next(more)
                    prediction = self.prediction(image, one, of_classes, top_k, invert)
                    yield replace(prediction, classes_in_set=inside, doubt=doubt)

    def _more(
        self, pixels: list[np.ndarray], sets: RunSets | None, doubts: StoredDoubts | None
    ) -> Iterable[tuple[np.ndarray, tuple[str, ...] | None, str | None]]:
        """For each image its probabilities `(classes,)`, the classes in its set, and its doubt."""
        images = np.stack(pixels)
        features, compute = None, self.engine.probabilities
        if self._graph:
            probabilities, features = self._graph.both(images)
        else:
            probabilities = self._views.probabilities(images, compute) if self._views else compute(images)
        in_sets: list[tuple[str, ...] | None] = [None] * len(pixels)
        if sets is not None:
            in_sets = [tuple(self.class_names[label] for label in labels) for labels in sets.members(probabilities)]
        words: list[str | None] = [None] * len(pixels)
        if doubts is not None and features is not None:
            words = [*doubts.words(features)]
        return zip(probabilities, in_sets, words, strict=True)

    def features(self, pixels: np.ndarray) -> np.ndarray:
        """What the last layer with weights gets, float32 `(images, features)`, of pixels as the model takes them."""
        assert self._graph is not None
        _, features = self._graph.both(pixels)
        assert features is not None
        return features

    def features_in(self, folder: Path) -> tuple[np.ndarray, int]:
        """The features of all images in a folder, `(images, features)`, and how many cannot be read."""
        remaining, found, unreadable = named_images([folder]), [], 0
        while batch := list(islice(remaining, BATCH_SIZE)):
            pixels = [one for one in self._pixels(batch, False) if not isinstance(one, UnreadableImage)]
            found += [self.features(np.stack(pixels))] if pixels else []
            unreadable += len(batch) - len(pixels)
        return np.concatenate(found) if found else np.empty((0, 0), np.float32), unreadable

    def _pixels(self, batch: list[NamedImage], invert: bool) -> list[np.ndarray | UnreadableImage]:
        """The pixels of each image, or why it cannot be read."""
        pixels: list[np.ndarray | UnreadableImage] = []
        for image in batch:
            try:
                values, _ = self.read(image)
                pixels.append(255 - values if invert else values)
            except DataError as error:
                reason = f"{error.message}; {error.hint}" if error.hint else error.message
                pixels.append(UnreadableImage(image.name, reason))
        return pixels

    def prediction(
        self, image: NamedImage, pixels: np.ndarray, of_classes: np.ndarray, top_k: int, invert: bool
    ) -> Prediction:
        """The prediction for pixels, inverted or not, whose probabilities `(classes,)` are known."""
        (note,) = background_notes(pixels[None], self._record, invert)
        return Prediction(image.name, self.class_names, tuple(float(value) for value in of_classes), note, top_k)

    def read(self, image: NamedImage, image_format: InputFormat | None = None) -> tuple[np.ndarray, tuple[int, int]]:
        """The pixels, uint8 `(height, width, channels)`, as the model takes them or in another format.

        Returns:
            The pixels, and the image's own height and width, the right way up.

        Raises:
            DataError: It cannot be read.
        """
        content, image_format = image.content, image_format or self.format
        if isinstance(content, Path | bytes):
            return read_sized_image(content, image_format, image.name)
        if not isinstance(content, np.ndarray):
            picture = _upright(content, image.name)
            return fit_picture(picture, image_format, image.name), (picture.height, picture.width)
        shape = content.shape if content.ndim == 3 else (*content.shape, 1)
        is_plain = content.dtype == np.uint8
        fits = is_plain or (image_format.white is not None and content.dtype.kind in "buif")
        if not fits or len(shape) != 3 or shape[2] not in (1, 3) or not content.size:
            raise DataError(
                f"{image.name} is an array of {content.dtype} with the shape {content.shape}; expected uint8, 0…255, "
                "with the shape (height, width), (height, width, 1) or (height, width, 3)"
            )
        pixels = DeepPixels(content.reshape(shape), WHITE if is_plain else None)
        return fit_picture(pixels, image_format, image.name), (shape[0], shape[1])


def require_features(engine: str | None) -> None:
    """Refuses an engine that does not give what the last layer gets.

    Raises:
        DataError: It is another one than TensorFlow.
    """
    if engine not in (None, "tensorflow"):
        raise DataError(f"the engine {engine} gives no embeddings, which are needed here", "leave out --engine")


def _upright(picture: object, name: str) -> Image.Image:
    """A picture of Pillow's, turned as its camera noted."""
    from PIL import Image, ImageOps

    if not isinstance(picture, Image.Image):
        kind = type(picture).__name__
        raise DataError(f"{name} is of type {kind}; expected a path, an array or a picture of Pillow's")
    try:
        return ImageOps.exif_transpose(picture)
    except MemoryError:
        raise
    except Exception as error:  # Pillow reads the file only now: it may be damaged, gone or closed
        raise DataError(f"{name}, a picture of Pillow's, cannot be read: {' '.join(str(error).split())}") from error
