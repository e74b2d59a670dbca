"""Which engine gets how many images, from times that are given."""

import numpy as np
import pytest

from cnncli.inference import Engine, quickest
from cnncli.inference.quickest import Use, choices, seconds_of, uses


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({"litert": {1: 1, 32: 20}, "onnx": {1: 2, 32: 30}}, [("litert", 1)]),
        ({"litert": {1: 2, 32: 30}, "onnx": {1: 1, 32: 20}}, [("onnx", 1)]),
        ({"litert": {1: 1, 32: 32}, "onnx": {1: 3, 32: 3}}, [("litert", 1), ("onnx", 4)]),
        ({"litert": {1: 3, 32: 3}, "onnx": {1: 1, 32: 32}}, [("onnx", 1), ("litert", 3)]),
        ({"litert": {1: 1, 32: 10}, "onnx": {1: 0.95, 32: 9.5}}, [("litert", 1)]),  # not clearly quicker
        ({"litert": {1: 1, 4: 8}, "onnx": {1: 3, 4: 6}}, [("litert", 1), ("onnx", 3)]),  # beyond 4 as with 4
        ({"litert": {1: 3}, "onnx": {1: 1}}, [("onnx", 1)]),  # one size was all that the time allowed
        (
            {"litert": {1: 1, 32: 63}, "onnx": {1: 5, 32: 36}, "openvino": {1: 18, 32: 18}},
            [("litert", 1), ("onnx", 7), ("openvino", 17)],
        ),
        ({"litert": {1: 0.0}}, [("litert", 1)]),
    ],
)
def test_each_number_of_images_goes_to_the_engine_that_is_clearly_quickest_with_it(seconds, expected):
    names = choices(seconds, 32)
    assert len(names) == 32
    assert uses(names) == tuple(Use(*each) for each in expected)


class Slow(Engine):
    """Takes time of a clock that does not tick."""

    def __init__(self, name, seconds, clock):
        super().__init__((4, 4, 1), 2)
        self.name, self._seconds, self._clock = name, seconds, clock

    def _compute(self, images):
        self._clock[0] += self._seconds * len(images)
        return np.zeros((len(images), 2), np.float32)


@pytest.mark.parametrize(("seconds", "sizes"), [(1e-4, [1, 32]), (0.008, [1, 7]), (0.03, [1, 2]), (0.1, [1])])
def test_timing_takes_about_a_second_whatever_a_network_needs(seconds, sizes, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(quickest.time, "perf_counter", lambda: clock[0])
    timed = seconds_of([Slow("litert", seconds, clock), Slow("onnx", seconds / 2, clock)], (4, 4, 1), 32)
    assert clock[0] < 1.6
    assert {name: [*times] for name, times in timed.items()} == {"litert": sizes, "onnx": sizes}
    assert timed["onnx"][1] == pytest.approx(seconds / 2)
