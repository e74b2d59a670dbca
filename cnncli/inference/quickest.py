"""Several engines for one network, and which of them gets how many images: they are timed, as it depends on both."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

import numpy as np

from cnncli.inference.engine import Engine

SECONDS = 1.0
"""Time that all measurements take together, unless a network needs more than a tenth of it for one image."""

CLEARLY = 0.9
"""Part of the time of the engine before it that another one may take to be preferred.

On two busy cores medians of the same network differed by up to 6 % from one start to the next.
"""

_PASSES = 2
_ROUNDS = 15  # in a pass, after which a median changes no more

Seconds = Mapping[str, Mapping[int, float]]
"""By the name of an engine: by the number of images, the time that it takes for them."""


class Use(NamedTuple):
    """An engine, and the least number of images at a time that it gets."""

    engine: str
    images: int


class Quickest:
    """Gives each batch to the engine that was the quickest with so many images; one engine is not timed.

    The answers of two engines may differ in the last digits; the check of exports bounds by how much.

    Args:
        engines: One or more, in order of preference; those that are never the quickest are let go.
        shape: Height, width and channels of an image.
        largest: Images of the largest batch.
    """

    def __init__(self, engines: Sequence[Engine], shape: tuple[int, int, int], largest: int) -> None:
        by_name = {each.name: each for each in engines}
        timed = seconds_of(engines, shape, largest) if len(engines) > 1 else {engines[0].name: {1: 0.0}}
        names = choices(timed, largest)
        self._engines = [by_name[name] for name in names]  # of 1, 2, … images
        self.uses = uses(names)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """As `Engine.probabilities`."""
        return self._engines[min(len(images), len(self._engines)) - 1].probabilities(images)

    @property
    def words(self) -> str:
        """Which engine gets how many images: `litert, from 8 images at a time onnx`."""
        first, *others = self.uses
        return ", ".join([first.engine, *(f"from {each.images} images at a time {each.engine}" for each in others)])


def choices(seconds: Seconds, largest: int) -> list[str]:
    """The engine for each number of images, from 1 to the largest.

    Times between two that were measured lie on a line. An engine gives way to a later one that is clearly quicker.

    Example:
        >>> choices({"litert": {1: 1.0, 3: 7.0}, "onnx": {1: 2.0, 3: 4.0}}, 3)
        ['litert', 'onnx', 'onnx']
    """
    images = np.arange(1, largest + 1)
    first, *others = seconds
    names = [first] * largest
    best = _on_lines(images, seconds[first])
    for name in others:
        times = _on_lines(images, seconds[name])
        quicker = times < CLEARLY * best
        names = [name if wins else before for wins, before in zip(quicker, names, strict=True)]
        best = np.where(quicker, times, best)
    return names


def _on_lines(images: np.ndarray, seconds: Mapping[int, float]) -> np.ndarray:
    measured = sorted(seconds.items())
    return np.interp(images, [count for count, _ in measured], [value for _, value in measured])


def uses(names: Sequence[str]) -> tuple[Use, ...]:
    """What `choices` found, without repetitions.

    Example:
        >>> uses(["litert", "onnx", "onnx"])
        (Use(engine='litert', images=1), Use(engine='onnx', images=2))
    """
    before = [None, *names]
    return tuple(Use(name, number) for number, name in enumerate(names, 1) if name != before[number - 1])


def seconds_of(engines: Sequence[Engine], shape: tuple[int, int, int], largest: int) -> Seconds:
    """Times each engine with one image and with the largest batch that the time allows."""
    share = SECONDS / 2 / len(engines)  # for each engine, and each number of images
    singly = _timed(engines, np.zeros((1, *shape), np.uint8), share)
    # In each pass a batch is computed twice at least, once before what counts
    most = min(largest, int(share / max(singly.values()) / 2 / _PASSES))
    if most < 2:
        return {name: {1: seconds} for name, seconds in singly.items()}
    together = _timed(engines, np.zeros((most, *shape), np.uint8), share)
    return {name: {1: seconds, most: together[name]} for name, seconds in singly.items()}


def _timed(engines: Sequence[Engine], images: np.ndarray, share: float) -> Mapping[str, float]:
    """The seconds of each engine, by name: the smaller of two medians, for others may disturb one of them.

    Calls of one engine follow each other: threads of another would still be looking for work.
    """
    medians: dict[str, list[float]] = {each.name: [] for each in engines}
    for _ in range(_PASSES):
        for each in engines:
            each.probabilities(images)  # the first one is slower
            medians[each.name].append(median(_rounds(each, images, share / _PASSES)))
    return {name: min(values) for name, values in medians.items()}


def _rounds(engine: Engine, images: np.ndarray, seconds: float) -> list[float]:
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or (len(times) < _ROUNDS and time.perf_counter() < end):
        began = time.perf_counter()
        engine.probabilities(images)
        times.append(time.perf_counter() - began)
    return times
