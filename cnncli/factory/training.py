"""Optimizer, loss, metrics and callbacks of a spec, and the encoding of labels that they need."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncli.catalog import Entry
from cnncli.errors import KeyPath, Problem, SpecError
from cnncli.factory.averages import average_per_update
from cnncli.factory.metrics import build_metric
from cnncli.factory.objects import construct
from cnncli.spec.metrics import is_sparse, more_is_better
from cnncli.spec.rules import output_error

if TYPE_CHECKING:
    import keras

    from cnncli.factory.paced_schedule import PacedSchedule


def label_encoding(loss: Entry, output_shape: tuple[int, ...], classes: int) -> str:
    """How labels must be encoded: `sparse`, `one_hot`, or `binary` for one unit that separates two classes.

    Raises:
        SpecError: The model's output cannot be compared with the labels.
    """
    if error := output_error(loss, output_shape, classes):
        raise SpecError([Problem(("model", "layers"), error)])
    if output_shape[0] < classes:
        return "binary"
    return "sparse" if is_sparse(loss) else "one_hot"


def probabilities(outputs: np.ndarray, loss: Entry, encoding: str, classes: int) -> np.ndarray:
    """The model's outputs as one probability for each class.

    Args:
        outputs: Shape `(images, units)`, float32.
        loss: Loss of the training; its `from_logits` means that the outputs are logits.
        encoding: Encoding of the labels, from `label_encoding`.
        classes: Number of classes; further units are left out.

    Returns:
        Shape `(images, classes)`, float32.
    """
    logits = bool(loss.get("from_logits"))
    if encoding == "binary":
        second = (1 + np.tanh(outputs / 2)) / 2 if logits else outputs  # (images, 1); the sigmoid without overflow
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
    total_steps: int | None,
    rate: KeyPath = (),
    variables: Sequence[keras.Variable] | None = None,
    part: keras.Model | None = None,
    rate_factors: Mapping[str, float] | None = None,
) -> PacedSchedule | None:
    """Gives a built model its optimizer, loss and metrics; `classes` and `total_steps` stand for numbers in them.

    Where a stage sets the learning rate, `rate` is its key path. If `total_steps` is None, not known yet, the
    schedule that needs it is returned, to be given it later. The optimizer is for `variables` if there are some, in
    place of the model's own. A `part` of the model that trains in its place is given the same ones. `rate_factors`
    are those of `factors_of_weights`.

    Raises:
        SpecError: Keras rejects one of them, or a rate factor is for no weight.
    """
    from cnncli.factory.computation.updates import update_at_once
    from cnncli.factory.rate_factors import factors_of_weights, multiply_rates

    words = {"classes": classes} if total_steps is None else {"classes": classes, "total_steps": total_steps}
    logits, units = bool(loss.get("from_logits")), int(model.output_shape[-1])
    with _errors_at(optimizer, rate or ("train", "optimizer", optimizer.name)):
        paced = _paced(optimizer) if total_steps is None else None
        if paced is None:
            built_optimizer = construct(optimizer, words)
        else:
            others = {key: value for key, value in optimizer.arguments.items() if key != "learning_rate"}
            built_optimizer = construct(replace(optimizer, arguments=others), words, learning_rate=paced)
        average_per_update(built_optimizer)
        update_at_once(built_optimizer)
    if rate_factors:
        multiply_rates(built_optimizer, factors_of_weights(model, rate_factors))
    with _errors_at(optimizer, rate or ("train", "optimizer", optimizer.name)):
        built_optimizer = _without_underflow(model, built_optimizer, variables)
        if variables is not None:
            built_optimizer.build(list(variables))
    with _errors_at(loss, ("train", "loss", loss.name)):
        built_loss = construct(loss, words)
    built_metrics = []
    for i, metric in enumerate(metrics):
        with _errors_at(metric, ("train", "metrics", i, metric.name)):
            built_metrics.append(build_metric(metric, logits, units, words))
    for each in (model,) if part is None else (model, part):
        each.compile(optimizer=built_optimizer, loss=built_loss, metrics=built_metrics)
    return paced


def _paced(optimizer: Entry) -> PacedSchedule | None:
    from cnncli.factory.paced_schedule import PacedSchedule, waits_for_total

    schedule = optimizer.get("learning_rate")
    return PacedSchedule(schedule) if waits_for_total(schedule) else None


def _without_underflow(model: keras.Model, optimizer: Any, variables: Sequence[keras.Variable] | None) -> Any:
    """The optimizer with a scaled loss where layers compute in float16; Keras does so only by the global policy."""
    from cnncli.startup import keras

    if all(layer.dtype_policy.name != "mixed_float16" for layer in model.layers):
        return optimizer
    optimizer.build(list(variables or model.trainable_variables))  # later, Keras would lose a variable of Nadam
    return keras.optimizers.LossScaleOptimizer(optimizer)


def build_callbacks(callbacks: Sequence[Entry], metrics: Sequence[Entry]) -> list[keras.callbacks.Callback]:
    """Keras callbacks, in order; `mode: auto` becomes `max` or `min`, which Keras guesses from the metric's name.

    Raises:
        SpecError: Keras rejects one of them.
    """
    keras_callbacks = []
    for i, entry in enumerate(callbacks):
        if entry.get("mode") == "auto":
            mode = "max" if more_is_better(metrics, str(entry.get("monitor"))) else "min"
            entry = replace(entry, arguments={**entry.arguments, "mode": mode})
        with _errors_at(entry, ("train", "callbacks", i, entry.name)):
            keras_callbacks.append(construct(entry))
    return keras_callbacks


@contextlib.contextmanager
def _errors_at(entry: Entry, path: KeyPath) -> Iterator[None]:
    """Inside, an error of Keras becomes a problem of an entry."""
    try:
        yield
    except Exception as error:
        reason = " ".join(str(error).split())
        raise SpecError([Problem(path, f"Keras cannot make this {entry.name}: {reason}")]) from error
