"""Photographs decoded to 160×160 per second: by cnncli, and by a tf.data pipeline written by hand.

    python benchmarks/decoding.py [FOLDER] [--rounds 5] [--seconds 3] [--quick]

Nothing is cached: both read, decode and resize every file again, in batches of 32 and on all cores. FOLDER has JPEGs of
any size; without it photographs of four sizes are made, from 0.07 to 12 million pixels. cnncli averages over all pixels
that fall into one, which is what tf.data does with `antialias=True`; without it `tf.image.resize` picks four pixels of
many, and so does `keras.utils.image_dataset_from_directory`. All are measured. The ways take turns in one process; a
ratio is the median of the rounds' ratios.

Then how reading scales with threads: with two, and what sixteen would do. Sixteen cores are rare, so decoding and
resizing are replaced by waiting for as long as they were measured to take, without Python's lock, as they do; all else
is done in sixteen threads as it would be.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from cnncli.data.decode.image import read_image
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.pipeline import Reader, training_batch, training_batches
from cnncli.data.samples import FileSamples
from cnncli.startup import keras, tf

SIZE, BATCH = 160, 32
FORMAT = InputFormat(SIZE, SIZE, 3)
SIZES = {"304×242": 40, "1024×768": 16, "2048×1536": 8, "4032×3024": 4}
"""Photographs made of each width and height."""
SIMULATED = 16


def make_photographs(folder: Path, width: int, height: int, count: int) -> list[Path]:
    """Writes JPEGs with shapes of all sizes and a little noise."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(width)
    for number in range(count):
        pixels = np.zeros((height, width, 3))
        for cells in (3, 12, 48):
            shapes = Image.fromarray(random.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
            pixels += np.asarray(shapes.resize((width, height), Image.Resampling.BICUBIC)) / 3
        pixels += random.normal(0, 2, pixels.shape)
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / f"{number:03}.jpg", quality=90)
    return sorted(folder.iterdir())


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


def in_threads(files: list[Path], threads: int, seconds: float) -> float:
    """Images a second that so many threads read, each its own."""
    counts = [0] * threads
    end = time.perf_counter() + seconds

    def work(thread: int) -> None:
        while time.perf_counter() < end:
            read_image(files[(thread + counts[thread] * threads) % len(files)], FORMAT)
            counts[thread] += 1

    began = time.perf_counter()
    running = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)


def simulated(files: list[Path], threads: int, seconds: float) -> float:
    """The same, where decoding and resizing wait for as long as they take."""
    load, resize = JpegImageFile.load, Image.Image.resize
    taken: dict[str, list[float]] = {"load": [], "resize": []}

    def timed(name: str, call: Callable[..., object]) -> Callable[..., object]:
        def measured(*arguments: object, **options: object) -> object:
            began = time.perf_counter()
            result = call(*arguments, **options)
            taken[name].append(time.perf_counter() - began)
            return result

        return measured

    loads = mock.patch.object(JpegImageFile, "load", timed("load", load))
    resizes = mock.patch.object(Image.Image, "resize", timed("resize", resize))
    with loads, resizes:
        for file in files:
            read_image(file, FORMAT)
    pauses = {name: sum(values) / len(files) for name, values in taken.items()}  # `load` is called again by others
    small, fitted = Image.new("RGB", (8, 8)), Image.new("RGB", (SIZE, SIZE))

    def waits(self: JpegImageFile) -> None:
        if self.tile:
            time.sleep(pauses["load"])
            self.tile, self.im, self._size = [], small.im, small.size

    def pause(*_: object, **__: object) -> Image.Image:
        time.sleep(pauses["resize"])
        return fitted

    with mock.patch.object(JpegImageFile, "load", waits), mock.patch.object(Image.Image, "resize", pause):
        return in_threads(files, threads, seconds)


def scaling(name: str, files: list[Path], rounds: int, seconds: float) -> dict[str, float]:
    """Prints a line; returns the speeds and how near to so many times one thread they come."""
    found: dict[str, list[float]] = {"1": [], "2": [], "simulated 1": [], f"simulated {SIMULATED}": []}
    for _ in range(rounds):
        for key, values in found.items():
            measure = simulated if key.startswith("simulated") else in_threads
            values.append(measure(files, int(key.split()[-1]), seconds))
    two = statistics.median(b / a for a, b in zip(found["1"], found["2"], strict=True)) / 2
    first, many = found["simulated 1"], found[f"simulated {SIMULATED}"]
    sixteen = statistics.median(b / a for a, b in zip(first, many, strict=True)) / SIMULATED
    one = statistics.median(found["1"])
    print(f"{name}, one thread {one:,.0f} images/s, two, of linear: ratio {two:.2f}")
    print(f"{name}, {SIMULATED} threads simulated, of linear: ratio {sixteen:.2f}", flush=True)
    return {"one thread": one, "two threads of linear": two, f"{SIMULATED} threads of linear": sixteen}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="photographs to decode")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="one short round, to see whether everything runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    options = parser.parse_args()
    rounds, seconds = (1, 0.3) if options.quick else (options.rounds, options.seconds)
    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as work:
        sets = {}
        if options.folder:
            sets[options.folder.name] = sorted(options.folder.resolve().rglob("*.jpg"))
        for name, count in {} if options.folder else SIZES.items():
            width, height = map(int, name.split("×"))
            sets[name] = make_photographs(Path(work) / name, width, height, count)
        for name, files in sets.items():
            figures[name] = compared(name, files, rounds, seconds)
        for name, files in sets.items():
            figures[name] |= scaling(name, files, rounds, seconds)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
