"""Groups and divisions that are written down: exactly those images, and a word on every other."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from cnncli.data.samples import ImageData
from cnncli.errors import DataError
from cnncli.notices import ignore
from cnncli.runner.inputs.division_file import COLUMNS, pooled, write_division
from cnncli.runner.inputs.own_files import with_own_division
from cnncli.runner.inputs.splits import load_splits

PATTERN = r"data.split.group={pattern: '(p\d+)_'}"


@pytest.fixture
def patients(tmp_path, cache_folder):
    """Sixty pictures of twelve patients, each in one of two classes."""
    for number in range(60):
        folder = tmp_path / "patients" / ("ill" if number % 12 < 4 else "well")
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), number).save(folder / f"p{number % 12}_{number}.png")
    return tmp_path / "patients"


@pytest.fixture
def spec_of(folder_spec):
    """A spec of another folder or table, with keys changed."""
    return lambda path, *overrides: folder_spec(
        f"data.source={{{'csv' if path.suffix else 'folder'}: {{path: {path}}}}}", *overrides
    )


def divided(spec, notice=ignore):
    return load_splits(spec.data, spec.seed, notice=notice)


def names(splits):
    return {split: set(samples.names) for split, samples in splits.samples.items()}


def patients_of(images):
    return {name.split("/")[-1].split("_")[0] for name in images}


class TestGroups:
    @pytest.mark.parametrize("stratify", ["true", "false"])
    def test_the_images_of_a_patient_are_in_one_split(self, spec_of, patients, stratify):
        spec = spec_of(patients, PATTERN, "data.split.validation=0.2", f"data.split.stratify={stratify}")
        images = names(divided(spec))
        train, validation, test = (patients_of(images[split]) for split in ("train", "validation", "test"))
        assert len(train | validation | test) == len(train) + len(validation) + len(test) == 12
        assert sum(map(len, images.values())) == 60

    def test_own_test_images_of_a_patient_that_is_trained_on_are_a_warning(self, spec_of, patients):
        for split in ("train", "test"):
            (patients / split).mkdir()
        for kind in ("ill", "well"):
            (patients / kind).rename(patients / "train" / kind)
            (patients / "test" / kind).mkdir()
        for kind, name in (("ill", "p0_0.png"), ("ill", "p1_1.png"), ("well", "p4_4.png")):
            (patients / "train" / kind / name).rename(patients / "test" / kind / name)
        told = []
        images = names(divided(spec_of(patients, PATTERN), notice=told.append))
        assert not patients_of(images["train"]) & patients_of(images["validation"])
        (warning,) = [line for line in told if "two splits" in line]
        assert warning.startswith("warning: 3 groups have images in two splits, such as 'p")
        assert "metrics on them are inflated" in warning

    def test_a_class_in_one_group_alone_is_trained_on_with_a_warning(self, spec_of, patients):
        (patients / "rare").mkdir()
        for number in range(4):
            Image.new("L", (8, 8), number).save(patients / "rare" / f"p99_{number}.png")
        told = []
        splits = divided(spec_of(patients, PATTERN), notice=told.append)
        rare = splits.class_names.index("rare")
        assert [rare in samples.labels for samples in splits.samples.values()] == [True, False, False]
        lack = (
            "warning: the test images lack the class rare (4 images): how well it is recognised is not measured on them"
        )
        assert f"{lack}; groups are kept whole" in told
        assert any(line.startswith("warning: the validation images lack the classes rare (4") for line in told)

    def test_sizes_that_whole_groups_do_not_permit_are_told(self, spec_of, patients):
        told = []
        divided(spec_of(patients, PATTERN, "data.split.test=2"), notice=told.append)
        assert "warning: 5 test images in place of 2: groups are kept whole" in told

    def test_a_pattern_that_is_not_in_every_name_is_refused(self, spec_of, patients):
        with pytest.raises(DataError, match=r"is not found in 5 of the 60 images, such as 'ill/p3_3.png'"):
            divided(spec_of(patients, r"data.split.group={pattern: '(p[0-2]|p[4-9]|p1\d)_'}"))

    def test_the_groups_of_a_table_are_those_of_a_column(self, spec_of, patients, tmp_path):
        rows = ["file,label,subject,set"]
        for number, path in enumerate(sorted(patients.glob("*/*"))):
            rows.append(f"{path},{path.parent.name},{path.name.split('_')[0]},{'test' if number % 5 == 0 else 'train'}")
        (tmp_path / "a.csv").write_text("\n".join(rows))
        told, column = [], "data.split.group={column: subject}"
        splits = divided(spec_of(tmp_path / "a.csv", column), notice=told.append)
        assert len(splits.samples["test"]) == 12
        assert any("groups have images in two splits" in line for line in told)
        for ignored in ("", "''"):
            anew = f"data.source.csv.split_column={ignored}"
            images = names(divided(spec_of(tmp_path / "a.csv", column, anew)))
            train, validation, test = (patients_of(images[split]) for split in ("train", "validation", "test"))
            assert len(train | validation | test) == len(train) + len(validation) + len(test) == 12


class TestFile:
    def test_a_division_that_was_written_gives_the_same_images(self, spec_of, patients, tmp_path):
        spec = spec_of(patients, "data.split={validation: 0.2, test: 7}")
        splits, file = divided(spec), tmp_path / "division.csv"
        write_division(file, splits.samples, splits.source_split, has_files=True)
        with file.open() as stream:
            assert next(csv.reader(stream)) == list(COLUMNS)
        again = divided(spec_of(patients, f"data.split.file={file}", "seed=7"))
        assert names(again) == names(splits)
        assert again.class_names == splits.class_names

    def test_it_wins_over_parts_and_the_source_own_splits(self, spec_of, own_splits, tmp_path):
        images = [path.relative_to(own_splits).as_posix() for path in sorted(own_splits.glob("*/*/*"))]
        rows = [f"{'test' if number % 3 else 'Training'},{image}" for number, image in enumerate(images)]
        (tmp_path / "a.csv").write_text("\n".join(["split,image", *rows]))
        told = []
        spec = spec_of(own_splits, f"data.split={{file: {tmp_path / 'a.csv'}, validation: test, test: 0.3}}")
        splits = divided(spec, notice=told.append)
        assert {split: len(samples) for split, samples in splits.samples.items()} == {
            "train": 13,
            "validation": 26,
            "test": 26,
        }
        where = f"{tmp_path / 'a.csv'} has its own test images, and they are used"
        assert told == [f"{where}: data.split.test: 0.3 has no effect"]

    def test_images_that_are_gone_are_an_error_and_unlisted_ones_a_notice(self, spec_of, patients, tmp_path):
        spec, file, told = spec_of(patients), tmp_path / "division.csv", []
        splits = divided(spec)
        write_division(file, splits.samples, splits.source_split, has_files=True)
        Image.new("L", (8, 8)).save(patients / "ill" / "later.png")
        divided(spec_of(patients, f"data.split.file={file}"), notice=told.append)
        assert told == [f"1 image of {patients} not used: {file} does not list them, such as 'ill/later.png'"]
        for name in ("p0_0.png", "p1_1.png"):
            (patients / "ill" / name).unlink()
        with pytest.raises(DataError, match=rf"{patients} lacks 2 of the 60 images in {file}, such as 'ill/p"):
            divided(spec_of(patients, f"data.split.file={file}"))

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "is not a division: its first row names nothing"),
            ("a,b\n1,2", "is not a division: its first row names a, b"),
            ("split,image\nlearn,ill/p0_0.png", r":2: the split 'learn' is not train, validation or test"),
            ("split,image\ntrain,", ":2: no image"),
            ("split,image\ntrain,ill/p0_0.png\ntest,./ill/p0_0.png", r":3: ./ill/p0_0.png is already in line 2"),
            ("split,image\ntest,ill/p0_0.png", "lists no training images"),
            ("split,image\ntrain,ill/p0_0.png", "lists no test images"),
            ("split,image\ntrain,ill/p0_0.png\ntest,ill/p1_1.png", "lists no validation images"),
            ('split,image\n"train', "cannot be read as a division"),
        ],
    )
    def test_what_is_no_division_is_refused_with_its_line(self, spec_of, patients, tmp_path, text, words):
        (tmp_path / "a.csv").write_text(text)
        with pytest.raises(DataError, match=words):
            divided(spec_of(patients, f"data.split.file={tmp_path / 'a.csv'}"))

    def test_a_file_without_validation_images_may_validate_on_the_test_images_or_on_none(
        self, spec_of, patients, tmp_path
    ):
        images = [path.relative_to(patients).as_posix() for path in sorted(patients.glob("*/*"))]
        rows = [f"{'test' if number % 3 else 'train'},{image}" for number, image in enumerate(images)]
        (tmp_path / "a.csv").write_text("\n".join(["split,image", *rows]))
        file = f"data.split.file={tmp_path / 'a.csv'}"
        assert set(names(divided(spec_of(patients, file, "data.split.validation=0")))) == {"train", "test"}
        images = names(divided(spec_of(patients, file, "data.split.validation=test")))
        assert images["validation"] == images["test"]

    def test_a_run_keeps_its_own_copy(self, spec_of, patients, tmp_path):
        data = spec_of(patients, f"data.split.file={tmp_path / 'gone.csv'}").data
        assert with_own_division(data, tmp_path) is data
        (tmp_path / "split.csv").write_text("split,image\n")
        assert with_own_division(data, tmp_path).split.file == str(tmp_path / "split.csv")


class TestArrays:
    def test_images_without_files_are_named_by_split_and_index(self, make_spec, tmp_path):
        splits = divided(make_spec("data.split.validation=100"))
        write_division(tmp_path / "a.csv", splits.samples, splits.source_split, has_files=False)
        again = divided(make_spec(f"data.split={{file: {tmp_path / 'a.csv'}}}", "seed=5"))
        assert again.samples["test"].names[:2] == ("test/0", "test/1")
        for split, samples in splits.samples.items():
            origin = splits.source_split[split]
            assert [f"{origin}/{name}" for name in samples.names] == list(again.samples[split].names)
            assert np.array_equal(samples.images[::97], again.samples[split].images[::97])

    def test_one_split_is_not_copied(self, make_spec):
        train = divided(make_spec("data.split.validation=100")).samples["train"]
        whole = pooled(ImageData(("a", "b"), {"train": train}), has_files=False).splits["train"]
        assert whole.images is train.images
        assert whole.names[0] == f"train/{train.names[0]}"
