"""Trainings killed at random moments or at every boundary of a write, each resumed to the end and compared by hash.

    python benchmarks/kills.py [rounds] [--kills N | --boundaries] [--devices VALUE] [--seed N] [--assert]

The training has dropout, batch normalisation, augmentation, a schedule, early stopping, class weights and checkpoints
within its epochs. `kill -9` comes at a random moment once the run folder exists; half of the resumed trainings are
killed again, and so on. With --kills there are N kills in total, one after the other in as few trainings as possible:
30 of them take 3 minutes. With --boundaries the training kills itself instead, once at every boundary of a write.
Weights, optimizer, predictions, report and history (except its seconds) must equal those of a training that was never
killed. A round takes 20 seconds on two cores. With `--devices "[CPU:0, CPU:1]"` two parts of the processor share each
step.
"""

import argparse
import csv
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

SPEC = """\
extends: {stateful}
name: killed
data:
  source: {{folder: {{path: {path}}}}}
train:
  epochs: 40
  optimizer: {{Adam: {{learning_rate: {{CosineDecay: {{initial_learning_rate: 0.003, decay_steps: total_steps}}}}}}}}
  callbacks: [{{EarlyStopping: {{monitor: val_loss, patience: 3, min_delta: 0.02, restore_best_weights: true}}}}]
  checkpoint: {{steps: 2}}
  devices: {devices}
"""
RUNNER = Path(__file__).parents[1] / "tests" / "runner"
SAME = ("weights/best.weights.h5", "weights/last.weights.h5", "predictions.csv", "metrics.json", "report.txt")


def write_images(folder):
    random_numbers = np.random.default_rng(0)
    for place, (name, count) in enumerate({"red": 30, "green": 22, "blue": 14}.items()):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = random_numbers.integers(60, 190, (16, 16, 3))
            pixels[..., place] += 25
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number}.png")


def command(*arguments, starter=("-m", "cnncli")):
    return [sys.executable, *map(str, (*starter, *arguments)), "--quiet"]


def hashes_of(run):
    """Hashes of what must be the same, by name."""
    hashes = {name: hashlib.sha256((run / name).read_bytes()).hexdigest() for name in SAME}
    with (run / "history.csv").open(newline="") as file:
        rows = [[value for key, value in row.items() if key != "seconds"] for row in csv.DictReader(file)]
    hashes["history.csv"] = hashlib.sha256(repr(rows).encode()).hexdigest()
    with np.load(run / "checkpoint" / "state.npz", allow_pickle=False) as archive:
        for name in archive.files:
            if name != "training.json":
                hashes[name] = hashlib.sha256(archive[name].tobytes()).hexdigest()
    hashes["epochs"] = len(rows)
    return hashes


def killed_after(arguments, run, draws, longest):
    """Whether a training was killed at a random moment after its folder existed; otherwise it had finished."""
    with subprocess.Popen(command(*arguments), stdout=subprocess.DEVNULL) as process:
        while not (run / "spec.yaml").exists() and process.poll() is None:
            time.sleep(0.01)
        try:
            process.wait(draws.uniform(0, longest))
        except subprocess.TimeoutExpired:
            process.kill()
            return True
    return False


def at_random(folder, spec, rounds, longest, draws):
    for number in range(1, rounds + 1):
        run, kills = folder / f"round-{number}" / "killed-001", 0
        arguments = ("train", spec, "--runs-dir", run.parent)
        while killed_after(arguments, run, draws, longest if arguments[0] == "train" else longest + 4):
            kills += 1
            arguments = ("resume", run)
            if draws.random() < 0.5:
                break
        if kills:
            subprocess.run(command("resume", run), check=True, stdout=subprocess.DEVNULL)
        yield f"round {number}, killed {kills} times", run


def one_after_the_other(folder, spec, left, longest, draws):
    number = 0
    while left:
        number += 1
        run, kills = folder / f"training-{number}" / "killed-001", 0
        arguments, most = ("train", spec, "--runs-dir", run.parent), longest / 4
        while left and killed_after(arguments, run, draws, most):
            left, kills = left - 1, kills + 1
            arguments, most = ("resume", run), longest / 4 + 4  # the folder of a resumed training exists from the start
        if not left:
            subprocess.run(command("resume", run), check=True, stdout=subprocess.DEVNULL)
        yield f"training {number}, killed {kills} times", run


def at_boundaries(folder, spec):
    number = 0
    while True:
        number += 1
        run = folder / f"boundary-{number}" / "killed-001"
        starter = (RUNNER / "killed_at.py", number)
        program = command("train", spec, "--runs-dir", run.parent, "--set", "train.epochs=2", starter=starter)
        if subprocess.run(program, stdout=subprocess.DEVNULL, check=False).returncode == 0:
            yield "not killed at all", run
            return
        if (run / "spec.yaml").exists():
            subprocess.run(command("resume", run), check=True, stdout=subprocess.DEVNULL)
            yield f"killed at boundary {number}", run


def main(arguments):
    draws = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["CNNCLI_CACHE_DIR"] = str(folder / "cache")
        write_images(folder / "images")
        spec = folder / "killed.yaml"
        places = {"stateful": RUNNER / "stateful.yaml", "path": folder / "images"}
        spec.write_text(SPEC.format(**places, devices=arguments.devices))
        extra = ["--set", "train.epochs=2"] if arguments.boundaries else []
        whole = folder / "whole" / "killed-001"
        with subprocess.Popen(command("train", spec, "--runs-dir", whole.parent, *extra)) as process:
            while not (whole / "spec.yaml").exists() and process.poll() is None:
                time.sleep(0.01)
            began = time.perf_counter()
        assert process.returncode == 0
        longest, expected = time.perf_counter() - began, hashes_of(whole)
        print(f"never killed: {expected['epochs']} epochs, {longest:.1f} s after the folder existed", flush=True)
        same = done = 0
        if arguments.boundaries:
            trainings = at_boundaries(folder, spec)
        elif arguments.kills:
            trainings = one_after_the_other(folder, spec, arguments.kills, longest, draws)
        else:
            trainings = at_random(folder, spec, arguments.rounds, longest, draws)
        for title, run in trainings:
            actual = hashes_of(run)
            different = [key for key in {**expected, **actual} if expected.get(key) != actual.get(key)]
            left = [path.name for path in run.rglob(".tmp-*")]
            done, same = done + 1, same + (not different and not left)
            print(f"{title}: {f'DIFFERENT: {different}' if different else 'the same'} {left or ''}", flush=True)
        print(f"{same} of {done} the same")
        return arguments.strict and same < done


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", nargs="?", type=int, default=30)
    parser.add_argument("--kills", type=int)
    parser.add_argument("--boundaries", action="store_true")
    parser.add_argument("--devices", default="null")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--assert", dest="strict", action="store_true")
    sys.exit(main(parser.parse_args()))
