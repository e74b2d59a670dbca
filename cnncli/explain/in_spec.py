"""The layers of one kind in a spec: where they are, their shapes and their parameters."""

from __future__ import annotations

from dataclasses import dataclass

from cnncli.errors import Problem
from cnncli.spec import LoadedSpec
from cnncli.spec.shapes import Shape
from cnncli.wording import dimensions


@dataclass(frozen=True)
class LayerInSpec:
    """A layer of a spec.

    Args:
        line: File and line that write it.
        name: Name of the layer in the model.
        inputs: Shapes of its inputs, without the batch; None where only Keras or the images can tell.
        output: Shape of its output, or None.
        parameters: Number of parameters, or None.
    """

    line: str
    name: str
    inputs: tuple[Shape | None, ...]
    output: Shape | None
    parameters: int | None

    def cells(self) -> tuple[str, ...]:
        """One row of a table."""
        inputs = ", ".join(map(_text, self.inputs))
        return f"  {self.line}", self.name, inputs, _text(self.output), _text(self.parameters)


def layers_in_spec(name: str, loaded: LoadedSpec) -> list[LayerInSpec]:
    """Every layer of this kind in a spec, in the order of the model; one inside a block once for each use.

    Args:
        name: Class name of a layer.
        loaded: Loaded spec.
    """
    rows = []
    for step in loaded.shapes.steps:
        if step.node.entry.name == name:
            place = loaded.document.locate(Problem(step.node.path, "", at_key=True)).place
            line = f"{place.file}:{place.line}" if place else ""
            rows.append(LayerInSpec(line, step.node.name, step.input_shapes, step.output_shape, step.parameters))
    return rows


def _text(value: Shape | int | None) -> str:
    if value is None:
        return "?"
    return f"{value:,}" if isinstance(value, int) else dimensions(value)
