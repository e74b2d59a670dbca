"""A network as boxes: a layer with those that follow it without changing the shape, and the boxes it takes from."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from cnncli.records import LayerRow, ModelSummary

COLORS = (  # part of the layer's class, fill, outline
    ("Conv", "#cfe3f2", "#0072B2"),
    ("Pool", "#fbe0cf", "#D55E00"),
    ("Dense", "#cfeadf", "#009E73"),
    ("", "#f1f1f1", "#8c8c8c"),
)


class Box(NamedTuple):
    """A layer and those that follow it without changing the shape."""

    rows: tuple[LayerRow, ...]  # the layers
    inputs: tuple[int, ...] = ()  # indices of the earlier boxes that it takes from
    block: str = ""  # name of the outermost block it belongs to; empty outside of blocks


def boxes_of(summary: ModelSummary) -> list[Box]:
    """The boxes of a network, the image first."""
    consumers = Counter(index for row in summary.rows for index in row.inputs)
    boxes, box_of_row = [Box((LayerRow("image", "Input", summary.input_shape, 0, 0, 0),))], {-1: 0}
    for at, row in enumerate(summary.rows):
        block = row.name.partition(".")[0] if "." in row.name else ""
        before = box_of_row[row.inputs[0]]
        box = boxes[before]
        is_only = len(row.inputs) == 1 and consumers[row.inputs[0]] == 1 and box.block == block
        if is_only and _shares_box(row, box.rows[-1]):
            box_of_row[at] = before
            boxes[before] = box._replace(rows=(*box.rows, row))
        else:
            box_of_row[at] = len(boxes)
            boxes.append(Box((row,), tuple(dict.fromkeys(box_of_row[index] for index in row.inputs)), block))
    return boxes


def _shares_box(row: LayerRow, before: LayerRow) -> bool:
    """Whether a layer is drawn in the box of its input: activation, normalisation, dropout; what scales the image."""
    if before.kind == "Input":
        return row.kind in ("Rescaling", "LayerNormalization") and not row.parameters
    plain = row.macs == 0 and not row.inside and "Pooling" not in row.kind
    return plain and row.output_shape == before.output_shape


def name_in_block(row: LayerRow) -> str:
    """The name within the outermost block, whose own name is on its frame."""
    return row.name.partition(".")[2] or row.name


def colors_of(kind: str) -> tuple[str, str]:
    """Fill and outline of the box of a layer, by its Keras class."""
    return next((fill, outline) for part, fill, outline in COLORS if part in kind)
