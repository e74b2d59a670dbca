"""Trains a spec and leaves a complete run folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnncli.data.samples import FileSamples
from cnncli.errors import CnncliError
from cnncli.factory.processor import slowed_by
from cnncli.factory.summary import summarize
from cnncli.records import LoadedWeights
from cnncli.runner.inputs.image_manifest import record_images
from cnncli.runner.inputs.source_check import require_readable
from cnncli.runner.inputs.splits import Splits, decoded, load_splits
from cnncli.runner.model.build import InputSpec, built, inputs_of_splits, run_spec
from cnncli.runner.model.initial_weights import Load, load_pretrained, write_loaded
from cnncli.runner.training.observer import Observer
from cnncli.runner.training.outcome import memory_errors_explained, run_to_completion
from cnncli.runner.training.phase import Stage
from cnncli.runner.training.phases import Stages
from cnncli.runner.training.run_files import settled, write_data_record, write_records
from cnncli.runner.training.session import Trained, Training
from cnncli.runs import RunDir, list_runs, require_writable, sweep_runs
from cnncli.spec.schema import Spec
from cnncli.startup import device_name, tf

__all__ = ["Observer", "Trained", "train"]


def train(
    spec: Spec, runs_folder: Path, observer: Observer, command: Sequence[str] = (), siblings: Path | None = None
) -> Trained:
    """Trains, keeps the best weights, evaluates them once on the test split and writes every artefact.

    Args:
        spec: checked.
        runs_folder: where the run folder is made.
        observer: is told how it goes.
        command: the command line, for the record.
        siblings: where runs are that the spec names to begin with their weights; `runs_folder` unless given.

    Raises:
        SpecError: the model cannot be built.
        DataError: the images cannot be had.
        TrainingError: the loss became infinite or no number.
        ResourceError: the folder cannot be written to, or memory or disk ran out.
        Interrupted: Ctrl-C or SIGTERM; the run is left readable and can be resumed.
    """
    require_writable(runs_folder)
    sweep_runs(runs_folder)
    _propose_resume(spec, runs_folder, observer.notice)
    images = load_images(spec, observer)
    inputs = inputs_of_splits(spec.data, images.splits)
    with memory_errors_explained():
        ready = prepare_new(spec, images.splits, inputs, siblings or runs_folder, observer)
    run = RunDir.claim(runs_folder, spec.name)
    with run.locked():
        return run_to_completion(run, lambda: begin(run, spec, images, inputs, ready, observer, command), observer)


@dataclass(frozen=True)
class Images:
    """The images of a training.

    Args:
        found: as the source has them.
        splits: the same, files decoded into the cache.
    """

    found: Splits
    splits: Splits


@dataclass(frozen=True)
class PreparedTraining:
    """What is there before the first step.

    Args:
        stages: what trains.
        encoding: of the labels.
        loaded: weights that the model began with.
    """

    stages: Stages
    encoding: str
    loaded: tuple[LoadedWeights, ...] = ()

    @property
    def stage(self) -> Stage:
        """What trains first."""
        return self.stages.current


def load_images(spec: Spec, observer: Observer) -> Images:
    """Loads, divides and decodes the images of a spec.

    Raises:
        DataError: they cannot be had, or some cannot be read.
    """
    found = load_splits(spec, notice=observer.notice)
    files = {split: samples for split, samples in found.samples.items() if isinstance(samples, FileSamples)}
    require_readable(files, spec.data.source.arguments.get("path", spec.data.source.name))
    return Images(found, decoded(found, spec.data.cache, observer.decoding))


def prepare_new(
    spec: Spec, splits: Splits, inputs: InputSpec, runs_folder: Path, observer: Observer
) -> PreparedTraining:
    """As `prepare`, for a training that has not begun: the model gets the weights that the spec begins with.

    Raises:
        DataError: they cannot be had.
        RunError: the run that they are of is not there, or was changed.
    """
    if why := slowed_by(spec.train.precision):
        observer.notice(f"warning: {why}")

    def load(model: Any) -> tuple[LoadedWeights, ...]:
        return load_pretrained(spec, model, inputs.class_names, runs_folder, observer.notice)

    return prepare(spec, splits, inputs, load=load)


def prepare(spec: Spec, splits: Splits, inputs: InputSpec, load: Load | None = None) -> PreparedTraining:
    """Builds and compiles the model, and whatever trains it.

    Args:
        spec: checked.
        splits: the images.
        inputs: what the model must know of them.
        load: gives the model its first weights, before anything looks at them.

    Raises:
        SpecError: something does not fit.
    """
    if spec.train.deterministic:
        tf.config.experimental.enable_op_determinism()
    model, encoding = built(spec, inputs)
    stages = Stages(spec, splits, model, encoding)
    loaded = load(model) if load else ()
    stages.enter(stages.number)
    return PreparedTraining(stages, encoding, loaded)


def begin(
    run: RunDir,
    spec: Spec,
    images: Images,
    inputs: InputSpec,
    ready: PreparedTraining,
    observer: Observer,
    command: Sequence[str],
) -> Training:
    """Writes down what the run is, data.json last: with it, and a checkpoint, the training can go on from anywhere."""
    write_records(run, spec, images.splits, command)
    if ready.loaded:
        write_loaded(run, ready.loaded)
    run.set_status("running")
    if not spec.data.source.is_builtin:
        record_images(run, images.found, observer.notice)
    training = Training(spec, run, images.splits, ready.stages, ready.encoding, observer)
    training.begin()
    write_data_record(run, spec, images.splits, inputs)
    report_start(run, spec, images.splits, ready.stage.model, observer)
    for weights in ready.loaded:
        observer.loaded(weights)
    return training


def report_start(run: RunDir, spec: Spec, splits: Splits, model: Any, observer: Observer) -> None:
    """Tells the observer what is about to be trained."""
    observer.begin(run, settled(spec), splits, summarize(model, spec.model.nodes), device_name())


def _propose_resume(spec: Spec, runs_folder: Path, notice: Callable[[str], None]) -> None:
    """One line when the newest run of this name was interrupted on the way to the very same thing."""
    runs = [run for run in list_runs(runs_folder) if run.path.name.rpartition("-")[0] == spec.name]
    if not runs:
        return
    newest = max(runs, key=lambda run: (len(run.name), run.name))
    try:
        same = (
            newest.status().get("state") in ("interrupted", "failed")
            and run_spec(newest).plain() == settled(spec).plain()
        )
    except CnncliError:
        return  # whatever is wrong with that run is not what this command is about
    if same:
        notice(f"{newest.path} is the same training, interrupted: 'cnncli resume {newest.path}' goes on with it")
