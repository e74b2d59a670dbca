"""What is legal but probably wrong, each rule one small function with a code and a reason."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from cnncli.catalog.datasets import DATASETS
from cnncli.catalog.entries import Entry
from cnncli.errors import Path, Problem
from cnncli.spec.schema import Spec
from cnncli.spec.shapes import DoesNotFit, Shape, follow, pair, units_of

_WEIGHTED = ("Conv", "Dense", "SeparableConv", "DepthwiseConv")


def lint(spec: Spec) -> list[Problem]:
    """The warnings on a spec that is otherwise right; those whose code the spec silences are left out."""
    found = []
    for code, rule in RULES.items():
        if code not in spec.silence:
            found += [Problem(p.path, p.message, p.place, p.at_key, code) for p in rule(spec)]
    known = [
        Problem(("silence", i), f"no lint rule is called '{code}'", code="unknown-rule")
        for i, code in enumerate(spec.silence)
        if code not in RULES
    ]
    return found + known


def _at(index: int) -> Path:
    return ("model", "layers", index)


def _trace(spec: Spec) -> list[tuple[int, Entry, Shape, Shape | None]]:
    """Layers with the shapes around them, as far as they are known."""
    dataset = DATASETS[spec.data.source]
    traced = []
    try:
        for step in follow(
            spec.model.layers, (dataset.height, dataset.width, dataset.channels), len(dataset.class_names)
        ):
            traced.append(step)
    except DoesNotFit:
        pass  # the rules on shapes say so
    return traced


def _classes(spec: Spec) -> int:
    return len(DATASETS[spec.data.source].class_names)


def _ends_with_softmax(layers: list[Entry]) -> bool:
    last = next((layer for layer in reversed(layers) if layer.name not in ("Flatten", "Reshape", "Identity")), None)
    if last is None:
        return False
    return last.name == "Softmax" or last.get("activation") in ("softmax", "sparsemax")


def _last_weighted(layers: list[Entry]) -> tuple[int, Entry] | None:
    return next(((i, layers[i]) for i in range(len(layers) - 1, -1, -1) if layers[i].name.startswith(_WEIGHTED)), None)


def softmax_and_logits(spec: Spec) -> Iterator[Problem]:
    """Softmax twice flattens the gradients."""
    if spec.train.loss.get("from_logits") and _ends_with_softmax(spec.model.layers):
        yield Problem(
            ("train", "loss", spec.train.loss.name, "from_logits"),
            "the model ends in a softmax already: with from_logits it is applied twice and training is slow",
        )


def no_softmax(spec: Spec) -> Iterator[Problem]:
    """Crossentropy takes logits for probabilities."""
    loss = spec.train.loss
    crossentropy = loss.name in ("SparseCategoricalCrossentropy", "CategoricalCrossentropy")
    if crossentropy and not loss.get("from_logits") and not _ends_with_softmax(spec.model.layers):
        yield Problem(
            _at(len(spec.model.layers) - 1),
            "the model does not end in a softmax, but the loss takes its output for probabilities; "
            "add 'activation: softmax' or 'from_logits: true'",
        )


def units_not_classes(spec: Spec) -> Iterator[Problem]:
    """The output has another number of units than there are classes."""
    found = _last_weighted(spec.model.layers)
    if found and found[1].name == "Dense":
        index, layer = found
        units, classes = units_of(layer.get("units"), _classes(spec)), _classes(spec)
        if units != classes:
            yield Problem(
                (*_at(index), "Dense", "units"),
                f"{units} units for {classes} classes; 'units: classes' is always right",
            )


def pool_does_not_divide(spec: Spec) -> Iterator[Problem]:
    """A pool leaves rows or columns out."""
    for index, layer, given, _ in _trace(spec):
        if layer.name in ("MaxPooling2D", "AveragePooling2D") and layer.get("padding") == "valid":
            pool = pair(layer.get("pool_size"))
            strides = pair(layer.get("strides") or pool)
            if strides == pool and (given[0] % pool[0] or given[1] % pool[1]):
                yield Problem(
                    _at(index),
                    f"a pool of {pool[0]}×{pool[1]} does not divide {given[0]}×{given[1]}: the last row or column "
                    "is never seen; sizes that are powers of two avoid it",
                    at_key=True,
                )


def even_kernel(spec: Spec) -> Iterator[Problem]:
    """An even kernel has no middle."""
    for index, layer in enumerate(spec.model.layers):
        if layer.name in ("Conv2D", "SeparableConv2D", "DepthwiseConv2D") and layer.get("padding") == "same":
            kernel = pair(layer.get("kernel_size"))
            if kernel[0] % 2 == 0 or kernel[1] % 2 == 0:
                yield Problem(
                    (*_at(index), layer.name, "kernel_size"),
                    f"an even kernel ({kernel[0]}×{kernel[1]}) with 'same' padding shifts the image by half a pixel; "
                    "odd sizes have a middle",
                )


def bias_before_normalization(spec: Spec) -> Iterator[Problem]:
    """Batch normalisation takes the bias out again."""
    layers = spec.model.layers
    for index, (layer, below) in enumerate(itertools.pairwise(layers)):
        linear = layer.get("activation") in (None, "linear")
        if layer.name.startswith(_WEIGHTED) and below.name == "BatchNormalization" and linear and layer.get("use_bias"):
            yield Problem(
                _at(index),
                "the batch normalisation below takes the bias out again; 'use_bias: false' saves it",
                at_key=True,
            )


def validation_is_test(spec: Spec) -> Iterator[Problem]:
    """The test images choose the epoch that is tested."""
    if spec.data.split.validation == "test":
        yield Problem(
            ("data", "split", "validation"),
            "the best epoch is chosen on the test images, which flatters the test accuracy; use 'validation: 0.1'",
        )


def filters_shrink(spec: Spec) -> Iterator[Problem]:
    """Filters become fewer while the image becomes smaller."""
    before: int | None = None
    for index, layer, given, result in _trace(spec):
        if layer.name == "Conv2D" and result:
            narrow = pair(layer.get("kernel_size")) == (1, 1)  # a bottleneck, on purpose
            if before and result[2] < before and not narrow and result[2] != _classes(spec):
                yield Problem(
                    (*_at(index), "Conv2D", "filters"),
                    f"{result[2]} filters after {before}: usually filters grow as the image shrinks",
                )
            before = result[2] if not narrow else before
        del given


def dense_without_flatten(spec: Spec) -> Iterator[Problem]:
    """The output still has a height and a width."""
    traced = _trace(spec)
    if len(traced) == len(spec.model.layers) and traced[-1][3] is not None and len(traced[-1][3]) > 1:
        shape = "×".join(map(str, traced[-1][3]))
        yield Problem(
            _at(len(traced) - 1),
            f"the output has the shape {shape}; put Flatten or GlobalAveragePooling2D before the last Dense",
        )


def patience_too_long(spec: Spec) -> Iterator[Problem]:
    """A callback waits longer than the training lasts."""
    for index, callback in enumerate(spec.train.callbacks):
        if "patience" in callback.arguments and callback.get("patience") >= spec.train.epochs:
            yield Problem(
                ("train", "callbacks", index, callback.name, "patience"),
                f"it waits {callback.get('patience')} epochs, but the training has only {spec.train.epochs}",
            )


def plateau_and_schedule(spec: Spec) -> Iterator[Problem]:
    """Two things set the learning rate."""
    if isinstance(spec.train.optimizer.get("learning_rate"), Entry):
        for index, callback in enumerate(spec.train.callbacks):
            if callback.name == "ReduceLROnPlateau":
                yield Problem(
                    ("train", "callbacks", index),
                    "the optimizer's schedule sets the learning rate; ReduceLROnPlateau cannot change it",
                )


RULES: dict[str, Callable[[Spec], Iterator[Problem]]] = {
    "softmax-and-logits": softmax_and_logits,
    "no-softmax": no_softmax,
    "units-not-classes": units_not_classes,
    "pool-does-not-divide": pool_does_not_divide,
    "even-kernel": even_kernel,
    "bias-before-normalization": bias_before_normalization,
    "validation-is-test": validation_is_test,
    "filters-shrink": filters_shrink,
    "dense-without-flatten": dense_without_flatten,
    "patience-too-long": patience_too_long,
    "plateau-and-schedule": plateau_and_schedule,
}
