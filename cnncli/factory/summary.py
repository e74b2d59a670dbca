"""A built model layer by layer: the figures of `spec/shapes` with Keras' own shapes, weights and precision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

from cnncli.catalog.entries import Entry
from cnncli.catalog.layer_traits import NORMALIZATIONS
from cnncli.catalog.names import FAMILIES
from cnncli.records import LayerRow, ModelSummary, TrainingMemory
from cnncli.spec.backbones import is_backbone, reads_image
from cnncli.spec.graph import IMAGE, Node
from cnncli.spec.shapes.activation_memory import Numerics, activation_bytes, output_bytes
from cnncli.spec.shapes.network_shapes import Step
from cnncli.spec.shapes.operations import applied_activation, flops_of, macs_of
from cnncli.spec.shapes.receptive_field import ReceptiveField, field_size, receptive_fields
from cnncli.spec.shapes.terms import Shape
from cnncli.wording import dimensions

if TYPE_CHECKING:
    import keras


def summarize(model: keras.Model, nodes: Sequence[Node], batch_size: int = 0) -> ModelSummary:
    """The summary of a model that was built from a spec.

    Args:
        model: As `build_model` makes it; compiled when a batch size is given.
        nodes: Layers of the spec; the rows are in their order, after the layers that prepare the pixels.
        batch_size: Images in one training step, to estimate its memory; 0 for no estimate.
    """
    opened = _OpenedModel(model, nodes)
    numerics = [_numerics(layer, step) for layer, step in zip(opened.layers, opened.steps, strict=True)]
    stored = activation_bytes(opened.steps, numerics)
    fields = receptive_fields(opened.steps)
    rows = [_row(*each) for each in zip(opened.layers, opened.steps, numerics, fields, stored, strict=True)]
    outer = list(rows[: opened.prepared])
    begin = opened.prepared
    for node, end in zip(nodes, opened.ends, strict=True):
        row = _backbone_row(node, rows, begin, end) if is_backbone(node.entry) else rows[end]
        outer.append(replace(row, inputs=opened.row_inputs(node), kind=node.entry.name, path=node.path))
        begin = end + 1
    largest = max(map(_working_bytes, opened.steps, numerics))
    training = _training_memory(model, batch_size, sum(stored), largest) if batch_size else None
    return ModelSummary(tuple(outer), tuple(model.input_shape[1:]), _bytes_of(model.weights), training)


class _OpenedModel:
    """The layers of a model in order, with those inside backbones in their place."""

    def __init__(self, model: keras.Model, nodes: Sequence[Node]) -> None:
        self._image_shape = _shape(model.inputs[0])
        self.layers: list[Any] = []  # layers, or other operations of Keras
        self.steps: list[Step] = []  # of each; its inputs are indices of steps
        self.ends: list[int] = []  # for each node the last of its layers, which makes its output
        names = {node.name for node in nodes}
        self._add_all([layer for layer in _operations(model) if layer.name not in names], model.inputs[0], IMAGE)
        self.prepared = len(self.steps)  # first layers, which prepare the pixels and are not in the spec
        for node in nodes:
            layer = model.get_layer(node.name)
            inputs = tuple(self._image(node) if index == IMAGE else self.ends[index] for index in node.inputs)
            if is_backbone(node.entry):
                self._add_all(_operations(layer), layer.inputs[0], inputs[0])
            else:
                self._add(layer, replace(node, inputs=inputs))
            self.ends.append(len(self.steps) - 1)

    def row_inputs(self, node: Node) -> tuple[int, ...]:
        """The rows of the summary that a node takes its inputs from."""
        return tuple(self._image(node) if index == IMAGE else self.prepared + index for index in node.inputs)

    def _image(self, node: Node) -> int:
        """The last layer that prepares the pixels for a node: a backbone has its own, named after it."""
        names = [layer.name for layer in self.layers[: self.prepared]]
        own = [at for at, name in enumerate(names) if name.startswith(f"{node.name}.")]
        return max(own, default=IMAGE) if reads_image(node) else names.index("scale")

    def _add_all(self, operations: Iterable[Any], tensor: Any, source: int) -> None:
        """Adds layers that are connected by tensors; `tensor` is the output of the step `source`."""
        from cnncli.startup import keras

        places = {id(tensor): source}
        for operation in operations:
            if isinstance(operation, keras.Sequential):
                place = places[id(operation.input)]
                for layer in _operations(operation):
                    place = self._add(layer, _node(layer, (place,)))
            else:
                tensors = operation.input if isinstance(operation.input, list | tuple) else [operation.input]
                place = self._add(operation, _node(operation, tuple(places[id(each)] for each in tensors)))
            places[id(operation.output)] = place

    def _add(self, layer: Any, node: Node) -> int:
        shapes = [self._image_shape if index == IMAGE else self.steps[index].output_shape for index in node.inputs]
        self.layers.append(layer)
        self.steps.append(Step(node, tuple(shapes), _shape(layer.output)))
        return len(self.steps) - 1


def _operations(model: keras.Model) -> list[Any]:
    """The layers of a model in order, and the operations between them that are not layers."""
    from cnncli.startup import keras

    operations = model.layers if isinstance(model, keras.Sequential) else model.operations
    return [operation for operation in operations if not isinstance(operation, keras.layers.InputLayer)]


def _node(layer: Any, inputs: tuple[int, ...]) -> Node:
    """A layer that is not in the spec as a node, with the arguments that it was built with."""
    return Node(layer.name, Entry("layer", type(layer).__name__, layer.get_config()), inputs, ())


def _shape(tensor: Any) -> Shape:
    return tuple(tensor.shape[1:])


def _numerics(layer: Any, step: Step) -> Numerics:
    from cnncli.factory.layers import BatchNormalization

    inner = getattr(layer, "layer", layer)  # of a wrapper
    computed = _item_bytes(getattr(inner, "compute_dtype", layer.output.dtype))
    if step.node.entry.name in NORMALIZATIONS - {"UnitNormalization"}:  # in float32, whatever their policy
        fused = isinstance(layer, BatchNormalization) and layer.takes_bfloat16(layer.output.shape[-1])
        computed = 2 if fused else 4
    return Numerics(bool(getattr(layer, "trainable_weights", ())), _item_bytes(layer.output.dtype), computed)


def _row(layer: Any, step: Step, numerics: Numerics, field: ReceptiveField, stored: int) -> LayerRow:
    weights, macs = getattr(layer, "weights", ()), macs_of(step)
    if macs is None and all(len(weight.shape) < 2 for weight in weights):
        macs = 0  # a layer of a package without a kernel
    return LayerRow(
        name=layer.name,
        kind=type(layer).__name__,
        details=details_of(step.node.entry),
        output_shape=step.output_shape or (),
        parameters=_count(weights),
        trainable=_count(getattr(layer, "trainable_weights", ())),
        frozen=0 if getattr(layer, "trainable", True) else _count(weights),
        macs=macs,
        flops=flops_of(step, macs or 0),
        receptive_field=field_size(field),
        activation_bytes=output_bytes(step, numerics),
        kept_bytes=stored,
        inputs=step.node.inputs,
    )


def _backbone_row(node: Node, rows: Sequence[LayerRow], begin: int, end: int) -> LayerRow:
    """One row for a backbone; the rows inside take each other's output."""
    inside = [
        replace(row, inputs=tuple(index - begin if index >= begin else IMAGE for index in row.inputs))
        for row in rows[begin : end + 1]
    ]
    macs = [row.macs for row in inside if row.macs is not None]
    summed = ("parameters", "trainable", "frozen", "flops", "activation_bytes", "kept_bytes")
    return LayerRow(
        name=node.name,
        kind=node.entry.name,
        details=f"{len(inside)} layers",
        output_shape=inside[-1].output_shape,
        macs=sum(macs) if len(macs) == len(inside) else None,
        receptive_field=inside[-1].receptive_field,
        inside=tuple(inside),
        **{name: sum(getattr(row, name) for row in inside) for name in summed},
    )


