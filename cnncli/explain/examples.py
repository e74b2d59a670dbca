"""Worked examples: a layer on the shape it is given, the shape it gives, its parameters, and what if.

The layer is the one in the text, or those of that kind in the reader's own spec.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from cnncli.catalog import Entry, arguments_of, as_yaml, parse
from cnncli.catalog.names import MERGES
from cnncli.errors import Problem
from cnncli.explain.parameters import Count, count
from cnncli.explain.topics import Topic
from cnncli.spec import LoadedSpec
from cnncli.spec.reader import read
from cnncli.spec.rules import SOME_CLASSES
from cnncli.spec.shapes import DoesNotFit, Shape, after, follow, merged
from cnncli.spec.static_data_info import known

CLASSES = 10
"""What `classes` stands for in the examples of the texts."""

MOST = 3
"""Layers of the reader's spec that are worked out; the others are counted."""


@dataclass(frozen=True)
class Case:
    """A layer with one argument changed, or as it is.

    Args:
        layer: with the change.
        change: such as `strides: 2`; empty for the layer as it is.
        output: the shape it gives; None when only Keras knows.
        count: its parameters; None when only Keras knows.
        refusal: why it cannot be so; empty when it can.
    """

    layer: Entry
    change: str
    output: Shape | None = None
    count: Count | None = None
    refusal: str = ""


@dataclass(frozen=True)
class Example:
    """A layer worked out.

    Args:
        layer: with its arguments.
        given: the shapes it takes; none when they are not known.
        cases: as it is, then with changes.
        name: of the layer in the reader's model.
        place: file and line in the reader's spec.
    """

    layer: Entry
    given: tuple[Shape, ...]
    cases: tuple[Case, ...] = ()
    name: str = ""
    place: str = ""


def of_text(topic: Topic, argument: str = "") -> Example | None:
    """The example of a layer's text; with an argument, only what changes with that.

    Args:
        topic: of any family.
        argument: of the layer.
    """
    if not topic.given or not topic.usage:
        return None
    problems: list[Problem] = []
    layer = parse("layer", read(topic.usage, topic.name).value, (), problems)
    if layer is None or problems:
        raise ValueError(f"the example of {topic.name} is wrong: {problems}")
    return _example(layer, tuple(topic.given), CLASSES, argument)


def of_spec(name: str, loaded: LoadedSpec, argument: str = "") -> list[Example]:
    """The layers of this name in a spec, worked out for what they are given there.

    Args:
        name: of a Keras layer.
        loaded: the reader's spec.
        argument: only what changes with this one.
    """
    spec = loaded.spec
    facts = known(spec.data)
    classes = len(facts.class_names or SOME_CLASSES)
    found = []
    for step in follow(spec.model.nodes, facts.shape, classes):
        if step.node.entry.name == name:
            given = tuple(shape for shape in step.given if shape is not None)
            complete = given if len(given) == len(step.given) else ()
            place = loaded.document.locate(Problem(step.node.path, "", at_key=True)).place
            example = _example(step.node.entry, complete, classes, argument)
            found.append(replace(example, name=step.node.name, place=f"{place.file}:{place.line}" if place else ""))
    return found


def _example(layer: Entry, given: tuple[Shape, ...], classes: int, argument: str) -> Example:
    if not given:
        return Example(layer, ())
    cases = [_case(layer, given, classes, "")]
    for key, value in _changes(layer, argument):
        changed = replace(layer, arguments={**layer.arguments, key: value})
        cases.append(_case(changed, given, classes, f"{key}: {as_yaml(value)}"))
    return Example(layer, given, tuple(cases))


def _case(layer: Entry, given: tuple[Shape, ...], classes: int, change: str) -> Case:
    try:
        output = merged(layer, given) if layer.name in MERGES else after(layer, given[0], classes)
        return Case(layer, change, output, count(layer, given[0], classes))
    except DoesNotFit as error:
        return Case(layer, change, refusal=str(error))


def _other(*values: Any) -> Callable[[Any], list[Any]]:
    """Those of the values that differ from the one there is."""
    return lambda value: [other for other in values if not _equal(other, value)]


def _equal(one: Any, other: Any) -> bool:
    """Whether two values are the same, 2 and [2, 2] included."""
    return one == other or (isinstance(other, list | tuple) and set(map(str, other)) == {str(one)})


def _doubled(value: Any) -> list[Any]:
    return [value * 2, value // 2] if isinstance(value, int) and value > 1 else []


_CHANGES: dict[str, Callable[[Any], list[Any]]] = {
    # what an argument is changed to, given its value; shown first the first, and all where one argument is asked for
    "filters": _doubled,
    "units": _doubled,
    "kernel_size": _other(5, 3, 1),
    "pool_size": _other(2, 3),
    "output_size": _other(1, 2),
    "size": _other(2, 4),
    "strides": _other(2, 1, 3),
    "padding": _other("same", "valid"),
    "cropping": _other(1, 2),
    "use_bias": _other(False, True),
    "keepdims": _other(True, False),
    "shared_axes": _other([1, 2]),
}
_ASKED_FOR: dict[str, Callable[[Any], list[Any]]] = {
    # changes that are worth showing only where the argument is asked for
    "dilation_rate": _other(2, 1),
    "groups": _other(2, 4, 3),
    "depth_multiplier": _other(2, 1),
    "center": _other(False, True),
    "scale": _other(False, True),
}


def _changes(layer: Entry, argument: str) -> Iterator[tuple[str, Any]]:
    """Arguments with other values: each once, or all of one argument."""
    table = {**_CHANGES, **_ASKED_FOR}
    for key in (argument,) if argument else _CHANGES:
        if key in arguments_of("layer", layer.name) and key in table:
            values = _values(layer, key, table[key])
            yield from ((key, value) for value in (values if argument else values[:1]))


def _values(layer: Entry, key: str, change: Callable[[Any], list[Any]]) -> list[Any]:
    value = layer.get(key)
    if key == "strides" and value is None:
        value = layer.get("pool_size")  # a pool moves on by its own size
    if key == "padding" and layer.name.startswith("ZeroPadding"):
        return _other(2, 1)(value)
    return change(value)
