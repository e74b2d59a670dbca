"""Rules on the layers: sizes, and which layer comes after which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncli.catalog.entries import Entry
from cnncli.catalog.layer_traits import AVERAGING, CONVOLUTIONS, DROPOUTS, POOLS, REARRANGING, WEIGHTED
from cnncli.errors import Problem
from cnncli.spec.graph import IMAGE
from cnncli.spec.lint.context import LintContext, about, activation_of, is_activation
from cnncli.spec.sections.smaller_images import SCHEDULE
from cnncli.spec.shapes.network_shapes import Step, infer_shapes
from cnncli.spec.shapes.terms import Shape, pair, window_of

_STILL_LINEAR = (
    REARRANGING | AVERAGING | DROPOUTS | {"BatchNormalization", "Cropping2D", "GaussianNoise", "ZeroPadding2D"}
)
_SAME_FOR_ALL = {"Zeros", "Ones", "Constant"}
_MUCH_DROPOUT = 0.8
"""Rates of 0.2 to 0.5 are usual (Srivastava et al., "Dropout", 2014, appendix A.4).

Four in five is nearly always the share to keep, which is what older libraries expected.
"""


def pool_does_not_divide(context: LintContext) -> Iterator[Problem]:
    """A pool leaves rows or columns out, of the images at full size or of the smaller ones that train first."""
    for step in context.steps:
        if undivided := _undivided(step):
            yield about(
                step.node,
                f"{undivided}: the last row or column is never used; 'padding: same' here or in the convolutions above "
                "keeps it",
            )
    schedule, shape = context.spec.data.image.schedule, context.data.shape
    if shape is None or any(map(_undivided, context.steps)):
        return
    before = 0
    for index, part in enumerate(schedule):
        height = pair(part.size)[0]
        pools = ((step.node.name, _undivided(step)) for step in _steps_at(context, pair(part.size)))
        if first := next(((name, text) for name, text in pools if text), None):
            yield Problem(
                (*SCHEDULE, index, "size"),
                f"in '{first[0]}' {first[1]}: the last row or column is never used meanwhile; "
                f"{_divided_size(context, shape, height, before)}",
            )
        before = height


def _steps_at(context: LintContext, size: tuple[int, int]) -> Sequence[Step]:
    """The layers with the shapes that images of a size give them."""
    channels = context.data.shape[2] if context.data.shape else 1
    return infer_shapes(context.nodes, (*size, channels), context.data.classes).steps


def _divided_size(context: LintContext, full: Shape, height: int, before: int) -> str:
    """What to do about a height that pools do not divide: the nearest that they do, above that of the part before."""
    for side in sorted(range(before + 1, full[0]), key=lambda side: abs(side - height)):
        size = side, max(1, round(side * full[1] / full[0]))
        if not any(step.shape_error or _undivided(step) for step in _steps_at(context, size)):
            return f"write {side if size[0] == size[1] else [*size]}"
    return "use another size"


def _undivided(step: Step) -> str:
    """What a pool does not divide, in words; empty where it does, or where the layer is no such pool."""
    layer, size = step.node.entry, step.input_shapes[0]
    if layer.name not in POOLS or layer.get("padding") != "valid" or size is None:
        return ""
    pool, strides = window_of(layer)
    if strides != pool or not (size[0] % pool[0] or size[1] % pool[1]):
        return ""
    return f"a pool of {pool[0]}×{pool[1]} does not divide {size[0]}×{size[1]}"


def even_kernel(context: LintContext) -> Iterator[Problem]:
    """An even kernel has no middle."""
    for node in context.nodes:
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


def filters_shrink(context: LintContext) -> Iterator[Problem]:
    """Filters become fewer while the image becomes smaller."""
    for index, step in enumerate(context.steps):
        predecessor = context.predecessor(index)  # on a path without branches: those of an inception are joined again
        while predecessor is not None and not _is_wide(context.steps[predecessor]):
            predecessor = context.predecessor(predecessor)
        if predecessor is None or not _is_wide(step):
            continue
        (earlier_pixels, earlier_filters), (pixels, filters) = _extent(context.steps[predecessor]), _extent(step)
        if pixels <= earlier_pixels and filters < earlier_filters and filters != context.classes:
            yield about(
                step.node,
                f"{filters} filters after {earlier_filters}: deeper layers detect more kinds of features, so the "
                f"number of filters usually stays or doubles; write {earlier_filters} or more",
                "filters",
            )


def _is_wide(step: Step) -> bool:
    """Whether it is a convolution larger than 1×1, which would be a bottleneck on purpose, with known shapes."""
    layer = step.node.entry
    certain = step.input_shapes[0] is not None and step.output_shape is not None
    return layer.name == "Conv2D" and certain and pair(layer.get("kernel_size")) != (1, 1)


def _extent(step: Step) -> tuple[int, int]:
    """Pixels of the input of a convolution, and its filters."""
    height, width = (step.input_shapes[0] or (0, 0))[:2]
    return height * width, (step.output_shape or (0,))[-1]


def linear_after_linear(context: LintContext) -> Iterator[Problem]:
    """Two linear layers in a row are one."""
    for index, node in enumerate(context.nodes):
        layer = node.entry
        wide = layer.name == "Dense" or (layer.name == "Conv2D" and min(pair(layer.get("kernel_size"))) > 1)
        if not wide or activation_of(layer) != "linear":
            continue  # 1×1 and 1×n convolutions are linear on purpose: they take a larger one apart
        consumer = context.only_consumer(index)
        while consumer is not None and _is_linear(context.nodes[consumer].entry):
            consumer = context.only_consumer(consumer)
        if consumer is not None and (name := context.nodes[consumer].entry.name) in ("Dense", "Conv2D"):
            yield about(
                node,
                f"no activation between this {layer.name} and the {name} below: together they can learn no more "
                "than one layer; add 'activation: relu'",
            )


def _is_linear(layer: Entry) -> bool:
    return layer.name in _STILL_LINEAR or (layer.name == "Activation" and layer.get("activation") == "linear")


def activation_twice(context: LintContext) -> Iterator[Problem]:
    """One activation straight after another."""
    for node in context.nodes:
        if not is_activation(node.entry) or node.inputs[0] == IMAGE:
            continue
        earlier = context.nodes[node.inputs[0]].entry
        first = activation_of(earlier)
        if first not in (None, "linear"):
            yield about(
                node,
                f"{earlier.name} ends in {first} already, and a second activation on top of it only loses "
                "information; leave out one of the two",
            )


def hidden_softmax(context: LintContext) -> Iterator[Problem]:
    """Softmax belongs to the output."""
    yield from _hidden(context, {"softmax", "sparsemax", "log_softmax"}, "makes the features compete for a sum of 1")


def hidden_sigmoid(context: LintContext) -> Iterator[Problem]:
    """Sigmoids starve the layers above them of gradients."""
    yield from _hidden(context, {"sigmoid"}, "is nearly flat for large values, and the layers above learn slowly")


def _hidden(context: LintContext, activations: set[str], effect: str) -> Iterator[Problem]:
    if not context.head:
        return
    for index, node in enumerate(context.nodes[: context.head[0]]):
        activation = activation_of(node.entry)
        consumers = [context.nodes[consumer].entry for consumer in context.consumers[index]]
        # a second activation below is activation-twice; a gate, which another result is multiplied by, is on purpose
        if activation in activations and not any(map(is_activation, consumers)) and not context.is_gate(index):
            yield about(node, f"inside the network {activation} {effect}; write 'relu' there")


def bias_before_normalization(context: LintContext) -> Iterator[Problem]:
    """Batch normalisation takes the bias out again."""
    for index, node in enumerate(context.nodes):
        layer, consumer = node.entry, context.only_consumer(index)
        if (
            consumer is None
            or layer.name not in WEIGHTED
            or activation_of(layer) != "linear"
            or not layer.get("use_bias")
        ):
            continue
        normalization = context.nodes[consumer].entry
        if normalization.name == "BatchNormalization" and normalization.get("axis") == -1:
            message = "the batch normalisation below cancels the bias; 'use_bias: false' saves its parameters"
            yield about(node, message)


def dropout_before_normalization(context: LintContext) -> Iterator[Problem]:
    """Dropout changes the variance that batch normalisation remembers."""
    for index, node in enumerate(context.nodes):
        if node.entry.name not in DROPOUTS:
            continue
        last = index
        while (consumer := context.only_consumer(last)) is not None:
            layer = context.nodes[consumer].entry
            if not is_activation(layer) and layer.name not in REARRANGING:
                break
            last = consumer
        if any(context.nodes[consumer].entry.name == "BatchNormalization" for consumer in context.consumers[last]):
            yield about(
                node,
                f"batch normalisation learns the variance that {node.entry.name} makes in training, and there is "
                "none of it in prediction; put the dropout after the normalisation",
            )


def dropout_rate(context: LintContext) -> Iterator[Problem]:
    """Nearly all values are dropped."""
    for node in context.nodes:
        if node.entry.name in DROPOUTS and node.entry.get("rate") >= _MUCH_DROPOUT:
            yield about(
                node,
                f"{node.entry.get('rate'):.0%} of the values are dropped (the rate is the share that is dropped); "
                "0.2 to 0.5 is usual",
                "rate",
            )


def single_unit(context: LintContext) -> Iterator[Problem]:
    """All information passes through one number."""
    for index, node in enumerate(context.nodes):
        if node.entry.name != "Dense" or node.entry.get("units") != 1 or context.is_gate(index):
            continue
        flat = context.steps[index].output_shape in (None, (1,))  # else it is one number for each place
        if flat and any(context.nodes[later].entry.name in WEIGHTED for later in context.descendants(index)):
            message = "one unit: the layers below receive a single number for each image; write more, such as 64"
            yield about(node, message, "units")


def same_initial_weights(context: LintContext) -> Iterator[Problem]:
    """Units that begin alike stay alike."""
    weighted = [node for node in context.nodes if node.entry.name in WEIGHTED]
    for node in weighted[:-1]:  # in the last one zeros are harmless: the labels differ
        initializer = node.entry.get("kernel_initializer")
        if isinstance(initializer, Entry) and initializer.name in _SAME_FOR_ALL:
            message = f"with {initializer.name} all units begin alike and learn the same"
            yield about(node, f"{message}; write 'he_normal', or leave it out", "kernel_initializer")


def pool_after_pool(context: LintContext) -> Iterator[Problem]:
    """Two pools with nothing to learn between them."""
    for index, node in enumerate(context.nodes):
        earlier = context.predecessor(index)
        if earlier is not None and _shrinks(context.nodes[earlier].entry) and _shrinks(node.entry):
            yield about(
                node,
                f"a second pool directly after {context.nodes[earlier].entry.name}: nothing is learnt at the size "
                "between; write a convolution between the two, or one larger pool",
            )


def _shrinks(layer: Entry) -> bool:
    return layer.name in POOLS and max(window_of(layer)[1]) > 1


def normalization_twice(context: LintContext) -> Iterator[Problem]:
    """What is normalised already."""
    normalizations = [index for index, node in enumerate(context.nodes) if node.entry.name == "BatchNormalization"]
    for node in (context.nodes[index] for index in normalizations):
        if node.inputs[0] in normalizations:
            yield about(node, "its input was already normalised by the layer above; leave out one of the two")


RULES = (
    pool_does_not_divide,
    even_kernel,
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
    pool_after_pool,
    normalization_twice,
)
