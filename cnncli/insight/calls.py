"""The calls of layers that compute a network, those inside backbones included, executed from any tensor to any other.

Keras cannot make a model of tensors inside a nested one, and a flat model of all of them may have two layers of one
name. Here the calls are written down once, and executed from wherever a value is known.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Call:
    """A call of a layer, or of an operation between layers."""

    layer: Any
    arguments: tuple[Any, ...]
    options: Mapping[str, Any]
    output: Any
    gives: int  # key of its output
    takes: tuple[int, ...]  # keys of the tensors that it takes

    @property
    def inputs(self) -> list[Any]:
        """The tensors that it takes."""
        return _tensors(self.arguments, self.options)


class Calls:
    """The calls of a functional model, in order; layers and weights are the model's own.

    Args:
        model: Any model that `cnncli.factory.model.build_model` builds.

    Attributes:
        image: Key of the model's input.
        result: Key of its output.
    """

    def __init__(self, model: keras.Model) -> None:
        self._same: dict[int, int] = {}  # a tensor at the border of a nested model → the one outside or inside
        self._kept: list[Any] = []  # tensors are told apart by their id, so none may go
        written: list[tuple[Any, ...]] = []
        image, result = self._write_down(model, written)
        self.image, self.result = self._key(image), self._key(result)
        self._calls: dict[int, Call] = {}
        for layer, arguments, options, output in written:
            takes = tuple(map(self._key, _tensors(arguments, options)))
            self.put(Call(layer, arguments, options, output, self._key(output), takes))

    def __iter__(self) -> Iterator[Call]:
        return iter(self._calls.values())

    def that_gives(self, key: int) -> Call | None:
        """The call whose output has a key; None of the image."""
        return self._calls.get(key)

    def put(self, call: Call) -> None:
        """Takes a call in place of the one with the same output."""
        self._calls[call.gives] = call

    def execute(self, known: dict[int, Any], wanted: Sequence[int], training: bool = False) -> dict[int, Any]:
        """The values of the wanted tensors, computed from known ones."""
        from cnncli.startup import keras

        calls, values = self._needed(known, wanted), dict(known)
        left = Counter(key for call in calls for key in call.takes)
        left.update(wanted)
        for call in calls:

            def value(item: Any) -> Any:
                return values[self._key(item)] if isinstance(item, keras.KerasTensor) else item

            options = keras.tree.map_structure(value, dict(call.options))
            if isinstance(call.layer, keras.layers.Layer) and _has_training(type(call.layer)):
                options["training"] = training
            arguments = keras.tree.map_structure(value, call.arguments)
            values[call.gives] = call.layer(*arguments, **options)
            for key in call.takes:  # what nobody needs any more
                left[key] -= 1
                if not left[key]:
                    del values[key]
        return values

    def _needed(self, known: Iterable[int], wanted: Sequence[int]) -> list[Call]:
        """The calls that compute the wanted tensors from known ones, in order."""
        needed, behind = set(), [key for key in wanted if key not in known]
        while behind:
            key = behind.pop()
            if key not in needed:
                needed.add(key)
                behind += [key for key in self._calls[key].takes if key not in known]
        return [call for call in self if call.gives in needed]

    def _write_down(self, model: keras.Model, written: list[tuple[Any, ...]]) -> tuple[Any, Any]:
        """Appends the calls of a model; returns its input and its output."""
        from cnncli.startup import keras

        def call(layer: Any, *arguments: Any, **options: Any) -> Any:
            """Calls a layer as Keras would, and writes the call down; of a model, the calls inside."""
            if isinstance(layer, keras.Sequential):
                for inner in layer.layers:
                    arguments = (call(inner, *arguments),)
                return arguments[0]
            output = layer(*arguments, **options)
            self._kept.append(output)
            if isinstance(layer, keras.Model):
                image, result = self._write_down(layer, written)
                self._same |= {id(image): id(arguments[0]), id(output): id(result)}
            else:
                written.append((layer, arguments, options, output))
            return output

        bare = keras.Model(model.inputs, model.outputs)  # of a compiled model Keras would compile the copy, too
        copy = keras.models.clone_model(bare, clone_function=lambda layer: layer, call_function=call)
        self._kept.append(copy)
        return copy.inputs[0], copy.outputs[0]

    def _key(self, tensor: Any) -> int:
        key = id(tensor)
        while key in self._same:
            key = self._same[key]
        return key


def _tensors(arguments: Sequence[Any], options: Mapping[str, Any]) -> list[Any]:
    from cnncli.startup import keras

    every = keras.tree.flatten([arguments, dict(options)])
    return [tensor for tensor in every if isinstance(tensor, keras.KerasTensor)]


def _has_training(layer: type) -> bool:
    return "training" in inspect.signature(layer.call).parameters  # type: ignore[attr-defined]
