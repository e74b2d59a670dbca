"""Sets of classes and unknown images, on networks that are trained for it: the tables of docs/sure.md.

    python benchmarks/sure.py cifar10-train.zip caltech-sample.zip WORK [--only sets]

The archives hold a folder for each class. WORK keeps what is trained there: c10, CIFAR-10; c8, CIFAR-10 without cats
and trucks; mnist; each takes some minutes on two cores, once.
"""

import argparse
import io
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import scipy.stats
from PIL import Image

import cnncli
from cnncli.data.sources.published import mnist
from cnncli.insight.probabilities import of_logits
from cnncli.insight.sets import fit_sets, measure_sets

LEFT_OUT = ("cat", "truck")
DIVISIONS = 20

SPEC = """\
name: {name}
data:
  source: {{arrays: {{path: {path}}}}}
  split: {{validation: 5000}}
  standardize: featurewise
model:
  layers:
    - {{Conv2D: {{filters: 32, kernel_size: 3, padding: same, use_bias: false}}}}
    - BatchNormalization
    - ReLU
    - MaxPooling2D: {{pool_size: 2}}
    - {{Conv2D: {{filters: 64, kernel_size: 3, padding: same, use_bias: false}}}}
    - BatchNormalization
    - ReLU
    - MaxPooling2D: {{pool_size: 2}}
    - {{Conv2D: {{filters: 64, kernel_size: 3, padding: same, use_bias: false}}}}
    - BatchNormalization
    - ReLU
    - GlobalAveragePooling2D
    - Dense: {{units: classes, activation: softmax}}
train:
  epochs: {epochs}
  batch_size: 128
  optimizer: {{Adam: {{learning_rate: {{CosineDecay: {{initial_learning_rate: 0.004, decay_steps: total_steps}}}}}}}}
"""


def images_in(archive):
    """The images of an archive by class, uint8 RGB."""
    found = {}
    with zipfile.ZipFile(archive) as files:
        for name in sorted(files.namelist()):
            if name.endswith(".jpg"):
                with Image.open(io.BytesIO(files.read(name))) as picture:
                    found.setdefault(PurePosixPath(name).parent.name, []).append(picture.convert("RGB"))
    return found


def cifar(archive, without=()):
    """25,000 images for training and validation and 10,000 for the test, with their labels, in random order."""
    kept = {name: images for name, images in images_in(archive).items() if name not in without}
    pixels = np.stack([np.asarray(picture) for images in kept.values() for picture in images])
    labels = np.repeat(np.arange(len(kept)), [len(images) for images in kept.values()])
    order = np.random.default_rng(0).permutation(len(labels))[:35_000]
    return pixels[order[:25_000]], labels[order[:25_000]], pixels[order[25_000:]], labels[order[25_000:]]


def digits():
    images, labels, test_images, test_labels = mnist.arrays()
    return images[:20_000], labels[:20_000], test_images, test_labels


def trained(name, arrays, epochs, work):
    """The run of that name; trained first if there is none."""
    if not (work / f"{name}-001" / "metrics.json").exists():
        names = ("x_train", "y_train", "x_test", "y_test")
        np.savez(work / f"{name}.npz", **dict(zip(names, arrays(), strict=True)))
        spec = work / f"{name}.yaml"
        spec.write_text(SPEC.format(name=name, path=work / f"{name}.npz", epochs=epochs))
        cnncli.train(cnncli.load_spec(spec), work)
    return cnncli.open_run(f"{name}-001", work)


def networks(archive, work):
    work.mkdir(parents=True, exist_ok=True)
    yield trained("mnist", digits, 5, work)
    yield trained("c10", lambda: cifar(archive), 16, work)
    yield trained("c8", lambda: cifar(archive, LEFT_OUT), 16, work)


def sets(run):
    """Sets from one half of the validation and test images, measured on the other half, in random divisions."""
    with np.load(run.path / "logits.npz") as arrays:
        logits = np.concatenate([arrays["validation"], arrays["test"]])
        labels = np.concatenate([arrays["validation_labels"], arrays["test_labels"]])
    probabilities, random = of_logits(logits), np.random.default_rng(0)
    for level in (0.9, 0.95, 0.99):
        results = []
        for _ in range(DIVISIONS):
            one, other = np.array_split(random.permutation(len(labels)), 2)
            fitted = fit_sets(probabilities[one], labels[one], level)
            results.append(measure_sets(fitted, probabilities[other], labels[other]))
        images = len(labels) // 2
        # The thresholds vary with the images that they are from as much as the share does with those it is measured on
        low, high = (
            scipy.stats.norm.ppf(end, level, (2 * level * (1 - level) / images) ** 0.5) for end in (0.025, 0.975)
        )
        covered = np.array([each.coverage for each in results])
        lowest = np.mean([np.nanmin(each.class_coverage) for each in results])
        size, empty = (np.mean([getattr(each, name) for each in results]) for name in ("size", "empty"))
        print(
            f"{run.path.name} {level}: covered {covered.mean():.4f}, {covered.min():.4f} to {covered.max():.4f}; "
            f"{((covered > low) & (covered < high)).sum()} of {DIVISIONS} in {low:.4f} to {high:.4f}; "
            f"lowest class {lowest:.3f}, size {size:.2f}, empty {empty:.3f}"
        )
    shipped = [
        (each["level"], each["coverage"], each["interval"]) for each in run.folder.read_json("sets.json")["levels"]
    ]
    print(run.path.name, "validation to test:", shipped)


def written(folder, pictures):
    """A folder with these images, as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(folder / f"{number:04}.png")
    return folder


def unknown(run, archive, caltech, work):
    """How well each score tells unknown images from the test images, and how many of them are noticed."""
    name = run.path.name.removesuffix("-001")
    folders = []
    if name == "c8":
        left_out = images_in(archive)
        folders = [
            written(work / "left-out", [np.asarray(picture) for kind in LEFT_OUT for picture in left_out[kind][:500]])
        ]
    elif name == "c10":
        folders = [written(work / "digits", mnist.arrays()[2][:1000])]
        kinds = images_in(caltech).items()
        folders += [written(work / kind, map(np.asarray, pictures)) for kind, pictures in kinds if kind != "airplanes"]
    else:
        some = images_in(archive)
        grey = [np.asarray(picture.convert("L")) for pictures in some.values() for picture in pictures[:100]]
        folders = [
            written(work / "photographs", grey),
            written(work / "turned", np.rot90(mnist.arrays()[2][:1000], 1, (1, 2))),
        ]
    found = run.measure_unknown(folders)
    known = found["known"]
    print(name, "known:", {kind: round(known[kind]["share"], 4) for kind in ("unsure", "unlike", "either")})
    for each in found["unknown"]:
        areas = "  ".join(f"{kind} {value:.3f}" for kind, value in each["auroc"].items())
        noticed = "  ".join(f"{kind} {each[kind]['share']:.3f}" for kind in ("unsure", "unlike", "either"))
        print(f"{name} {Path(each['images_of']).name:32} AUROC {areas}   noticed {noticed}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cifar", type=Path)
    parser.add_argument("caltech", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--only", choices=("sets", "unknown"))
    chosen = parser.parse_args()
    for network in networks(chosen.cifar, chosen.work):
        print(f"{network.path.name}: accuracy {network.metrics['accuracy']:.3f}")
        if chosen.only != "unknown":
            sets(network)
        if chosen.only != "sets":
            unknown(network, chosen.cifar, chosen.caltech, chosen.work)
