"""The sums of parameters: by hand where it is plain, against Keras for all layers and many arguments."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncli.catalog import Entry
from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.names import MERGES
from cnncli.explain.examples import of_text
from cnncli.explain.parameters import count
from cnncli.explain.texts import texts
from cnncli.explain.topics import topic


def layer(name, **arguments):
    return Entry("layer", name, arguments)


@pytest.mark.parametrize(
    ("entry", "shape", "numbers", "words"),
    [
        (
            layer("Conv2D", filters=64, kernel_size=3), (28, 28, 32), "3·3·32·64 + 64 = 18,496",
            "kernel height · kernel width · channels in · filters + biases",
        ),
        (layer("Conv2D", filters=64, kernel_size=[5, 3], use_bias=False, groups=4), (28, 28, 32), "5·3·8·64 = 7,680",
         "kernel height · kernel width · channels in / groups · filters"),
        (layer("Conv2D", filters="classes", kernel_size=1), (7, 7, 4), "1·1·4·10 + 10 = 50",
         "kernel height · kernel width · channels in · filters + biases"),
        (layer("SeparableConv2D", filters=128, kernel_size=3), (28, 28, 64), "3·3·64·1 + 64·128 + 128 = 8,896",
         "kernel height · kernel width · channels in · depth multiplier + channels between · filters + biases"),
        (layer("Dense", units="classes"), (12544,), "12,544·10 + 10 = 125,450", "values in · units + biases"),
        (layer("BatchNormalization"), (8, 8, 16), "16 + 16 + 16 + 16 = 64",
         "scales + offsets + moving means + moving variances"),
        (layer("PReLU", shared_axes=[1, 2]), (8, 8, 16), "16", "slopes"),
        (layer("Flatten"), (8, 8, 16), "0", ""),
        (layer("MobileNetV2", trainable=False), (160, 160, 3), "2,257,984", "its weights"),
    ],
)  # fmt: skip
def test_a_sum_is_shown_in_words_and_numbers(entry, shape, numbers, words):
    counted = count(entry, shape, 10)
    assert (counted.numbers, counted.words) == (numbers, words)


def test_of_what_only_keras_knows_nothing_is_said():
    assert count(layer("MobileNetV2", alpha=0.5), (160, 160, 3), 10) is None
    assert count(layer("LSTM", units=8), (28, 28), 10) is None
    assert count(layer("Conv1D", filters=8, kernel_size=3), (28, 28, 1), 10) is None


def value_of(numbers):
    """What a sum comes to, reckoned from its text."""
    return eval(numbers.partition(" = ")[0].replace(",", "").replace("·", "*"))


small, flags = st.integers(1, 4), st.booleans()


def of(name, needed=None, **optional):
    arguments = st.fixed_dictionaries(needed or {}, optional=optional)
    return st.builds(Entry, st.just("layer"), st.just(name), arguments)


def per_axis(values, axes):
    return values | st.lists(values, min_size=axes, max_size=axes)


def window(name, axes, **needed):
    same = {"padding": st.just("same")}  # so that every kernel fits
    return of(name, {**needed, **same, "kernel_size": per_axis(small, axes)}, use_bias=flags)


images = st.one_of(
    window("Conv2D", 2, filters=st.sampled_from([2, 4, 6]), groups=st.sampled_from([1, 2])),
    window("Conv2DTranspose", 2, filters=small),
    window("SeparableConv2D", 2, filters=small, depth_multiplier=small),
    window("DepthwiseConv2D", 2, depth_multiplier=small),
    of("BatchNormalization", center=flags, scale=flags, renorm=flags),
    of("LayerNormalization", center=flags, scale=flags, axis=st.sampled_from([-1, 2, [1, 2, 3], [2, 3]])),
    of("GroupNormalization", {"groups": st.sampled_from([-1, 1, 2])}, center=flags, scale=flags),
    of("PReLU", shared_axes=st.sampled_from([[1], [1, 2], [1, 2, 3], [3]])),
    of("Dense", {"units": small}, use_bias=flags),
    of("MaxPooling2D"),
    of("Dropout", {"rate": st.just(0.5)}),
    of("ZeroPadding2D"),
).map(lambda entry: (entry, (6, 5, 4)))
sequences = st.one_of(
    window("Conv1D", 1, filters=small),
    window("DepthwiseConv1D", 1, depth_multiplier=small),
    window("SeparableConv1D", 1, filters=small, depth_multiplier=small),
    window("Conv1DTranspose", 1, filters=small),
    of("Dense", {"units": small}, use_bias=flags),
).map(lambda entry: (entry, (6, 4)))
volumes = st.one_of(window("Conv3D", 3, filters=small), window("Conv3DTranspose", 3, filters=small)).map(
    lambda entry: (entry, (4, 5, 3, 2))
)


@pytest.mark.slow
@settings(deadline=None, max_examples=80)
@given(images | sequences | volumes)
def test_keras_layers_have_as_many_parameters(entry_and_shape):
    from cnncli.factory.objects import construct

    entry, shape = entry_and_shape
    built = construct(entry)
    built.build((None, *shape))
    counted = count(entry, shape, 10)
    assert counted.total == built.count_params(), entry.plain()
    assert value_of(counted.numbers) == counted.total == math.fsum(map(value_of_term, counted.terms))


def value_of_term(term):
    return math.prod(number for _, number in term)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name in texts("layer") if texts("layer")[name].usage and name not in BACKBONES]
)
def test_every_number_of_the_examples_is_that_of_keras(name):
    """Each case of the example of each text, with every argument that the example changes."""
    import numpy as np

    from cnncli.factory.objects import construct

    page = topic("layer", name)
    arguments = ["", *(argument.name for argument in page.arguments)]
    cases = {}
    for argument in arguments:
        example = of_text(page, argument)
        for case in example.cases:
            cases[case.change] = case
    given_images = [np.zeros((1, *shape), np.float32) for shape in example.given]
    for case in cases.values():
        if "TensorFlow fails on it" in case.refusal:
            continue  # and takes the process with it
        if case.refusal:
            with pytest.raises(Exception):  # noqa: B017, PT011  (Keras' own errors are of many kinds)
                construct(case.layer)(given_images[0])
            continue
        built = construct(case.layer)
        result = built(given_images if name in MERGES else given_images[0])
        assert case.output in (None, tuple(result.shape[1:])), case
        assert case.count.total == built.count_params(), case


def test_what_cannot_be_is_told_in_the_example():
    refused = [case for case in of_text(topic("layer", "Conv2D"), "groups").cases if case.refusal]
    assert [case.change for case in refused] == ["groups: 3"]
    assert "3 groups do not divide the 32 channels" in refused[0].refusal
