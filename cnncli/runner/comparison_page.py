"""Writes the page of a comparison, with the images that changed sides; no network is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cnncli.errors import CnncliError
from cnncli.explain.topics import explained
from cnncli.notices import Notice
from cnncli.records.comparison import Comparison
from cnncli.report.page import write
from cnncli.report.page.comparison import Pictures, comparison_html
from cnncli.report.tables import cell
from cnncli.runner.evaluate import decoded_split, own_split
from cnncli.runner.open_run import OpenRun
from cnncli.runs import writing


def write_comparison_page(runs: Sequence[OpenRun], comparison: Comparison, file: Path, notice: Notice) -> None:
    """Writes the page of a comparison of these runs, which are in its order; without pictures where images are gone."""
    best = next(run for run, of in zip(runs, comparison.runs, strict=True) if of.run == comparison.best)
    try:
        pictures = _pictures(best, notice) if any(pair.changed for pair in comparison.pairs) else _none
        page = comparison_html(comparison, pictures, explained)
    except CnncliError as error:
        notice(f"the page has no pictures: {error.message}")
        page = comparison_html(comparison, _none, explained)
    with writing(file) as aside:
        write(page, aside)


def _pictures(run: OpenRun, notice: Notice) -> Pictures:
    """Gives test images of a run by their names in predictions.csv."""
    samples = decoded_split(own_split(run, "test", notice=notice), "test", run.spec.data, notice)
    place = {cell(name): index for index, name in enumerate(samples.names)}

    def read(names: Sequence[str]) -> list[np.ndarray | None]:
        indices = [place[name] for name in names if name in place]
        pixels = iter(samples.read(np.array(indices, np.int64)) if indices else ())
        return [next(pixels) if name in place else None for name in names]

    return read


def _none(names: Sequence[str]) -> list[np.ndarray | None]:
    return [None] * len(names)