def _training_memory(model: keras.Model, batch_size: int, stored: int, largest: int) -> TrainingMemory:
    """The memory of a training step; `stored` and `largest` are the activations and working bytes of one image."""
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    return TrainingMemory(
        batch_size=batch_size,
        weights=_bytes_of(model.weights),
        gradients=_bytes_of(model.trainable_variables),
        optimizer=_bytes_of(model.optimizer.variables),
        activations=stored * batch_size,
        working=largest * batch_size,
    )


def _working_bytes(step: Step, numerics: Numerics) -> int:
    """Memory of the inputs and the output of a layer for one image."""
    inputs = sum(prod(shape or ()) for shape in step.input_shapes)
    return output_bytes(step, numerics) + inputs * numerics.output_bytes


def _item_bytes(dtype: str) -> int:
    """Size of one value of a Keras dtype."""
    from cnncli.startup import tf

    return int(tf.as_dtype(dtype).size)


def _bytes_of(variables: Iterable[keras.Variable]) -> int:
    return sum(prod(variable.shape) * _item_bytes(variable.dtype) for variable in variables)


def _count(weights: Iterable[keras.Variable]) -> int:
    return sum(prod(weight.shape) for weight in weights)


_ARGUMENTS = (
    # argument, how it is written, the value that needs no mention
    ("dilation_rate", "dilation {}", 1),
    ("groups", "groups {}", 1),
    ("depth_multiplier", "multiplier {}", 1),
    ("output_size", "to {}", None),
    ("size", "×{}", None),
    ("rate", "{}", None),
    ("stddev", "{}", None),
)


def details_of(layer: Entry) -> str:
    """The arguments that distinguish a layer from others of its kind: `3×3, stride 2, relu`."""
    if layer.name not in FAMILIES["layer"]:
        return ""
    parts = []
    pool = layer.get("pool_size")
    if window := layer.get("kernel_size") or pool:
        parts.append(dimensions([window, window] if isinstance(window, int) else window))
        strides, usual = _short(layer.get("strides") or window), _short(pool or 1)
        parts += [f"stride {strides}"] if strides != usual else []
    for argument, text, default in _ARGUMENTS:
        value = layer.get(argument)
        if value is not None and value != default and _short(value) != str(default):
            parts.append(text.format(_short(value)))
    if (activation := applied_activation(layer)) != "linear":
        parts.append(activation)
    return ", ".join(parts)


def _short(value: Any) -> str:
    """`2` for 2×2."""
    if isinstance(value, list | tuple):
        return str(value[0]) if len(set(value)) == 1 else dimensions(value)
    return str(value)
