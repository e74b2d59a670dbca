"""Rules on the metrics of a training: those that cannot change, and those that take longer than the training."""

from __future__ import annotations

from collections.abc import Iterator

from cnncli.catalog.entries import Entry
from cnncli.errors import KeyPath, Problem
from cnncli.spec.lint.context import LintContext
from cnncli.wording import counted

_MANY_THRESHOLDS = 100_000
"""Keras counts at each threshold after every batch: at 10,000 in 0.9 ms, at so many in 3 ms, which is a step of a small
network, and at a million in 22 ms (AMD EPYC, AVX2 only, processor time of a batch of 128)."""


def top_k_of_all(context: LintContext) -> Iterator[Problem]:
    """The right class is always among the first k when these are all."""
    output, classes = context.shapes.output_shape, context.classes
    number = output[0] if output is not None and len(output) == 1 else classes
    for index, metric in enumerate(context.spec.train.metrics):
        key = "k" if metric.name.endswith("TopKCategoricalAccuracy") else "top_k"
        first = metric.get(key)
        if number is not None and number > 1 and first is not None and first >= number:
            yield Problem(
                _place(index, metric, key),
                f"the first {first} of {counted(number, 'class')} are all of them, so {metric.name} is the same "
                f"whatever the network learns; write a smaller {key}, or leave it out",
            )


def many_thresholds(context: LintContext) -> Iterator[Problem]:
    """So many thresholds cost more than the steps of the network between them."""
    for index, metric in enumerate(context.spec.train.metrics):
        number = metric.get("num_thresholds")
        if number is not None and number >= _MANY_THRESHOLDS:
            yield Problem(
                _place(index, metric, "num_thresholds"),
                f"after every batch {metric.name} counts at each of {number:,} thresholds, which can take longer than "
                "the step; 200 are Keras' default, and 1000 exact enough for most purposes",
            )


def _place(index: int, metric: Entry, argument: str) -> KeyPath:
    path: KeyPath = ("train", "metrics", index)
    return (*path, metric.name, argument) if argument in metric.arguments else path


RULES = (top_k_of_all, many_thresholds)
