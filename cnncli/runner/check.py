"""`cnncli check --build`: whether Keras builds and compiles the model of a spec."""

from __future__ import annotations

from cnncli.factory.freezing import frozen_in_stages
from cnncli.runner.inputs.splits import load_input_spec
from cnncli.runner.model.build import build_compiled_model
from cnncli.spec.schema import Spec


def check_build(spec: Spec) -> None:
    """Builds and compiles the model of a spec, and looks up the layers that its stages name.

    Raises:
        SpecError: Something does not fit.
    """
    inputs = load_input_spec(spec.data)
    model, _ = build_compiled_model(spec.model.nodes, inputs, spec.train, spec.seed, spec.name)
    frozen_in_stages(model, spec.train.stages)
