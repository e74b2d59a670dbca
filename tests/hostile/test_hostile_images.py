"""Every file that is called an image is read, or refused by name with a reason; none is waited for or unpacked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hostile_images import IMAGES, ODD_FILES, saved

from cnncli.data.decode.image import read_image, size_of
from cnncli.data.decode.input_format import InputFormat
from cnncli.errors import DataError

pytestmark = pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")  # cnncli ignores it, pytest shows it


def reason_for(path: Path) -> str:
    """Why it is not read; empty when it is."""
    try:
        size_of(path)
        assert read_image(path, InputFormat(8, 8, 3)).shape == (8, 8, 3)
    except DataError as error:
        return error.message
    return ""


def test_there_are_forty_of_them():
    assert len(IMAGES) >= 40


@pytest.mark.parametrize("name", IMAGES)
def test_a_hostile_image_is_read_or_refused(name, world):
    data, part = IMAGES[name]
    path = world.work / "image.png"
    path.write_bytes(data)
    reason = reason_for(path)
    assert part in reason
    assert bool(reason) == bool(part)
    assert reason.startswith(str(path) if part else "")
    assert reason.isprintable()
    assert path.read_bytes() == data


@pytest.mark.parametrize("name", ODD_FILES)
def test_what_is_no_file_is_refused(name, world):
    make, part = ODD_FILES[name]
    path = world.work / "image.png"
    make(path)
    assert part in reason_for(path)


@pytest.fixture
def folder(world) -> Path:
    """All of them in one class, and good ones in another."""
    for name in ("good", "hostile"):
        (world.work / "images" / name).mkdir(parents=True)
    for number, (data, _) in enumerate(IMAGES.values()):
        (world.work / "images" / "hostile" / f"{number}.png").write_bytes(data)
    for number, (make, _) in enumerate(ODD_FILES.values(), len(IMAGES)):
        make(world.work / "images" / "hostile" / f"{number}.png")
    for number in range(3):
        (world.work / "images" / "good" / f"{number}.png").write_bytes(saved("PNG"))
    return world.work / "images"


def test_the_data_doctor_survives_all_of_them(folder, call):
    result = call("data", folder, "--json")
    assert result.code == 3
    named = {
        name for finding in json.loads(result.out)["findings"] for one in finding["affected"] for name in one["names"]
    }
    refused = [number for number, (_, part) in enumerate(IMAGES.values()) if part]
    assert {f"hostile/{number}.png" for number in refused} <= named
    assert call("data", folder, "--quick").code == 3


def test_names_of_files_cannot_write_to_the_screen(world, call):
    names = ("\x1b[31mred.png", "[bold]markup.png", "=1+1.png", "\u202egnp.png", "two\nlines.png", "\udcff.png")
    for place in ("good", "\x1b]0;title\x07"):
        (world.work / "images" / place).mkdir(parents=True)
        for name in names:
            (world.work / "images" / place / name).write_bytes(b"no image")
    for arguments in (("data", "images"), ("data", "images", "--json"), ("data", "images", "--list", "-")):
        result = call(*arguments)
        assert result.code == 3
        assert not set("\x07\u202e\udcff") & set(result.out + result.err)
        assert "lines.png" not in (result.out + result.err).splitlines()
