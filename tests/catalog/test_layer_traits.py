"""The one table of what layers are: it has every layer of the catalogue that the shapes can be computed of."""

from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.layer_traits import LAYER_TRAITS, MERGES, WEIGHTED, kinds, traits_of
from cnncli.catalog.names import FAMILIES


def test_the_layers_of_images_have_traits():
    layers = {name for name in FAMILIES["layer"] if name.endswith("2D") or name in MERGES or "Normalization" in name}
    assert layers <= LAYER_TRAITS.keys()
    assert not LAYER_TRAITS.keys() & BACKBONES.keys()


def test_a_group_is_all_of_its_layers_and_no_other():
    assert kinds("pool") == {"MaxPooling2D", "AveragePooling2D"}
    assert {"Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose", "Dense"} == WEIGHTED
    assert traits_of("MobileNetV2") is None


def test_what_regularises_has_the_argument_that_switches_it_off():
    strengths = {kind: traits.strength for kind, traits in LAYER_TRAITS.items() if traits.strength}
    assert strengths.pop("GaussianNoise") == "stddev"
    assert set(strengths.values()) == {"rate"}
