"""From a spec and what is known of its images to a compiled model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnncli.data.samples import LabelledImages
from cnncli.errors import DataError, RunError, SpecError, path_text
from cnncli.factory.freezing import frozen_in_stages
from cnncli.factory.model import Preprocessing, build_model
from cnncli.factory.precision import precision_here
from cnncli.factory.summary import summarize
from cnncli.factory.training import compile_model, label_encoding
from cnncli.records import ModelSummary
from cnncli.runner.inputs.data_record import read_data_record
from cnncli.runner.inputs.splits import Splits, load_source
from cnncli.runner.model.memory_check import require_model_fits
from cnncli.runner.model.plugin_check import require_packages
from cnncli.runs import RunDir
from cnncli.spec import load
from cnncli.spec.metrics import metric_problems
from cnncli.spec.rules import shape_problems
from cnncli.spec.schema import Data, Spec
from cnncli.spec.shapes import infer_shapes
from cnncli.spec.static_data_info import static_data_info
from cnncli.wording import counted

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class InputSpec:
    """What a model must know of the images it is for.

    Args:
        shape: height, width and channels.
        class_names: in the order of the outputs.
        mean: of the training pixels of each channel, 0…255; empty unless the spec standardizes by them.
        deviation: the standard deviation of the same.
    """

    shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()

    def preprocessing(self, data: Data) -> Preprocessing:
        """What the model does to pixels, as the spec says."""
        if data.standardize == "samplewise":
            return Preprocessing(samplewise=True)
        if data.standardize == "featurewise":
            spread = [value if value > 1e-6 else 1.0 for value in self.deviation]
            scale = tuple(1 / value for value in spread)
            return Preprocessing(scale, tuple(-m / value for m, value in zip(self.mean, spread, strict=True)))
        low, high = data.scale
        return Preprocessing(((high - low) / 255,), (low,))


def inputs_of_splits(data: Data, splits: Splits) -> InputSpec:
    """What the images themselves tell; their mean is that of the training images alone."""
    mean, deviation = channel_statistics(splits.samples["train"]) if data.standardize == "featurewise" else ((), ())
    return InputSpec(splits.shape, splits.class_names, mean, deviation)


def inputs_of_run(run: RunDir) -> InputSpec:
    """What a run has written down.

    Raises:
        RunError: it is incomplete, or one of its files says something else than another.
    """
    record, data = read_data_record(run), run_spec(run).data
    said = static_data_info(data)
    if said.shape not in (None, record.shape) or said.class_names not in (None, record.class_names):
        raise RunError(f"'{run.path}' is damaged: spec.yaml and data.json tell of different images")
    if data.standardize == "featurewise" and not record.channel_mean:
        raise RunError(f"'{run.path}' is no complete run: data.json lacks 'channel_mean'")
    return InputSpec(record.shape, record.class_names, record.channel_mean, record.channel_std)


def inputs_of_spec(data: Data) -> InputSpec:
    """What a spec tells; images are looked at only when it does not tell enough.

    Raises:
        DataError: the spec does not tell enough and the images are not there.
    """
    facts = static_data_info(data)
    shape, names = facts.shape, facts.class_names
    if shape is None or names is None:
        try:
            found = load_source(data)
        except DataError as error:
            hint = "say data.image.size and data.classes, and no images are needed"
            raise DataError(error.message, f"{error.hint}\n{hint}" if error.hint else hint) from error
        shape, names = found.splits["train"].shape, found.class_names
    return InputSpec(shape, names, (0.0,) * shape[2], (1.0,) * shape[2])


CHUNK = 2**23
"""Bytes of images looked at together; counting them takes eight times as many."""


def channel_statistics(samples: LabelledImages) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, 0…255, in one pass over all images."""
    channels = samples.shape[2]
    total, squares = [0] * channels, [0] * channels  # whole numbers: exact, however many images there are
    together = max(1, CHUNK // math.prod(samples.shape))
    for start in range(0, len(samples), together):
        images = samples.read(np.arange(start, min(start + together, len(samples))))
        for channel in range(channels):
            counts = np.bincount(images[..., channel].ravel(), minlength=256)
            total[channel] += int((counts * np.arange(256)).sum())
            squares[channel] += int((counts * np.arange(256) ** 2).sum())
    pixels = len(samples) * samples.shape[0] * samples.shape[1]
    mean = tuple(value / pixels for value in total)
    deviation = tuple(math.sqrt(max(s / pixels - m * m, 0)) for s, m in zip(squares, mean, strict=True))
    return mean, deviation


def build(spec: Spec, inputs: InputSpec) -> keras.Model:
    """The model of a spec, with initial weights.

    Raises:
        SpecError: a layer does not fit.
        ResourceError: the model is larger than the memory.
    """
    classes = len(inputs.class_names)
    shapes = infer_shapes(spec.model.nodes, inputs.shape, classes)  # the spec alone may not determine them
    if problems := shape_problems(shapes):
        raise SpecError(problems)
    require_model_fits(shapes.steps)
    return build_model(
        spec.model.nodes,
        inputs.shape,
        classes,
        inputs.preprocessing(spec.data),
        precision_here(spec.train.precision),
        spec.seed,
        spec.name,
    )


def built(spec: Spec, inputs: InputSpec) -> tuple[keras.Model, str]:
    """The model of a spec, and the encoding of the labels that its loss takes.

    Raises:
        SpecError: a layer, the loss or a metric does not fit.
    """
    classes = len(inputs.class_names)
    model = build(spec, inputs)
    encoding = label_encoding(spec.train.loss, tuple(model.output_shape[1:]), classes)
    if wrong := list(metric_problems(spec.train.metrics, 1 if encoding == "binary" else classes)):
        raise SpecError(wrong)  # as with the layers, the spec alone need not have told the classes
    return model, encoding


def compiled(spec: Spec, inputs: InputSpec, total_steps: int) -> tuple[keras.Model, str]:
    """The compiled model of a spec, and the encoding of the labels that its loss takes.

    Raises:
        SpecError: a layer, the loss or the optimizer does not fit.
    """
    model, encoding = built(spec, inputs)
    train, classes = spec.train, len(inputs.class_names)
    compile_model(model, train.optimizer, train.loss, train.metrics, classes, total_steps)
    return model, encoding


def run_spec(run: RunDir) -> Spec:
    """The spec of a run; it is whole, and no other file has a say in it.

    Raises:
        RunError: it is missing or no spec, or has layers of a package that is not installed.
    """
    try:
        return load(run.spec, alone=True).spec
    except SpecError as error:
        require_packages(run)
        first, *others = error.problems
        where = f" ({first.place.line}:{first.place.column})" if first.place else ""
        more = f", and {counted(len(others), 'more problem')}" if others else ""
        place = f"{path_text(first.path)}: " if first.path else ""
        raise RunError(f"'{run.path}' is no complete run: spec.yaml{where}: {place}{first.message}{more}") from None


def check_build(spec: Spec) -> None:
    """Builds and compiles the model of a spec, and finds the layers that its stages name.

    Raises:
        SpecError: something does not fit.
        DataError: only the images tell the shape or the classes, and they are not there.
    """
    model, _ = compiled(spec, inputs_of_spec(spec.data), total_steps=1)
    frozen_in_stages(model, spec.train.stages)


def summary_of(spec: Spec, run: RunDir | None = None) -> ModelSummary:
    """The layers of a spec's model, or of a run's, and the memory that its training takes.

    Raises:
        SpecError: something does not fit.
        DataError: only the images tell the shape or the classes, and they are not there.
    """
    inputs = inputs_of_spec(spec.data) if run is None else inputs_of_run(run)
    model, _ = compiled(spec, inputs, total_steps=1)
    return summarize(model, spec.model.nodes, spec.train.batch_size)
