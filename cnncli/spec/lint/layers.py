"""Rules on the layers: sizes, and what stands next to what."""

from __future__ import annotations

from collections.abc import Iterator

from cnncli.catalog.entries import Entry
from cnncli.errors import Problem
from cnncli.spec.graph import IMAGE
from cnncli.spec.lint.context import (
    AVERAGING,
    CONVOLUTIONS,
    DROPOUTS,
    POOLS,
    RESHAPING,
    Facts,
    about,
    activation_of,
    is_activation,
    is_weighted,
)
from cnncli.spec.rules import SOME_CLASSES
from cnncli.spec.shapes import Step, pair, parameters

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
        layer, size = step.node.entry, step.given[0]
        if layer.name not in POOLS or layer.get("padding") != "valid" or size is None:
            continue
        pool = pair(layer.get("pool_size"))
        strides = pair(layer.get("strides") or pool)
        if strides == pool and (size[0] % pool[0] or size[1] % pool[1]):
            yield about(
                step.node,
                f"a pool of {pool[0]}×{pool[1]} does not divide {size[0]}×{size[1]}: the last row or column is never "
                "seen; 'padding: same' here or in the convolutions above keeps it",
            )


def even_kernel(facts: Facts) -> Iterator[Problem]:
    """An even kernel has no middle."""
    for node in facts.nodes:
        layer = node.entry
        if layer.name not in CONVOLUTIONS or layer.get("padding") != "same":
            continue
        kernel = pair(layer.get("kernel_size"))
        if (kernel[0] % 2 == 0 or kernel[1] % 2 == 0) and pair(layer.get("strides")) == (1, 1):
            yield about(
                node,
                f"an even kernel ({kernel[0]}×{kernel[1]}) with 'same' padding has no middle and shifts the image by "
                "half a pixel; write an odd one, such as 3",
                "kernel_size",
            )


def strides_skip_pixels(facts: Facts) -> Iterator[Problem]:
    """Steps longer than the window leave pixels out."""
    for node in facts.nodes:
        layer = node.entry
        if layer.name not in CONVOLUTIONS | POOLS:
            continue
        window = pair(layer.get("pool_size" if layer.name in POOLS else "kernel_size"))
        strides = pair(layer.get("strides") or window)
        skips = strides[0] > window[0] or strides[1] > window[1]
        if skips and window != (1, 1):  # a 1×1 convolution with strides is a shortcut on purpose
            yield about(
                node,
                f"strides of {strides[0]}×{strides[1]} step over a window of {window[0]}×{window[1]}: the pixels in "
                "between are never seen; make the window as large as the strides",
                "strides",
            )


def filters_shrink(facts: Facts) -> Iterator[Problem]:
    """Filters become fewer while the image becomes smaller."""
    for step in facts.steps:
        if not _is_wide(step) or (above := _wide_above(facts, step.index)) is None:
            continue
        (before, many), (pixels, filters) = _extent(above), _extent(step)
        if pixels <= before and filters < many and filters != facts.classes:
            yield about(
                step.node,
                f"{filters} filters after {many}: deeper layers see more kinds of things, so filters usually "
                f"stay or double; write {many} or more",
                "filters",
            )


def _is_wide(step: Step) -> bool:
    """A convolution that sees more than one pixel; those of 1×1 are bottlenecks on purpose."""
    layer = step.node.entry
    known = step.given[0] is not None and step.result is not None
    return layer.name == "Conv2D" and known and pair(layer.get("kernel_size")) != (1, 1)


def _wide_above(facts: Facts, index: int) -> Step | None:
    """The next such convolution above, on a way without branches: those of an inception are joined again."""
    above = facts.above(index)
    while above is not None and not _is_wide(facts.steps[above]):
        above = facts.above(above)
    return None if above is None else facts.steps[above]


def _extent(step: Step) -> tuple[int, int]:
    """Pixels that a convolution is given, and its filters."""
    given, result = step.given[0] or (0, 0), step.result or (0,)
    return given[0] * given[1], result[-1]


def linear_after_linear(facts: Facts) -> Iterator[Problem]:
    """Two linear layers in a row are one."""
    for index, node in enumerate(facts.nodes):
        layer = node.entry
        wide = layer.name == "Dense" or (layer.name == "Conv2D" and min(pair(layer.get("kernel_size"))) > 1)
        if not wide or activation_of(layer) != "linear":
            continue  # 1×1 and 1×n convolutions are linear on purpose: they take a larger one apart
        below = facts.only_consumer(index)
        while below is not None and _is_linear(facts.nodes[below].entry):
            below = facts.only_consumer(below)
        if below is not None and (name := facts.nodes[below].entry.name) in ("Dense", "Conv2D"):
            yield about(
                node,
                f"no activation between this {layer.name} and the {name} below: together they can learn no more "
                "than one layer; add 'activation: relu'",
            )


def _is_linear(layer: Entry) -> bool:
    return layer.name in _STILL_LINEAR or (layer.name == "Activation" and layer.get("activation") == "linear")


