"""The picture of a network: nothing covers anything, lines run around boxes, blocks are framed."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from cnncli.records import LayerRow, ModelSummary
from cnncli.report.plots import style
from cnncli.report.plots.layered import layers_of
from cnncli.report.plots.network import draw_network, figure_of, stacks_of
from cnncli.report.plots.page_layout import page_of

SIZE = (178.0, 40.0)


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


def laid_out(summary: ModelSummary):
    stacks = stacks_of(summary.rows)
    sizes = [(SIZE[0], stack.height) for stack in stacks]
    page = page_of(layers_of(sizes, [stack.inputs for stack in stacks], [stack.group for stack in stacks]))
    boxes = {at: (x - SIZE[0] / 2, y, x + SIZE[0] / 2, y + sizes[at][1]) for at, (x, y) in page.boxes.items()}
    return stacks, page, boxes


def crosses(one, other, shrink: float = 0.0) -> bool:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide > shrink and high > shrink


@networks
def test_no_box_covers_another_and_all_are_on_the_page(summary):
    _, page, boxes = laid_out(summary)
    found = list(boxes.values())
    assert all(
        box[0] >= -1e-6 and box[1] >= 0 and box[2] <= page.width + 1e-6 and box[3] <= page.height for box in found
    )
    assert not any(crosses(one, other) for at, one in enumerate(found) for other in found[:at])


@networks
def test_lines_run_straight_from_box_to_box_and_through_none(summary):
    stacks, page, boxes = laid_out(summary)
    assert len(page.lines) == sum(len(set(stack.inputs)) for stack in stacks)
    starts = [((box[0] + box[2]) / 2, box[3]) for box in boxes.values()]
    ends = [((box[0] + box[2]) / 2, box[1]) for box in boxes.values()]
    for line in page.lines:
        assert any(line[0] == pytest.approx(start) for start in starts)
        assert any(line[-1] == pytest.approx(end) for end in ends)
        for (x, y), (to_x, to_y) in pairwise(line):
            assert abs(x - to_x) < 0.5 or y == to_y
            segment = (min(x, to_x) - 0.5, min(y, to_y) - 0.5, max(x, to_x) + 0.5, max(y, to_y) + 0.5)
            assert not any(crosses(segment, box, shrink=0.9) for box in boxes.values())


@pytest.mark.parametrize("summary", [residual(9), residual(9, shortcut=True), inception()])
def test_a_frame_holds_the_layers_of_its_block_and_no_others(summary):
    stacks, page, boxes = laid_out(summary)
    assert {frame.name for frame in page.frames} == {stack.group[0] for stack in stacks if stack.group}
    for at, stack in enumerate(stacks):
        inside = {
            frame.name
            for frame in page.frames
            if crosses(boxes[at], (frame.left, frame.top, frame.right, frame.bottom))
        }
        assert inside == set(stack.group)


def test_blocks_in_blocks_have_frames_in_frames():
    rows = (row("stem", "Conv2D", (-1,)), row("stage.unit.conv", "Conv2D", (0,)), row("stage.conv", "Conv2D", (1,)))
    _, page, _ = laid_out(ModelSummary(rows, (8, 8, 4), 0))
    outer, inner = page.frames
    assert (outer.name, outer.depth, inner.name, inner.depth) == ("stage", 0, "unit", 1)
    assert outer.left < inner.left < inner.right < outer.right
    assert outer.top < inner.top < inner.bottom < outer.bottom


def test_what_does_not_change_the_shape_is_in_the_box_of_the_layer_before_it():
    stacks = stacks_of(residual(1).rows)
    assert [stack.rows for stack in stacks] == [(-1, 0), (1,), (2, 3), (4,), (5, 6), (7,)]
    assert [stack.inputs for stack in stacks] == [(), (0,), (1,), (2,), (3, 1), (4,)]


def test_a_straight_network_is_drawn_straight_however_many_lines_pass():
    _, page, boxes = laid_out(residual(2))
    middles = [x for x, _ in page.boxes.values()]
    assert middles == pytest.approx([middles[0]] * len(middles), abs=0.01)
    skip = max(page.lines, key=len)
    assert max(x for x, _ in skip) > max(box[2] for box in boxes.values())


def test_branches_stand_side_by_side_in_the_order_of_the_spec():
    stacks, page, _ = laid_out(inception())
    first = [page.boxes[at] for at, stack in enumerate(stacks) if stack.inputs == (1,)]
    assert len({y for _, y in first}) == 1
    assert sorted(x for x, _ in first) in ([x for x, _ in first], [x for x, _ in first][::-1])
    second = [page.boxes[at][0] for at, stack in enumerate(stacks) if stack.inputs in ((3,), (5,), (7,))]
    assert second == [x for x, _ in first[1:]]  # each below its own branch


@pytest.mark.parametrize("summary", [chain(60), residual(9), residual(24)])
def test_a_long_network_goes_on_in_columns(summary):
    _, page, _ = laid_out(summary)
    assert 0.5 < page.width / page.height < 3


@pytest.mark.parametrize("summary", [chain(3), residual(2, shortcut=True), inception()])
def test_no_text_overlaps(overlapping, summary):
    with style.applied():
        assert overlapping(figure_of(summary, "a network")) == []


def test_a_box_says_kind_arguments_name_and_shape():
    with style.applied():
        texts = {text.get_text() for text in figure_of(residual(1), "small").findobj() if hasattr(text, "get_text")}
    assert {"Conv2D", "3×3, stride 2", "conv2d_1", "8×8×4", "residual_1", "BatchNormalization", "softmax"} <= texts
    assert {"small", "7 layers · 0 parameters · 27 MACs for one image", "Input", "image"} <= texts


def test_any_name_is_drawn(tmp_path, opened):
    draw_network(ModelSummary((row("\udce9 $x$ 猫", "Conv2D", (-1,)),), (8, 8, 4), 0), tmp_path / "n.png", "$猫")
    assert opened(tmp_path / "n.png").std() > 1


def test_the_largest_picture_can_still_be_written():
    with style.applied():
        figure = figure_of(branching_widely(), "wide")
    assert max(figure.get_size_inches()) * figure.dpi <= 20_000


def test_a_line_past_a_thousand_layers_ends_where_it_should():
    rows = [row(f"conv2d_{at}", "Conv2D", (at - 1,)) for at in range(1200)]
    rows.append(row("add", "Add", (0, 1199)))
    _, page, boxes = laid_out(ModelSummary(tuple(rows), (8, 8, 4), 0))
    longest = max(page.lines, key=lambda line: line[-1][1] - line[0][1])
    assert len(longest) == 6
    assert longest[-1][1] == boxes[1201][1]


def branching_widely() -> ModelSummary:
    rows = [row("stem", "Conv2D", (-1,)), *(row(f"branch_{at}", "Conv2D", (0,)) for at in range(80))]
    return ModelSummary((*rows, row("all", "Concatenate", tuple(range(1, 81)))), (8, 8, 4), 0)
