"""A spec whose training takes no time, and somebody who watches it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import run_pictures
from runner_squares import write_squares

from cnncli.spec import Spec, load

# A thousand images train; the others, which there must be no fewer of, validate.
TINY = """\
name: tiny
data:
  source: mnist
  split: {validation: 59000}
model:
  layers:
    - MaxPooling2D: {pool_size: 4}
    - Flatten
    - Dropout: {rate: 0.1}
    - Dense: {units: classes, activation: softmax}
train:
  epochs: 2
  batch_size: 32
  optimizer: {Adam: {learning_rate: 0.01}}
"""


class Watcher:
    """A training observer that records events, raises an error at one of them, and may request a stop.

    Args:
        at_begin: Raised when the training starts.
        at_epoch: Raised at the end of the first epoch.
        stop: Epoch and step after which a stop is requested, as by Ctrl-C.
    """

    def __init__(
        self,
        at_begin: BaseException | None = None,
        at_epoch: BaseException | None = None,
        stop: tuple[int, int] | None = None,
    ) -> None:
        self.at_begin, self.at_epoch, self.stop = at_begin, at_epoch, stop
        self.exit_code = 0
        self.notices: list[str] = []
        self.resumed: list[tuple[int, int]] = []
        self.started: list[str] = []
        self.stages: list[Any] = []
        self.fitted: list[float] = []
        self.done: list[tuple[int, int, int]] = []
        self.metrics: list[dict[str, float]] = []
        self.best: list[bool] = []
        self.ended: list[str] = []

    def reported_steps(self) -> tuple[int, ...]:
        return ()

    def on_notice(self, text: str) -> None:
        self.notices.append(text)

    def on_decoding(self, done: int, images: int) -> None:
        pass

    def on_features(self, done: int, images: int) -> None:
        pass

    def on_fold(self, number: int, folds: int) -> None:
        pass

    def on_weights_loaded(self, weights) -> None:
        pass

    def on_resume(self, epochs: int, steps: int) -> None:
        self.resumed.append((epochs, steps))

    def on_epochs_fitted(self, epochs: float) -> None:
        self.fitted.append(epochs)

    def on_stage_start(self, stage) -> None:
        self.stages.append(stage)

    def defer_signals(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def stop_requested(self) -> int:
        return self.exit_code

    def on_start(self, run, spec, splits, model, device) -> None:
        self.started.append(run.name)
        if self.at_begin:
            raise self.at_begin

    def on_step(self, epoch: int, step: int, steps: int, metrics) -> None:
        self.done.append((epoch, step, steps))
        self.metrics.append(dict(metrics))
        if self.stop == (epoch, step):
            self.exit_code = 130

    def on_epoch_end(self, epoch, best: bool) -> None:
        self.best.append(best)
        if self.at_epoch:
            raise self.at_epoch

    def on_end(self, status: str) -> None:
        self.ended.append(status)


@pytest.fixture(scope="session")
def make_spec(tmp_path_factory) -> Callable[..., Spec]:
    file: Path = tmp_path_factory.mktemp("spec") / "tiny.yaml"
    file.write_text(TINY)
    return lambda *overrides: load(file, overrides).spec


@pytest.fixture(scope="session")
def few_digits_spec(make_spec, tmp_path_factory) -> Callable[..., Spec]:
    """The same spec for the first 1,200 and 100 of these images, which train, validate and report in no time."""
    from cnncli.data.sources.published import mnist

    images, labels, test_images, test_labels = mnist.arrays()
    file = tmp_path_factory.mktemp("digits") / "few.npz"
    few = {"x_train": images[:1200], "y_train": labels[:1200]}
    np.savez(file, **few, x_test=test_images[:100], y_test=test_labels[:100])
    keys = f"data.source={{arrays: {{path: {file}}}}}", "data.split.validation=200"
    return lambda *overrides: make_spec(*keys, *overrides)


# Small pictures need no time either.
SQUARES = """\
name: squares
data:
  source: {{folder: {{path: {path}}}}}
  image: {{size: 16}}
model:
  layers:
    - Conv2D: {{filters: 4, kernel_size: 3, strides: 2, activation: relu}}
    - GlobalAveragePooling2D
    - Dense: {{units: classes, activation: softmax}}
train:
  epochs: 2
  batch_size: 8
  optimizer: {{Adam: {{learning_rate: 0.02}}}}
"""


@pytest.fixture
def cache_folder(tmp_path, monkeypatch) -> Path:
    """Where decoded images of a test go."""
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def squares(tmp_path, cache_folder) -> Path:
    """A folder of three classes with 20 pictures each; even numbers are PNG, odd ones JPEG."""
    return write_squares(tmp_path / "squares", 20)


@pytest.fixture
def own_splits(tmp_path, cache_folder) -> Path:
    """A folder with 30 pictures for training and 9 for the test, in folders of their own."""
    write_squares(tmp_path / "own" / "train", 10)
    write_squares(tmp_path / "own" / "test", 3, seed=1)
    return tmp_path / "own"


@pytest.fixture
def table(squares) -> Path:
    """A table of the same pictures, with classes and splits of its own."""
    rows = ["image,class,split"]
    for path in sorted(squares.glob("*/*")):
        number = int(path.stem)
        split = "test" if number < 4 else "val" if number in (4, 5) else "train"
        name = path.relative_to(squares).as_posix()
        rows.append(f"{name},{'warm' if name.startswith('red') else 'cold'},{split}")
    (squares / "table.csv").write_text("\n".join(rows), encoding="utf-8")
    return squares / "table.csv"


@pytest.fixture
def folder_spec(squares, tmp_path) -> Callable[..., Spec]:
    """A spec of the pictures above, with keys changed."""
    file = tmp_path / "squares.yaml"
    file.write_text(SQUARES.format(path=squares))
    return lambda *overrides: load(file, overrides).spec


# Everything that has a state: statistics, random generators, a schedule, averages, callbacks, metrics, weights.
STATEFUL = Path(__file__).with_name("stateful.yaml")


@pytest.fixture(scope="module")
def stateful(tmp_path_factory) -> Callable[..., Spec]:
    """A spec of a training with everything that has a state, with keys changed; six steps to an epoch."""
    folder = tmp_path_factory.mktemp("stateful")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNCLI_CACHE_DIR", str(folder / "cache"))
        source = f"data.source={{folder: {{path: {write_squares(folder / 'squares', 22)}}}}}"
        yield lambda *overrides: load(STATEFUL, [source, *overrides]).spec


@pytest.fixture(scope="session")
def watcher() -> type[Watcher]:
    return Watcher


@pytest.fixture(scope="session")
def watched() -> Watcher:
    """Who watched the training below."""
    return Watcher()


@pytest.fixture(scope="session")
def trained(few_digits_spec, watched, tmp_path_factory) -> Any:
    """A training that went well, and its run."""
    from cnncli.runner.train import train

    with run_pictures.whole():
        return train(few_digits_spec(), tmp_path_factory.mktemp("runs"), [watched], ["cnncli", "train", "tiny.yaml"])
