"""predict.py reads images as the training did; it is run as Python runs it."""

import json
import os
import subprocess
import sys
from itertools import product

import numpy as np
import pytest
from cases import each
from pictures import FILES, gradient
from PIL import Image

from cnncli.data.decode.image import read_image
from cnncli.data.decode.input_format import InputFormat
from cnncli.export.description import DESCRIPTION, PROGRAM
from cnncli.export.program import Runtime, opened, program

STUB = Runtime(imports="import math", load="LOADED = math.pi", classify="return pixels.mean(axis=(1, 2))")


@pytest.fixture
def reader(tmp_path):
    """The `read` of a predict.py for a format of images."""

    def make(image):
        folder = tmp_path / "export"
        folder.mkdir(exist_ok=True)
        sizes = {"height": image.height, "width": image.width, "channels": image.channels}
        (folder / DESCRIPTION).write_text(json.dumps({"image": sizes, "classes": ["a"]}))
        (folder / PROGRAM).write_text(program(STUB, ("nothing",), image))
        return opened(folder).read

    return make


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the program leaves files open
@pytest.mark.parametrize(
    "image",
    [
        InputFormat(28, 28, 1),
        InputFormat(32, 24, 3, resize="pad", interpolation="bicubic"),
        InputFormat(24, 32, 3, resize="crop", interpolation="area"),
        InputFormat(20, 20, 3, interpolation="nearest"),
        InputFormat(20, 20, 3, interpolation="lanczos", icc="srgb"),
        InputFormat(20, 20, 3, white=4095.0),
    ],
    ids=lambda image: f"{image.resize}-{image.interpolation}-{image.channels}-{image.icc}-{image.white}",
)
@each("name", FILES)
def test_it_reads_a_file_as_the_training_did(name, image, reader, tmp_path):
    path = tmp_path / name
    FILES[name](path)
    if image.white == 4095 and name.startswith("deep"):
        Image.fromarray(gradient(30, 20, 1, np.uint16)[:, :, 0] // 16).save(path)
    expected = read_image(path, image)
    assert np.array_equal(reader(image)(path), expected[None].astype(np.float32))


def test_dark_files_are_brightened_as_in_the_training(reader, tmp_path):
    image = InputFormat(20, 20, 1, white=31.0)
    Image.fromarray(gradient(30, 20, 1)[:, :, 0] // 8).save(tmp_path / "dark.png")
    assert np.array_equal(reader(image)(tmp_path / "dark.png")[0], read_image(tmp_path / "dark.png", image))


def test_it_prints_one_line_of_utf8_for_each_image(tmp_path):
    facts = {"image": {"height": 9, "width": 9, "channels": 1}, "classes": ["白\n\tdoré"]}
    (tmp_path / DESCRIPTION).write_text(json.dumps(facts))
    (tmp_path / PROGRAM).write_text(program(STUB, ("nothing",), InputFormat(9, 9, 1)), encoding="utf-8")
    Image.fromarray(np.uint8([[7]])).save(tmp_path / "é.png")
    done = subprocess.run(
        [sys.executable, tmp_path / PROGRAM, "é.png", "none.png", "é.png"],
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
    )
    assert done.stdout.decode().splitlines() == ["é.png\t白 doré\t7.000000"] * 2
    assert (done.returncode, done.stderr.startswith(b"none.png: ")) == (1, True)


def test_it_is_short_enough_to_be_read():
    from cnncli.export import keras_file, litert, onnx_file, openvino_file, saved_model

    formats = (onnx_file, litert, openvino_file, saved_model, keras_file)
    variants = product(("stretch", "crop", "pad"), ("nearest", "bicubic"), ("ignore", "srgb"), (None, 31.0, 4095.0))
    for module, (resize, interpolation, icc, white) in product(formats, variants):
        image = InputFormat(96, 96, 3, resize=resize, interpolation=interpolation, icc=icc, white=white)
        lines = program(module.RUNTIME, ("something",), image).splitlines()
        assert len(lines) <= 64
        assert max(map(len, lines)) <= 120
