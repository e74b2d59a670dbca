"""The data doctor on classes, splits, tables and copies."""

from __future__ import annotations

import os
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from picture_files import encoded, put, tree_hash
from PIL import Image

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.quality import Plan, check_headers, scan_files
from cnncli.data.sources import folder as folder_source, table as table_source
from cnncli.errors import DataError


def picture(seed: int, grey: bool = False) -> Image.Image:
    coarse = Image.fromarray(np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8))
    return coarse.resize((64, 48), Image.Resampling.BICUBIC).convert("L" if grey else "RGB")


def fill(folder: Path, count: int, start: int, grey: bool = False) -> None:
    """So many different pictures, none of which is in another folder that starts elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(start, start + count):
        (folder / f"{number}.png").write_bytes(encoded(picture(number, grey)))


def details(report, code: str) -> list[str]:
    return [one.detail for finding in report.findings if finding.code == code for one in finding.affected]


def groups(report, code: str) -> list[tuple[str, ...]]:
    return [one.names for finding in report.findings if finding.code == code for one in finding.affected]


def codes(report) -> list[str]:
    return [finding.code for finding in report.findings]


@pytest.fixture
def splits(tmp_path) -> Path:
    for number, split in enumerate(("train", "validation", "test")):
        fill(tmp_path / split / "cat", 12, 1000 * number)
        fill(tmp_path / split / "dog", 12, 1000 * number + 500)
    return tmp_path


def test_splits_are_counted_apart(splits):
    report = scan_files("folder", splits)
    assert report.counts == {split: {"cat": 12, "dog": 12} for split in ("train", "validation", "test")}
    assert codes(report) == []


def test_a_copy_across_splits_is_an_error_and_the_test_keeps_its_own(splits):
    (splits / "test/cat/new.png").write_bytes(encoded(picture(3)))
    report = scan_files("folder", splits)
    assert groups(report, "copies-across-splits") == [("train/cat/3.png", "test/cat/new.png")]
    assert report.findings[0].exclude == ("train/cat/3.png",)
    assert report.is_wrong


def test_a_picture_saved_again_in_another_split_is_found_by_its_look(splits):
    (splits / "test/cat/new.jpg").write_bytes(encoded(picture(3), "JPEG", quality=60))
    report = scan_files("folder", splits)
    assert groups(report, "alike-across-splits") == [("train/cat/3.png", "test/cat/new.jpg")]
    assert not report.is_wrong


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image.resize((128, 96), Image.Resampling.BICUBIC),
        lambda image: image.point(lambda value: min(255, value * 11 // 10)),
        lambda image: image.convert("L"),
    ],
    ids=["twice the size", "brighter", "grey"],
)
def test_a_picture_that_was_changed_a_little_still_looks_the_same(splits, change):
    (splits / "train/cat/new.png").write_bytes(encoded(change(picture(3))))
    assert groups(scan_files("folder", splits), "alike") == [("train/cat/3.png", "train/cat/new.png")]


def test_a_mirrored_picture_is_another_one(splits):
    (splits / "train/cat/new.png").write_bytes(encoded(picture(3).transpose(Image.Transpose.FLIP_LEFT_RIGHT)))
    assert codes(scan_files("folder", splits)) == []


def test_splits_with_other_classes_are_told_by_name(splits):
    fill(splits / "test/bird", 12, 5000)
    (splits / "validation/dog").rename(splits / "elsewhere")
    (splits / "elsewhere").rename(splits / "validation/wolf")
    report = scan_files("folder", splits)
    assert details(report, "classes-differ") == ["validation has wolf", "test has bird"]
    assert details(report, "missing-class") == ["validation lacks dog"]
    assert report.is_wrong
    unused = scan_files("folder", splits, plan=Plan(True, 0, ("validation",)))
    assert details(unused, "classes-differ") == ["test has bird"]


def test_a_class_that_is_missing_to_test_is_a_warning(splits):
    shutil.rmtree(splits / "test/dog")
    report = scan_files("folder", splits)
    assert codes(report) == ["missing-class"]
    assert not report.is_wrong


def test_a_split_of_nothing_but_other_classes_is_an_error(splits):
    shutil.rmtree(splits / "test")
    fill(splits / "test/wolf", 1, 9000)
    fill(splits / "test/yak", 1, 9001)
    report = scan_files("folder", splits)
    assert details(report, "empty-class") == ["test has no image of any class"]
    assert details(report, "classes-differ") == ["test has wolf, yak"]


def test_classes_with_similar_names_are_told(tmp_path):
    fill(tmp_path / "cat", 12, 0)
    fill(tmp_path / "Cats", 12, 500)
    assert details(scan_files("folder", tmp_path), "similar-classes") == ["cat, Cats"]


def test_classes_that_are_not_chosen_are_named(tmp_path):
    for number, name in enumerate(("cat", "dog", "owl")):
        fill(tmp_path / name, 12, 100 * number)
    assert groups(scan_files("folder", tmp_path, classes=["cat", "dog"]), "unused-class") == [("owl",)]


def test_two_folders_of_one_split_are_refused_as_training_does(splits):
    fill(splits / "val/cat", 1, 9000)
    assert "two folders of validation images" in details(scan_files("folder", splits), "refused")[0]


def test_rare_and_small_classes_are_warned_of(tmp_path):
    fill(tmp_path / "cat", 50, 0)
    fill(tmp_path / "dog", 5, 500)
    report = scan_files("folder", tmp_path)
    assert details(report, "few-images") == ["dog has 5"]
    assert details(report, "imbalance") == ["dog has 5 training images of 50 in the largest class"]
    assert not report.is_wrong
    fill(tmp_path / "dog", 10, 500)
    assert codes(scan_files("folder", tmp_path)) == []


def test_a_class_that_is_grey_alone_is_warned_of(tmp_path):
    fill(tmp_path / "cat", 12, 0)
    fill(tmp_path / "dog", 12, 500, grey=True)
    assert details(scan_files("folder", tmp_path), "color-tells-class") == ["dog is 100% grey"]
    for file in (tmp_path / "dog").iterdir():
        Image.open(file).convert("RGB").save(file, "JPEG", quality=80)
    assert details(scan_files("folder", tmp_path), "color-tells-class") == ["dog is 100% grey"]
    assert "color-tells-class" not in codes(scan_files("folder", tmp_path, decode=False))  # its headers say colour
    fill(tmp_path / "cat", 12, 100, grey=True)
    assert "color-tells-class" not in codes(scan_files("folder", tmp_path))


def test_classes_that_differ_by_case_or_accents_alone_collide(tmp_path):
    for name in ("Cat", "cat", "ch\u00e9vre", unicodedata.normalize("NFD", "ch\u00e9vre")):
        put(tmp_path, f"{name}/1.png")
    assert len(groups(scan_files("folder", tmp_path), "names-collide")) == 2


def test_chosen_and_renamed_classes_are_those_of_the_source(tmp_path):
    for number, name in enumerate(("cat", "lynx", "dog", "bird")):
        fill(tmp_path / name, 12, 100 * number)
    report = scan_files("folder", tmp_path, classes={"dog": "dog", "cat": "feline", "lynx": "feline"})
    assert report.class_names == ("dog", "feline")
    assert report.counts == {"train": {"dog": 12, "feline": 24}}


def test_a_folder_of_no_images_is_no_reason_to_fall(tmp_path):
    (tmp_path / "cat").mkdir()
    report = scan_files("folder", tmp_path)
    assert (report.images, report.sizes, report.is_wrong) == (0, (), True)
    assert scan_files("folder", tmp_path, decode=False).is_wrong


def test_a_folder_that_does_not_exist_says_so(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        scan_files("folder", tmp_path / "nowhere")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_and_a_file_that_are_not_permitted_are_found(splits):
    (splits / "train/cat").chmod(0)
    (splits / "train/dog/500.png").chmod(0)
    try:
        report = scan_files("folder", splits)
    finally:
        (splits / "train/cat").chmod(0o700)
    assert groups(report, "unreadable-folder") == [("train/cat",)]
    assert groups(report, "unreadable") == [("train/dog/500.png",)]


def test_a_table_is_looked_at_row_by_row_and_wrong_rows_do_not_stop_it(tmp_path):
    fill(tmp_path / "images", 24, 0)
    (tmp_path / "images/3.png").write_bytes(b"")
    rows = [f"images/{n}.png,{'cat' if n < 12 else 'dog'},train" for n in range(24)]
    rows += ["images/gone.png,cat,train", "images/5.png,dog,train", "images/6.png,,train", "images/7.png,cat,exam"]
    (tmp_path / "labels.csv").write_text("\n".join(["path,label,split", *rows]))
    before = tree_hash(tmp_path)
    report = scan_files("table", tmp_path / "labels.csv")
    assert tree_hash(tmp_path) == before
    assert report.counts == {"train": {"cat": 12, "dog": 12}}
    assert groups(report, "damaged") == [("images/3.png",)]
    lines = [detail.split(":")[0] for detail in details(report, "table-row")]
    assert lines == ["line 26", "line 27", "line 29"]
    assert details(report, "rows-not-used") == ["1 image has no label and is not used: images/6.png"]


def test_a_healthy_table_is_healthy(tmp_path):
    fill(tmp_path / "images", 24, 0)
    rows = [f"../images/{n}.png;{'cat' if n < 12 else 'dog'}" for n in range(24)]
    (tmp_path / "tables").mkdir()
    table = tmp_path / "tables" / "labels.csv"
    table.write_text("\n".join(["path;label", *rows]))
    assert codes(scan_files("table", table)) == []
    samples = table_source.load(table, InputFormat(8, 8, 3)).splits
    assert check_headers(samples).findings == ()


def test_headers_of_all_splits_make_one_finding_of_each_code(splits):
    (splits / "train/cat/0.png").write_bytes(b"")
    (splits / "test/cat/2000.png").write_bytes(b"")
    findings = check_headers(folder_source.load(splits, InputFormat(8, 8, 3)).splits).findings
    assert [(one.code, one.exclude) for one in findings] == [
        ("damaged", ("train/cat/0.png", "test/cat/2000.png")),
    ]


def test_junk_behind_a_whole_image_is_no_error(splits):
    """The end looks cut off then, so the header alone does not decide."""
    with (splits / "train/cat/0.png").open("ab") as file:
        file.write(b"junk" * 100)
    assert check_headers(folder_source.load(splits, InputFormat(8, 8, 3)).splits).findings == ()
    assert codes(scan_files("folder", splits)) == []


def test_progress_reaches_the_number_of_files(splits):
    told: list[tuple[int, int]] = []
    scan_files("folder", splits, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (72, 72)


@pytest.mark.parametrize(("says_size", "code"), [(None, "size-wanted"), (False, "size-missing"), (True, None)])
def test_images_of_several_sizes_need_one_in_the_spec(tmp_path, says_size, code):
    fill(tmp_path / "cat", 12, 0)
    fill(tmp_path / "dog", 12, 100)
    assert codes(scan_files("folder", tmp_path, plan=Plan(says_size))) == []
    (tmp_path / "cat" / "0.png").write_bytes(encoded(picture(0).resize((100, 90))))
    report = scan_files("folder", tmp_path, plan=Plan(says_size))
    assert codes(report) == ([code] if code else [])
    assert report.is_wrong == (says_size is False)
    if code:
        assert report.findings[0].message == "the images have 2 different sizes"
        assert details(report, code) == ["for example [64, 64] (height, width)"]


@pytest.mark.parametrize(("part", "few"), [(0.25, 6), (9, 9), (10, 0), (0.5, 0), (0, 0)])
def test_a_validation_that_is_left_to_chance_is_told(tmp_path, part, few):
    fill(tmp_path / "cat", 12, 0)
    fill(tmp_path / "dog", 12, 100)
    report = scan_files("folder", tmp_path, plan=Plan(True, part))
    found = [finding.message for finding in report.findings if finding.code == "few-validation-images"]
    assert found == ([f"{few} validation images for 2 classes"] if few else [])


def test_a_validation_of_the_source_itself_is_what_counts(splits):
    assert codes(scan_files("folder", splits, plan=Plan(True, 0.01))) == []
    for number in range(1000, 1009):
        (splits / "validation" / "cat" / f"{number}.png").unlink(missing_ok=True)
    for number in range(1500, 1506):
        (splits / "validation" / "dog" / f"{number}.png").unlink(missing_ok=True)
    report = scan_files("folder", splits, plan=Plan(True, 0.5))
    assert details(report, "few-validation-images") == ["a single image changes the accuracy by 11.1%"]
    assert "few-validation-images" not in codes(
        scan_files("folder", splits, plan=Plan(True, 0))
    )  # they are not used then