def activation_twice(facts: Facts) -> Iterator[Problem]:
    """One activation straight after another."""
    for above, node in facts.pairs():
        first = activation_of(above.entry)
        if is_activation(node.entry) and first not in (None, "linear"):
            yield about(
                node,
                f"{above.entry.name} ends in {first} already, and a second activation on top of it only loses "
                "information; leave one of the two out",
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
    for index, node in enumerate(facts.nodes[: facts.head[0]]):
        activation = activation_of(node.entry)
        takers = [facts.nodes[consumer].entry for consumer in facts.takers[index]]
        # a second activation below is activation-twice; a gate, which another result is multiplied by, is on purpose
        if activation in activations and not any(map(is_activation, takers)) and not facts.is_gate(index):
            yield about(node, f"inside the network {activation} {effect}; write 'relu' there")


def bias_before_normalization(facts: Facts) -> Iterator[Problem]:
    """Batch normalisation takes the bias out again."""
    for index, node in enumerate(facts.nodes):
        layer, consumer = node.entry, facts.only_consumer(index)
        if consumer is None or not is_weighted(layer) or activation_of(layer) != "linear" or not layer.get("use_bias"):
            continue
        below = facts.nodes[consumer].entry
        if below.name == "BatchNormalization" and below.get("axis") == -1:
            message = "the batch normalisation below takes the bias out again; 'use_bias: false' saves its parameters"
            yield about(node, message)


def dropout_before_normalization(facts: Facts) -> Iterator[Problem]:
    """Dropout changes the variance that batch normalisation remembers."""
    for index, node in enumerate(facts.nodes):
        if node.entry.name not in DROPOUTS:
            continue
        below = index
        while (consumer := facts.only_consumer(below)) is not None and _passes_dropout_on(facts.nodes[consumer].entry):
            below = consumer
        if any(facts.nodes[consumer].entry.name == "BatchNormalization" for consumer in facts.takers[below]):
            yield about(
                node,
                f"batch normalisation learns the variance that {node.entry.name} makes in training, and there is "
                "none of it in prediction; put the dropout after the normalisation",
            )


def _passes_dropout_on(layer: Entry) -> bool:
    return is_activation(layer) or layer.name in RESHAPING


def dropout_rate(facts: Facts) -> Iterator[Problem]:
    """Hardly anything gets through."""
    for node in facts.nodes:
        if node.entry.name in DROPOUTS and node.entry.get("rate") >= _MUCH_DROPOUT:
            yield about(
                node,
                f"{node.entry.get('rate'):.0%} of the values are dropped (the rate is what goes, not what stays); "
                "0.2 to 0.5 is usual",
                "rate",
            )


def single_unit(facts: Facts) -> Iterator[Problem]:
    """Everything has to pass through one number."""
    for index, node in enumerate(facts.nodes):
        flat = facts.steps[index].result in (None, (1,))  # else it is one number for each place
        if node.entry.name != "Dense" or node.entry.get("units") != 1 or not flat or facts.is_gate(index):
            continue
        if any(is_weighted(facts.nodes[below].entry) for below in facts.below(index)):
            yield about(
                node,
                "one unit: all that the layers below learn about an image is a single number; write more, such as 64",
                "units",
            )


def same_initial_weights(facts: Facts) -> Iterator[Problem]:
    """Units that begin alike stay alike."""
    weighted = [node for node in facts.nodes if is_weighted(node.entry)]
    for node in weighted[:-1]:  # in the last one zeros are harmless: the labels differ
        initializer = node.entry.get("kernel_initializer")
        if isinstance(initializer, Entry) and initializer.name in _SAME_FOR_ALL:
            yield about(
                node,
                f"with {initializer.name} all units begin alike and learn the same; write 'he_normal', or leave it out",
                "kernel_initializer",
            )


def large_dense(facts: Facts) -> Iterator[Problem]:
    """Nearly all parameters are in the Dense after the Flatten."""
    if facts.output is None:
        return
    classes = facts.classes or len(SOME_CLASSES)
    counts = [parameters(step.node.entry, step.given[0], classes) if step.given[0] else 0 for step in facts.steps]
    for step, count in zip(facts.steps, counts, strict=True):
        node, source = step.node, step.node.inputs[0]
        flat = source != IMAGE and facts.nodes[source].entry.name == "Flatten"
        if flat and node.entry.name == "Dense" and count > max(_MANY_PARAMETERS, _MOST_PARAMETERS * sum(counts)):
            yield about(
                node,
                f"{count:,} of {sum(counts):,} parameters are in this Dense, which learns images by heart; "
                "pool once more above it, or write GlobalAveragePooling2D instead of Flatten",
            )


def unused_block(facts: Facts) -> Iterator[Problem]:
    """Nothing is made of a block."""
    for name in facts.spec.model.unused_blocks:
        yield Problem(
            ("model", "blocks", name),
            f"no layer comes from the block '{name}'; write '- {name}' among the layers, or remove it",
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
    unused_block,
)
