"""Whether two checkouts give the same results to the bit: weights, predictions, metrics, history and checkpoint.

    python benchmarks/same_results.py OTHER_CHECKOUT                     # train every spec in both and compare
    python benchmarks/same_results.py OTHER_CHECKOUT --save base.json    # train in the other only, write hashes
    python benchmarks/same_results.py --against base.json                # train in this one only and compare

The specs are all that are shipped, as they are here, on few images and for one or two epochs, and some twenty of its
own (`OWN`), which cover stages, callbacks, averages of the weights, class weights, augmentations, sources, precision,
accumulated gradients, schedules, resuming and weights of an earlier run. Each training is a process of its own and
takes about ten seconds. The images are made from the package's MNIST and from noise with a fixed seed, so they are
always the same.
`--as-before` has this checkout compute as versions without `train.threads` and without its choices of how to compute.
`--keep FOLDER` leaves images and runs there: runs made by an older checkout, to evaluate and to resume.

Prints a line for each spec; exits with 1 when one differs or fails. One with words that the other checkout does not
know is not compared.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]

PHOTOGRAPHS = {"Faces": 30, "Leopards": 18, "Motorbikes": 24, "airplanes": 24}
"""Class folders of photographs and their numbers of images."""

SHORT = ("data.split.validation=0.2", "train.epochs=2")
DIGITS = ("data.source={arrays: {path: digits.npz}}", *SHORT)
COLORS = ("data.source={arrays: {path: colors.npz}}", *SHORT)
ONE_EPOCH = ("train.epochs=1",)
SHIPPED = {
    "mnist": DIGITS,
    "fashion_mnist": DIGITS,
    "mnist/best": DIGITS + ONE_EPOCH,
    "mnist/deeper": DIGITS,
    "mnist/dense": DIGITS,
    "mnist/dropout": DIGITS,
    "mnist/strided": DIGITS,
    "mnist/tutorial": (DIGITS[0], DIGITS[-1]),  # validates on the test images
    "mnist/twelve_epochs": DIGITS,
    "mnist/two_convolutions": DIGITS,
    "cifar10": COLORS + ONE_EPOCH,
    "cifar10_augmented": COLORS + ONE_EPOCH,
    "cifar10_deep": COLORS + ONE_EPOCH,
    "cifar10_fast": COLORS,
    "cifar10_mixup_cutmix": COLORS,
    "cifar10_resnet": COLORS,
    "cifar10_resnet_onecycle": COLORS + ONE_EPOCH,
    "inception_small": COLORS,
    "separable_small": COLORS,
    "three_stage": COLORS,
    "caltech4_stridednet": ("data.source={folder: {path: photographs}}", *SHORT),
    "transfer_mobilenet": (
        "data.source={folder: {path: photographs}}",
        "data.image.size=64",
        "model.layers[0].MobileNetV2.weights=null",
        "train.stages[0].epochs=1",
        "train.stages[1].epochs=1",
    ),
}
"""Settings that shorten each shipped config."""

BASE = """\
data:
  source: {arrays: {path: digits.npz}}
  split: {validation: 0.2}
model:
  layers:
    - Conv2D: {filters: 8, kernel_size: 3, strides: 2, name: first}
    - BatchNormalization
    - ReLU
    - Dropout: {rate: 0.2}
    - Flatten
    - Dense: {units: classes, activation: softmax, name: head}
train:
  epochs: 2
  batch_size: 32
  optimizer: {Adam: {learning_rate: 0.01}}
"""
FOLDER = "data: {source: {folder: {path: photographs}}, image: {size: 24}, split: {validation: 0.2, test: 0.2}}\n"
OWN = {
    "stages": """
train:
  epochs: 3
  stages:
    - {epochs: 1, freeze: [first], learning_rate: 0.01}
    - {epochs: 2, thaw: [first], learning_rate: {CosineDecay: {initial_learning_rate: 0.003, decay_steps: total_steps}}}
""",
    "callbacks": """
train:
  epochs: 3
  callbacks:
    - TerminateOnNaN
    - ReduceLROnPlateau: {monitor: loss, patience: 1, min_delta: 10, factor: 0.5}
