"""Optimizer, loss, metrics and callbacks of a spec, and what labels they need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncli.catalog import Entry
from cnncli.errors import Path, Problem, SpecError
from cnncli.factory.objects import construct
from cnncli.spec.rules import is_sparse, metric_name

if TYPE_CHECKING:
    import keras


def label_encoding(loss: Entry, output_shape: tuple[int, ...], classes: int) -> str:
    """How labels must be encoded: `sparse`, `one_hot`, or `binary` for one unit that tells two classes apart.

    Raises:
        SpecError: the model's output cannot be compared with the labels.
    """
    output = "×".join(map(str, output_shape))
    if len(output_shape) != 1:
        message = f"the model's output has the shape {output}; put Flatten or a global pool before the last Dense"
        raise SpecError([Problem(("model", "layers"), message)])
    units = output_shape[0]
    if loss.name in ("BinaryCrossentropy", "BinaryFocalCrossentropy") and units == 1 and classes == 2:
        return "binary"
    sparse = is_sparse(loss)
    if units < classes or (units != classes and not sparse):
        message = f"the model has {units} output{'s' * (units != 1)} for {classes} classes; write 'units: classes'"
        raise SpecError([Problem(("model", "layers"), message)])
    return "sparse" if sparse else "one_hot"


def probabilities(outputs: np.ndarray, loss: Entry, encoding: str, classes: int) -> np.ndarray:
    """The model's outputs as one probability for each class.

    Args:
        outputs: shape `(images, units)`, float32.
        loss: says whether the outputs are logits.
        encoding: as `label_encoding` says.
        classes: how many there are; units beyond them stand for nothing and are left out.

    Returns:
        Shape `(images, classes)`, float32.
    """
    logits = bool(loss.get("from_logits"))
    if encoding == "binary":
        second = (1 + np.tanh(outputs / 2)) / 2 if logits else outputs  # (images, 1); the sigmoid, never overflowing
        return np.concatenate([1 - second, second], axis=1).astype(np.float32)  # (images, 2)
    if logits:
        raised = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        outputs = raised / raised.sum(axis=1, keepdims=True)
    return outputs[:, :classes].astype(np.float32, copy=False)


def compile_model(
    model: keras.Model,
    optimizer: Entry,
    loss: Entry,
    metrics: Sequence[Entry],
    classes: int,
    total_steps: int,
    rate: Path = (),
) -> None:
    """Gives a model its optimizer, loss and metrics.

    Args:
        model: built.
        optimizer: its schedule may say `total_steps`.
        loss: as checked.
        metrics: as checked.
        classes: what `classes` stands for.
        total_steps: steps that the optimizer is for.
        rate: where its learning rate stands in the spec, when a stage gives it another.

    Raises:
        SpecError: Keras refuses one of them.
    """
    words = {"classes": classes, "total_steps": total_steps}
    built_metrics = [
        "accuracy"
        if metric.name == "accuracy"
        else _construct(metric, words, ("train", "metrics", i, metric.name), name=metric_name(metric))
        for i, metric in enumerate(metrics)
    ]
    model.compile(
        optimizer=_construct(optimizer, words, rate or ("train", "optimizer", optimizer.name)),
        loss=_construct(loss, words, ("train", "loss", loss.name)),
        metrics=built_metrics,
    )


def build_callbacks(callbacks: Sequence[Entry]) -> list[keras.callbacks.Callback]:
    """Keras callbacks, in order.

    Raises:
        SpecError: Keras refuses one of them.
    """
    return [_construct(entry, {}, ("train", "callbacks", i, entry.name)) for i, entry in enumerate(callbacks)]


def _construct(entry: Entry, words: dict[str, int], path: Path, **more: Any) -> Any:
    try:
        return construct(entry, words, **more)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise SpecError([Problem(path, f"Keras cannot make this {entry.name}: {reason}")]) from error
