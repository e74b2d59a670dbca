"""A new source of images is one module and one entry in the table: here is one."""

from __future__ import annotations

import json

import pytest

from cnncli.catalog import image_sources
from cnncli.catalog.image_sources import ImageSource
from cnncli.catalog.validators import whole
from cnncli.cli import main
from cnncli.data import sources
from cnncli.errors import SpecError
from cnncli.spec import load
from cnncli.spec.sections.sources import source_schema

MODULE = '''
import numpy as np

from cnncli.data.samples import ImageData, Samples


def load(images, classes=None):
    """Dark and bright squares in turn."""
    labels = np.arange(images) % 2
    pixels = np.broadcast_to((labels * 200 + 20)[:, None, None, None], (images, 8, 8, 1)).astype(np.uint8)
    return ImageData(("dark", "bright"), {"train": Samples.numbered(pixels, labels)})
'''
SPEC = """
name: toy
data: {source: {squares: {images: 40}}, cache: false}
model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}
train: {epochs: 1}
"""


@pytest.fixture
def spec(tmp_path, monkeypatch):
    """A spec whose source is not in the package."""
    (tmp_path / "squares.py").write_text(MODULE)
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(tmp_path)])
    entry = ImageSource("squares", "arrays", {"images": whole(4)})
    monkeypatch.setitem(image_sources.IMAGE_SOURCES, "squares", entry)
    file = tmp_path / "toy.yaml"
    file.write_text(SPEC)
    return file


def called(*words):
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return ended.value.code


def test_its_arguments_are_checked_and_completed(spec):
    assert load(spec).spec.data.source.arguments == {"images": 40}
    assert "squares" in json.dumps(source_schema())
    spec.write_text(SPEC.replace("images: 40", "images: two"))
    with pytest.raises(SpecError, match="a whole number of 4 or more"):
        load(spec)


def test_the_data_doctor_looks_at_it(spec, capsys):
    assert called("data", spec, "--json") == 0
    assert json.loads(capsys.readouterr().out)["counts"] == {"train": {"dark": 20, "bright": 20}}


@pytest.mark.slow
def test_a_model_is_trained_on_it(spec, tmp_path):
    assert called("train", spec, "--quiet", "--runs-dir", tmp_path / "runs") == 0
    record = json.loads((tmp_path / "runs" / "toy-001" / "data.json").read_text())
    assert record["class_names"] == ["dark", "bright"]
