"""Trains a spec and leaves a complete run folder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from cnncli import report
from cnncli.catalog import Entry
from cnncli.data.augment import Augmentation
from cnncli.data.pipeline import (
    Reader,
    class_weights,
    drawn_from,
    encode,
    ordered_batches,
    steps_per_epoch,
    training_batches,
)
from cnncli.data.samples import FileSamples
from cnncli.errors import CnncliError, Interrupted, TrainingError
from cnncli.factory.startup import device_name, start_tensorflow
from cnncli.factory.summary import summarize
from cnncli.factory.training import build_callbacks, worth_compiling
from cnncli.factory.weights import load_weights, save_weights
from cnncli.records import Epoch, Evaluation, History, ModelSummary
from cnncli.report.tables import write_history
from cnncli.runner.evaluate import BATCH, evaluate_split, images_at
from cnncli.runner.images import Splits, decoded, load_splits
from cnncli.runner.loop import TrainingLoop, ValidationLoop, failures_of
from cnncli.runner.prepare import compiled, inputs_of_splits
from cnncli.runner.recorded import record_images
from cnncli.runner.records import write_records
from cnncli.runner.scan import require_readable
from cnncli.runs import RunDir
from cnncli.spec.rules import reported_metrics
from cnncli.spec.schema import Spec


class Observer(Protocol):
    """Is told how a training goes; the command line shows it."""

    def notice(self, text: str) -> None:
        """Something worth a line, such as a download."""

    def decoding(self, done: int, images: int) -> None:
        """So many of the image files are decoded into the cache."""

    def begin(self, run: RunDir, spec: Spec, splits: Splits, model: ModelSummary, device: str) -> None:
        """Everything is ready and the first epoch begins."""

    def steps(self, epoch: int, done: int, steps: int) -> None:
        """So many steps of this epoch are done."""

    def epoch(self, epoch: Epoch, best: bool) -> None:
        """An epoch is over, and whether it is the best so far."""


@dataclass(frozen=True)
class Trained:
    """What a training ends with."""

    run: RunDir
    history: History
    evaluation: Evaluation
    report: Any


def monitor_of(spec: Spec) -> tuple[str, bool]:
    """The metric that chooses the best epoch, and whether more of it is better."""
    names = reported_metrics(spec)
    preferred = ("val_accuracy", "val_loss", "accuracy", "loss")
    name = spec.train.monitor or next(candidate for candidate in preferred if candidate in names)
    lower = ("loss", "error", "crossentropy", "hinge", "divergence", "false_", "poisson", "logcosh")
    return name, not any(word in name for word in lower)


def train(spec: Spec, runs_folder: Path, observer: Observer, command: Sequence[str] = ()) -> Trained:
    """Trains, keeps the best weights, evaluates them once on the test split and writes every artefact.

    Args:
        spec: checked.
        runs_folder: where the run folder is made.
        observer: is told how it goes.
        command: the command line, for the record.

    Raises:
        SpecError: the model cannot be built.
        DataError: the images cannot be had.
        TrainingError: the loss became infinite or no number.
        Interrupted: Ctrl-C or SIGTERM; the run is left readable.
    """
    chatter = start_tensorflow()
    found = load_splits(spec, notice=observer.notice)
    files = {split: samples for split, samples in found.samples.items() if isinstance(samples, FileSamples)}
    require_readable(files, spec.data.source.arguments.get("path", spec.data.source.name))
    splits = decoded(found, spec.data.cache, observer.decoding)
    inputs = inputs_of_splits(spec.data, splits)
    labels = splits.samples["train"].labels
    drawn = drawn_from(labels, len(splits.class_names), spec.train.sampling)
    steps = steps_per_epoch(len(drawn), spec.train.batch_size)
    augmentation = Augmentation(spec.augment, splits.shape, spec.seed) if spec.augment else None
    model, encoding = compiled(spec, inputs, steps * spec.train.epochs)
    run = RunDir.claim(runs_folder, spec.name)
    run.set_status("running")
    training = _Training(spec, run, splits, model, encoding, drawn, augmentation, observer)
    try:
        write_records(run, spec, splits, inputs, command, chatter, training.jit_compile)
        if not spec.data.source.is_builtin:
            record_images(run, found, observer.notice)
        observer.begin(run, spec, splits, summarize(model), device_name())
        training.run_epochs()
        trained = training.finish()
    except KeyboardInterrupt as signal:
        code = getattr(signal, "exit_code", 130)
        training.write_history()
        run.set_status("interrupted", reason="SIGTERM" if code == 143 else "Ctrl-C", epochs=len(training.epochs))
        raise Interrupted(str(run.path), code, len(training.epochs)) from None
    except TrainingError as error:
        training.write_history()
        run.set_status("diverged", reason=error.message, epochs=len(training.epochs))
        raise
    except BaseException as error:
        run.set_status("failed", reason=str(error) if isinstance(error, CnncliError) else repr(error))
        raise
    run.set_status("finished", epochs=len(training.epochs))
    return trained


class _Training:
    """One training under way."""

    def __init__(
        self,
        spec: Spec,
        run: RunDir,
        splits: Splits,
        model: Any,
        encoding: str,
        drawn: np.ndarray,
        augmentation: Augmentation | None,
        observer: Observer,
    ) -> None:
        self.spec, self.run, self.splits, self.model, self.encoding = spec, run, splits, model, encoding
        self.drawn, self.augmentation, self.observer = drawn, augmentation, observer
        self.steps = steps_per_epoch(len(drawn), spec.train.batch_size)
        wanted = spec.train.jit_compile
        self.jit_compile = worth_compiling(model, spec.train.batch_size) if wanted is None else wanted
        self.monitor, self.more_is_better = monitor_of(spec)
        self.epochs: list[Epoch] = []
        self.best = 0
        self.best_rank: tuple[float, float] | None = None
        self._readers: list[Reader] = []

    def run_epochs(self) -> None:
        """Trains epoch by epoch until the last one, or until a callback has seen enough."""
        import keras

        spec, classes = self.spec, len(self.splits.class_names)
        samples = self.splits.samples["train"]
        weights = class_weights(samples.labels, self.splits.class_names, spec.train.class_weight)
        targets = encode(samples.labels, self.encoding, classes)
        reader = Reader(samples)
        self._readers.append(reader)
        batches = training_batches(
            reader,
            self.drawn,
            targets,
            weights,
            spec.train.batch_size,
            spec.seed,
            range(self.steps * spec.train.epochs),
            self.augmentation,
        )
        loop, validation = TrainingLoop(self.model, batches, self.jit_compile), self._validation()
        callbacks = keras.callbacks.CallbackList(self._callbacks(), model=self.model)
        self.model.stop_training = False
        callbacks.on_train_begin()
        for number in range(1, spec.train.epochs + 1):
            began = time.perf_counter()
            callbacks.on_epoch_begin(number - 1)
            with failures_of(*self._readers):
                metrics = loop.epoch(self.steps, lambda done, steps: self.observer.steps(number, done, steps))  # noqa: B023
            if not isfinite(metrics["loss"]):
                raise _diverged(number, metrics["loss"], self._learning_rate())
            callbacks.on_test_begin()  # where a moving average of the weights takes their place, if there is one
            if validation:
                with failures_of(*self._readers):
                    metrics |= {f"val_{name}": value for name, value in validation.measure().items()}
            epoch = Epoch(number, metrics, self._learning_rate(), time.perf_counter() - began)
            self._keep(epoch)
            callbacks.on_test_end()
            callbacks.on_epoch_end(number - 1, dict(metrics))
            if self.model.stop_training:
                break
        callbacks.on_train_end()

    def _callbacks(self) -> list[Any]:
        """Those of the spec; an optimizer that averages weights is no use unless the average is what is measured."""
        entries = self.spec.train.callbacks
        averages = bool(self.spec.train.optimizer.get("use_ema"))
        if averages and all(entry.name != "SwapEMAWeights" for entry in entries):
            entries = [*entries, Entry("callback", "SwapEMAWeights")]
        return build_callbacks(entries)

    def _validation(self) -> ValidationLoop | None:
        samples = self.splits.samples.get("validation")
        if samples is None:
            return None
        targets = encode(samples.labels, self.encoding, len(self.splits.class_names))
        reader = Reader(samples)
        self._readers.append(reader)
        return ValidationLoop(self.model, ordered_batches(reader, targets, BATCH))

    def _learning_rate(self) -> float:
        return float(np.asarray(self.model.optimizer.learning_rate))

    def _keep(self, epoch: Epoch) -> None:
        """Records an epoch and its weights; a value that is no finite number is never the best."""
        value = epoch.metrics[self.monitor]
        rank = (value if self.more_is_better else -value, -epoch.metrics.get("val_loss", epoch.metrics["loss"]))
        best = isfinite(value) and (self.best_rank is None or rank > self.best_rank)
        if best:
            self.best, self.best_rank = epoch.number, rank
            with self.run.write("weights/best.weights.h5") as path:
                save_weights(self.model, path)
        with self.run.write("weights/last.weights.h5") as path:
            save_weights(self.model, path)
        self.epochs.append(epoch)
        with self.run.write("history.csv") as path:
            write_history(path, self.history())
        self.observer.epoch(epoch, best)

    def history(self) -> History:
        """The epochs so far."""
        return History(tuple(self.epochs), self.monitor, self.best)

    def write_history(self) -> None:
        """Writes the history and its plot."""
        report.write_history(self.history(), self.run.write)

    def finish(self) -> Trained:
        """Evaluates the best weights on the test split and writes the reports."""
        if not self.best:
            raise TrainingError(f"no epoch had a finite {self.monitor}", "try a smaller learning rate")
        load_weights(self.model, self.run.best_weights)
        test = self.splits.samples["test"]
        evaluation = evaluate_split(self.spec, self.model, self.encoding, "test", test, self.splits.class_names)
        self.write_history()
        written = report.write_evaluation(evaluation, images_at(test), self.run.write)
        train_samples = self.splits.samples["train"]
        shown = np.linspace(0, len(train_samples) - 1, min(25, len(train_samples))).astype(int)
        captions = [self.splits.class_names[train_samples.labels[i]] for i in shown]
        report.write_samples(images_at(train_samples)(shown.tolist()), captions, self.run.write)
        return Trained(self.run, self.history(), evaluation, written)


def _diverged(epoch: int, loss: float, learning_rate: float) -> TrainingError:
    return TrainingError(
        f"the loss became {loss} in epoch {epoch} at a learning rate of {learning_rate:g}",
        "try a tenth of the learning rate, or 'clipnorm: 1.0' in the optimizer",
    )
