"""Who is told how a training goes, and is asked whether it is to go on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from cnncli.records import Epoch, LoadedWeights, ModelSummary, StageStarted
from cnncli.runner.inputs.splits import Splits
from cnncli.runs import RunDir
from cnncli.spec.schema import Spec


class Observer(Protocol):
    """Is told how a training goes; the command line shows it."""

    def notice(self, text: str) -> None:
        """Something worth a line, such as a download."""

    def decoding(self, done: int, images: int) -> None:
        """So many of the image files are decoded into the cache."""

    def begin(self, run: RunDir, spec: Spec, splits: Splits, model: ModelSummary, device: str) -> None:
        """Everything is ready and the first epoch begins."""

    def loaded(self, weights: LoadedWeights) -> None:
        """After `begin`: weights that the model was given, and which of its layers begin anew."""

    def going_on(self, epochs: int, steps: int) -> None:
        """After `begin`: so many epochs, and steps of the next one, were done before."""

    def stage(self, begun: StageStarted) -> None:
        """A stage of the training begins, or goes on."""

    def steps(self, epoch: int, done: int, steps: int) -> None:
        """So many steps of this epoch are done."""

    def epoch(self, epoch: Epoch, best: bool) -> None:
        """An epoch is over, and whether it is the best so far."""

    def waiting(self) -> AbstractContextManager[object]:
        """Inside, Ctrl-C and SIGTERM raise nothing; `stop_asked` tells of them."""

    def stop_requested(self) -> int:
        """The exit code that a signal asks for, or 0 when the training is to go on."""


class StopRequested(Exception):
    """The training was asked to stop, and did so between two steps.

    Args:
        exit_code: 130 after Ctrl-C, 143 after SIGTERM.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"asked to stop with {exit_code}")
        self.exit_code = exit_code
