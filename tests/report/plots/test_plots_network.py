"""The picture of a network: nothing covers anything, lines run around boxes, blocks are framed."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from matplotlib.text import Text

from cnncli.records import LayerRow, ModelSummary
from cnncli.report.network_boxes import boxes_of
from cnncli.report.plots import style
from cnncli.report.plots.network import HEAD, STRIP, WIDTH, columns_of, draw_network, figure_of


def row(name: str, kind: str, inputs: tuple[int, ...], shape: tuple[int, ...] = (8, 8, 4), **more) -> LayerRow:
    path = () if kind == "Rescaling" else ("model", "layers", 0)
    macs = more.pop("macs", 9 if "Conv" in kind else 0)
    return LayerRow(name, kind, shape, 0, 0, macs, inputs=inputs, path=path, **more)


def residual(blocks: int, shortcut: bool = False) -> ModelSummary:
    """A row of residual blocks, each of five layers, or six with a convolution on the shortcut."""
    rows = [row("scale", "Rescaling", (-1,)), row("conv2d_1", "Conv2D", (0,), details="3×3")]
    for number in range(1, blocks + 1):
        start, end = f"residual_{number}.", len(rows) - 1
        rows.append(row(f"{start}conv2d_1", "Conv2D", (end,), details="3×3, stride 2"))
        rows.append(row(f"{start}batch_normalization_1", "BatchNormalization", (end + 1,)))
        rows.append(row(f"{start}conv2d_2", "Conv2D", (end + 2,)))
        if shortcut:
            rows.append(row(f"{start}shortcut", "Conv2D", (end,)))
        rows.append(row(f"{start}add_1", "Add", (end + 3, len(rows) - 1 if shortcut else end)))
        rows.append(row(f"{start}relu_1", "ReLU", (len(rows) - 1,)))
    rows.append(row("dense_1", "Dense", (len(rows) - 1,), (10,), details="softmax"))
    return ModelSummary(tuple(rows), (8, 8, 4), 0)


def inception() -> ModelSummary:
    names = ["stem", "b.one", "b.three_reduce", "b.three", "b.five_reduce", "b.five", "b.pool", "b.project"]
    inputs = [(-1,), (0,), (0,), (2,), (0,), (4,), (0,), (6,)]
    rows = [row(name, "Conv2D", given) for name, given in zip(names, inputs, strict=True)]
    return ModelSummary((*rows, row("b.concatenate_1", "Concatenate", (1, 3, 5, 7), (8, 8, 16))), (8, 8, 4), 0)


def chain(length: int) -> ModelSummary:
    rows = [row(f"{'very_' * 9}long_name_{at}", "Conv2D", (at - 1,), details="3×3, relu" * 5) for at in range(length)]
    return ModelSummary(tuple(rows), (8, 8, 4), 0)


def branching(seed: int) -> ModelSummary:
    """A network in which each layer takes from one to three of those before it."""
    chance = random.Random(seed)
    rows = []
    for at in range(chance.randint(2, 40)):
        before = range(-1, at)
        rows.append(row(f"layer_{at}", "Conv2D", tuple(chance.sample(before, min(len(before), chance.randint(1, 3))))))
    return ModelSummary(tuple(rows), (8, 8, 4), 0)


NETWORKS = {
    "one layer": chain(1),
    "chain": chain(60),
    "residual": residual(9),
    "shortcuts": residual(9, shortcut=True),
    "inception": inception(),
    **{f"random {seed}": branching(seed) for seed in range(8)},
}
networks = pytest.mark.parametrize("summary", NETWORKS.values(), ids=NETWORKS)


def crosses(one, other, shrink: float = 0.0) -> bool:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide > shrink and high > shrink


def areas(boxes, column):
    heights = {at: HEAD + STRIP * (len(boxes[at].rows) - 1) for at in column.boxes}
    return {at: (x, y, x + WIDTH, y + heights[at]) for at, (x, y) in column.boxes.items()}


def verticals(line):
    return [(x, *sorted((y, to_y))) for (x, y), (to_x, to_y) in pairwise(line) if x == to_x and y != to_y]


@networks
def test_no_box_covers_another_and_all_are_on_the_page(summary):
    boxes = boxes_of(summary)
    columns = columns_of(boxes)
    for column in columns:
        found = list(areas(boxes, column).values())
        assert all(x >= 0 and y >= 0 and to_x <= column.width and to_y <= column.height for x, y, to_x, to_y in found)
        assert not any(crosses(one, other) for at, one in enumerate(found) for other in found[:at])
    assert [at for at, _ in enumerate(boxes)] == sorted({at for column in columns for at in column.boxes})


@networks
def test_lines_run_straight_from_box_to_box_and_through_none(summary):
    boxes = boxes_of(summary)
    columns = columns_of(boxes)
    assert sum(len(column.lines) for column in columns) == sum(len(box.inputs) for box in boxes)
    for column in columns:
        found = areas(boxes, column).values()
        for line in column.lines:
            assert any(box[0] < line[0][0] <= box[2] and box[1] < line[0][1] <= box[3] for box in found)
            assert any(box[0] < line[-1][0] <= box[2] and box[1] <= line[-1][1] < box[3] for box in found)
            for (x, y), (to_x, to_y) in pairwise(line):
                assert x == to_x or y == to_y
                assert 0 <= x <= column.width
                segment = (min(x, to_x) - 0.5, min(y, to_y) - 0.5, max(x, to_x) + 0.5, max(y, to_y) + 0.5)
                assert not any(crosses(segment, box, shrink=0.9) for box in found)


@networks
def test_lines_of_two_boxes_do_not_share_a_way_down(summary):
    boxes = boxes_of(summary)
    for column in columns_of(boxes):
        for at, one in enumerate(column.lines):
            for other in column.lines[:at]:
                if one[0] == other[0]:
                    continue
                for x, top, bottom in verticals(one):
                    for other_x, other_top, other_bottom in verticals(other):
                        assert abs(x - other_x) > 1 or min(bottom, other_bottom) <= max(top, other_top)


@pytest.mark.parametrize("summary", [residual(9), residual(9, shortcut=True), inception()])
def test_a_frame_holds_the_layers_of_its_block_and_no_others(summary):
    boxes = boxes_of(summary)
    named = set()
    for number, column in enumerate(columns_of(boxes)):
        named |= {name for name, _ in column.frames}
        for at, area in areas(boxes, column).items():
            inside = {name for name, frame in column.frames if crosses(area, frame)}
            repeated = number > 0 and at == min(column.boxes)
            assert inside == ({boxes[at].block} - {""} if not repeated else set())
    assert named == {box.block for box in boxes} - {""}


def test_of_blocks_in_blocks_the_outer_one_is_framed_and_the_inner_one_named():
    rows = (row("stem", "Conv2D", (-1,)), row("stage.unit.conv", "Conv2D", (0,)), row("stage.conv", "Conv2D", (1,)))
    summary = ModelSummary(rows, (8, 8, 4), 0)
    (column,) = columns_of(boxes_of(summary))
    assert [name for name, _ in column.frames] == ["stage"]
    with style.applied():
        texts = {text.get_text() for text in figure_of(summary, "nested").findobj(Text)}
    assert {"stage", "unit.conv", "conv"} <= texts


def test_what_does_not_change_the_shape_is_in_the_box_of_the_layer_before_it():
    boxes = boxes_of(residual(1))
    names = [[row.name.rpartition(".")[2] for row in box.rows] for box in boxes]
    assert names == [
        ["image", "scale"],
        ["conv2d_1"],
        ["conv2d_1", "batch_normalization_1"],
        ["conv2d_2"],
        ["add_1", "relu_1"],
        ["dense_1"],
    ]
    assert [box.inputs for box in boxes] == [(), (0,), (1,), (2,), (3, 1), (4,)]


def test_a_straight_network_is_drawn_straight_with_its_shortcuts_to_the_right():
    (column,) = columns_of(boxes_of(residual(2)))
    assert len({x for x, _ in column.boxes.values()}) == 1
    skip = max(column.lines, key=len)
    assert max(x for x, _ in skip) > max(x for x, _ in column.boxes.values()) + WIDTH


def test_the_longest_path_is_the_chain_and_other_layers_are_beside_it():
    (column,) = columns_of(boxes_of(residual(1, shortcut=True)))
    lefts = [x for x, _ in column.boxes.values()]
    assert [x > min(lefts) for x in lefts] == [False, False, False, False, True, False, False]
    straight = [line for line in column.lines if len(line) == 2]
    assert [line[0][0] for line in straight] == [min(lefts) + WIDTH / 2] * 5


@pytest.mark.parametrize("summary", [chain(60), residual(9), residual(24)])
def test_a_long_network_continues_in_columns_that_repeat_the_last_box(summary):
    columns = columns_of(boxes_of(summary))
    width, height = sum(column.width for column in columns), max(column.height for column in columns)
    assert 0.5 < width / height < 3
    for before, column in pairwise(columns):
        assert min(column.boxes) == max(before.boxes)


@pytest.mark.parametrize("summary", [chain(3), residual(2, shortcut=True), inception()])
def test_no_text_overlaps(overlapping, summary):
    with style.applied():
        assert overlapping(figure_of(summary, "a network")) == []


def test_a_box_says_kind_arguments_name_and_shape():
    with style.applied():
        texts = {text.get_text() for text in figure_of(residual(1), "small").findobj() if isinstance(text, Text)}
    assert {"Conv2D", "3×3, stride 2", "conv2d_1", "8×8×4", "residual_1", "BatchNormalization", "softmax"} <= texts
    assert {"small", "7 layers · 0 parameters · 27 MACs for one image", "Input", "image"} <= texts


def test_any_name_is_drawn(tmp_path, opened):
    draw_network(ModelSummary((row("\udce9 $x$ 猫", "Conv2D", (-1,)),), (8, 8, 4), 0), tmp_path / "n.png", "$猫")
    assert opened(tmp_path / "n.png").std() > 1


def test_the_largest_picture_can_still_be_written():
    with style.applied():
        figure = figure_of(branching_widely(), "wide")
    assert max(figure.get_size_inches()) * figure.dpi <= 20_000


def branching_widely() -> ModelSummary:
    rows = [row("stem", "Conv2D", (-1,)), *(row(f"branch_{at}", "Conv2D", (0,)) for at in range(80))]
    return ModelSummary((*rows, row("all", "Concatenate", tuple(range(1, 81)))), (8, 8, 4), 0)
