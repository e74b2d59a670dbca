"""The number of parameters of a layer, by hand where it is plain, and against Keras for the arguments of each rule."""

import pytest
from hypothesis import given, settings, strategies as st

from cnncli.catalog import Entry
from cnncli.catalog.backbones import BACKBONES
from cnncli.spec.shapes.parameters import parameters_of


def layer(name, **arguments):
    return Entry("layer", name, arguments)


@pytest.mark.parametrize(
    ("entry", "shape", "parameters"),
    [
        (layer("Conv2D", filters=64, kernel_size=3), (28, 28, 32), 3 * 3 * 32 * 64 + 64),
        (layer("Conv2D", filters=64, kernel_size=[5, 3], use_bias=False, groups=4), (28, 28, 32), 5 * 3 * 8 * 64),
        (layer("Conv2D", filters="classes", kernel_size=1), (7, 7, 4), 4 * 10 + 10),
        (layer("SeparableConv2D", filters=8, kernel_size=3), (7, 7, 4), 3 * 3 * 4 + 4 * 8 + 8),
        (layer("Dense", units="classes"), (12544,), 12544 * 10 + 10),
        (layer("PReLU", shared_axes=[1, 2]), (8, 8, 16), 16),
        (layer("Flatten"), (8, 8, 16), 0),
        (layer("BatchNormalization"), (8, 8, 16), 4 * 16),
    ],
)
def test_the_parameters_of_a_layer(entry, shape, parameters):
    assert parameters_of(entry, shape, 10) == parameters


def test_a_backbone_has_its_published_parameters_and_a_narrow_one_fewer():
    whole = parameters_of(layer("MobileNetV2", trainable=False), (160, 160, 3), 10)
    assert whole == BACKBONES["MobileNetV2"].parameters == 2_257_984
    assert parameters_of(layer("MobileNetV2", alpha=0.5), (160, 160, 3), 10) == whole / 4


def test_what_only_keras_can_count_is_none():
    assert parameters_of(layer("SomePackagesLayer"), (28, 28, 1), 10) is None
    assert parameters_of(layer("SpectralNormalization", layer=layer("Dense", units=3)), (28, 28, 1), 10) is None
    assert parameters_of(layer("Conv2D", filters=8, kernel_size=3), (28,), 10) is None
    assert parameters_of(layer("BatchNormalization", axis=7), (28, 28, 1), 10) is None


small, flags = st.integers(1, 4), st.booleans()


def of(name, needed=None, **optional):
    arguments = st.fixed_dictionaries(needed or {}, optional=optional)
    return st.builds(Entry, st.just("layer"), st.just(name), arguments)


layers = st.one_of(
    of("LayerNormalization", center=flags, scale=flags, axis=st.sampled_from([-1, 2, [1, 2, 3], [2, 3]])),
    of("RMSNormalization"),
    of("BatchNormalization", axis=st.sampled_from([-1, 2]), center=flags, scale=flags, renorm=flags),
    of("PReLU", shared_axes=st.sampled_from([[1], [1, 2], [1, 2, 3], [3]])),
)


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(layers, st.tuples(st.integers(4, 6), st.integers(4, 6), small))
def test_keras_has_as_many(entry, shape):
    import numpy as np

    from cnncli.factory.objects import construct

    built = construct(entry)
    built(np.zeros((1, *shape), np.float32))
    assert parameters_of(entry, shape, 10) == built.count_params()
