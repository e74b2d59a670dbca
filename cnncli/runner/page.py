"""What the page of a run says besides its evaluation: read from the run's files, or drawn with its network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncli.data.pipeline import evaluation_batch_size
from cnncli.explain.topics import explained
from cnncli.factory.summary import summarize
from cnncli.insight.feature_maps import Network
from cnncli.insight.heatmap import Logit, checked_by_covering, layer_cams, occlusion
from cnncli.records import History
from cnncli.report.page import Heat, RunFacts
from cnncli.runner.inputs.findings import findings_of
from cnncli.runner.open_run import OpenRun
from cnncli.spec.graph import Node

if TYPE_CHECKING:
    import keras

_COPIES = 4  # of a picture, by which its map is checked
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
    if not pictures:
        return []
    network, shape = Network(model), pictures[0].shape
    logits = [Logit.of(label, model.output_shape[-1]) for label in labels]
    at_once = max(1, evaluation_batch_size((shape[0], shape[1], shape[2]), 1) // _COPIES)
    heats: list[Heat] = []
    for at in range(0, len(pictures), at_once):
        some = np.stack(pictures[at : at + at_once])
        try:
            heats += _heats(network, some, logits[at : at + at_once])
        except Exception:  # a layer of a package may do anything, and a picture ends no training
            heats += [Heat(np.zeros(shape[:2], np.float32), counts=False) for _ in some]
    return heats


def _heats(network: Network, pictures: np.ndarray, logits: Sequence[Logit]) -> list[Heat]:
    """The maps of pictures `(pictures, height, width, channels)`, all at once."""
    if network.last_feature_maps():
        found = layer_cams(network, pictures, logits)
    else:
        found = [occlusion(network, pixels, logit) for pixels, logit in zip(pictures, logits, strict=True)]
    covered = [checked_by_covering(pixels, evidence) for pixels, evidence in zip(pictures, found, strict=True)]
    answers = np.split(np.asarray(network.logits(np.concatenate(covered))), len(found))  # each (4, units)
    heats = []
    for evidence, logit, rows in zip(found, logits, answers, strict=True):
        own = np.asarray(logit(rows))  # (4,)
        heats.append(Heat(evidence.over(*map(np.arange, pictures.shape[1:3])), bool(own[0] < own[1:].mean())))
    return heats


def _machine(environment: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What the training ran on, in words; the file may say anything."""
    for key in ("time", "device", "processor", "platform", "seed", "cnncli", "python"):
        if key in environment:
            yield key, str(environment[key])[:_LONGEST]
    packages = environment.get("packages")
    if isinstance(packages, dict):
        yield "packages", ", ".join(f"{name} {version}" for name, version in packages.items())[:_LONGEST]
