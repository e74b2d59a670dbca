"""What the page of a run says besides its evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cnncli.records import History, ModelSummary
from cnncli.report.page.template import Explain


@dataclass(frozen=True)
class Heat:
    """Where in a picture the evidence for an answer was.

    Args:
        values: Shape of the picture, float32, 0…1 with 1 at the hottest place.
        counts: Whether covering the hottest tenth moves the answer more than covering as much elsewhere.
    """

    values: np.ndarray
    counts: bool


HeatMaps = Callable[[Sequence[np.ndarray], Sequence[int]], Sequence[Heat]]
"""Draws heat maps of pictures, uint8 `(height, width, channels)`, each for a class as an index."""


@dataclass(frozen=True)
class RunFacts:
    """A run as its page presents it.

    Args:
        name: Name of the run.
        state: How its training ended.
        history: Metrics of each epoch.
        counts: Images of each class in each split.
        findings: What is odd about the images, one sentence each; None where nobody looked.
        network: Layers and cost.
        heat_maps: Draws heat maps with the network.
        spec: Text of spec.yaml.
        machine: Versions and hardware, each with what it is called.
        explain: Explains words of the glossary.
    """

    name: str
    state: str
    history: History
    counts: Mapping[str, Mapping[str, int]]
    findings: Sequence[str] | None
    network: ModelSummary
    heat_maps: HeatMaps
    spec: str
    machine: Sequence[tuple[str, str]]
    explain: Explain
