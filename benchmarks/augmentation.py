"""Images augmented per second: the fused transformation, Keras' layers one after the other, and ImageDataGenerator.

    python benchmarks/augmentation.py --assert

All three apply the same changes to the same images. They take turns in one process for several rounds, so that other
load on the machine affects all of them; a ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import pi, tan
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras.src.legacy.preprocessing.image import ImageDataGenerator

from cnncli.catalog import Entry
from cnncli.data.augment import Augmentation

THREADS = 2


@dataclass(frozen=True)
class Case:
    """One setting.

    Args:
        name: Description.
        size: Height and width of the images.
        batch: Images in a batch.
        arguments: Arguments of ImageDataGenerator.
        over_legacy: Required speed relative to ImageDataGenerator.
        over_layers: Required speed relative to Keras' layers.
    """

    name: str
    size: int
    batch: int
    arguments: dict[str, Any]
    over_legacy: float
    over_layers: float = 2.5


CASES = (
    Case(
        name="96x96, batch 32: flip, rotation, shifts, shear, zoom",
        size=96,
        batch=32,
        arguments={
            "rotation_range": 20,
            "zoom_range": 0.15,
            "width_shift_range": 0.2,
            "height_shift_range": 0.2,
            "shear_range": 0.15,
            "horizontal_flip": True,
            "fill_mode": "nearest",
        },
        over_legacy=4,
    ),
    Case(
        name="32x32, batch 64: flip, rotation, shifts",
        size=32,
        batch=64,
        arguments={
            "rotation_range": 20,
            "width_shift_range": 0.2,
            "height_shift_range": 0.2,
            "horizontal_flip": True,
        },
        over_legacy=6,
    ),
)


def legacy(case: Case, images: np.ndarray, targets: np.ndarray) -> Iterator[Any]:
    generator = ImageDataGenerator(**case.arguments)
    return iter(generator.flow(images.astype(np.float32), targets, batch_size=case.batch, seed=0))


def layers(case: Case, images: np.ndarray, targets: np.ndarray) -> Iterator[Any]:
    fill = {"fill_mode": case.arguments.get("fill_mode", "nearest")}
    height, width = case.arguments["height_shift_range"], case.arguments["width_shift_range"]
    stack = [
        keras.layers.RandomFlip("horizontal"),
        keras.layers.RandomRotation(case.arguments["rotation_range"] / 360, **fill),
        keras.layers.RandomTranslation(height, width, **fill),
    ]
    if "shear_range" in case.arguments:
        stack.append(keras.layers.RandomShear(tan(case.arguments["shear_range"] * pi / 180), **fill))
    if "zoom_range" in case.arguments:
        zoom = case.arguments["zoom_range"]
        stack.append(keras.layers.RandomZoom(zoom, zoom, **fill))
    model = keras.Sequential(stack)
    return batches(case, images, targets, lambda x, y, _: (model(x, training=True), y))


def fused(case: Case, images: np.ndarray, targets: np.ndarray) -> Iterator[Any]:
    entry = Entry("augmentation", "ImageDataGenerator", case.arguments)
    augmentation = Augmentation([entry], images.shape[1:], seed=0)
    epoch = tf.constant(0, tf.int64)
    return batches(case, images, targets, lambda x, y, indices: augmentation(x, y, indices, epoch))


def batches(
    case: Case, images: np.ndarray, targets: np.ndarray, change: Callable[..., Any], threads: int = THREADS
) -> Iterator[Any]:
    images_tensor, targets_tensor, total = tf.constant(images), tf.constant(targets), len(images)

    def batch(step: tf.Tensor) -> Any:
        indices = (step * case.batch + tf.range(case.batch, dtype=tf.int64)) % total
        return change(tf.gather(images_tensor, indices), tf.gather(targets_tensor, indices), indices)

    return iter(tf.data.Dataset.range(2**60).map(batch, num_parallel_calls=threads, deterministic=True).prefetch(2))


def images_per_second(batches: Iterator[Any], case: Case, seconds: float, clock: Callable[[], float]) -> float:
    done, start = 0, clock()
    while clock() - start < seconds:
        next(batches)
        done += case.batch
    return done / (clock() - start)


def measure(case: Case, rounds: int, seconds: float, clock: Callable[[], float]) -> dict[str, list[float]]:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (512, case.size, case.size, 3), dtype=np.uint8)
    targets = np.eye(10, dtype=np.float32)[random.integers(0, 10, 512)]
    ways = {way.__name__: way(case, images, targets) for way in (legacy, layers, fused)}
    for way in ways.values():
        images_per_second(way, case, 0.5, clock)  # builds, traces and warms up
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            speeds[name].append(images_per_second(way, case, seconds, clock))
    return speeds


def ratio(speeds: dict[str, list[float]], other: str) -> float:
    return statistics.median(a / b for a, b in zip(speeds["fused"], speeds[other], strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.5, help="duration of each way in each round")
    parser.add_argument("--cpu", action="store_true", help="measure processor time, for a machine that is busy")
    parser.add_argument("--assert", action="store_true", dest="required", help="exit 1 when a ratio is too low")
    options = parser.parse_args()
    clock = time.process_time if options.cpu else time.perf_counter
    missed = False
    print(f"{'':62}{'images/s':>10}{'fused is':>10}{'required':>10}")
    for case in CASES:
        speeds = measure(case, options.rounds, options.seconds, clock)
        for name, least in (("legacy", case.over_legacy), ("layers", case.over_layers)):
            faster = ratio(speeds, name)
            missed |= faster < least
            print(f"{case.name:54}{name:8}{statistics.median(speeds[name]):10.0f}{faster:9.2f}x{least:9.1f}x")
        print(f"{case.name:54}{'fused':8}{statistics.median(speeds['fused']):10.0f}")
    return 1 if missed and options.required else 0


if __name__ == "__main__":
    sys.exit(main())
