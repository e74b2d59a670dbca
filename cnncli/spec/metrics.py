"""What a training reports: its metrics by name, which of them are good news, and those that cannot be right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from cnncli.catalog.entries import Entry
from cnncli.catalog.names import FAMILIES
from cnncli.errors import KeyPath, Problem
from cnncli.spec.schema import Spec
from cnncli.spec.shapes.network_shapes import NetworkShapes
from cnncli.spec.static_data_info import static_data_info
from cnncli.wording import counted, nearest

SPARSE_METRICS = {"SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy", "SparseCategoricalCrossentropy"}
ONE_HOT_METRICS = set(FAMILIES["metric"]) - SPARSE_METRICS - {"accuracy"}


def is_sparse(loss: Entry) -> bool:
    """Whether a loss takes labels as class numbers rather than one-hot."""
    return loss.name in ("SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy")


def metric_name(metric: Entry) -> str:
    """The name under which Keras reports a metric."""
    if metric.name == "accuracy":
        return "accuracy"
    if name := metric.get("name"):
        return str(name)
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", metric.name)  # as Keras does it, which makes `auc` of `AUC`
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


_LESS = ("error", "crossentropy", "hinge", "divergence", "false_", "poisson", "logcosh")
"""Parts of what Keras calls the metrics of which less is better."""


def more_is_better(metrics: Sequence[Entry], name: str) -> bool:
    """Whether a rising figure is a good sign.

    Args:
        metrics: Metrics of the training.
        name: Reported name of one of them, such as `val_accuracy`, or `loss`.
    """
    by_name = {metric_name(metric): metric for metric in metrics}
    metric = by_name.get(name) or by_name.get(name.removeprefix("val_"))
    if metric is None:
        return False  # a loss
    return not any(part in metric_name(replace(metric, arguments={})) for part in _LESS)


def has_validation(spec: Spec) -> bool:
    """Whether any images are kept for validation."""
    return spec.data.split.validation != 0


def reported_metrics(spec: Spec) -> list[str]:
    """Every name that an epoch of this training reports."""
    names = ["loss", *(metric_name(metric) for metric in spec.train.metrics)]
    return [*names, *(f"val_{name}" for name in names)] if has_validation(spec) else names


EVALUATED = (
    *("loss", "log_loss", "accuracy", "macro_precision", "macro_recall", "macro_f1", "weighted_f1"),
    *("balanced_accuracy", "kappa", "mcc", "top_5_accuracy", "roc_auc", "pr_auc"),
)
"""What every evaluation reports, as metrics.json names it, besides the metrics of the spec."""


def evaluated_metrics(metrics: Sequence[Entry]) -> dict[str, bool]:
    """Every name that an evaluation reports, and whether more of it is better."""
    own = {name: more_is_better(metrics, name) for name in map(metric_name, metrics)}
    return {name: not name.endswith("loss") for name in EVALUATED} | own


_OF_SEVERAL = (
    *("CategoricalAccuracy", "CategoricalCrossentropy", "CategoricalHinge", "CosineSimilarity"),
    *("KLDivergence", "OneHotIoU", "OneHotMeanIoU", "TopKCategoricalAccuracy"),
)
"""Metrics that compare the outputs of an image with one another; of a single output they are constant."""

BINARY_LOSSES = ("BinaryCrossentropy", "BinaryFocalCrossentropy")


def has_one_output(spec: Spec, shapes: NetworkShapes) -> bool:
    """Whether one output separates two classes, as far as the spec is certain."""
    if spec.train.loss.name not in BINARY_LOSSES:
        return False
    if shapes.output_shape is not None:
        return shapes.output_shape == (1,)
    entries = (node.entry for node in reversed(spec.model.nodes))
    head = next((entry for entry in entries if entry.name not in ("Activation", "Softmax")), None)
    return head is not None and head.name == "Dense" and head.get("units") == 1


def monitored_metric(spec: Spec) -> tuple[str, bool]:
    """The metric that chooses the best epoch, and whether more of it is better."""
    names = reported_metrics(spec)
    preferred = ("val_accuracy", "val_loss", "accuracy", "loss")
    name = spec.train.monitor or next(candidate for candidate in preferred if candidate in names)
    return name, more_is_better(spec.train.metrics, name)


def metric_problems(metrics: Sequence[Entry], outputs: int | None) -> Iterator[Problem]:
    """Metrics of a training that make no sense for a number of outputs, or for one that is unknown."""
    for index, metric in enumerate(metrics):
        path: KeyPath = ("train", "metrics", index)
        if outputs == 1 and metric.name in ("F1Score", "FBetaScore") and metric.get("threshold") is None:
            message = f"{metric.name} of a single output needs a threshold for yes; add 'threshold: 0.5'"
            yield Problem(path, message)
        if outputs == 1 and metric.name in _OF_SEVERAL:
            yield Problem(path, f"{metric.name} compares outputs, and this model has one; use accuracy")
        for argument, least in (("class_id", 1), ("target_class_ids", 1), ("top_k", 0)):
            value = metric.arguments.get(argument)
            for one in value if isinstance(value, list) else [] if value is None else [value]:
                if outputs is not None and one + least > outputs:
                    of = counted(outputs, "output") + ", counted from 0" * least
                    yield Problem((*path, metric.name, argument), f"there is no {one} among {of}")


def unfitting_metrics(spec: Spec, shapes: NetworkShapes) -> Iterator[Problem]:
    """Metrics that make no sense for the number of outputs."""
    names = static_data_info(spec.data).class_names
    outputs = 1 if has_one_output(spec, shapes) else None if names is None else len(names)
    yield from metric_problems(spec.train.metrics, outputs)


def _monitored(spec: Spec) -> Iterator[Problem]:
    names = reported_metrics(spec)
    monitored: dict[KeyPath, str | None] = {("train", "monitor"): spec.train.monitor}
    for index, callback in enumerate(spec.train.callbacks):
        if callback.name in ("EarlyStopping", "ReduceLROnPlateau"):
            monitored["train", "callbacks", index, callback.name, "monitor"] = callback.get("monitor")
    for path, name in monitored.items():
        if name is not None and name not in names:
            near = nearest(name, names) or f"; this training reports {', '.join(names)}"
            yield Problem(path, f"no metric is called '{name}'{near}")


def _labels(spec: Spec) -> Iterator[Problem]:
    sparse = is_sparse(spec.train.loss)
    for index, metric in enumerate(spec.train.metrics):
        path: KeyPath = ("train", "metrics", index)
        if sparse and metric.name in ONE_HOT_METRICS:
            yield Problem(path, f"{metric.name} needs one-hot labels; use 'loss: CategoricalCrossentropy' with it")
        if not sparse and metric.name in SPARSE_METRICS:
            other = metric.name.removeprefix("Sparse")
            yield Problem(path, f"{metric.name} needs whole-number labels, {spec.train.loss.name} one-hot; use {other}")


def _names(spec: Spec) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, metric in enumerate(spec.train.metrics):
        name = metric_name(metric)
        if name in seen:
            message = f"metrics[{seen[name]}] is called '{name}' already; give one of them a name of its own"
            yield Problem(("train", "metrics", index), message)
        seen.setdefault(name, index)


METRIC_RULES = (_monitored, _labels, _names)
