"""A search whose trainings take no time, and commands in processes of their own."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from PIL import Image

SPEC = """\
name: tiny
data:
  source: {folder: {path: IMAGES}}
  split: {validation: 0.2}
model:
  layers:
    - Conv2D: {filters: 4, kernel_size: 3, activation: relu}
    - GlobalAveragePooling2D
    - Dense: {units: classes, activation: softmax}
train:
  epochs: 2
  batch_size: 16
  optimizer: {Adam: {learning_rate: 0.01}}
tune:
  metric: val_loss
  trials: 1
  space:
    train.batch_size: {CategoricalDistribution: {choices: [8, 16, 32]}}
    train.optimizer.Adam.learning_rate: {FloatDistribution: {low: 1e-4, high: 3e-2, log: true}}
"""


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """Dark and bright squares, 8×8."""
    folder, random = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for name, grey in (("dark", 60), ("bright", 190)):
        (folder / name).mkdir()
        for number in range(30):
            pixels = np.clip(grey + random.normal(0, 60, (8, 8, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


class Commands:
    """Runs `cnncli` in processes of their own."""

    def __init__(self, folder: Path, images: Path) -> None:
        self.folder, self.spec, self.runs = folder, folder / "tiny.yaml", folder / "runs"
        self.spec.write_text(SPEC.replace("IMAGES", str(images)))
        self.search = self.runs / "tiny-tune"

    def start(self, command, *arguments, limit=None):
        """A process; `limit` is the largest size of a file that it can write, in bytes."""
        import resource

        def limited():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

        program = [sys.executable, "-m", "cnncli", command, *map(str, arguments), "--runs-dir", str(self.runs)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(program, cwd=self.folder, preexec_fn=limited if limit else None, **pipes)

    def run(self, command, *arguments):
        """What a process said, and its exit code."""
        process = self.start(command, *arguments)
        out, err = process.communicate()
        return process.returncode, out, err

    def tune(self, *arguments):
        return self.run("tune", self.spec, *arguments)

    def start_tune(self, *arguments, **options):
        return self.start("tune", self.spec, *arguments, **options)

    def trials(self, storage=None):
        """All trials, as Optuna itself reads them."""
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        storage = storage or JournalStorage(JournalFileBackend(str(self.search / "study.journal")))
        return optuna.load_study(study_name="tiny", storage=storage).get_trials()


@pytest.fixture
def commands(tmp_path, images):
    return Commands(tmp_path, images)
