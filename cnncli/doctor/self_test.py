"""Trains on drawn shapes in a temporary folder, and checks the results."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import cnncli
from cnncli.doctor.checks import Check
from cnncli.errors import CnncliError, Interrupted, TrainingError, brief
from cnncli.temporary import temporary_folder

SIDES = {"triangle": 3, "square": 4, "circle": 60}
IMAGES_PER_SHAPE = 60
SIZE = 24
MIN_ACCURACY = 0.9
"""A working installation reaches 1; guessing reaches 0.33."""

SPEC = """
name: shapes
data:
  image: {color: grayscale}
  split: {validation: 0.1, test: 0.2}
  cache: false
model:
  layers:
    - Conv2D: {filters: 16, kernel_size: 3, activation: relu}
    - MaxPooling2D
    - Conv2D: {filters: 32, kernel_size: 3, activation: relu}
    - GlobalMaxPooling2D
    - Dense: {units: classes, activation: softmax}
train:
  epochs: 10
  batch_size: 16
  optimizer: {Adam: {learning_rate: 0.01}}
"""


def run_self_test(notice: Callable[[str], None]) -> list[Check]:
    """Trains, evaluates and predicts with the Python API; a check for each step, up to the first that fails."""
    checks: list[Check] = []
    with temporary_folder() as folder:
        outcomes = _outcomes(folder)
        for name in ("training", "evaluation", "prediction"):
            notice(f"self-test: {name} …")
            began = time.perf_counter()
            try:
                value = next(outcomes)
            except Interrupted:  # the run that could be resumed is removed here
                raise KeyboardInterrupt from None
            except Exception as error:  # whatever is wrong with an installation shows here
                reason = error.message if isinstance(error, CnncliError) else brief(error)
                return [*checks, Check("self-test", name, "failed", "error", reason)]
            checks.append(Check("self-test", name, f"{value}, {time.perf_counter() - began:.0f} s"))
    return checks


def _outcomes(folder: Path) -> Iterator[str]:
    """The outcome of each step."""
    draw_shapes(folder / "shapes")
    spec = cnncli.load_spec(SPEC, {"data.source": {"folder": {"path": str(folder / "shapes")}}})
    run = cnncli.open_run(cnncli.train(spec, folder / "runs").path)
    if not run.metrics["accuracy"] >= MIN_ACCURACY:
        raise TrainingError(f"the accuracy is only {run.metrics['accuracy']:.2f}; at least {MIN_ACCURACY} was expected")
    yield f"accuracy {run.metrics['accuracy']:.2f}"
    result = run.evaluate()
    if different := {name for name in run.metrics if result.metrics[name] != run.metrics[name]}:
        raise TrainingError(f"evaluated again, the run has another {', '.join(sorted(different))}")
    yield "same metrics"
    predictions = run.predict([folder / "shapes" / name for name in result.evaluation.images])
    if [each.class_name for each in predictions] != [each.class_name for each in result.predictions]:
        raise TrainingError("predict and evaluate disagree about the classes of test images")
    yield f"same classes for {len(predictions)} images"


def draw_shapes(folder: Path) -> None:
    """Writes a class folder for each shape: images of it at random places and sizes on a noisy background."""
    random = np.random.default_rng(0)
    for shape, sides in SIDES.items():
        (folder / shape).mkdir(parents=True)
        for number in range(IMAGES_PER_SHAPE):
            image = Image.fromarray(random.integers(0, 60, (SIZE, SIZE)).astype(np.uint8))
            radius = int(random.integers(6, 10))
            x, y = (int(center) for center in random.integers(radius, SIZE - radius, 2))
            brightness = int(random.integers(150, 256))
            ImageDraw.Draw(image).regular_polygon((x, y, radius), sides, outline=brightness, width=2)
            image.save(folder / shape / f"{number}.png")
