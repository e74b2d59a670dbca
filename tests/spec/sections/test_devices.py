"""What several devices cannot train is refused before anything starts."""

import pytest

from cnncli.errors import SpecError
from cnncli.spec import parse
from cnncli.spec.reader import read
from cnncli.spec.sections.devices import number_of, parts_of_processor, wrong_for_several


def spec_of(train, layer="ReLU"):
    layers = f"[{layer}, Flatten, Dense: {{units: classes, activation: softmax}}]"
    text = f"data: {{source: mnist, split: {{validation: 12000}}}}\nmodel: {{layers: {layers}}}\ntrain: {{{train}}}"
    return parse(read(text, "a.yaml")).spec  # 48,000 images train


@pytest.mark.parametrize(
    ("value", "number", "parts"),
    [(None, 1, 1), ("all", None, 1), (3, 3, 1), (["GPU:1", "GPU:4"], 2, 1), (["CPU:0", "CPU:1", "CPU:2"], 3, 3)],
)
def test_how_many_devices_are_asked_for(value, number, parts):
    assert (number_of(value), parts_of_processor(value)) == (number, parts)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("[GPU:0, GPU:0]", "the device 'GPU:0' is listed twice"),
        ("[CPU:1, CPU:2]", r"parts of the processor are numbered from 0; write \[CPU:0, CPU:1\]"),
        ("[GPU:0, CPU:0]", "all devices would wait for the processor"),
        ("[GPU:01]", "expected a list of names such as"),
        ("[CPU:0, 1]", "expected a list of names such as"),
        ("true", "'all', a number from 1 to 1024, or a list"),
        ("1025", "'all', a number from 1 to 1024, or a list"),
    ],
)
def test_devices_that_are_none(value, message):
    with pytest.raises(SpecError, match=message):
        spec_of(f"devices: {value}")


@pytest.mark.parametrize(
    ("train", "layer", "key", "message"),
    [
        ("jit_compile: true", "ReLU", "train.jit_compile", "XLA compiles a step for one device"),
        ("batch_size: 1", "ReLU", "train.batch_size", "each of 2 devices needs an image in every step"),
        ("batch_size: 47999", "ReLU", "train.batch_size", "48,000 images has only 1, .* use 48000"),
        ("batch_size: 3000, devices: 2", "ReLU", "", ""),  # 16 whole batches
        ("batch_size: 127, devices: 2", "ReLU", "", ""),  # the last has 121
        ("loss: Dice", "ReLU", "train.loss", "Dice compares all images of a step"),
        ("loss: Tversky", "ReLU", "train.loss", "Tversky compares all images of a step"),
        ("epochs: 1", "ActivityRegularization: {l2: 0.1}", "layers[0]", "penalties on activations"),
        ("epochs: 1", "Dense: {units: 2, activity_regularizer: l2}", "activity_regularizer", "penalties"),
    ],
)
def test_what_several_devices_cannot_train(train, layer, key, message):
    assert spec_of(train.replace(", devices: 2", ""), layer)  # one device can
    several = train if "devices" in train else f"{train}, devices: 2"
    if not key:
        assert spec_of(several, layer)
        return
    with pytest.raises(SpecError, match=message) as caught:
        spec_of(several, layer)
    assert [problem.key.endswith(key) for problem in caught.value.problems] == [True]


def test_more_devices_than_images_are_too_many():
    spec = spec_of("batch_size: 8")
    (problem,) = wrong_for_several(spec.train, spec.model.nodes, 4, 3)
    assert problem.key == "train.devices"
    assert "use fewer devices" in problem.message
    assert not [*wrong_for_several(spec.train, spec.model.nodes, None, 3)]
