"""A model layer by layer: shapes, parameters, what is computed, what is seen and what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, Any

from cnncli.factory.cost import activation_of, flops_of, kind_of, macs_of
from cnncli.factory.memory import bytes_of, bytes_of_weights, kept_bytes, training_memory
from cnncli.factory.receptive import ReceptiveField, receptive_fields, size_of
from cnncli.factory.walk import IMAGE, Call, Part, walk
from cnncli.records import LayerRow, ModelSummary
from cnncli.spec.graph import Node

if TYPE_CHECKING:
    import keras


def summarize(model: keras.Model, nodes: Sequence[Node] = (), batch_size: int = 0) -> ModelSummary:
    """The summary of a functional model; models inside it are opened.

    A layer that is used twice has two rows, its weights counted in the first.

    Args:
        model: built, with a known input shape; compiled when a batch size is given.
        nodes: the layers of the spec; the rows are in their order and know where they stand.
        batch_size: of the training, to reckon its memory; 0 for not.
    """
    known = {node.name: node for node in nodes}
    parts, calls = walk(model, list(known))
    rows = _rows(calls)
    owned: list[list[int]] = [[] for _ in parts]
    for at, call in enumerate(calls):
        owned[call.owner].append(at)
    outer = []
    for part, places in zip(parts, owned, strict=True):
        single = len(places) == 1 and calls[places[0]].layer is part.layer
        row = replace(rows[places[0]] if single else _nested(part, rows, places), inputs=part.inputs)
        if node := known.get(row.name):
            row = replace(row, kind=node.entry.name, path=node.path)
        outer.append(row)
    training = training_memory(model, calls, batch_size) if batch_size else None
    return ModelSummary(tuple(outer), tuple(model.input_shape[1:]), bytes_of_weights(model.weights), training)


def _rows(calls: Sequence[Call]) -> list[LayerRow]:
    """A row for each call; `inputs` are calls."""
    return [_row(*each) for each in zip(calls, receptive_fields(calls), kept_bytes(calls), strict=True)]


def _row(call: Call, sight: ReceptiveField, kept: int) -> LayerRow:
    layer, macs = call.layer, macs_of(call)
    weights = getattr(layer, "weights", ()) if call.first else ()
    trained = getattr(layer, "trainable_weights", ()) if call.first else ()
    return LayerRow(
        name=layer.name,
        kind=kind_of(layer),
        details=details_of(layer),
        output_shape=call.output,
        parameters=_count(weights),
        trainable=_count(trained),
        frozen=0 if getattr(layer, "trainable", True) else _count(weights),
        macs=macs,
        flops=flops_of(call, macs or 0),
        receptive_field=size_of(sight),
        activation_bytes=bytes_of(call),
        kept_bytes=kept,
        inputs=call.inputs,
    )


def _count(weights: Sequence[Any]) -> int:
    return sum(prod(weight.shape) for weight in weights)


def _nested(part: Part, all_rows: Sequence[LayerRow], places: Sequence[int]) -> LayerRow:
    """One row for a model that is used as a layer; the rows inside take each other's output."""
    rows = [all_rows[place] for place in places]
    own = {place: at for at, place in enumerate(places)}
    inside = [replace(row, inputs=tuple(own.get(index, IMAGE) for index in row.inputs)) for row in rows]
    known = [row.macs for row in rows if row.macs is not None]
    return LayerRow(
        name=part.layer.name,
        kind=kind_of(part.layer),
        details=f"{len(rows)} layers",
        output_shape=part.output,
        parameters=sum(row.parameters for row in rows),
        trainable=sum(row.trainable for row in rows),
        frozen=sum(row.frozen for row in rows),
        macs=sum(known) if len(known) == len(rows) else None,
        flops=sum(row.flops for row in rows),
        receptive_field=rows[-1].receptive_field,
        activation_bytes=sum(row.activation_bytes for row in rows),
        kept_bytes=sum(row.kept_bytes for row in rows),
        inside=tuple(inside),
    )


_ARGUMENTS = (
    # argument, how it is said, what goes without saying
    ("dilation_rate", "dilation {}", 1),
    ("groups", "groups {}", 1),
    ("depth_multiplier", "multiplier {}", 1),
    ("output_size", "to {}", None),
    ("size", "×{}", None),
    ("rate", "{}", None),
    ("stddev", "{}", None),
)


def details_of(layer: Any) -> str:
    """The arguments that tell a layer from others of its kind: `3×3, stride 2, relu`."""
    said = []
    window = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    if window:
        said.append(_size(window))
        usual = window if hasattr(layer, "pool_size") else 1
        if _short(layer.strides) != _short(usual):
            said.append(f"stride {_short(layer.strides)}")
    for name, words, usual in _ARGUMENTS:
        value = getattr(layer, name, None)
        if value is not None and _short(value) != _short(usual):
            said.append(words.format(_short(value)))
    if (function := activation_of(layer)) != "linear":
        said.append(function)
    return ", ".join(said)


def _size(value: Any) -> str:
    return "×".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _short(value: Any) -> str:
    """`2` for 2×2."""
    return str(value[0]) if isinstance(value, tuple | list) and len(set(value)) == 1 else _size(value)
