"""Rules on the layers: sizes, and what stands next to what."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from cnncli.catalog.entries import Entry
from cnncli.errors import Problem
from cnncli.spec.lint.facts import (
    AVERAGING,
    CONVOLUTIONS,
    DROPOUTS,
    POOLS,
    RESHAPING,
    Facts,
    activation_of,
    is_activation,
    is_weighted,
    layer_path,
)
from cnncli.spec.rules import SOME_CLASSES
from cnncli.spec.shapes import pair, parameters

_STILL_LINEAR = (
    RESHAPING | AVERAGING | DROPOUTS | {"BatchNormalization", "Cropping2D", "GaussianNoise", "ZeroPadding2D"}
)
_SAME_FOR_ALL = {"Zeros", "Ones", "Constant"}
_MUCH_DROPOUT = 0.8
_MANY_PARAMETERS = 5_000_000
_MOST_PARAMETERS = 0.9


def pool_does_not_divide(facts: Facts) -> Iterator[Problem]:
    """A pool leaves rows or columns out."""
    for step in facts.steps:
        layer, size = step.layer, step.given
        if layer.name not in POOLS or layer.get("padding") != "valid":
            continue
        pool = pair(layer.get("pool_size"))
        strides = pair(layer.get("strides") or pool)
        if strides == pool and (size[0] % pool[0] or size[1] % pool[1]):
            yield Problem(
                layer_path(step.index),
                f"a pool of {pool[0]}×{pool[1]} does not divide {size[0]}×{size[1]}: the last row or column is never "
                "seen; 'padding: same' here or in the convolutions above keeps it",
                at_key=True,
            )


def even_kernel(facts: Facts) -> Iterator[Problem]:
    """An even kernel has no middle."""
    for index, layer in enumerate(facts.layers):
        if layer.name not in CONVOLUTIONS or layer.get("padding") != "same":
            continue
        kernel = pair(layer.get("kernel_size"))
        if (kernel[0] % 2 == 0 or kernel[1] % 2 == 0) and pair(layer.get("strides")) == (1, 1):
            yield Problem(
                layer_path(index, layer.name, "kernel_size"),
                f"an even kernel ({kernel[0]}×{kernel[1]}) with 'same' padding has no middle and shifts the image by "
                "half a pixel; write an odd one, such as 3",
            )


def strides_skip_pixels(facts: Facts) -> Iterator[Problem]:
    """Steps longer than the window leave pixels out."""
    for index, layer in enumerate(facts.layers):
        if layer.name not in CONVOLUTIONS | POOLS:
            continue
        window = pair(layer.get("pool_size" if layer.name in POOLS else "kernel_size"))
        strides = pair(layer.get("strides") or window)
        skips = strides[0] > window[0] or strides[1] > window[1]
        if skips and window != (1, 1):  # a 1×1 convolution with strides is a shortcut on purpose
            yield Problem(
                layer_path(index, layer.name, "strides"),
                f"strides of {strides[0]}×{strides[1]} step over a window of {window[0]}×{window[1]}: the pixels in "
                "between are never seen; make the window as large as the strides",
            )


def filters_shrink(facts: Facts) -> Iterator[Problem]:
    """Filters become fewer while the image becomes smaller."""
    before: tuple[int, int] | None = None  # pixels, filters
    for step in facts.steps:
        if step.layer.name != "Conv2D" or step.result is None or pair(step.layer.get("kernel_size")) == (1, 1):
            continue  # a 1×1 convolution is a bottleneck on purpose
        pixels, filters = step.given[0] * step.given[1], step.result[2]
        if before and pixels <= before[0] and filters < before[1] and filters != facts.classes:
            yield Problem(
                layer_path(step.index, "Conv2D", "filters"),
                f"{filters} filters after {before[1]}: deeper layers see more kinds of things, so filters usually "
                f"stay or double; write {before[1]} or more",
            )
        before = pixels, filters


def linear_after_linear(facts: Facts) -> Iterator[Problem]:
    """Two linear layers in a row are one."""
    for index, layer in enumerate(facts.layers):
        wide = layer.name == "Dense" or (layer.name == "Conv2D" and min(pair(layer.get("kernel_size"))) > 1)
        if not wide or activation_of(layer) != "linear":
            continue  # 1×1 and 1×n convolutions are linear on purpose: they take a larger one apart
        below = next((other for other in facts.layers[index + 1 :] if not _is_linear(other)), None)
        if below and below.name in ("Dense", "Conv2D"):
            yield Problem(
                layer_path(index),
                f"no activation between this {layer.name} and the {below.name} below: together they can learn no more "
                "than one layer; add 'activation: relu'",
                at_key=True,
            )


def _is_linear(layer: Entry) -> bool:
    return layer.name in _STILL_LINEAR or (layer.name == "Activation" and layer.get("activation") == "linear")


def activation_twice(facts: Facts) -> Iterator[Problem]:
    """One activation straight after another."""
    for index, (above, layer) in enumerate(pairwise(facts.layers), start=1):
        first = activation_of(above)
        if is_activation(layer) and first not in (None, "linear"):
            yield Problem(
                layer_path(index),
                f"{above.name} ends in {first} already, and a second activation on top of it only loses "
                "information; leave one of the two out",
                at_key=True,
            )


def hidden_softmax(facts: Facts) -> Iterator[Problem]:
    """Softmax belongs to the output."""
    yield from _hidden(facts, {"softmax", "sparsemax", "log_softmax"}, "makes the features compete for a sum of 1")


def hidden_sigmoid(facts: Facts) -> Iterator[Problem]:
    """Sigmoids starve the layers above them of gradients."""
    yield from _hidden(facts, {"sigmoid"}, "is nearly flat for large values, and the layers above learn slowly")


def _hidden(facts: Facts, activations: set[str], effect: str) -> Iterator[Problem]:
    if not facts.head:
        return
    for index, layer in enumerate(facts.layers[: facts.head[0]]):
        activation = activation_of(layer)
        if activation in activations and not is_activation(facts.layers[index + 1]):  # that one is activation-twice
            yield Problem(
                layer_path(index),
                f"inside the network {activation} {effect}; write 'relu' there",
                at_key=True,
            )


def bias_before_normalization(facts: Facts) -> Iterator[Problem]:
    """Batch normalisation takes the bias out again."""
    for index, (layer, below) in enumerate(pairwise(facts.layers)):
        normalized = below.name == "BatchNormalization" and below.get("axis") == -1
        if normalized and is_weighted(layer) and activation_of(layer) == "linear" and layer.get("use_bias"):
            yield Problem(
                layer_path(index),
                "the batch normalisation below takes the bias out again; 'use_bias: false' saves its parameters",
                at_key=True,
            )


def dropout_before_normalization(facts: Facts) -> Iterator[Problem]:
    """Dropout changes the variance that batch normalisation remembers."""
    for index, (layer, below) in enumerate(pairwise(facts.layers)):
        if layer.name in DROPOUTS and below.name == "BatchNormalization":
            yield Problem(
                layer_path(index),
                f"batch normalisation learns the variance that {layer.name} makes in training, and there is none of "
                "it in prediction; put the dropout after the normalisation",
                at_key=True,
            )


def dropout_rate(facts: Facts) -> Iterator[Problem]:
    """Hardly anything gets through."""
    for index, layer in enumerate(facts.layers):
        if layer.name in DROPOUTS and layer.get("rate") >= _MUCH_DROPOUT:
            yield Problem(
                layer_path(index, layer.name, "rate"),
                f"{layer.get('rate'):.0%} of the values are dropped (the rate is what goes, not what stays); "
                "0.2 to 0.5 is usual",
            )


def single_unit(facts: Facts) -> Iterator[Problem]:
    """Everything has to pass through one number."""
    for index, layer in enumerate(facts.layers):
        if layer.name == "Dense" and layer.get("units") == 1 and any(map(is_weighted, facts.layers[index + 1 :])):
            yield Problem(
                layer_path(index, "Dense", "units"),
                "one unit: all that the layers below learn about an image is a single number; write more, such as 64",
            )


def same_initial_weights(facts: Facts) -> Iterator[Problem]:
    """Units that begin alike stay alike."""
    weighted = [index for index, layer in enumerate(facts.layers) if is_weighted(layer)]
    for index in weighted[:-1]:  # in the last one zeros are harmless: the labels differ
        layer = facts.layers[index]
        initializer = layer.get("kernel_initializer")
        if isinstance(initializer, Entry) and initializer.name in _SAME_FOR_ALL:
            yield Problem(
                layer_path(index, layer.name, "kernel_initializer"),
                f"with {initializer.name} all units begin alike and learn the same; write 'he_normal', or leave it out",
            )


def large_dense(facts: Facts) -> Iterator[Problem]:
    """Nearly all parameters are in the Dense after the Flatten."""
    if facts.output is None:
        return
    counts = [parameters(step.layer, step.given, facts.classes or len(SOME_CLASSES)) for step in facts.steps]
    for index, (above, layer) in enumerate(pairwise(facts.layers), start=1):
        large = counts[index] > _MANY_PARAMETERS and counts[index] > _MOST_PARAMETERS * sum(counts)
        if above.name == "Flatten" and layer.name == "Dense" and large:
            yield Problem(
                layer_path(index),
                f"{counts[index]:,} of {sum(counts):,} parameters are in this Dense, which learns images by heart; "
                "pool once more above it, or write GlobalAveragePooling2D instead of Flatten",
                at_key=True,
            )


RULES = (
    pool_does_not_divide,
    even_kernel,
    strides_skip_pixels,
    filters_shrink,
    linear_after_linear,
    activation_twice,
    hidden_softmax,
    hidden_sigmoid,
    bias_before_normalization,
    dropout_before_normalization,
    dropout_rate,
    single_unit,
    same_initial_weights,
    large_dense,
)
