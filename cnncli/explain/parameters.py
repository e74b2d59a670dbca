"""How many parameters a layer has, as a sum that can be read: `3·3·32·64 + 64 = 18,496`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from cnncli.catalog import Entry
from cnncli.catalog.backbones import BACKBONES
from cnncli.spec.shapes import Shape, units_of

Term = tuple[tuple[str, int], ...]
"""What is multiplied, each factor with what it stands for."""


@dataclass(frozen=True)
class Count:
    """The parameters of a layer.

    Args:
        terms: what is added up; none when the layer has no parameters.
    """

    terms: tuple[Term, ...] = ()

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(prod(number for _, number in term) for term in self.terms)

    @property
    def words(self) -> str:
        """The sum in words: `kernel height · kernel width · channels in · filters + biases`."""
        return " + ".join(" · ".join(word for word, _ in term) for term in self.terms)

    @property
    def numbers(self) -> str:
        """The sum in numbers: `3·3·32·64 + 64 = 18,496`."""
        if not self.terms:
            return "0"
        if len(self.terms) == 1 and len(self.terms[0]) == 1:
            return f"{self.total:,}"
        added = " + ".join("·".join(f"{number:,}" for _, number in term) for term in self.terms)
        return f"{added} = {self.total:,}"


_SIDES = {
    1: ("kernel length",),
    2: ("kernel height", "kernel width"),
    3: ("kernel depth", "kernel height", "kernel width"),
}
_NONE = {
    "Activation",
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "ELU",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "LeakyReLU",
    "Permute",
    "ReLU",
    "RepeatVector",
    "Reshape",
    "Softmax",
    "UnitNormalization",
    "Add",
    "Average",
    "Concatenate",
    "Maximum",
    "Minimum",
    "Multiply",
    "Subtract",
}
_NONE_OF_ANY_AXES = ("Pooling", "UpSampling", "ZeroPadding", "Cropping", "SpatialDropout")


def count(layer: Entry, given: Shape, classes: int) -> Count | None:
    """The parameters of a layer that is given this shape; None when only Keras knows.

    Args:
        layer: as checked.
        given: without the batch; of a layer that takes several, any of them.
        classes: what the word `classes` stands for.
    """
    if layer.name in BACKBONES:
        usual = layer.get("alpha") in (None, 1.0) and not layer.get("minimalistic")
        return Count(((("its weights", BACKBONES[layer.name].parameters),),)) if usual else None
    kind = layer.name.rstrip("D").rstrip("123")
    if layer.name in _NONE or any(word in layer.name for word in _NONE_OF_ANY_AXES):
        return Count()
    rule = _RULES.get(layer.name) or _RULES.get(kind)
    axes = next((int(digit) for digit in "123" if f"{digit}D" in layer.name), 0)
    if not rule or (axes and len(given) != axes + 1):
        return None
    return rule(layer, given, classes)


def _window(layer: Entry, given: Shape) -> Term:
    axes = len(given) - 1
    size = layer.get("kernel_size")
    sides: Sequence[int] = [size] * axes if isinstance(size, int) else size
    return tuple(zip(_SIDES[axes], sides, strict=True))


def _biases(layer: Entry, number: int) -> list[Term]:
    return [(("biases", number),)] if layer.get("use_bias") else []


def _convolution(layer: Entry, given: Shape, classes: int) -> Count:
    filters, groups = units_of(layer.get("filters"), classes), layer.get("groups") or 1
    channels = ("channels in / groups", given[-1] // groups) if groups > 1 else ("channels in", given[-1])
    kernel = (*_window(layer, given), channels, ("filters", filters))
    return Count((kernel, *_biases(layer, filters)))


def _depthwise(layer: Entry, given: Shape, classes: int) -> Count:
    multiplier = layer.get("depth_multiplier")
    kernel = (*_window(layer, given), ("channels in", given[-1]), ("depth multiplier", multiplier))
    return Count((kernel, *_biases(layer, given[-1] * multiplier)))


def _separable(layer: Entry, given: Shape, classes: int) -> Count:
    filters, middle = units_of(layer.get("filters"), classes), given[-1] * layer.get("depth_multiplier")
    depthwise = (
        *_window(layer, given),
        ("channels in", given[-1]),
        ("depth multiplier", layer.get("depth_multiplier")),
    )
    pointwise = (("channels between", middle), ("filters", filters))
    return Count((depthwise, pointwise, *_biases(layer, filters)))


def _dense(layer: Entry, given: Shape, classes: int) -> Count:
    units = units_of(layer.get("units"), classes)
    return Count(((("values in", given[-1]), ("units", units)), *_biases(layer, units)))


def _normalized(layer: Entry, given: Shape) -> int:
    """How many means and deviations of its own a normalisation learns."""
    axes = layer.get("axis")
    return prod(given[axis - 1 if axis > 0 else axis] for axis in (axes if isinstance(axes, list) else [axes]))


def _scaled(layer: Entry, given: Shape, also: Sequence[str] = ()) -> Count:
    learnt = [word for word, key in (("scale", "scale"), ("offset", "center")) if layer.get(key)]
    number = _normalized(layer, given)
    return Count(tuple(((f"{word}s", number),) for word in [*learnt, *also]))


def _batch_normalization(layer: Entry, given: Shape, classes: int) -> Count:
    renormalized = ["moving deviation", "renorm mean", "renorm deviation"] if layer.get("renorm") else []
    return _scaled(layer, given, ["moving mean", "moving variance", *renormalized])


def _normalization(layer: Entry, given: Shape, classes: int) -> Count:
    return _scaled(layer, given)


def _slopes(layer: Entry, given: Shape, classes: int) -> Count:
    shared = layer.get("shared_axes") or ()
    return Count(
        (tuple(("slopes", size) for axis, size in enumerate(given, 1) if axis not in shared) or (("slopes", 1),),)
    )


_RULES: Mapping[str, Callable[[Entry, Shape, int], Count]] = {
    "Conv": _convolution,
    "DepthwiseConv": _depthwise,
    "SeparableConv": _separable,
    "Conv2DTranspose": _convolution,
    "Conv1DTranspose": _convolution,
    "Conv3DTranspose": _convolution,
    "Dense": _dense,
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _normalization,
    "GroupNormalization": _normalization,
    "PReLU": _slopes,
}
