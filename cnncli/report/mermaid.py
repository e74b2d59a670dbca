"""The network as Mermaid text, which GitHub, GitLab and Jupyter render as a flowchart."""

from __future__ import annotations

import re
from itertools import groupby

from cnncli.records import LayerRow, ModelSummary
from cnncli.report.network_boxes import COLORS, boxes_of, colors_of, name_in_block
from cnncli.wording import dimensions


def mermaid_of(summary: ModelSummary) -> str:
    """A flowchart from top to bottom: a node for each box, a subgraph for each block.

    Source:
        Mermaid, Flowcharts - Basic Syntax, https://mermaid.js.org/syntax/flowchart.html
    """
    boxes = boxes_of(summary)
    styles = {outline: at for at, (_, _, outline) in enumerate(COLORS)}
    lines = ["flowchart TB"]
    for block, members in groupby(range(len(boxes)), key=lambda at: boxes[at].block):
        nodes = list(members)
        lines += [f'  subgraph block{nodes[0]}["{_escaped(block)}"]'] if block else []
        for at in nodes:
            rows = boxes[at].rows
            lines.append(f'  box{at}["{_label(rows)}"]:::style{styles[colors_of(rows[0].kind)[1]]}')
        lines += ["  end"] if block else []
    lines += [f"  box{source} --> box{at}" for at, box in enumerate(boxes) for source in box.inputs]
    lines += [f"  classDef style{at} fill:{fill},stroke:{line},color:#222" for at, (_, fill, line) in enumerate(COLORS)]
    return "\n".join(lines) + "\n"


def _label(rows: tuple[LayerRow, ...]) -> str:
    first, *others = rows
    shape = dimensions(first.output_shape)
    texts = [f"{first.kind} {first.details}", f"{name_in_block(first)} · {shape}"]
    return "<br>".join(_escaped(text) for text in (*texts, *(f"{row.kind} {row.details}" for row in others)))


def _escaped(text: str) -> str:
    """The text with everything but letters, digits and plain punctuation as character codes."""
    return re.sub(r"[^\w ,.×·()+=/-]", lambda match: f"#{ord(match[0])};", text.strip())
