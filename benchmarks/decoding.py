"""Photographs decoded to 160×160 per second: by cnncli, and by a tf.data pipeline written by hand.

    python benchmarks/decoding.py [FOLDER] [--rounds 5] [--seconds 3] [--quick]

Nothing is cached: both read, decode and resize every file again, in batches of 32 and on all cores. FOLDER has JPEGs of
any size; without it photographs of four sizes are made, from 0.07 to 12 million pixels. cnncli averages over all pixels
that fall into one, which is what tf.data does with `antialias=True`; without it `tf.image.resize` picks four pixels of
many, and so does `keras.utils.image_dataset_from_directory`. All are measured. The ways take turns in one process; a
ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from photographs import BATCH, FORMAT, SIZE, measure_chosen

from cnncli.data.decode.image import read_image
from cnncli.data.pipeline import Reader, training_batch, training_batches
from cnncli.data.samples import FileSamples
from cnncli.startup import keras, tf


def by_cnncli(files: list[Path], batches: int) -> tf.data.Dataset:
    """Batches as a training takes them from files that are not cached."""
    labels = np.arange(BATCH * batches, dtype=np.int64)
    names = tuple(str(files[number % len(files)]) for number in labels)
    reader = Reader(FileSamples(Path("/"), names, labels, FORMAT))
    return training_batches(training_batch(reader, labels, labels, None, BATCH, 0), range(batches))


def by_hand(files: list[Path], batches: int, antialias: bool) -> tf.data.Dataset:
    """The pipeline of TensorFlow's guides."""

    def image(name: tf.Tensor) -> tf.Tensor:
        pixels = tf.io.decode_jpeg(tf.io.read_file(name), channels=3)
        return tf.image.resize(pixels, (SIZE, SIZE), antialias=antialias)

    names = [str(files[number % len(files)]) for number in range(BATCH * batches)]
    dataset = tf.data.Dataset.from_tensor_slices(names).shuffle(len(names), seed=0)
    return dataset.map(image, num_parallel_calls=tf.data.AUTOTUNE).batch(BATCH).prefetch(tf.data.AUTOTUNE)


def by_keras(files: list[Path], batches: int) -> tf.data.Dataset:
    """The pipeline of Keras' tutorials."""
    folder = Path(os.path.commonpath(file.parent for file in files))
    own = keras.utils.image_dataset_from_directory(
        folder, labels=None, image_size=(SIZE, SIZE), batch_size=BATCH, verbose=False
    )
    return own.repeat().take(batches)


WAYS: dict[str, Callable[[list[Path], int], tf.data.Dataset]] = {
    "cnncli": by_cnncli,
    "tf.data": lambda files, batches: by_hand(files, batches, antialias=False),
    "tf.data antialiased": lambda files, batches: by_hand(files, batches, antialias=True),
    "image_dataset_from_directory": by_keras,
}


def images_per_second(dataset: tf.data.Dataset, batches: int, seconds: float) -> float:
    """Images a second once the first two batches are there."""
    iterator = iter(dataset)
    for _ in range(2):
        next(iterator)
    done, images, began = 0, 0, time.perf_counter()
    while done < batches - 8 and time.perf_counter() - began < seconds:
        images += len(tf.nest.flatten(next(iterator))[0])  # of few files the last batch is not whole
        done += 1
    return images / (time.perf_counter() - began)


def compared(name: str, files: list[Path], rounds: int, seconds: float) -> dict[str, float]:
    """Prints a line; returns the medians and ratios."""
    began = time.perf_counter()
    for file in files:
        read_image(file, FORMAT)
    batches = 10 + int(4 * seconds * len(files) / (time.perf_counter() - began) / BATCH)
    speeds: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, dataset in WAYS.items():
            speeds[way].append(images_per_second(dataset(files, batches), batches, seconds))
    medians = {way: statistics.median(values) for way, values in speeds.items()}
    for way, values in list(speeds.items())[1:]:
        ratio = statistics.median(ours / theirs for ours, theirs in zip(speeds["cnncli"], values, strict=True))
        medians[f"over {way}"] = ratio
        pair = f"cnncli {medians['cnncli']:,.0f} images/s, {way} {medians[way]:,.0f}"
        print(f"{name}, {pair}: ratio {ratio:.2f}", flush=True)
    return medians


if __name__ == "__main__":
    sys.exit(measure_chosen(__doc__, 3, compared))
