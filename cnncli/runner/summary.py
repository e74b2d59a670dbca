"""Builds and compiles the model of a spec, to count its layers or only to see whether that works."""

from __future__ import annotations

from cnncli.factory.freezing import frozen_in_stages
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


def check_build(spec: Spec) -> None:
    """For `cnncli check --build`: raises a SpecError if something does not fit, also a layer that a stage names."""
    inputs = load_input_spec(spec.data)
    model, _ = build_compiled_model(spec.model.nodes, inputs, spec.train, spec.seed, spec.name)
    frozen_in_stages(model, spec.train.stages)
