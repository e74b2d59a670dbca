"""A batch that is too large for the memory is refused before the first step."""

import pytest

from cnncli.errors import ResourceError
from cnncli.runner.inputs.input_spec import InputSpec
from cnncli.runner.model.build import build_compiled_model
from cnncli.runner.preflight import memory

pytestmark = pytest.mark.slow


def test_a_batch_that_is_too_large_is_refused_with_one_that_fits(folder_spec, monkeypatch):
    spec = folder_spec()
    inputs = InputSpec.of(spec.data, (16, 16, 3), ("blue", "green", "red"))
    model, _ = build_compiled_model(spec.model.nodes, inputs, spec.train, spec.seed, spec.name)
    monkeypatch.setattr(memory, "available_memory", lambda: 50_000)
    with pytest.raises(ResourceError, match="a step on 512 images") as raised:
        memory.require_step_fits(model, spec.model.nodes, 512)
    fitting = int(raised.value.hint.split("train.batch_size to ")[1].split(",")[0])
    assert 1 <= fitting < 512
    memory.require_step_fits(model, spec.model.nodes, fitting)
    with pytest.raises(ResourceError):
        memory.require_step_fits(model, spec.model.nodes, 2 * fitting + 1)
