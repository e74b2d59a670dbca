"""What the page of a run says besides its evaluation: read from the run's files, or drawn with its network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncli.explain.topics import explained
from cnncli.factory.summary import summarize
from cnncli.insight.feature_maps import Network
from cnncli.insight.heatmap import Evidence, Logit, checked_by_covering, layer_cam, occlusion
from cnncli.records import History
from cnncli.report.page import Heat, RunFacts
from cnncli.runner.inputs.findings import findings_of
from cnncli.runner.open_run import OpenRun
from cnncli.spec.graph import Node

if TYPE_CHECKING:
    import keras

_LONGEST = 300  # characters of a value in environment.json


Facts = Callable[["keras.Model", History], RunFacts]
"""What the page of a run says, from a model with the weights that were evaluated, and the history."""


def facts_at_the_end(run: OpenRun, nodes: Sequence[Node]) -> Facts:
    """The facts of a run that is being trained: what was not read of it by then is read when they are asked for."""
    return lambda model, history: facts_of(run, nodes, model, history, run.folder.status())


def facts_of(
    run: OpenRun, nodes: Sequence[Node], model: keras.Model, history: History, status: Mapping[str, Any] | None = None
) -> RunFacts:
    """The facts of a run with these nodes, whose model has the weights that were evaluated.

    `status` is that of now, where it has changed since the run was opened.
    """
    record = run.data_record
    state = (status or run.status).get("state")
    return RunFacts(
        name=run.folder.name,
        state="finished" if state == "running" else str(state),  # the page is the last that a training writes
        history=history,
        counts=record.counts,
        findings=list(findings_of(record, run.image_rows)),
        network=summarize(model, nodes),
        heat_maps=lambda pictures, labels: heat_maps(model, pictures, labels),
        spec=run.spec_text,
        machine=list(_machine(run.environment)),
        explain=explained,
    )


def heat_maps(model: keras.Model, pictures: Sequence[np.ndarray], labels: Sequence[int]) -> list[Heat]:
    """Where in each picture, uint8 `(height, width, channels)`, the evidence for a class was; nowhere if that fails."""
    network = Network(model)
    draw = layer_cam if network.last_feature_maps() else occlusion
    heats = []
    for pixels, label in zip(pictures, labels, strict=True):
        try:
            heats.append(_heat(network, draw, pixels, Logit.of(label, model.output_shape[-1])))
        except Exception:  # a layer of a package may do anything, and a picture ends no training
            heats.append(Heat(np.zeros(pixels.shape[:2], np.float32), counts=False))
    return heats


def _heat(
    network: Network, draw: Callable[[Network, np.ndarray, Logit], Evidence], pixels: np.ndarray, logit: Logit
) -> Heat:
    evidence = draw(network, pixels, logit)
    logits = np.asarray(logit(network.logits(checked_by_covering(pixels, evidence))))  # (4,)
    values = evidence.over(*map(np.arange, pixels.shape[:2]))
    return Heat(values, bool(logits[0] < logits[1:].mean()))


def _machine(environment: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What the training ran on, in words; the file may say anything."""
    for key in ("time", "device", "processor", "platform", "seed", "cnncli", "python"):
        if key in environment:
            yield key, str(environment[key])[:_LONGEST]
    packages = environment.get("packages")
    if isinstance(packages, dict):
        yield "packages", ", ".join(f"{name} {version}" for name, version in packages.items())[:_LONGEST]
