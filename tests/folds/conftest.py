"""A spec of forty pictures in class folders, two of each patient."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cnncli.spec import load

SPEC = """\
name: photos
data:
  source: {{folder: {{path: {folder}}}}}
  image: {{size: [8, 8], color: grayscale}}
  split: {{validation: 4, group: {{pattern: '(p\\d+)_'}}}}
model:
  layers:
    - Flatten
    - Dropout: {{rate: 0.1}}
    - Dense: {{units: classes, activation: softmax}}
train: {{epochs: 2, batch_size: 8, optimizer: {{Adam: {{learning_rate: 0.05}}}}}}
"""


@pytest.fixture(scope="session")
def patients_spec(tmp_path_factory):
    folder, random = tmp_path_factory.mktemp("patients"), np.random.default_rng(0)
    for number in range(40):
        label, patient = number % 2, number // 2
        pixels = random.integers(0, 100, (8, 8), np.uint8)
        pixels[:, 4 * label : 4 * label + 4] += 80
        file = folder / f"class{label}" / f"p{patient:02}_{number}.png"
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(file)
    text = SPEC.format(folder=folder)
    return lambda *overrides: load(text, overrides).spec
