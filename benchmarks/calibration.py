"""What the temperature does for a network that learned 1,000 images by heart.

    python benchmarks/calibration.py FOLDER [RUNS]

FOLDER has a folder of images for each class, such as CIFAR-10's: 1,000 train, 3,000 are for validation, 5,000 for the
test. RUNS keeps the run. Limits: the calibration error is halved; of 20 temperatures, each fitted on 50 validation
images, none makes the log loss of the test images worse by more than 0.01, neither of this network nor of one whose
confidences are right, which is the same with the temperature of all validation images; no answer changes.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.special import log_softmax

import cnncli
from cnncli.insight.calibration import fit_temperature
from cnncli.insight.probabilities import with_temperature

SPEC = """\
name: by-heart
data: {{source: {{arrays: {{path: '{data}'}}}}, split: {{validation: 3000}}}}
model:
  layers:
    - Conv2D: {{filters: 32, kernel_size: 3, padding: same, activation: relu}}
    - BatchNormalization
    - MaxPooling2D
    - Conv2D: {{filters: 64, kernel_size: 3, padding: same, activation: relu}}
    - BatchNormalization
    - MaxPooling2D
    - Conv2D: {{filters: 128, kernel_size: 3, padding: same, activation: relu}}
    - BatchNormalization
    - GlobalAveragePooling2D
    - Dense: {{units: classes, activation: softmax}}
train: {{epochs: 50, monitor: accuracy, optimizer: {{Adam: {{learning_rate: 0.002}}}}}}
"""
TRAINED, OTHERS, TESTED = 1000, 3000, 5000
DRAWS, DRAWN, WORSE = 20, 50, 0.01


def collected(folder, path):
    """Writes the images of all classes, drawn at random, as arrays."""
    classes = sorted(each for each in Path(folder).iterdir() if each.is_dir())
    files = [(file, label) for label, each in enumerate(classes) for file in sorted(each.iterdir())]
    order = np.random.default_rng(0).permutation(len(files))[: TRAINED + OTHERS + TESTED]
    images = np.stack([np.asarray(Image.open(files[at][0]).convert("RGB")) for at in order])
    labels = np.array([files[at][1] for at in order])
    train, test = slice(TRAINED + OTHERS), slice(TRAINED + OTHERS, None)
    np.savez(path, x_train=images[train], y_train=labels[train], x_test=images[test], y_test=labels[test])


def log_loss(logits, labels):
    return float(-log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(labels)), labels].mean())


def changes(arrays, temperature):
    """The change of the log loss by each of the temperatures that few images suggest, of logits that are divided."""
    test, validation = arrays["test"] / temperature, arrays["validation"] / temperature
    before, random, found = log_loss(test, arrays["test_labels"]), np.random.default_rng(0), []
    for _ in range(DRAWS):
        few = random.choice(OTHERS, DRAWN, replace=False)
        value = fit_temperature(validation[few], arrays["validation_labels"][few]).value
        found.append(log_loss(test / value, arrays["test_labels"]) - before)
    kept = sum(change != 0 for change in found)
    print(
        f"{DRAWS} draws of {DRAWN} validation images: {kept} temperatures kept; log loss {min(found):+.4f} to "
        f"{max(found):+.4f}, {np.mean(found):+.4f} on average"
    )
    return found


def main(folder, runs=None):
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(runs or temporary).absolute() / "images.npz"
        data.parent.mkdir(parents=True, exist_ok=True)
        collected(folder, data)
        run = cnncli.train(cnncli.load_spec(SPEC.format(data=data)), runs_dir=data.parent)
        with np.load(run.path / "logits.npz") as stored:
            arrays = dict(stored)
        found = run.folder.read_json("calibration.json")
    temperature, plain, cooled = found["temperature"], found["without"], found["with"]
    print(f"accuracy {plain['accuracy']:.4f}, temperature {temperature:.3f}")
    for figure in ("confidence", "ece", "log_loss", "brier"):
        print(f"  {figure:10} {plain[figure]:.4f} -> {cooled[figure]:.4f}")
    print(f"  ece of a perfect network: {plain['perfect_ece']:.4f}, {plain['perfect_ece_most']:.4f} at most")
    probabilities = np.exp(log_softmax(arrays["test"], axis=1))
    changed = (with_temperature(probabilities, temperature).argmax(axis=1) != probabilities.argmax(axis=1)).sum()
    print(f"{changed} of {len(probabilities):,} answers changed")
    worst = max(*changes(arrays, 1.0), *changes(arrays, temperature))
    return worst > WORSE or bool(changed) or 2 * cooled["ece"] > plain["ece"]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
