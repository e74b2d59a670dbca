"""Images augmented per second: the fused transformation, Keras' layers one after the other, and ImageDataGenerator.

    python benchmarks/augmentation.py --assert
    python benchmarks/augmentation.py --scaling

All three apply the same changes to the same images. They take turns in one process for several rounds, so that other
load on the machine affects all of them; a ratio is the median of the rounds' ratios.

`--scaling` gives each operation one thread, and makes batches one and two at a time. A loop inside TensorFlow takes
them, as trainings do. Beside them one and two loops augment on their own, without handing anything over: the quotient
is how much of their scaling is left. What sixteen threads would do is computed: batches are handed over one after the
other, and no more of them than are where there is nothing to make.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import pi, tan
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "--scaling" in sys.argv:  # TensorFlow starts while the modules below are imported
    os.environ["TF_NUM_INTRAOP_THREADS"] = "1"

import keras
import numpy as np
import tensorflow as tf
from keras.src.legacy.preprocessing.image import ImageDataGenerator
from thread_speeds import per_second

from cnncli.catalog import Entry
from cnncli.data.augment import Augmentation

THREADS = 2
AT_ONCE = 100  # batches of one call


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


def taken(iterator: Iterator[Any], case: Case, seconds: float, take: Callable[..., None]) -> float:
    """Images a second that a loop inside TensorFlow takes."""
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        take(iterator, tf.constant(AT_ONCE))
        done += AT_ONCE * case.batch
    return done / (time.perf_counter() - began)


def alone(augment: Callable[[tf.Tensor], tf.Tensor], case: Case, seconds: float, count: int) -> float:
    """Images a second that so many loops augment, each in a thread of its own."""

    def work(thread: int, done: int) -> int:
        augment(tf.constant(AT_ONCE))
        return AT_ONCE * case.batch

    return per_second(count, seconds, work)


def scaling(rounds: int, seconds: float) -> dict[str, dict[str, float]]:
    """Prints how near to linear two and sixteen threads come."""
    random, figures = np.random.default_rng(0), {}
    for case in CASES:
        images = random.integers(0, 256, (512, case.size, case.size, 3), dtype=np.uint8)
        targets = np.eye(10, dtype=np.float32)[random.integers(0, 10, 512)]
        augmentation = Augmentation(
            [Entry("augmentation", "ImageDataGenerator", case.arguments)], images.shape[1:], seed=0
        )
        epoch, made = tf.constant(0, tf.int64), (tf.constant(images[: case.batch]), tf.constant(targets[: case.batch]))

        def change(x: tf.Tensor, y: tf.Tensor, at: tf.Tensor) -> Any:
            return augmentation(x, y, at, epoch)  # noqa: B023

        @tf.function
        def augment(steps: tf.Tensor) -> tf.Tensor:
            total = tf.constant(0, tf.float32)
            for step in tf.range(tf.cast(steps, tf.int64)):
                tf.autograph.experimental.set_loop_options(parallel_iterations=1)
                at = step * case.batch + tf.range(case.batch, dtype=tf.int64)  # noqa: B023
                total += tf.cast(change(*made, at)[0][0, 0, 0, 0], tf.float32)  # noqa: B023
            return total

        @tf.function
        def take(iterator: Any, steps: tf.Tensor) -> None:
            for _ in tf.range(steps):
                next(iterator)

        ready = tf.data.Dataset.range(2**60).map(lambda _: made, num_parallel_calls=THREADS)  # noqa: B023
        of_threads = {count: batches(case, images, targets, change, count) for count in (1, 2)}
        handed_over = iter(ready.prefetch(2))
        found: dict[str, list[float]] = {}
        for number in range(rounds + 1):
            speeds = {f"{count}": taken(way, case, seconds, take) for count, way in of_threads.items()}
            speeds |= {f"alone {count}": alone(augment, case, seconds, count) for count in (1, 2)}
            speeds["handed over"] = taken(handed_over, case, seconds, take)
            for name, speed in speeds.items():  # the first round traces and warms up
                found.setdefault(name, []).extend([speed] * (number > 0))
        pairs = list(zip(found["1"], found["2"], found["alone 1"], found["alone 2"], strict=True))
        two = statistics.median(two / one / 2 for one, two, _, _ in pairs)
        bare = statistics.median(two / one / 2 for _, _, one, two in pairs)
        part = statistics.median(two / one / (loops / loop) for one, two, loop, loops in pairs)
        one, handed = statistics.median(found["1"]), statistics.median(found["handed over"])
        many = min(1.0, handed / (16 * one))
        figures[case.name] = {"1": one, "2 of linear": two, "2 alone of linear": bare, "ours": part}
        figures[case.name] |= {"handed over": handed, "16 of linear": many}
        print(f"{case.name}: one thread {one:.0f} images/s, two {two:.2f} of linear", end=", ")
        print(f"two loops alone {bare:.2f}; of that {part:.2f} where batches are handed over", end=", ")
        print(f"{handed:.0f} images/s at most, so sixteen {many:.2f} of linear", flush=True)
    return figures


def ratio(speeds: dict[str, list[float]], other: str) -> float:
    return statistics.median(a / b for a, b in zip(speeds["fused"], speeds[other], strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.5, help="duration of each way in each round")
    parser.add_argument("--cpu", action="store_true", help="measure processor time, for a machine that is busy")
    parser.add_argument("--scaling", action="store_true", help="measure one and two threads instead")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures of --scaling")
    parser.add_argument("--assert", action="store_true", dest="required", help="exit 1 when a ratio is too low")
    options = parser.parse_args()
    if options.scaling:
        figures = scaling(min(options.rounds, 5), options.seconds)
        if options.json:
            options.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return 0
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
