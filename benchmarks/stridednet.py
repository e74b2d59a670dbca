"""An epoch of configs/caltech4_stridednet.yaml, compared with the same written by hand with ImageDataGenerator.

    python benchmarks/stridednet.py --data PATH/101_ObjectCategories --assert

Both train and validate on the same number of images, with the same network, augmentation and batches; they take turns,
each in a process of its own. Epochs count from the second on, with validation: in the first both trace their graphs.
Reading the images beforehand counts for neither. Without a folder, about as many images of each class are generated.

Then, how long a step waits for its input: the time until it has the next batch, as a share of all steps but the first
ones. Batches are prepared while earlier ones train, on the same cores, and that slows a step without making it wait; so
the same steps run once more with batches that are ready, and both times are printed.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
CONFIG = HERE.parent / "configs" / "caltech4_stridednet.yaml"
ALLOWED, ALLOWED_WAITING = 0.8, 0.05
CLASSES = {"Faces": 0.195, "Leopards": 0.09, "Motorbikes": 0.357, "airplanes": 0.358}
WARM_UP = 10


def make_images(folder: Path, images: int) -> None:
    """Writes JPEGs with large shapes and some noise, 300 pixels wide."""
    random = np.random.default_rng(0)
    for name, share in CLASSES.items():
        (folder / name).mkdir(parents=True)
        for number in range(round(images * share)):
            shapes = Image.fromarray(random.integers(0, 256, (5, 7, 3), dtype=np.uint8))
            picture = np.asarray(shapes.resize((300, 200), Image.Resampling.BICUBIC)).astype(np.int16)
            picture = np.clip(picture + random.integers(-12, 13, picture.shape), 0, 255).astype(np.uint8)
            Image.fromarray(picture).save(folder / name / f"image_{number:04}.jpg", quality=85)


def by_hand(data: Path, work: Path, epochs: int) -> list[float]:
    """The seconds of each epoch of the script."""
    program = [sys.executable, str(HERE / "handwritten_stridednet.py"), str(data), str(epochs)]
    return json.loads(_output(program))


def with_cnncli(data: Path, work: Path, epochs: int) -> list[float]:
    """The seconds of each epoch of `cnncli train`."""
    program = [sys.executable, "-m", "cnncli", "train", str(CONFIG), "--runs-dir", str(work / "runs"), "--quiet"]
    for key, value in (("data.source.folder.path", data), ("train.epochs", epochs)):
        program += ["--set", f"{key}={value}"]
    run = Path(_output(program).strip())
    with (run / "history.csv").open(encoding="utf-8") as file:
        return [float(row["seconds"]) for row in csv.DictReader(file)]


def _output(program: list[str]) -> str:
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(program)} failed:\n{done.stderr}")
    return done.stdout


def waiting(data: Path, steps: int) -> tuple[float, float, float]:
    """Seconds of a step, those of them that it waits for its batch, and seconds of a step whose batch is ready."""
    from cnncli.startup import tf

    model, batches = _prepared(data, 2 * steps + WARM_UP)
    step = tf.function(lambda *batch: model.train_step(batch))
    iterator = iter(batches)
    waited, computed = [], []
    held: list[Any] = []
    for number in range(WARM_UP + steps):
        began = time.perf_counter()
        held.append(next(iterator))
        had = time.perf_counter()
        step(*held[-1])
        if number >= WARM_UP:
            waited.append(had - began)
            computed.append(time.perf_counter() - had)
    del iterator  # no more batches are prepared
    began = time.perf_counter()
    for batch in held[-steps:]:
        step(*batch)
    without = time.perf_counter() - began
    return (sum(waited) + sum(computed)) / steps, sum(waited) / steps, without / steps


def _prepared(data: Path, steps: int) -> tuple[Any, Any]:
    """The compiled model of the config, and its training batches."""
    from cnncli.data.augment import Augmentation
    from cnncli.data.pipeline import Reader, encode, training_batch, training_batches
    from cnncli.runner.inputs.splits import decoded, load_splits
    from cnncli.runner.model.build import build_compiled_model
    from cnncli.spec import load

    spec = load(CONFIG, [f"data.source.folder.path={data}"]).spec
    splits = decoded(load_splits(spec.data, spec.seed), spec.data)
    inputs = splits.input_spec(spec.data)
    model, encoding = build_compiled_model(spec.model.nodes, inputs, spec.train, spec.seed, spec.name, steps)
    train = splits.samples["train"]
    targets = encode(train.labels, encoding, len(splits.class_names))
    augmentation = Augmentation(spec.augment, splits.shape, spec.seed)
    indices, size = np.arange(len(train)), spec.train.batch_size
    draw = training_batch(Reader(train), indices, targets, None, size, spec.seed, augmentation)
    return model, training_batches(draw, range(steps))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help=f"folder with the folders {', '.join(CLASSES)}")
    parser.add_argument(
        "--images", type=int, default=1500, help="images generated without --data (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="trainings of each (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=4, help="of each training, 2 or more (default: %(default)s)")
    parser.add_argument(
        "--steps", type=int, default=100, help="steps in which waiting is measured (default: %(default)s)"
    )
    parser.add_argument("--assert", action="store_true", dest="required", help="exit 1 when a limit is exceeded")
    options = parser.parse_args()
    if options.epochs < 2:
        parser.error("--epochs must be at least 2: the first does not count")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        os.environ["CNNCLI_CACHE_DIR"] = str(work / "cache")
        data = (options.data or work / "images").resolve()
        if options.data is None:
            make_images(data, options.images)
        ratio = compare(data, work, options.rounds, options.epochs)
        step, waited, ready = waiting(data, options.steps)
    share = waited / step
    print(f"a step      {step * 1000:7.1f} ms, {ready * 1000:.1f} ms with batches ready")
    print(f"it waits    {waited * 1000:7.1f} ms for its batch: {share:.1%}, at most {ALLOWED_WAITING:.0%}")
    return 1 if options.required and (ratio > ALLOWED or share > ALLOWED_WAITING) else 0


def compare(data: Path, work: Path, rounds: int, epochs: int) -> float:
    """Prints the epochs of every round, the medians, and the median of the rounds' ratios; returns the last."""
    times: dict[Any, list[float]] = {by_hand: [], with_cnncli: []}
    for number in range(rounds):
        for way, medians in times.items():
            seconds = way(data, work, epochs)
            medians.append(statistics.median(seconds[1:]))
            print(f"round {number + 1}  {way.__name__:<12}{' '.join(f'{s:6.2f}' for s in seconds)} s", flush=True)
    for way, medians in times.items():
        print(f"{way.__name__:<12}{statistics.median(medians):7.2f} s an epoch")
    ratio = statistics.median(ours / hand for hand, ours in zip(*times.values(), strict=True))
    print(f"ratio {ratio:.2f}, at most {ALLOWED:.2f}")
    return ratio


if __name__ == "__main__":
    sys.exit(main())
