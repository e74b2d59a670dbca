"""The command that draws heat maps: its files, its table, and what it says when something is wrong."""

import io
import json
import sys

import numpy as np
import pytest
from PIL import Image

from cnncli.data.sources.published import mnist

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    for number, image in enumerate(mnist.arrays()[2][:3]):
        Image.fromarray(image).save(folder / f"{number}.png")
    return folder


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_each_image_has_a_file_and_a_row(call, trained, digits, tmp_path):
    result = call("heatmap", digits, "--runs-dir", trained)
    assert result.code == 0
    assert result.err.startswith(f"using {trained / 'small-001'}\n")
    heading, *rows, below = result.out.splitlines()
    assert heading.split()[:3] == ["image", "class", "probability"]
    assert [row.split()[1] for row in rows] == ["7", "2", "1"]
    assert [row.split()[-1] for row in rows] == [f"{number}-heatmap.png" for number in range(3)]
    assert "where the evidence was, not why" in below
    assert {Image.open(tmp_path / f"{number}-heatmap.png").format for number in range(3)} == {"PNG"}
    assert {file.name for file in digits.iterdir()} == {"0.png", "1.png", "2.png"}


def test_json_has_the_figures(call, trained, digits, tmp_path):
    more = ("--class", "3", "--method", "occlusion", "-o", tmp_path / "three.png", "--json")
    (entry,) = json.loads(call("heatmap", digits / "0.png", *more, "--runs-dir", trained).out)
    assert entry["heatmap"] == str(tmp_path / "three.png")
    assert (entry["class"], entry["predicted"], entry["method"], entry["cells"]) == ("3", "7", "occlusion", [7, 7])
    assert 0 <= entry["probability"] < 0.5
    assert 0 <= entry["hottest_covered"] <= 1
    assert (tmp_path / "three.png").is_file()


def test_images_of_one_name_do_not_overwrite_each_other(call, trained, digits, tmp_path):
    (tmp_path / "more").mkdir()
    Image.open(digits / "0.png").save(tmp_path / "more" / "0.png")
    call("heatmap", digits / "0.png", tmp_path / "more", "-o", "new/maps", "--runs-dir", trained)
    assert {file.name for file in (tmp_path / "new" / "maps").iterdir()} == {"0-heatmap.png", "0-heatmap-2.png"}


def test_a_file_that_cannot_be_read_does_not_stop_the_others(call, trained, digits, tmp_path):
    (tmp_path / "notes.png").write_text("no picture")
    result = call("heatmap", tmp_path / "notes.png", digits / "1.png", "--runs-dir", trained)
    assert result.code == 3
    assert "error: " in result.err
    assert "notes.png" in result.err
    assert result.out.splitlines()[1].split()[1] == "2"
    result = call("heatmap", "gone.png", "--runs-dir", trained, "--json")
    assert result.code == 3
    assert "gone.png" in json.loads(result.out)[0]["error"]


def test_an_image_on_standard_input(call, trained, digits, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((digits / "1.png").read_bytes())))
    assert json.loads(call("heatmap", "-", "--json", "--runs-dir", trained).out)[0]["image"] == "-"
    assert (tmp_path / "image-heatmap.png").is_file()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--class", "seven"), "no class is called 'seven'; the classes are 0, 1, 2"),
        (("-o", "maps.jpg/x.png"), "the folder 'maps.jpg' does not exist"),
        (("-o", "one.png"), "there are 3 images: name a folder with -o, not one file"),
        (("-o", "taken.txt"), "'taken.txt' is a file; expected a folder, or a file that ends in .png"),
        (("--method", "lime"), "'lime' is not one of"),
    ],
)
def test_a_mistake_on_the_command_line_is_named_before_anything_is_drawn(call, trained, digits, tmp_path, more, said):
    (tmp_path / "taken.txt").write_text("")
    result = call("heatmap", digits, *more, "--runs-dir", trained)
    assert result.code == 2
    assert said in result.err
    assert not list(tmp_path.glob("**/*-heatmap*.png"))


def test_a_folder_without_images(call, trained, tmp_path):
    (tmp_path / "empty").mkdir()
    result = call("heatmap", tmp_path / "empty", "--runs-dir", trained)
    assert result.code == 3
    assert "there are no images in" in result.err


def test_a_map_that_covering_does_not_confirm_is_doubted(call, trained, tmp_path):
    Image.fromarray(np.zeros((28, 28), np.uint8)).save(tmp_path / "black.png")
    result = call("heatmap", tmp_path / "black.png", "--class", "8", "--runs-dir", trained)
    assert result.code == 0
    assert "note: " in result.err
