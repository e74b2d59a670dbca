"""A network as boxes: a layer with those that follow it without changing the shape, and the boxes it takes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from cnncli.records import LayerRow, ModelSummary

IMAGE = -1
COLORS = (  # part of the layer's class, fill, outline
    ("Conv", "#cfe3f2", "#0072B2"),
    ("Pool", "#fbe0cf", "#D55E00"),
    ("Dense", "#cfeadf", "#009E73"),
    ("", "#f1f1f1", "#8c8c8c"),
)


class Box(NamedTuple):
    """A layer and those that follow it without changing the shape.

    Args:
        rows: Indices of the layers; -1 is the image.
        inputs: Indices of the earlier boxes that it takes from.
        block: Name of the outermost block it belongs to; empty outside of blocks.
    """

    rows: tuple[int, ...]
    inputs: tuple[int, ...] = ()
    block: str = ""


def boxes_of(rows: Sequence[LayerRow]) -> list[Box]:
    """The boxes of a network, the image first."""
    consumers = Counter(index for row in rows for index in row.inputs)
    boxes, box_of_row = [Box((IMAGE,))], {IMAGE: 0}
    for at, row in enumerate(rows):
        block = row.name.partition(".")[0] if "." in row.name else ""
        before = box_of_row[row.inputs[0]]
        box = boxes[before]
        is_only = len(row.inputs) == 1 and consumers[row.inputs[0]] == 1 and box.block == block
        if is_only and _follows(row, rows[row.inputs[0]] if row.inputs[0] != IMAGE else None):
            box_of_row[at] = before
            boxes[before] = box._replace(rows=(*box.rows, at))
        else:
            box_of_row[at] = len(boxes)
            boxes.append(Box((at,), tuple(dict.fromkeys(box_of_row[index] for index in row.inputs)), block))
    return boxes


def _follows(row: LayerRow, before: LayerRow | None) -> bool:
    """Whether a layer is drawn in the box of the one before it: activation, normalisation, dropout.

    Below the image it is what cnncli itself does to the pixels.
    """
    if before is None:
        return row.kind in ("Rescaling", "LayerNormalization") and not row.parameters
    plain = row.macs == 0 and not row.inside and "Pooling" not in row.kind
    return plain and row.output_shape == before.output_shape


def rows_of(box: Box, summary: ModelSummary) -> list[LayerRow]:
    """The layers in a box; the image is one, too."""
    image = LayerRow("image", "Input", summary.input_shape, 0, 0, 0)
    return [image if index == IMAGE else summary.rows[index] for index in box.rows]


def name_in_block(row: LayerRow) -> str:
    """The name within the outermost block, whose own name is on its frame."""
    return row.name.partition(".")[2] or row.name


def colors_of(kind: str) -> tuple[str, str]:
    """Fill and outline of the box of a layer, by its Keras class."""
    return next((fill, outline) for part, fill, outline in COLORS if part in kind)
