"""Records to report on, and what to look for in a picture."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from cnncli.records import Epoch, Evaluation, History


@pytest.fixture(scope="module", autouse=True)
def _whole_reports(drawn):
    """Here everything is about what users get."""


@pytest.fixture(autouse=True)
def _no_warnings() -> Iterator[None]:
    """A warning of matplotlib or sklearn would reach the user's terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture
def make_evaluation() -> Callable[..., Evaluation]:
    def make(
        classes: int = 4, images: int = 200, right: float = 0.8, names: Sequence[str] | None = None, lacking: int = -1
    ) -> Evaluation:
        random = np.random.default_rng(classes + images)
        labels = random.integers(0, classes, images)
        labels[labels == lacking] = (lacking + 1) % classes
        other = (labels + random.integers(1, max(classes, 2), images)) % classes
        predicted = np.where(random.random(images) < right, labels, other)
        confidence = random.uniform(0.5, 1, images)
        probabilities = np.repeat((1 - confidence) / max(classes - 1, 1), classes).reshape(images, classes)
        probabilities[np.arange(images), predicted] = confidence
        probabilities = (probabilities / probabilities.sum(axis=1, keepdims=True)).astype(np.float32)
        accuracy = float(np.float32((labels == predicted).mean()))
        return Evaluation(
            split="test",
            class_names=tuple(names or (f"class {index}" for index in range(classes))),
            images=tuple(f"folder/image_{index:05}.png" for index in range(images)),
            labels=labels,
            probabilities=probabilities,
            metrics={"loss": float(np.float32(0.1234)), "accuracy": accuracy},
            logits=np.log(probabilities),
        )

    return make


@pytest.fixture
def make_history() -> Callable[..., History]:
    def make(epochs: int, validation: bool = True, extra: Sequence[str] = (), decay: float = 1.0) -> History:
        made = []
        for number in range(1, epochs + 1):
            train = {"loss": 2.0 / number, "accuracy": 1 - 0.5 / number} | dict.fromkeys(extra, 0.5 + 0.001 * number)
            both = train | {f"val_{name}": value * 0.97 for name, value in train.items()} if validation else train
            made.append(Epoch(number, both, 1e-3 * decay**number, 1.25))
        return History(tuple(made), "val_accuracy" if validation else "accuracy", epochs)

    return make


@pytest.fixture
def overlapping() -> Callable[..., list[tuple[str, str]]]:
    """Pairs of texts that cover each other, and texts that leave the figure."""

    def find(figure) -> list[tuple[str, str]]:
        figure.canvas.draw()
        renderer, frame = figure.canvas.get_renderer(), figure.bbox
        texts = set(figure.findobj(Text)) - _hidden(figure)
        texts = [text for text in texts if text.get_text().strip() and text.get_visible()]
        boxes = [(text, text.get_window_extent(renderer)) for text in texts]
        found = [(text.get_text(), "(edge)") for text, box in boxes if not _contains(frame, box)]
        x0, y0, x1, y1 = np.array([box.extents for _, box in boxes]).T[:, :, None]
        high_and_wide = (np.minimum(x1, x1.T) - np.maximum(x0, x0.T) > 1) & (
            np.minimum(y1, y1.T) - np.maximum(y0, y0.T) > 1
        )
        oblique = np.array([text.get_rotation() == 45 for text, _ in boxes])  # their boxes overlap, not their letters
        pairs = np.argwhere(np.triu(high_and_wide & ~np.outer(oblique, oblique), 1))
        found += [(boxes[one][0].get_text(), boxes[two][0].get_text()) for one, two in pairs]
        assert len(boxes) > 1, "nothing to compare"
        return found

    def _contains(frame, box) -> bool:
        return box.x0 >= -1 and box.y0 >= -1 and box.x1 <= frame.x1 + 1 and box.y1 <= frame.y1 + 1

    def _hidden(figure) -> set[Text]:
        """Labels of ticks that axes keep but do not draw, such as those beyond the limits."""
        hidden = set()
        for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
            low, high = sorted(axis.get_view_interval())
            drawn = (*axis.get_major_ticks(), *axis.get_minor_ticks())  # the lists below may be longer
            for tick in (*axis.majorTicks, *axis.minorTicks):
                if tick not in drawn or not low <= tick.get_loc() <= high:
                    hidden |= {tick.label1, tick.label2}
        return hidden

    return find


@pytest.fixture
def opened() -> Callable[[Path], np.ndarray]:
    """The pixels of a PNG of sane size, as `(height, width, 3)`."""

    def open_it(path: Path) -> np.ndarray:
        with Image.open(path) as image:
            assert image.format == "PNG"
            assert 50 <= image.width <= 2500
            assert 50 <= image.height <= 2500
            return np.asarray(image.convert("RGB"))

    return open_it
