"""A run of files alone, as a training leaves it, and a spec whose training takes no time."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnncli.runs import RunDir
from cnncli.spec import Spec, load

SPEC = """\
name: digits
seed: 3
data:
  source: {{arrays: {{path: {images}}}}}
model:
  layers:
    - Conv2D: {{filters: 2, kernel_size: 3, activation: relu}}
    - Flatten
    - Dense: {{units: classes, activation: softmax}}
train:
  epochs: 4
  batch_size: 10
  optimizer: {{Adam: {{learning_rate: 0.01}}}}
  metrics: [accuracy, {{TopKCategoricalAccuracy: {{k: 2, name: acc@2}}}}]
  loss: CategoricalCrossentropy
"""


@pytest.fixture(scope="session")
def tracked_spec(tmp_path_factory) -> Callable[..., Spec]:
    """A spec of 100 random images of 8×8 pixels, 72 of which train, with keys changed."""
    folder = tmp_path_factory.mktemp("tracked")
    random = np.random.default_rng(0)
    labels = np.arange(100) % 3
    images = (random.integers(0, 100, (100, 8, 8)) + 70 * labels[:, None, None]).astype(np.uint8)
    np.savez(folder / "images.npz", x_train=images[:80], y_train=labels[:80], x_test=images[80:], y_test=labels[80:])
    (folder / "digits.yaml").write_text(SPEC.format(images=folder / "images.npz"))
    return lambda *overrides: load(folder / "digits.yaml", overrides).spec


@pytest.fixture
def left_by_training(tmp_path, tracked_spec) -> Callable[..., RunDir]:
    """A run of some epochs, without the weights; further keys are those of its status."""

    def make(epochs: int = 3, state: str = "finished", name: str = "digits-001", track: str = "[]", **more) -> RunDir:
        from cnncli.spec.writer import spec_text

        run = RunDir(tmp_path / "runs" / name)
        run.write_text("spec.yaml", spec_text(tracked_spec(f"track={track}").plain()))
        times = {"started": "2026-01-02T03:04:05Z", "ended": "2026-01-02T03:05:05Z"}
        run.write_json("status.json", {"state": state, "pid": 1, **times, **more})
        run.write_json("environment.json", {"time": "2026-01-02T03:04:05Z", "cnncli": "0.1.0"})
        run.write_json("data.json", {"class_names": ["0", "1", "2"], "image": [8, 8, 1]})
        rows = [
            {
                **{"epoch": n, "loss": 1 / n, "accuracy": n / 8, "acc@2": "inf" if n == 2 else n / 9},
                **{"val_loss": 2 / n, "val_accuracy": n / 7, "val_acc@2": n / 10},
            }
            for n in range(1, epochs + 1)
        ]
        add_epochs(run, [{**row, "learning_rate": 0.01, "seconds": 1.5} for row in rows])
        run.write_json("metrics.json", {"split": "test", "images": 20, "loss": 0.5, "accuracy": 0.75})
        (run.path / "plots").mkdir(exist_ok=True)
        Image.new("RGB", (6, 4), "red").save(run.path / "plots" / "history.png")
        return run

    return make


def add_epochs(run: RunDir, rows: list[dict[str, object]]) -> None:
    with run.write("history.csv") as path, Path(path).open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["epoch"])
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="session")
def record_of() -> Callable[[RunDir], dict]:
    """What a run keeps about its trackers."""
    return lambda run: json.loads((run.path / "track.json").read_text())
