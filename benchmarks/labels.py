"""Wrong labels that are known: how many of the most doubtful ones are truly wrong.

    python benchmarks/labels.py IMAGES RUNS [--images 10000] [--flipped 0.05] [--epochs 12]

IMAGES is a folder or ZIP archive of class folders, such as those of CIFAR-10. A twentieth of the labels is replaced at
random, five folds are trained, and their most doubtful labels are compared with those that were replaced. RUNS
that were trained before are used; a training that was interrupted is resumed. About ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

import cnncli

SPEC = """\
name: flipped
data:
  source: {{arrays: {{path: {file}}}}}
  split: {{validation: 500}}
  standardize: featurewise
augment:
  - RandomFlip: {{mode: horizontal}}
  - RandomTranslation: {{height_factor: 0.1, width_factor: 0.1}}
model:
  blocks:
    conv:
      parameters: {{filters: 32, strides: 1}}
      layers:
        - Conv2D: {{filters: $filters, kernel_size: 3, strides: $strides, padding: same, use_bias: false}}
        - BatchNormalization
        - ReLU
  layers:
    - conv: {{filters: 32}}
    - conv: {{filters: 64, strides: 2}}
    - conv: {{filters: 64}}
    - conv: {{filters: 128, strides: 2}}
    - conv: {{filters: 128}}
    - GlobalAveragePooling2D
    - Dense: {{units: classes, activation: softmax}}
train:
  epochs: {epochs}
  batch_size: 64
  precision: auto
  optimizer:
    Adam: {{learning_rate: {{CosineDecay: {{initial_learning_rate: 0.003, decay_steps: total_steps}}}}}}
"""

DEPTHS = (20, 50, 100, 200, 300, 500)


def pictures(place: Path) -> Iterator[tuple[str, str, bytes]]:
    """Class, name and contents of each image, in the order of the names."""
    if place.is_dir():
        for file in sorted(place.rglob("*.*")):
            yield file.parent.name, str(file), file.read_bytes()
        return
    with zipfile.ZipFile(place) as archive:
        for name in sorted(archive.namelist()):
            if not name.endswith("/"):
                yield PurePosixPath(name).parent.name, name, archive.read(name)


def write_flipped(place: Path, count: int, share: float, file: Path) -> None:
    """Writes images with labels of which a share is replaced, the true ones beside them."""
    random = np.random.default_rng(0)
    every = list(pictures(place))
    chosen = [every[index] for index in np.sort(random.permutation(len(every))[:count])]
    names = sorted({name for name, _, _ in chosen})
    images = np.stack([np.asarray(Image.open(io.BytesIO(data)).convert("RGB")) for _, _, data in chosen])
    true = np.array([names.index(name) for name, _, _ in chosen])
    given, wrong = true.copy(), random.permutation(count)[: round(count * share)]
    given[wrong] = (true[wrong] + random.integers(1, len(names), len(wrong))) % len(names)
    np.savez(file, x_train=images, y_train=given)
    np.save(file.with_suffix(".true.npy"), true)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--images", dest="count", type=int, default=10_000)
    parser.add_argument("--flipped", type=float, default=0.05)
    parser.add_argument("--epochs", type=int, default=12)
    arguments = parser.parse_args()
    arguments.runs.mkdir(parents=True, exist_ok=True)
    file, group = arguments.runs.absolute() / "flipped.npz", arguments.runs / "flipped-folds-001"
    if group.exists():
        folds = cnncli.open_folds(group)
        folds.resume()
    else:
        write_flipped(arguments.images, arguments.count, arguments.flipped, file)
        folds = cnncli.train_folds(SPEC.format(file=file, epochs=arguments.epochs), 5, arguments.runs)
    true = np.load(file.with_suffix(".true.npy"))
    with np.load(file) as arrays:
        wrong = arrays["y_train"] != true
    doubtful = cnncli.doubtful_labels(folds, most=len(true))
    order = np.array([int(label.image.removeprefix("train/")) for label in doubtful])
    evaluation = folds.evaluate().evaluation
    places = [int(name.removeprefix("train/")) for name in evaluation.images]
    print(f"{len(true):,} images, {wrong.sum():,} labels replaced; accuracy against the labels as given ", end="")
    print(f"{folds.metrics['accuracy']:.3f}, against the true ones {(evaluation.predicted == true[places]).mean():.3f}")
    for depth in DEPTHS:
        found = int(wrong[order[:depth]].sum())
        print(f"first {depth:>4}: {found:>4} wrong, {found / depth:.3f}; {found / wrong.sum():.3f} of all wrong ones")


if __name__ == "__main__":
    main()
