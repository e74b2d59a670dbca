"""A trained run with an export, and servers: real ones, on free ports."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from real_server import WITH_LIMITS, Server

SHADES = """\
name: shades
data:
  source: {folder: {path: shades}}
  image: {size: [16, 16], color: rgb}
  split: {validation: 0.25, test: 0.25}
model:
  layers:
    - Conv2D: {filters: 4, kernel_size: 3}
    - GlobalAveragePooling2D
    - Dense: {units: classes, activation: softmax}
train: {epochs: 2, batch_size: 4}
"""


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """A folder with the run `shades-001` in `runs`, exported to LiteRT; and its copy `second`."""
    import shutil

    import cnncli

    folder = tmp_path_factory.mktemp("served")
    noise = np.random.default_rng(0)
    for name, level in (("dark", 60), ("bright", 190)):
        (folder / "shades" / name).mkdir(parents=True)
        for number in range(12):
            pixels = noise.integers(level - 50, level + 50, (20, 24, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "shades" / name / f"{number}.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        cnncli.train(cnncli.load_spec(SHADES)).export("litert")
    shutil.copytree(folder / "runs" / "shades-001", folder / "runs" / "second")
    return folder


@pytest.fixture(scope="session")
def started(place):
    """Starts servers: `started("shades-001")`, with options and limits; they end with the tests."""
    with contextlib.ExitStack() as stack:

        def start(*arguments, limits=None, cwd=place, **environment):
            program = ["-m", "cnncli"]
            if limits:
                program = ["-c", WITH_LIMITS, json.dumps(limits)]
            command = [sys.executable, *program, "serve", *arguments, "--port", "0"]
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
            variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment}
            process = stack.enter_context(subprocess.Popen(command, cwd=cwd, env=variables, **pipes))
            stack.callback(process.kill)
            return Server(process)

        yield start


@pytest.fixture(scope="session")
def server(started, tmp_path_factory):
    """A server of one run, for which there is no TensorFlow; Keras cannot be imported either then."""
    folder = tmp_path_factory.mktemp("without")
    (folder / "tensorflow.py").write_text("raise ImportError('not here')")
    return started("shades-001", PYTHONPATH=os.pathsep.join([str(folder), *sys.path]))


@pytest.fixture(scope="session")
def images(place):
    """Files of images, the classes of which the run tells apart."""
    return [Path(place, "shades", name, f"{number}.png") for name in ("dark", "bright") for number in range(4)]
