"""What is looked at before every training."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.sources import folder
from cnncli.errors import DataError

pytestmark = pytest.mark.slow


@pytest.fixture
def photos(tmp_path):
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for number in range(12):
            pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / label / f"{number}.png")
    return tmp_path


def test_images_that_can_be_read_are_passed(photos):
    from cnncli.runner.inputs.source_check import require_readable

    told = []
    splits = folder.load(photos, InputFormat(8, 8, 3)).splits
    require_readable(splits, photos, lambda done, total: told.append((done, total)))
    assert told == [(24, 24)]


def test_every_file_that_cannot_be_read_is_named_before_the_first_step(photos):
    from cnncli.runner.inputs.source_check import require_readable

    (photos / "cat" / "3.png").write_bytes(b"")
    (photos / "dog" / "5.png").write_bytes((photos / "dog" / "5.png").read_bytes()[:-100])
    splits = folder.load(photos, InputFormat(8, 8, 3)).splits
    with pytest.raises(DataError) as raised:
        require_readable(splits, photos)
    assert raised.value.message.splitlines() == [
        f"{photos} has 2 files that cannot be read:",
        "  cat/3.png is empty",
        "  dog/5.png is cut off: the end of the PNG is missing",
    ]
    assert f"cnncli data {photos}" in raised.value.hint
