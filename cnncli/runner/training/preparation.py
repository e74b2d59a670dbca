"""From a spec to a training session: the place where a spec is taken apart."""

from __future__ import annotations

from cnncli.data.samples import FileSamples
from cnncli.factory.summary import summarize
from cnncli.observer import TrainingObserver
from cnncli.runner.execution.execution import OneDevice
from cnncli.runner.inputs.input_spec import InputSpec
from cnncli.runner.inputs.source_check import require_readable
from cnncli.runner.inputs.splits import Splits, decoded, load_splits
from cnncli.runner.model.build import build_model, encoding_for
from cnncli.runner.training.batches import Batches
from cnncli.runner.training.best_epoch import Monitor
from cnncli.runner.training.phases import TrainingPhase, TrainingPhases
from cnncli.runner.training.results import ResultWriter
from cnncli.runner.training.run_files import portable_spec
from cnncli.runner.training.session import TrainingSession
from cnncli.runs import RunDir
from cnncli.spec.metrics import reported_metrics
from cnncli.spec.schema import Spec
from cnncli.startup import device_name, tf


def load_readable_splits(spec: Spec, observer: TrainingObserver) -> Splits:
    """Loads and divides the images of a spec, and checks the headers of its files.

    Raises:
        DataError: Images are missing, or a header cannot be read.
    """
    splits = load_splits(spec.data, spec.seed, notice=observer.on_notice)
    files = {split: samples for split, samples in splits.samples.items() if isinstance(samples, FileSamples)}
    require_readable(files, spec.data.source.arguments.get("path", spec.data.source.name))
    return splits


def load_images(spec: Spec, observer: TrainingObserver) -> tuple[Splits, Splits]:
    """Loads, divides and decodes the images of a spec.

    Returns:
        The images as the source has them, and the same with files decoded into the cache.

    Raises:
        DataError: Images are missing, or cannot be read.
    """
    splits = load_readable_splits(spec, observer)
    return splits, decoded(splits, spec.data.cache, observer.on_decoding)


def prepare_phases(spec: Spec, splits: Splits, inputs: InputSpec) -> TrainingPhases:
    """Builds the model and checks what every phase makes of it.

    Raises:
        SpecError: A layer, an augmentation, the loss, a metric or a stage does not fit.
        ResourceError: The model is larger than the memory.
    """
    if spec.train.deterministic:
        tf.config.experimental.enable_op_determinism()
    execution = OneDevice()
    with execution.scope():
        model = build_model(spec, inputs)
    encoding = encoding_for(spec.train, model, len(inputs.class_names))
    batches = Batches(splits, encoding, spec.train, spec.augment, spec.seed)
    return TrainingPhases(model, batches, spec.train, len(inputs.class_names), execution)


def prepare_session(
    run: RunDir, spec: Spec, splits: Splits, phases: TrainingPhases, phase: TrainingPhase, observer: TrainingObserver
) -> TrainingSession:
    """The session of a training whose current phase is started; writes nothing."""
    train = spec.train
    monitor = Monitor.of(train.monitor, reported_metrics(spec), train.metrics)
    results = ResultWriter(run, phases.model, splits, phases.batches.encoding, train.loss, train.batch_size)
    return TrainingSession(run, phases, phase, results, monitor, train.checkpoint, observer)


def announce_start(run: RunDir, spec: Spec, splits: Splits, phases: TrainingPhases, observer: TrainingObserver) -> None:
    """Reports to the observer what is about to be trained."""
    observer.on_start(run, portable_spec(spec), splits, summarize(phases.model, spec.model.nodes), device_name())
