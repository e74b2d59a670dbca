"""From a spec to everything a training or an evaluation needs: images by split, and a compiled model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnncli.catalog.datasets import DATASETS
from cnncli.data.samples import Samples
from cnncli.data.sources import builtin
from cnncli.data.split import validation_indices
from cnncli.errors import CnncliError, RunError
from cnncli.factory.model import build_model
from cnncli.factory.summary import summarize
from cnncli.factory.training import compile_model, label_encoding
from cnncli.records import ModelSummary
from cnncli.runs import RunDir
from cnncli.spec import load
from cnncli.spec.schema import Spec

if TYPE_CHECKING:
    import keras

Notice = Callable[[str], None]


@dataclass(frozen=True)
class Splits:
    """The images of each split, and which of the source's they are.

    Args:
        class_names: in the order of the labels.
        samples: by split: `train`, `validation`, `test`; without `validation` when none is kept.
        validation: indices into the source's training images, when they were taken from there.
    """

    class_names: tuple[str, ...]
    samples: Mapping[str, Samples]
    validation: np.ndarray | None


def load_splits(spec: Spec, recorded: list[int] | None = None, notice: Notice | None = None) -> Splits:
    """Loads the images of a spec and divides them.

    Args:
        spec: says source and split.
        recorded: the validation images of an earlier run, to use exactly these.
        notice: is told when something is downloaded.

    Raises:
        DataError: the images cannot be had or divided.
        RunError: the recorded split does not fit the images.
    """
    data = builtin.load(spec.data.source, notice)
    train = data.splits["train"]
    part = spec.data.split.validation
    if part == "test":
        samples = {"train": train, "validation": data.splits["test"], "test": data.splits["test"]}
        return Splits(data.class_names, samples, None)
    if part == 0:
        return Splits(data.class_names, {"train": train, "test": data.splits["test"]}, None)
    if recorded is None:
        chosen = validation_indices(train.labels, part, spec.data.split.stratify, spec.seed)
    else:
        chosen = np.asarray(recorded, dtype=np.int64)
        if chosen.size and not 0 <= chosen.min() <= chosen.max() < len(train):
            raise RunError("the split that data.json records does not fit the images of the source")
    rest = np.setdiff1d(np.arange(len(train)), chosen)
    samples = {"train": train.take(rest), "validation": train.take(chosen), "test": data.splits["test"]}
    return Splits(data.class_names, samples, chosen)


def input_shape(spec: Spec) -> tuple[int, int, int]:
    """Height, width and channels of the images of a spec, known without loading them."""
    dataset = DATASETS[spec.data.source]
    return dataset.height, dataset.width, dataset.channels


def build(spec: Spec) -> keras.Model:
    """The model of a spec, with initial weights.

    Raises:
        SpecError: a layer does not fit.
    """
    return build_model(
        spec.model.layers,
        input_shape(spec),
        len(DATASETS[spec.data.source].class_names),
        (spec.data.scale[0], spec.data.scale[1]),
        spec.train.precision,
        spec.seed,
        spec.name,
    )


def compiled(spec: Spec, total_steps: int) -> tuple[keras.Model, str]:
    """The compiled model of a spec, and the encoding of the labels that its loss takes.

    Raises:
        SpecError: a layer, the loss or the optimizer does not fit.
    """
    model = build(spec)
    classes = len(DATASETS[spec.data.source].class_names)
    encoding = label_encoding(spec.train.loss, tuple(model.output_shape[1:]), classes)
    compile_model(model, spec.train.optimizer, spec.train.loss, spec.train.metrics, classes, total_steps)
    return model, encoding


def run_spec(run: RunDir) -> Spec:
    """The spec of a run.

    Raises:
        RunError: it is missing or no spec.
    """
    try:
        return load(run.spec).spec
    except CnncliError as error:
        raise RunError(f"'{run.path}' is no complete run: {error}") from None


def summary_of(spec: Spec) -> ModelSummary:
    """The layers of a spec's model; no images are needed.

    Raises:
        SpecError: a layer does not fit.
    """
    return summarize(build(spec))
