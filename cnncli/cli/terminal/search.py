"""What `cnncli tune` prints."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.cli.terminal.console import hanging, is_terminal, notice, say
from cnncli.observer import TuneObserver
from cnncli.spec.writer import flow
from cnncli.wording import counted, short_names, with_interval

if TYPE_CHECKING:
    from cnncli.records import TuneTrial
    from cnncli.runs import RunDir
    from cnncli.spec.schema import Spec


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else flow(value)


class SearchScreen(TuneObserver):
    """Shows a search: a line for each trial, and on a terminal how far the current one is."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._metric = ""
        self._status: Any = None
        self._waits: list[str] = []
        self._values: Mapping[str, Any] = {}
        self._accuracies: list[float] = []

    def _say(self, text: str) -> None:
        self.clear()
        if not self._quiet:
            say(text)

    def clear(self) -> None:
        """Removes the line about the current trial."""
        if self._status is not None:
            self._status.stop()
        self._status = None

    def _show(self, text: str) -> None:
        """Shows how far the current trial is, on a terminal."""
        if self._quiet or not is_terminal(sys.stderr):
            return
        if self._status is None:
            from rich.console import Console

            self._status = Console(stderr=True).status("")
            self._status.start()
        self._status.update(text)

    def on_notice(self, text: str) -> None:
        """A line on stderr."""
        self.clear()
        notice(text)

    def on_start(self, spec: Spec, metric: str, storage: str, folder: Path, ended: int) -> None:
        """The header."""
        tune, self._metric = spec.tune, metric
        until = counted(tune.wanted, "trial") if tune.wanted is not None else f"for {tune.time}"
        done = f", {ended} done" if ended else ""
        self._say(f"search  {spec.name}: {until}{done}, {metric}, {tune.sampler.name}")
        self._say(f"storage {storage}")
        self._say(f"runs    {folder}")

    def on_trial(self, number: int, values: Mapping[str, Any], epochs: int) -> None:
        """The trial begins."""
        self._values, self._waits = values, []
        self._show(f"trial {number}: starting TensorFlow")

    def on_epoch(self, number: int, epoch: int, value: float | None) -> None:
        """How far the trial is."""
        self._show(f"trial {number}: epoch {epoch}{'' if value is None else f', {self._metric} {value:.4f}'}")

    def on_trial_end(self, number: int, state: str, value: float | None, reason: str, is_best: bool) -> None:
        """A line: number, value, what was tried."""

        figure = f"{value:.4f}" if value is not None else state
        names = short_names(list(self._values))
        tried = ", ".join(f"{names[key]} {_text(item)}" for key, item in self._values.items())
        line = f"{number:5d}  {figure:<8}  {tried}{f' ({reason})' if reason else ''}{'  best' * is_best}"
        self._say(hanging(line, 17))

    def on_best(self, trial: TuneTrial) -> None:
        """The best trial and what it tried."""
        self._say("")
        self._say(f"best   trial {trial.number}, {self._metric} {trial.value:.4f}")
        for key, value in trial.values.items():
            self._say(f"       {key}: {_text(value)}")

    def on_retrained(self, run: RunDir) -> None:
        """A line for each seed."""
        metrics = run.metrics()
        interval = metrics.get("intervals", {}).get("accuracy")
        text = with_interval(metrics["accuracy"], interval and tuple(interval), metrics["images"])
        self._accuracies.append(metrics["accuracy"])
        self._say(f"seed {run.path.name.rpartition('-')[2]}  test accuracy {text}  {run.path}")

    def show_mean(self) -> None:
        """The mean of several seeds."""
        if len(self._accuracies) > 1:
            mean = sum(self._accuracies) / len(self._accuracies)
            low, high = min(self._accuracies), max(self._accuracies)
            self._say(f"mean    {mean:.4f}, from {low:.4f} to {high:.4f}, of {len(self._accuracies)} seeds")

    def on_wait(self, texts: list[str]) -> None:
        """A line, when what is waited for has changed."""
        if texts != self._waits:
            self._waits = texts
            self.on_notice(f"waiting for {', '.join(texts)}")
