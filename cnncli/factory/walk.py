"""A Keras model as a list of calls, each after those whose result it takes; models inside models are opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

IMAGE = -1
"""Stands among the inputs of a call for what the model is given."""


@dataclass(frozen=True)
class Call:
    """One use of a layer; a layer that is used twice has two.

    Args:
        layer: a Keras layer, or another operation of Keras.
        inputs: the calls whose results it takes, by index; -1 is the image.
        given: shapes of what it takes, without the batch.
        output: shape of its result, without the batch.
        item_bytes: size of one value of the result.
        owner: the part it belongs to, by index.
        first: whether no earlier call uses the same layer; weights are counted then.
    """

    layer: Any
    inputs: tuple[int, ...]
    given: tuple[tuple[int, ...], ...]
    output: tuple[int, ...]
    item_bytes: int
    owner: int
    first: bool


@dataclass(frozen=True)
class Part:
    """One layer of the outermost model.

    Args:
        layer: a Keras layer, which may be a model itself.
        inputs: the parts whose results it takes, by index; -1 is the image.
        output: shape of its result, without the batch.
    """

    layer: Any
    inputs: tuple[int, ...]
    output: tuple[int, ...]


def walk(model: keras.Model, order: Sequence[str] = ()) -> tuple[list[Part], list[Call]]:
    """The layers of a functional model, and every call in them, those inside nested models included.

    Args:
        model: built, with a known input shape.
        order: names of layers in the order that is wanted; it must be possible.
    """
    parts: list[Part] = []
    calls: list[Call] = []
    seen: set[int] = set()
    results = {IMAGE: IMAGE}  # the call that makes the result of each part
    for node, inputs in _nodes(model, order):
        owner = len(parts)
        parts.append(Part(node.operation, inputs, _shape(node.outputs[0])))
        results[owner] = _open(node, [results[index] for index in inputs], owner, calls, seen)
    return parts, calls


def _open(node: Any, given: list[int], owner: int, calls: list[Call], seen: set[int]) -> int:
    """Adds the calls of a node, and says which of them makes its result."""
    layer = node.operation
    if hasattr(layer, "_functional") or hasattr(layer, "_nodes_by_depth"):
        results = {-1 - at: call for at, call in enumerate(given)}
        last = given[0]
        for at, (inner, inputs) in enumerate(_nodes(layer)):
            last = results[at] = _open(inner, [results[index] for index in inputs], owner, calls, seen)
        return last
    shapes = tuple(_shape(tensor) for tensor in node.input_tensors)
    output = node.outputs[0]
    first = id(layer) not in seen
    calls.append(Call(layer, tuple(given), shapes, _shape(output), item_bytes(output.dtype), owner, first))
    seen.add(id(layer))
    return len(calls) - 1


_ITEM_BYTES = {"float16": 2, "bfloat16": 2, "float64": 8, "int64": 8, "uint8": 1, "int8": 1, "bool": 1}


def item_bytes(dtype: str) -> int:
    """Size of one value of a Keras dtype."""
    return _ITEM_BYTES.get(dtype, 4)


def _shape(tensor: Any) -> tuple[int, ...]:
    return tuple(tensor.shape[1:])


def _nodes(model: Any, order: Sequence[str] = ()) -> list[tuple[Any, tuple[int, ...]]]:
    """Keras' own nodes of a model in order, each with the earlier ones whose result it takes.

    The inputs of the model are -1, -2, …
    """
    graph = getattr(model, "_functional", model)  # a Sequential model holds a functional one
    found = [node for depth in sorted(graph._nodes_by_depth, reverse=True) for node in graph._nodes_by_depth[depth]]
    nodes = [node for node in found if not node.is_input]
    makers = {id(tensor): node for node in nodes for tensor in node.outputs}
    wanted = {name: at for at, name in enumerate(order)}
    ranks: dict[int, int] = {}
    for node in nodes:  # what nobody placed stays behind what it takes
        before = [ranks[id(makers[id(tensor)])] for tensor in node.input_tensors if id(tensor) in makers]
        ranks[id(node)] = wanted.get(node.operation.name, max(before, default=-1))
    nodes.sort(key=lambda node: ranks[id(node)])
    places = {id(tensor): -1 - at for at, tensor in enumerate(graph.inputs)}
    ordered = []
    for at, node in enumerate(nodes):
        ordered.append((node, tuple(places[id(tensor)] for tensor in node.input_tensors)))
        places |= {id(tensor): at for tensor in node.outputs}
    return ordered