""",
    "early_stopping": """
train:
  epochs: 6
  callbacks: [{EarlyStopping: {monitor: val_loss, patience: 1, min_delta: 10, restore_best_weights: true}}]
""",
    "average": """
train:
  optimizer: {Adam: {learning_rate: 0.01, use_ema: true, ema_momentum: 0.9}}
  callbacks: [SwapEMAWeights]
""",
    "class_weight": "data: {classes: ['3', '0', '7']}\ntrain: {class_weight: {'3': 2, '0': 1, '7': 0.5}}\n",
    "mixing": "augment: [{MixUp: {alpha: 0.2}}, CutMix]\ntrain: {loss: CategoricalCrossentropy}\n",
    "geometry": """
augment:
  - RandomFlip: {mode: horizontal}
  - RandomRotation: {factor: 0.1}
  - RandomZoom: {height_factor: 0.2}
  - RandomShear: {x_factor: 0.2, y_factor: 0.2}
  - RandomPerspective
  - ImageDataGenerator: {rotation_range: 20, width_shift_range: 0.2, zoom_range: 0.15, fill_mode: nearest}
""",
    "colors": FOLDER
    + """
augment:
  - RandomBrightness: {factor: 0.2}
  - RandomContrast: {factor: 0.2}
  - RandomHue: {factor: 0.2}
  - RandomSaturation: {factor: [0.3, 0.7]}
  - RandomGrayscale: {factor: 0.3}
  - RandomSharpness: {factor: [0.3, 0.7]}
  - RandomGaussianBlur: {factor: 0.5}
  - RandomErasing
train: {batch_size: 16}
""",
    "policies": FOLDER + "augment: [RandAugment]\ntrain: {batch_size: 16}\n",
    "folder": """
data:
  source: {folder: {path: photographs}}
  classes: {Faces: face, Motorbikes: motorbike, airplanes: airplane}
  exclude: [Faces/0.png, Motorbikes/1.jpg]
  image: {size: [24, 32], resize: pad, interpolation: bicubic}
train: {batch_size: 16, sampling: balanced}
""",
    "table": """
data:
  source: {csv: {path: table.csv, label_column: kind}}
  image: {size: 24, color: grayscale, resize: crop}
  split: {validation: 0.2}
  cache: false
train: {batch_size: 16, class_weight: balanced}
""",
    "featurewise": FOLDER.replace("image:", "standardize: featurewise, image:"),
    "samplewise": "data: {standardize: samplewise}\n",
    "sigmoid": """
data: {classes: ['1', '8'], scale: [-1, 1]}
model:
  layers:
    - Flatten
    - Dense: {units: 16, activation: relu}
    - Dense: {units: 1, activation: sigmoid}
train: {loss: BinaryCrossentropy, metrics: [accuracy, AUC, Precision, Recall]}
""",
    "graph": """
