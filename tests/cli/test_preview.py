"""The picture of what a training sees."""

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow

SPEC = """\
data:
  source: mnist
augment:
  - RandomTranslation: {height_factor: 0.3, width_factor: 0.3, fill_mode: constant}
model:
  layers: [Flatten, {Dense: {units: classes, activation: softmax}}]
"""


def test_a_row_for_each_class_and_a_column_for_each_epoch(call, tmp_path):
    (tmp_path / "moving.yaml").write_text(SPEC)
    result = call("preview", tmp_path / "moving.yaml", "-o", tmp_path / "moving.png")
    assert (result.code, result.out) == (0, f"{tmp_path / 'moving.png'}\n")
    moving = Image.open(tmp_path / "moving.png").convert("L")
    first, second = (np.asarray(moving)[108:276, left : left + 168] for left in (18, 200))
    assert first.std() > 0
    assert second.std() > 0
    assert (first != second).any()
    assert list(tmp_path.glob(".tmp*")) == []


def test_without_augmentation_the_originals_form_a_square(call, tmp_path):
    (tmp_path / "still.yaml").write_text(SPEC.partition("augment:")[0] + "model:" + SPEC.partition("model:")[2])
    assert call("preview", tmp_path / "still.yaml", "-o", tmp_path / "still.png").code == 0
    width, height = Image.open(tmp_path / "still.png").size
    assert 0.7 < width / height < 1.5


def test_the_picture_is_a_png(call, tmp_path):
    (tmp_path / "moving.yaml").write_text(SPEC)
    assert call("preview", tmp_path / "moving.yaml", "-o", tmp_path / "moving.jpg").code == 2
    assert call("preview", tmp_path / "moving.yaml", "-o", tmp_path / "none" / "moving.png").code == 2
    assert not (tmp_path / "none").exists()
