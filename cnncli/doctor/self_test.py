"""Trains on drawn shapes, as anybody would train, in a temporary folder; and sees whether the results are right.

Every command runs in a process of its own: what is tested is what a person gets, and a TensorFlow that ends the process
on this machine is a finding and not the end of the doctor.
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

SHAPES = ("circle", "square", "triangle")
EACH = 60
SIZE = 24
LEAST_ACCURACY = 0.9
"""A right installation reaches 1; guessing, 0.33."""

MOST_SECONDS = 300
"""Of one command: ten times what a slow machine takes."""

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
    """A command did not do what it should; says which and why."""


def run_self_test(notice: Callable[[str], None]) -> list[Check]:
    """Trains, evaluates and predicts.

    Args:
        notice: is told what is being done.

    Returns:
        A check for each step; after one that fails there is none.
    """
    checks: list[Check] = []
    with tempfile.TemporaryDirectory(prefix="cnncli-") as place:
        for name, step in (("training", _train), ("evaluation", _evaluate), ("prediction", _predict)):
            notice(f"self-test: {name} …")
            began = time.perf_counter()
            try:
                found = step(Path(place))
            except _Failed as error:
                return [*checks, Check("self-test", name, "failed", "error", str(error))]
            checks.append(Check("self-test", name, f"{found}, {time.perf_counter() - began:.0f} s"))
    return checks


def draw_shapes(folder: Path, each: int = EACH, seed: int = 0) -> None:
    """A folder for each shape, with pictures of it at many places and in many sizes, on a noisy ground."""
    random = np.random.default_rng(seed)
    for shape in SHAPES:
        (folder / shape).mkdir(parents=True)
        for number in range(each):
            ground = random.integers(0, 60, (SIZE, SIZE)).astype(np.uint8)
            picture = Image.fromarray(ground)
            width = int(random.integers(10, 17))
            left, top = (int(corner) for corner in random.integers(1, SIZE - width, 2))
            _draw(
                ImageDraw.Draw(picture), shape, (left, top, left + width, top + width), int(random.integers(150, 256))
            )
            picture.save(folder / shape / f"{number}.png")


def _draw(draw: ImageDraw.ImageDraw, shape: str, box: tuple[int, int, int, int], light: int) -> None:
    left, top, right, bottom = box
    if shape == "circle":
        draw.ellipse(box, outline=light, width=2)
    elif shape == "square":
        draw.rectangle(box, outline=light, width=2)
    else:
        draw.polygon([((left + right) // 2, top), (left, bottom), (right, bottom)], outline=light, width=2)


def _cnncli(place: Path, *arguments: str) -> str:
    """What a command prints."""
    folders = {"CNNCLI_CACHE_DIR": place / "cache", "CNNCLI_RUNS_DIR": place / "runs", "TMPDIR": place}
    environment = os.environ | {name: str(folder) for name, folder in folders.items()}
    command = [sys.executable, "-m", "cnncli", *arguments]
    try:
        result = subprocess.run(
            command, env=environment, cwd=place, capture_output=True, text=True, timeout=MOST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise _Failed(f"cnncli {arguments[0]} was not ready after {MOST_SECONDS} seconds") from None
    if result.returncode < 0:
        raise _Failed(
            f"cnncli {arguments[0]} was ended by signal {-result.returncode}; does TensorFlow suit this machine?"
        )
    if result.returncode:
        said = result.stderr.strip().splitlines() or ["it says nothing"]
        reason = next((line for line in said if line.startswith("error")), said[-1])
        raise _Failed(f"cnncli {arguments[0]} ended with {result.returncode}: {reason}")
    return result.stdout


def _train(place: Path) -> str:
    draw_shapes(place / "shapes")
    (place / "shapes.yaml").write_text(SPEC.format(folder=json.dumps(str(place / "shapes"))), encoding="utf-8")
    _cnncli(place, "train", "shapes.yaml", "--quiet")
    accuracy = float(_metrics(place)["accuracy"])
    if not accuracy >= LEAST_ACCURACY:
        raise _Failed(f"it learned too little: accuracy {accuracy:.2f}, and {LEAST_ACCURACY} is the least")
    return f"accuracy {accuracy:.2f}"


def _metrics(place: Path) -> dict[str, float]:
    metrics: dict[str, float] = json.loads((place / "runs" / "shapes-001" / "metrics.json").read_text(encoding="utf-8"))
    return metrics


def _evaluate(place: Path) -> str:
    again = json.loads(_cnncli(place, "evaluate", "shapes-001", "--json"))
    for name, value in _metrics(place).items():
        if again[name] != value:
            raise _Failed(f"evaluated again, {name} is {again[name]}, and it was {value} after the training")
    return "the same numbers again"


def _predict(place: Path) -> str:
    with (place / "runs" / "shapes-001" / "predictions.csv").open(encoding="utf-8", newline="") as file:
        recorded = {row["image"]: row["predicted"] for row in csv.DictReader(file)}
    pictures = [str(place / "shapes" / name) for name in recorded]
    answers = json.loads(_cnncli(place, "predict", *pictures, "--run", "shapes-001", "--json"))
    said = [answer["class"] for answer in answers]
    if said != list(recorded.values()):
        raise _Failed("predict says of test images what the training did not say of them")
    return f"the same classes for {len(said)} pictures"