data: {source: {arrays: {path: colors.npz}}}
model:
  blocks:
    residual:
      parameters: {filters: null, strides: 1}
      layers:
        - Conv2D: {filters: $filters, kernel_size: 3, strides: $strides, padding: same, use_bias: false}
        - BatchNormalization: {name: main}
        - Conv2D: {filters: $filters * 2 // 2, kernel_size: 1, strides: $strides, inputs: input, name: shortcut}
        - Add: {inputs: [main, shortcut]}
        - ReLU
  layers:
    - residual: {filters: 8, strides: 2}
    - residual: {filters: 16, strides: 2, repeat: 2}
    - GlobalAveragePooling2D
    - Dense: {units: classes, activation: softmax}
""",
    "layers": """
model:
  layers:
    - SeparableConv2D: {filters: 8, kernel_size: 3, padding: same, depthwise_regularizer: {L2: {l2: 0.001}}}
    - GroupNormalization: {groups: 4}
    - LeakyReLU
    - AveragePooling2D: {pool_size: 2}
    - DepthwiseConv2D: {kernel_size: 3, depth_multiplier: 2, depthwise_initializer: he_uniform}
    - LayerNormalization
    - SpatialDropout2D: {rate: 0.1}
    - GaussianNoise: {stddev: 0.1}
    - Conv2DTranspose: {filters: 4, kernel_size: 2, strides: 2, activation: gelu}
    - GlobalMaxPooling2D
    - Dense: {units: 16, activation: silu, kernel_constraint: {MaxNorm: {max_value: 2}}, kernel_regularizer: L1}
    - AlphaDropout: {rate: 0.1}
    - Dense: {units: classes, activation: softmax}
""",
    "backbone": """
data: {image: {size: 32}, source: {arrays: {path: colors.npz}}}
model:
  layers:
    - MobileNetV2: {weights: null, alpha: 0.35, name: eyes}
    - GlobalAveragePooling2D
    - Dense: {units: classes, activation: softmax}
train:
  epochs: 2
  stages: [{epochs: 1, freeze: [eyes]}, {epochs: 1, thaw: ["eyes/Conv_1*"], freeze: ["eyes/*_bn"]}]
""",
    "bfloat16": "train: {precision: mixed_bfloat16}\n",
    "accumulation": """
train:
  batch_size: 8
  optimizer: {AdamW: {learning_rate: 0.01, gradient_accumulation_steps: 4, weight_decay: 0.01}}
""",
    "clipnorm": "train: {optimizer: {SGD: {learning_rate: 0.1, momentum: 0.9, nesterov: true, clipnorm: 0.5}}}\n",
    "schedule": """
train:
  optimizer:
    RMSprop:
      learning_rate: {PolynomialDecay: {initial_learning_rate: 0.01, decay_steps: total_steps, power: 2}}
""",
    "compiled": "train: {jit_compile: true, loss: {CategoricalCrossentropy: {label_smoothing: 0.1}}}\n",
    "metrics": """
train:
  loss: CategoricalCrossentropy
  metrics: [accuracy, {TopKCategoricalAccuracy: {k: 3}}, {F1Score: {average: macro}}]
  monitor: val_loss
""",
    "whole_split": "data: {split: {validation: 0.25, stratify: false}}\nseed: 7\n",
    "resumed": "train: {epochs: 1, optimizer: {Adam: {learning_rate: 0.01}}, callbacks: [TerminateOnNaN]}\n",
    "from_run": "model: {weights: {run: FIRST}}\n",
}
"""Specs of its own by name, each extending `BASE`; resumed and from_run are two commands each."""

NAMES = [*SHIPPED, *OWN]


def write_images(folder: Path) -> None:
    """Writes arrays of digits and of coloured digits, a folder of photographs, and a table of them."""
    sys.path.insert(0, str(ROOT))
    from cnncli.data.sources.published import mnist

    x_train, y_train, x_test, y_test = mnist.arrays()
    np.savez(
        folder / "digits.npz", x_train=x_train[:480], y_train=y_train[:480], x_test=x_test[:96], y_test=y_test[:96]
    )
    random = np.random.default_rng(0)

    def some(labels: np.ndarray, each: int) -> np.ndarray:
        return np.sort(np.concatenate([np.flatnonzero(labels == label)[:each] for label in range(10)]))

    def colored(digits: np.ndarray) -> np.ndarray:
        tint = random.integers(60, 256, (len(digits), 1, 1, 3))
        padded = np.pad(digits, ((0, 0), (2, 2), (2, 2)))[..., None]
        return (padded * tint // 255 + random.integers(0, 30, (len(digits), 32, 32, 3))).clip(0, 255).astype(np.uint8)

    train, test = some(y_train, 10), some(y_test, 3)
    colors = {"x_train": colored(x_train[train]), "y_train": y_train[train]}
    np.savez(folder / "colors.npz", **colors, x_test=colored(x_test[test]), y_test=y_test[test])
    rows = ["path;kind"]
    for position, (name, count) in enumerate(PHOTOGRAPHS.items()):
        (folder / "photographs" / name).mkdir(parents=True)
        for number in range(count):
            height, width = random.integers(40, 70, 2)
            coarse = random.integers(0, 200, (6, 6, 3))
            coarse[..., position % 3] += 30 + 20 * (position == 3)
            file = f"photographs/{name}/{number}.{'jpg' if number % 2 else 'png'}"
            Image.fromarray(coarse.astype(np.uint8)).resize((int(width), int(height))).save(folder / file)
            rows.append(f"{file};{'alive' if position < 2 else 'machine'}")
    (folder / "table.csv").write_text("\n".join(rows), encoding="utf-8")


def digest(folder: Path) -> str:
    """A hash of all images."""
    files = [folder / "table.csv", *sorted((folder / "photographs").glob("*/*"))]
    contents = b"".join(path.read_bytes() for path in files)
    for name in ("digits.npz", "colors.npz"):
        with np.load(folder / name) as arrays:
            contents += b"".join(arrays[key].tobytes() for key in sorted(arrays.files))
    return hashlib.sha256(contents).hexdigest()


class Refused(RuntimeError):
    """A checkout finds a mistake in a spec: an earlier one does not know every word of the shipped specs."""

    def __init__(self, message: str, checkout: Path) -> None:
        super().__init__(message)
        self.checkout = checkout


AS_BEFORE = """\
from cnncli.factory.computation.choices import choices_of
from cnncli.cli import main

with choices_of({}):
    main()
"""


def cnncli(checkout: Path, folder: Path, *arguments: object, as_before: bool = False) -> None:
    """Runs one command in a process of its own.

    Raises:
        RuntimeError: When it fails, with the last lines of what it printed.
    """
    entry = ["-c", AS_BEFORE] if as_before and checkout == ROOT else ["-m", "cnncli"]
    program = [sys.executable, *entry, *map(str, arguments), "--quiet"]
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("CNNCLI_")},
        "PYTHONPATH": str(checkout),
        "CNNCLI_CACHE_DIR": str(folder / "cache"),
    }
    if as_before:
        environment["TF_NUM_INTRAOP_THREADS"] = str(len(os.sched_getaffinity(0)))
    done = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"exit code {done.returncode}: " + " | ".join(done.stderr.strip().splitlines()[-4:])
        raise Refused(message, checkout) if done.returncode == 2 else RuntimeError(message)


def train(name: str, checkout: Path, folder: Path, runs: Path, as_before: bool) -> dict[str, str]:
    """Trains one spec in one checkout.

    Returns:
        What must be the same: a hash for each file of the run, and for each array of the checkpoint.
    """
    place = runs / name.replace("/", "_")

    def run(spec: Path, title: str, *settings: str) -> Path:
        options = [part for setting in settings for part in ("--set", setting)]
        cnncli(checkout, folder, "train", spec, "--name", title, "--runs-dir", place, *options, as_before=as_before)
        return place / f"{title}-001"

    if name in SHIPPED:
        return hashes(run(ROOT / "configs" / f"{name}.yaml", "run", *SHIPPED[name]))  # the same spec in both
    spec = place / "spec.yaml"
    place.mkdir(parents=True)
    (place / "base.yaml").write_text(BASE, encoding="utf-8")
    spec.write_text(f"extends: base.yaml\n{OWN[name]}", encoding="utf-8")
    if name == "from_run":
        spec.write_text(spec.read_text(encoding="utf-8").replace("FIRST", str(run(place / "base.yaml", "first"))))
    directory = run(spec, "run")
    if name == "resumed":
        cnncli(checkout, folder, "resume", directory, "--epochs", "3", as_before=as_before)
    return hashes(directory)


LATER = (
    *("weights", "log_loss", "balanced_accuracy", "kappa", "mcc", "top_5_accuracy", "roc_auc", "pr_auc"),
    *("groups", "intervals", "recall_interval", "precision_interval"),
)
"""Keys of metrics.json and report.json that earlier checkouts do not write."""


def hashes(run: Path) -> dict[str, str]:
    """A hash for everything in a run that must be the same."""
    contents = {
        path.relative_to(run).as_posix(): path.read_bytes()
        for pattern in ("weights/*.h5", "predictions.csv")
        for path in run.glob(pattern)
    }
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    contents["metrics.json"] = repr({key: metrics[key] for key in metrics if key not in LATER}).encode()
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    rows = {
        name: {key: row[key] for key in row if key not in LATER} if isinstance(row, dict) else row
        for name, row in report.items()
    }
    contents["report.json"] = repr(rows).encode()
    with (run / "history.csv").open(newline="") as file:
        rows = [[value for key, value in row.items() if key != "seconds"] for row in csv.DictReader(file)]
    contents["history.csv"] = repr(rows).encode()
    with np.load(run / "checkpoint" / "state.npz", allow_pickle=False) as state:
        contents |= {f"checkpoint/{key}": state[key].tobytes() for key in state.files if key != "training.json"}
    return {key: hashlib.sha256(content).hexdigest() for key, content in sorted(contents.items())}


def results(
    names: list[str], checkout: Path, folder: Path, runs: Path, jobs: int, as_before: bool
) -> Callable[[str], dict[str, str]]:
    """Starts the trainings of one checkout; the function that is returned waits for that of a spec."""
    pool = ThreadPoolExecutor(jobs)
    futures = {name: pool.submit(train, name, checkout, folder, runs, as_before) for name in names}
    return lambda name: futures[name].result()


def compare(names: list[str], first: Callable, second: Callable) -> bool:
    """Prints a line for each spec; returns whether all are the same that both checkouts know the words of."""
    all_same = True
    for name in names:
        began = time.perf_counter()
        try:
            verdict = difference(first(name), second(name))
        except (OSError, RuntimeError, KeyError) as error:
            new = isinstance(error, Refused) and error.checkout != ROOT
            verdict = f"{'NOT KNOWN' if new else 'FAILED'}: {error}"
        all_same &= verdict.startswith(("same", "NOT KNOWN"))
        print(f"{name:<24} {verdict}  {time.perf_counter() - began:.0f} s", flush=True)
    print("all the same" if all_same else "NOT the same")
    return all_same


def difference(expected: dict[str, str], actual: dict[str, str]) -> str:
    """Which hashes differ, in words."""
    different = [key for key in sorted({*expected, *actual}) if expected.get(key) != actual.get(key)]
    return f"DIFFERENT: {', '.join(different[:6])}" if different else f"same ({len(actual)} hashes)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "other", nargs="?", type=Path, metavar="OTHER_CHECKOUT", help="checkout to compare this one with"
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=NAMES, help="only these specs")
    parser.add_argument("--specs", type=int, metavar="N", help="only N specs, evenly spread over all")
    parser.add_argument("--save", type=Path, metavar="FILE", help="train in OTHER_CHECKOUT only, and write its hashes")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with hashes that --save wrote")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="new folder in which images and runs remain")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at the same time (default: %(default)s)")
    parser.add_argument(
        "--as-before", action="store_true", help="compute in this checkout as versions before choices did"
    )
    parser.add_argument("--list", action="store_true", help="print the names of the specs")
    options = parser.parse_args()
    names = options.only or NAMES
    if options.specs:
        names = [names[index * len(names) // options.specs] for index in range(min(options.specs, len(names)))]
    if options.list:
        print("\n".join(names))
        return 0
    if not (options.other or options.against):
        parser.error("OTHER_CHECKOUT or --against is needed")
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.keep or Path(temporary) / "work").resolve()
        folder.mkdir(parents=True)
        write_images(folder)
        start = partial(results, names, folder=folder, jobs=options.jobs, as_before=options.as_before)
        if options.against:
            saved = json.loads(options.against.read_text(encoding="utf-8"))
            if saved.pop("images") != digest(folder):
                parser.error(f"{options.against} was made with other images: another version of NumPy or Pillow?")
            return not compare(names, saved.__getitem__, start(checkout=ROOT, runs=folder / "runs"))
        other = start(checkout=options.other.resolve(), runs=folder / "other_runs")
        if options.save:
            saved = {}
            for name in names:
                try:
                    saved[name] = other(name)
                    print(f"{name:<24} {len(saved[name])} hashes", flush=True)
                except RuntimeError as error:
                    print(f"{name:<24} FAILED: {error}", flush=True)
            options.save.write_text(json.dumps({"images": digest(folder), **saved}, indent=1), encoding="utf-8")
            return 0
        return not compare(names, other, start(checkout=ROOT, runs=folder / "runs"))


if __name__ == "__main__":
    sys.exit(main())
