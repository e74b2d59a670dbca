"""The process of a trial: trains a run, says how each epoch was, and hears whether to go on."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any, TextIO

from cnncli.environment import claim_process, divide_processor
from cnncli.errors import CnncliError, Interrupted, ResourceError, TrainingError, brief
from cnncli.isolation import isolated
from cnncli.observer import TrainingObserver
from cnncli.records import Epoch
from cnncli.runner.open_run import OpenRun
from cnncli.runner.threads import choose_threads
from cnncli.runs import RunDir
from cnncli.runs.searches import TRIAL
from cnncli.search.process import PRUNE
from cnncli.spec import load
from cnncli.spec.sections.devices import parts_of_processor

ABANDONED = 143
"""The code with which a training stops when nobody listens any more."""


class Reporter(TrainingObserver):
    """Says how each epoch was, and stops the training when it is pruned or nobody listens.

    Args:
        said: Where messages go.
        heard: Where answers come from.
        epochs: Number of epochs of the spec; the last one is not pruned.
        pruned: Code to stop with when the trial is pruned.
    """

    def __init__(self, said: TextIO, heard: TextIO, epochs: int, pruned: int) -> None:
        self._said, self._epochs, self._pruned = said, epochs, pruned
        self._answers: queue.Queue[str] = queue.Queue()
        self._code = 0
        threading.Thread(target=self._listen, args=(heard,), daemon=True).start()

    def _listen(self, heard: TextIO) -> None:
        for line in heard:
            self._answers.put(line.strip())
        self._code = ABANDONED
        self._answers.put("")

    def say(self, event: str, **values: Any) -> None:
        """Says something, if anybody listens."""
        try:
            self._said.write(json.dumps({"event": event, **values}) + "\n")
            self._said.flush()
        except OSError:
            self._code = ABANDONED

    def on_notice(self, text: str) -> None:
        """Passes it on."""
        self.say("notice", text=text)

    def on_epoch_end(self, epoch: Epoch, best: bool) -> None:
        """Says how it was, and waits for the answer."""
        self.say("epoch", epoch=epoch.number, metrics=_finite(epoch.metrics))
        if self._code == 0 and self._answers.get() == PRUNE and epoch.number < self._epochs:
            self._code = self._pruned

    def stop_requested(self) -> int:
        """The code to stop with, or 0."""
        return self._code


def _finite(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if isfinite(value)}


def run_trial(folder: Path, weights_dir: Path, command: Sequence[str], said: TextIO, heard: TextIO) -> None:
    """Trains or continues the trial in a folder, and says how it ended."""
    record = json.loads((folder / TRIAL).read_text("utf-8"))
    spec = load(record["spec"]).spec
    reporter: Reporter | None = None
    run = RunDir(folder)
    end: dict[str, Any] = {"state": "finished", "reason": "", "hint": "", "exit_code": 0}
    divide_processor(parts_of_processor(spec.train.devices))
    try:
        with isolated(before_start=partial(choose_threads, spec, OpenRun(run))):
            from cnncli.runner.training.outcome import PRUNED
            from cnncli.search.training import train_trial

            reporter = Reporter(said, heard, spec.train.epochs, PRUNED)
            train_trial(run, spec, weights_dir, [reporter], command, record.get("evaluates", False))
    except Interrupted as stop:
        end |= {"state": "pruned" if stop.exit_code == PRUNED else "interrupted", "exit_code": stop.exit_code}
    except TrainingError as error:
        end |= {"state": "diverged", "reason": error.message, "hint": error.hint, "exit_code": error.exit_code}
    except CnncliError as error:
        end |= {"state": "failed", "reason": error.message, "hint": error.hint, "exit_code": error.exit_code}
    except MemoryError:
        end |= {"state": "failed", "reason": "out of memory", "exit_code": ResourceError.exit_code}
    except Exception as error:
        end |= {"state": "failed", "reason": brief(error), "exit_code": 1}
    said.write(json.dumps({"event": "end", **end}) + "\n")
    said.flush()


def main() -> None:
    """Runs with the arguments FOLDER WEIGHTS_DIR COMMAND…; what libraries print goes to stderr."""
    claim_process()
    warnings.simplefilter("ignore")
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    run_trial(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:], said, sys.stdin)
