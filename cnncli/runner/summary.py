"""Counts the layers of a model."""

from __future__ import annotations

from cnncli.factory.summary import summarize
from cnncli.records import ModelSummary
from cnncli.runner.inputs.splits import load_input_spec
from cnncli.runner.model.build import build_compiled_model
from cnncli.runner.open_run import OpenRun
from cnncli.spec.schema import Spec


def summary(spec: Spec, run: OpenRun | None = None) -> ModelSummary:
    """The layers of a spec's model, and the memory of a training step, as `cnncli.summary` says."""
    inputs = load_input_spec(spec.data) if run is None else run.input_spec
    model, _ = build_compiled_model(spec.model.nodes, inputs, spec.train, spec.seed, spec.name)
    return summarize(model, spec.model.nodes, spec.train.batch_size)
