"""A spec whose training takes no time, and somebody who watches it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
    """Writes down what a training tells, and raises an error when it begins or when an epoch ends."""

    def __init__(self, at_begin: BaseException | None = None, at_epoch: BaseException | None = None) -> None:
        self.at_begin, self.at_epoch = at_begin, at_epoch
        self.begun: list[str] = []
        self.done: list[tuple[int, int, int]] = []
        self.best: list[bool] = []

    def notice(self, text: str) -> None:
        pytest.fail(f"nothing is to be said about MNIST, but: {text}")

    def begin(self, run, spec, splits, model, device) -> None:
        self.begun.append(run.name)
        if self.at_begin:
            raise self.at_begin

    def steps(self, epoch: int, done: int, steps: int) -> None:
        self.done.append((epoch, done, steps))

    def epoch(self, epoch, best: bool) -> None:
        self.best.append(best)
        if self.at_epoch:
            raise self.at_epoch


@pytest.fixture(scope="session")
def make_spec(tmp_path_factory) -> Callable[..., Spec]:
    file: Path = tmp_path_factory.mktemp("spec") / "tiny.yaml"
    file.write_text(TINY)
    return lambda *overrides: load(file, overrides).spec


@pytest.fixture(scope="session")
def watcher() -> type[Watcher]:
    return Watcher


@pytest.fixture(scope="session")
def watched() -> Watcher:
    """Who watched the training below."""
    return Watcher()


@pytest.fixture(scope="session")
def trained(make_spec, watched, tmp_path_factory) -> Any:
    """A training that went well, and its run."""
    from cnncli.runner.train import train

    return train(make_spec(), tmp_path_factory.mktemp("runs"), watched, ["cnncli", "train", "tiny.yaml"])
