"""How a spec may write a name: as Keras' class, as a second name Keras has for it, or as the string Keras takes."""

from __future__ import annotations

from collections.abc import Iterable

from cnncli.catalog.names import FAMILIES
from cnncli.catalog.packages import plugin_layer, plugin_names, registration_error
from cnncli.wording import missing_space, near_word, suggestion

ALIASES: dict[str, dict[str, str]] = {
    # Keras' own second names, and the short words it takes as strings where they differ from the class name by more
    # than capitals and underscores (`adam` and `he_normal` need no line here).
    "layer": {
        "Convolution2D": "Conv2D",
        "Convolution2DTranspose": "Conv2DTranspose",
        "MaxPool2D": "MaxPooling2D",
        "AvgPool2D": "AveragePooling2D",
        "GlobalMaxPool2D": "GlobalMaxPooling2D",
        "GlobalAvgPool2D": "GlobalAveragePooling2D",
        "SeparableConvolution2D": "SeparableConv2D",
    },
    "loss": {"mse": "MeanSquaredError", "mae": "MeanAbsoluteError",
             "kld": "KLDivergence"},
    "metric": {"acc": "accuracy", "mse": "MeanSquaredError", "mae": "MeanAbsoluteError",},
    "initializer": {"uniform": "RandomUniform", "normal": "RandomNormal", "one": "Ones", "zero": "Zeros"},
}  # fmt: skip

WORDS = {family: family for family in FAMILIES} | {"schedule": "learning-rate schedule"}
"""What each family is called in a sentence."""


def _plain(word: str) -> str:
    return word.replace("_", "").lower()


def resolve(family: str, word: str) -> str | None:
    """The catalogue's name for a word of the spec, or None when it has none.

    Layers go by their exact class names. Everything else may also be written as the string Keras takes for it:
    `adam` for `Adam`, `he_normal` for `HeNormal`.
    """
    if family == "layer" and registration_error(word):
        return None
    names = FAMILIES[family]
    if word in names or (family == "layer" and plugin_layer(word)):
        return word
    alias = ALIASES.get(family, {}).get(word)
    if alias or family in ("layer", "activation", "augmentation"):
        return alias
    return next((name for name in names if _plain(name) == _plain(word) and word == word.lower()), None)


def members(family: str) -> tuple[str, ...]:
    """The names of a family; those of the layers that installed packages add come last."""
    return (*FAMILIES[family], *plugin_names()) if family == "layer" else FAMILIES[family]


def spellings(family: str) -> list[str]:
    """Every way of naming a member of the family, for finding the nearest word."""
    return [*members(family), *ALIASES.get(family, {})]


def nearest_name(word: str, families: Iterable[str], own: Iterable[str] = ()) -> str:
    """`; did you mean 'x'?` when a name of these families is spelt nearly so, else nothing.

    Args:
        word: what is no name.
        families: to look in. A second name that is near stands for the class: `MaxPool` means `MaxPooling2D`.
        own: names that the spec itself defines.
    """
    meant = {name: name for name in own}
    for family in families:
        aliases = ALIASES.get(family, {})
        meant |= {spelling: aliases.get(spelling, spelling) for spelling in spellings(family) if spelling not in meant}
    near = near_word(word, meant)
    return missing_space(word, [near]) or suggestion(meant[near]) if near else ""
