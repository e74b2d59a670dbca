"""What is read out of Keras' source is what the imported Keras says of itself."""

import inspect

import pytest

from cnncli.catalog import FAMILIES
from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.source import MODULES, REQUIRED, signature

NAMES = {family: FAMILIES[family] for family in FAMILIES if family != "augmentation"} | {
    "layer": [name for name in FAMILIES["layer"] if name not in BACKBONES],
    "backbone": list(BACKBONES),
}
# Keras' word for the accuracy that suits the labels is no class; the other is computed here
NOT_OF_KERAS = {"accuracy", "Whitening"}
FAMILY = {"backbone": "layer"}  # a spec lists them among the layers
# which Keras' layers take through **kwargs, and models have
ADDED = {"layer": {"name", "trainable", "dtype"}, "backbone": {"name", "trainable"}}


def parameters(thing):
    """Of the `__init__` of a class, or of a function; the whole class has those of `__new__`, if one is put there."""
    if not inspect.isclass(thing):
        return dict(inspect.signature(thing).parameters)
    if thing.__init__ is object.__init__:
        return {}
    return dict(list(inspect.signature(thing.__init__).parameters.items())[1:])  # without self


@pytest.mark.slow
@pytest.mark.parametrize("family", NAMES)
def test_arguments_and_defaults_are_those_of_the_installed_keras(family):
    import keras

    module = keras
    for part in MODULES[family].split("."):
        module = getattr(module, part)
    for name in NAMES[family]:
        if name in NOT_OF_KERAS:
            continue
        real = parameters(getattr(module, name))
        read = signature(FAMILY.get(family, family), name)
        assert set(read) <= set(real) | ADDED.get(family, set()), name
        for key, argument in read.items():
            if key in ADDED.get(family, set()):
                continue
            default = REQUIRED if real[key].default is inspect.Parameter.empty else real[key].default
            assert argument.default == default or argument.default is default, f"{name}.{key}"


@pytest.mark.slow
@pytest.mark.parametrize("family", [family for family in NAMES if family != "activation"])
def test_what_is_left_out_is_left_out_on_purpose(family):
    """An argument that a new Keras brings must be described, or be hidden with a reason."""
    import keras

    from cnncli.catalog.source import _HIDDEN

    module = keras
    for part in MODULES[family].split("."):
        module = getattr(module, part)
    hidden = _HIDDEN.get(family, _HIDDEN[""])
    for name in NAMES[family]:
        if name in NOT_OF_KERAS:
            continue
        real = parameters(getattr(module, name))
        named = {key for key, parameter in real.items() if parameter.kind is not inspect.Parameter.VAR_KEYWORD}
        assert named - hidden - set(signature(FAMILY.get(family, family), name)) == set(), (name, real)
