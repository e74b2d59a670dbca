from __future__ import annotations

import re

from cnncli.records import LayerRow, ModelSummary
from cnncli.report.mermaid import mermaid_of


def network(name="conv2d_1"):
    rows = (
        LayerRow(name, "Conv2D", (8, 8, 4), 9, 9, 9, inputs=(-1,), details="3×3"),
        LayerRow("unit.conv2d_1", "Conv2D", (8, 8, 4), 9, 9, 9, inputs=(0,)),
        LayerRow("unit.relu_1", "ReLU", (8, 8, 4), 0, 0, 0, inputs=(1,)),
        LayerRow("unit.add_1", "Add", (8, 8, 4), 0, 0, 0, inputs=(2, 0)),
        LayerRow("dense_1", "Dense", (10,), 9, 9, 9, inputs=(3,), details="softmax"),
    )
    return ModelSummary(rows, (8, 8, 1), 0)


def test_every_box_is_a_node_and_every_input_an_arrow():
    text = mermaid_of(network())
    assert text.startswith("flowchart TB\n")
    assert re.findall(r'box(\d)\["(.+?)"\]', text) == [
        ("0", "Input<br>image · 8×8×1"),
        ("1", "Conv2D 3×3<br>conv2d_1 · 8×8×4"),
        ("2", "Conv2D<br>conv2d_1 · 8×8×4<br>ReLU"),
        ("3", "Add<br>add_1 · 8×8×4"),
        ("4", "Dense softmax<br>dense_1 · 10"),
    ]
    assert re.findall(r"box(\d) --> box(\d)", text) == [("0", "1"), ("1", "2"), ("2", "3"), ("1", "3"), ("3", "4")]


def test_a_block_is_a_subgraph():
    lines = mermaid_of(network()).splitlines()
    start, end = lines.index('  subgraph block2["unit"]'), lines.index("  end")
    assert [line.split("[")[0].strip() for line in lines[start + 1 : end]] == ["box2", "box3"]


def test_a_name_cannot_leave_its_label():
    text = mermaid_of(network('a"]; <b> #1 猫'))
    assert "a#34;#93;#59; #60;b#62; #35;1 猫" in text
    assert text.count('"') == 2 * 6  # five boxes and a block
