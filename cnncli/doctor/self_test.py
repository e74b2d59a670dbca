"""Trains on drawn shapes in a temporary folder, and checks the results.

Each command runs in a process of its own: the test covers what a user gets, and reports a TensorFlow that kills the
process instead of dying with it.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from cnncli.doctor.checks import Check

RUN = "runs/shapes-001"
SHAPES = ("circle", "square", "triangle")
IMAGES_PER_SHAPE = 60
SIZE = 24
MIN_ACCURACY = 0.9
"""A working installation reaches 1; guessing reaches 0.33."""

TIME_LIMIT = 300
"""Seconds for one command, ten times what a slow machine takes."""

SPEC = """\
name: shapes
data:
  source: {{folder: {{path: {folder}}}}}
  image: {{color: grayscale}}
  split: {{validation: 0.1, test: 0.2}}
model:
  layers:
    - Conv2D: {{filters: 16, kernel_size: 3, activation: relu}}
    - MaxPooling2D
    - Conv2D: {{filters: 32, kernel_size: 3, activation: relu}}
    - GlobalMaxPooling2D
    - Dense: {{units: classes, activation: softmax}}
train:
  epochs: 10
  batch_size: 16
  optimizer: {{Adam: {{learning_rate: 0.01}}}}
"""


class _Failed(Exception):
    """A step of the self-test failed; the message says which command and why."""


def run_self_test(notice: Callable[[str], None]) -> list[Check]:
    """Trains, evaluates and predicts.

    Args:
        notice: Receives the name of each step as it starts.

    Returns:
        A check for each step, up to the first that fails.
    """
    checks: list[Check] = []
    with tempfile.TemporaryDirectory(prefix="cnncli-") as folder:
        for name, step in (("training", _train), ("evaluation", _evaluate), ("prediction", _predict)):
            notice(f"self-test: {name} …")
            began = time.perf_counter()
            try:
                outcome = step(Path(folder))
            except _Failed as error:
                return [*checks, Check("self-test", name, "failed", "error", str(error))]
            checks.append(Check("self-test", name, f"{outcome}, {time.perf_counter() - began:.0f} s"))
    return checks


def draw_shapes(folder: Path) -> None:
    """Writes a class folder for each shape: images of it at random places and sizes on a noisy background."""
    random = np.random.default_rng(0)
    for shape in SHAPES:
        (folder / shape).mkdir(parents=True)
        for number in range(IMAGES_PER_SHAPE):
            image = Image.fromarray(random.integers(0, 60, (SIZE, SIZE)).astype(np.uint8))
            width = int(random.integers(10, 17))
            left, top = (int(corner) for corner in random.integers(1, SIZE - width, 2))
            right, bottom = left + width, top + width
            draw, style = ImageDraw.Draw(image), {"outline": int(random.integers(150, 256)), "width": 2}
            if shape == "circle":
                draw.ellipse((left, top, right, bottom), **style)
            elif shape == "square":
                draw.rectangle((left, top, right, bottom), **style)
            else:
                draw.polygon([((left + right) // 2, top), (left, bottom), (right, bottom)], **style)
            image.save(folder / shape / f"{number}.png")


def _cnncli(folder: Path, *arguments: str) -> str:
    """Runs a command and returns its standard output."""
    folders = {"CNNCLI_CACHE_DIR": folder / "cache", "CNNCLI_RUNS_DIR": folder / "runs", "TMPDIR": folder}
    environment = os.environ | {name: str(path) for name, path in folders.items()}
    program, title = [sys.executable, "-m", "cnncli", *arguments], f"cnncli {arguments[0]}"
    try:
        process = subprocess.run(
            program, env=environment, cwd=folder, capture_output=True, text=True, timeout=TIME_LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        raise _Failed(f"{title} did not finish within {TIME_LIMIT} seconds") from None
    if process.returncode < 0:
        raise _Failed(f"{title} was killed by signal {-process.returncode}; does TensorFlow support this machine?")
    if process.returncode:
        lines = process.stderr.strip().splitlines() or ["no error message"]
        reason = next((line for line in lines if line.startswith("error")), lines[-1])
        raise _Failed(f"{title} exited with {process.returncode}: {reason}")
    return process.stdout


def _train(folder: Path) -> str:
    draw_shapes(folder / "shapes")
    (folder / "shapes.yaml").write_text(SPEC.format(folder=json.dumps(str(folder / "shapes"))), encoding="utf-8")
    _cnncli(folder, "train", "shapes.yaml", "--quiet")
    accuracy = float(json.loads((folder / RUN / "metrics.json").read_text(encoding="utf-8"))["accuracy"])
    if not accuracy >= MIN_ACCURACY:
        raise _Failed(f"the accuracy is only {accuracy:.2f}; at least {MIN_ACCURACY} was expected")
    return f"accuracy {accuracy:.2f}"


def _evaluate(folder: Path) -> str:
    again = json.loads(_cnncli(folder, "evaluate", RUN, "--json"))
    for name, value in json.loads((folder / RUN / "metrics.json").read_text(encoding="utf-8")).items():
        if again[name] != value:
            raise _Failed(f"{name} is {again[name]} when evaluated again, but was {value} after training")
    return "same metrics"


def _predict(folder: Path) -> str:
    with (folder / RUN / "predictions.csv").open(encoding="utf-8", newline="") as file:
        recorded = {row["image"]: row["predicted"] for row in csv.DictReader(file)}
    images = [str(folder / "shapes" / name) for name in recorded]
    predictions = json.loads(_cnncli(folder, "predict", *images, "--run", RUN, "--json"))
    if [prediction["class"] for prediction in predictions] != list(recorded.values()):
        raise _Failed("predict and the training's own test disagree about the classes of test images")
    return f"same classes for {len(images)} images"
