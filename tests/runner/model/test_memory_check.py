"""A model that cannot fit in memory is refused by arithmetic, with the layer that is too large."""

import pytest

from cnncli.errors import ResourceError
from cnncli.runner.model import memory_check as room
from cnncli.runner.model.memory_check import require_model_fits
from cnncli.spec import parse
from cnncli.spec.reader import read

SPEC = "data: {{source: mnist}}\nmodel:\n  layers: [{}, Flatten, {{Dense: {{units: classes}}}}]\n"


def check(layers: str) -> None:
    require_model_fits(parse(read(SPEC.format(layers), "a.yaml")).shapes.steps)


@pytest.fixture(autouse=True)
def two_gigabytes(monkeypatch):
    monkeypatch.setattr(room, "available_memory", lambda: 2_000_000_000)


def test_what_fits_passes():
    check("{Conv2D: {filters: 64, kernel_size: 3}}, {UpSampling2D: {size: 4}}")


def test_weights_that_do_not_fit():
    with pytest.raises(
        ResourceError, match=r"model\.layers\[1\] \(Dense\) has 785,000,000 parameters: .* 3\.0 GiB"
    ) as caught:
        check("Flatten, {Dense: {units: 1000000}}")
    assert "fewer units" in caught.value.hint


def test_the_result_of_a_layer_that_does_not_fit():
    message = r"model\.layers\[0\] \(UpSampling2D\) outputs 784,000,000 numbers for one image"
    with pytest.raises(ResourceError, match=message):
        check("{UpSampling2D: {size: 1000}}, GlobalAveragePooling2D")


def test_nothing_is_refused_where_the_system_does_not_tell(monkeypatch):
    monkeypatch.setattr(room, "available_memory", lambda: None)
    check("Flatten, {Dense: {units: 1000000}}")
