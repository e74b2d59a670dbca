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

    require_readable(folder.load(photos, InputFormat(8, 8, 3)).splits, photos, pytest.fail)


def test_images_that_leave_white_open_are_a_warning(photos):
    from cnncli.runner.inputs.source_check import require_readable

    for file in photos.rglob("*.png"):
        Image.fromarray(np.arange(64, dtype=np.uint16).reshape(8, 8) * 60).save(file)
    told = []
    require_readable(folder.load(photos, InputFormat(8, 8, 1)).splits, photos, told.append)
    assert told == [
        "warning: no pixel of 16 images of more than 8 bits is above 3,780, although white is 65,535; "
        "set data.image.white to the value of white, for example data.image.white: 4095"
    ]
    require_readable(folder.load(photos, InputFormat(8, 8, 1, white=4095)).splits, photos, pytest.fail)


def test_every_file_that_cannot_be_read_is_named_before_the_first_step(photos):
    from cnncli.runner.inputs.source_check import require_readable

    (photos / "cat" / "3.png").write_bytes(b"")
    (photos / "dog" / "5.png").write_bytes((photos / "dog" / "5.png").read_bytes()[:-100])
    splits = folder.load(photos, InputFormat(8, 8, 3)).splits
    with pytest.raises(DataError) as raised:
        require_readable(splits, photos, pytest.fail)
    assert raised.value.message.splitlines() == [
        f"{photos} has 2 files that cannot be read (2 .png):",
        "  cat/3.png is empty",
        "  dog/5.png is cut off: the end of the PNG is missing",
    ]
    assert f"cnncli data {photos}" in raised.value.hint


@pytest.fixture
def stacks(tmp_path):
    """TIFFs of three pages of 8×8 pixels: black, grey and white."""
    pages = [Image.new("L", (8, 8), brightness) for brightness in (0, 128, 255)]
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for number in range(12):
            pages[0].save(tmp_path / label / f"{number}.tif", save_all=True, append_images=pages[1:])
    return tmp_path


def spec_of(folder, **image):
    from cnncli.spec import load

    model = {"layers": ["Flatten", {"Dense": {"units": "classes", "activation": "softmax"}}]}
    return load({"data": {"source": {"folder": {"path": str(folder)}}, "image": image}, "model": model}, {}).spec


@pytest.mark.parametrize(("frame", "brightness"), [("first", 0), ("middle", 128), (2, 255)])
@pytest.mark.parametrize("size", [None, [8, 8]])
def test_one_page_of_a_stack_is_taken(stacks, frame, brightness, size):
    from cnncli.runner.inputs.source_check import load_readable_splits

    spec = spec_of(stacks, frame=frame, size=size)
    splits = load_readable_splits(spec.data, spec.seed, pytest.fail)
    assert splits.samples["train"].shape == (8, 8, 3)
    assert (splits.samples["train"].read(np.arange(2)) == brightness).all()


def test_a_stack_of_which_no_page_is_chosen_stops_the_training(stacks):
    from cnncli.runner.inputs.source_check import load_readable_splits

    spec = spec_of(stacks, size=8)
    with pytest.raises(DataError, match=r"0\.tif is a TIFF of 3 pages; choose one with data\.image\.frame"):
        load_readable_splits(spec.data, spec.seed, pytest.fail)


@pytest.mark.parametrize(
    ("image", "code"), [({}, "format-not-read"), ({"frame": 1}, "blank"), ({"frame": 3}, "format-not-read")]
)
def test_the_data_doctor_looks_at_the_page_that_is_chosen(stacks, image, code):
    from cnncli.runner.inputs.source_check import scan_source

    report = scan_source(spec_of(stacks, **image).data, 0)
    assert {"format-not-read", "blank"} & {finding.code for finding in report.findings} == {code}
