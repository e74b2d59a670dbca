"""Runs, caches and drawings of cnncli among people's pictures: passed over wherever they lie."""

import shutil

import pytest
from picture_files import put

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.inventory.folder_inventory import find_images
from cnncli.data.inventory.own_files import CACHE_TAG, CACHE_TAG_CONTENT
from cnncli.data.quality import scan_files
from cnncli.data.sources import folder

READING = InputFormat(4, 4, 1)


def write_run(place):
    """The files of a run that matter here, with a plot."""
    put(place, "plots/history.png")
    for name in ("spec.yaml", "status.json", "environment.json"):
        (place / name).write_text("{}")


def classes(root):
    return folder.load(root, READING).class_names


@pytest.fixture
def pets(tmp_path):
    put(tmp_path, "cat/1.png", "dog/1.png")
    return tmp_path


@pytest.mark.parametrize(
    "place", ["runs/pets-001", "my results/of june/x", "pets-001", "cat/runs/cat-001", "cat/deep/cat-001"]
)
def test_a_run_is_no_class_whatever_it_is_called(pets, place):
    write_run(pets / place)
    data = folder.load(pets, READING)
    assert data.class_names == ("cat", "dog")
    assert data.splits["train"].names == ("cat/1.png", "dog/1.png")
    assert not data.unused
    report = scan_files("folder", pets)
    assert report.counts == {"train": {"cat": 1, "dog": 1}}
    assert any("cnncli" in one.detail for finding in report.findings for one in finding.affected)
    assert len(find_images(pets)) == 2


def test_the_empty_folder_of_removed_runs_is_no_class(pets):
    (pets / "runs").mkdir()
    assert classes(pets) == ("cat", "dog")


def test_beside_splits_as_well(tmp_path):
    put(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/cat/1.png", "test/dog/1.png")
    write_run(tmp_path / "runs/pets-001")
    write_run(tmp_path / "train/pets-001")
    assert classes(tmp_path) == ("cat", "dog")


def test_a_run_that_was_killed_before_its_first_file(pets):
    (pets / "runs/pets-001/checkpoint").mkdir(parents=True)
    (pets / "runs/pets-001/checkpoint/lock").touch()
    assert classes(pets) == ("cat", "dog")


def test_a_folder_of_somebody_else_is_a_class_whatever_it_is_called(pets):
    put(pets, "runs/1.png", "checkpoint/1.png", "cache/1.png", "plots/images/1.png")
    (pets / "runs/spec.yaml").write_text("{}")
    assert classes(pets) == ("cache", "cat", "checkpoint", "dog", "plots", "runs")


def test_pictures_beside_runs_are_still_data(pets):
    write_run(pets / "shots/shots-001")
    put(pets, "shots/1.png")
    assert classes(pets) == ("cat", "dog", "shots")
    assert len(folder.load(pets, READING).splits["train"]) == 3


def test_a_cache_is_no_class(pets):
    (pets / "cache/images").mkdir(parents=True)
    (pets / "cache" / CACHE_TAG).write_text(CACHE_TAG_CONTENT)
    (pets / "cache/images/0.npy").write_bytes(b"")
    put(pets, "cache/images/1.png")
    assert classes(pets) == ("cat", "dog")
    shutil.move(pets / "cache", pets / "elsewhere")
    assert classes(pets) == ("cat", "dog")


def test_a_run_itself_may_be_looked_into(tmp_path):
    write_run(tmp_path)
    assert [file.name for file in find_images(tmp_path)] == ["history.png"]


def test_what_cnncli_draws_is_nobodys_picture(pets):
    import numpy as np

    from cnncli.report.plots import style
    from cnncli.report.plots.samples import draw_preview

    with style.applied():
        style.save(style.new_figure(1, 1, 20), pets / "curve.png")
    image = np.zeros((1, 4, 4, 1), np.uint8)
    draw_preview(image, [image], ("cat",), pets / "pets-preview.png")
    put(pets, "stray.png")
    (one,) = folder.load(pets, READING).unused
    assert (one.reason, one.count) == ("beside-classes", 1)
    assert "stray.png" in one.message
    assert sorted(file.name for file in find_images(pets)) == ["1.png", "1.png", "stray.png"]


def test_the_plots_of_a_run_alone_are_no_class(pets):
    from cnncli.report.plots import style

    (pets / "plots").mkdir()
    with style.applied():
        for name in ("history", "samples"):
            style.save(style.new_figure(1, 1, 20), pets / "plots" / f"{name}.png")
    assert classes(pets) == ("cat", "dog")
    put(pets, "plots/mine.png")
    assert classes(pets) == ("cat", "dog", "plots")


def test_the_cache_says_that_it_is_one(tmp_path, monkeypatch):
    from cnncli.data.cache import cached

    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "decoded"))
    put(tmp_path, "cat/1.png", "dog/1.png")
    cached(folder.load(tmp_path, READING).splits["train"])
    assert (tmp_path / "decoded" / CACHE_TAG).read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    assert classes(tmp_path) == ("cat", "dog")
