"""A run finds its very images again, and says by name what is missing, changed or unknown."""

from __future__ import annotations

import csv
import re
import shutil
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from cnncli.errors import DataError, RunError
from cnncli.observer import ignore
from cnncli.runs import RunDir

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recorded() -> ModuleType:
    from cnncli.runner.inputs import image_manifest as recorded

    return recorded


@pytest.fixture
def record(recorded, tmp_path) -> Callable:
    """Writes down the images of a spec as a training does, and gives the run, the splits and what was told."""
    from cnncli.runner.inputs.splits import load_splits

    def record(spec) -> tuple[RunDir, object, list[str]]:
        run, splits, told = RunDir(tmp_path / "run"), load_splits(spec.data, spec.seed), []
        run.path.mkdir()
        pixels = {"border_mean": 0.0, "border_std": 0.0}
        about = {"class_names": list(splits.class_names), "image": list(splits.shape), "pixels": pixels}
        run.write_json("data.json", about)
        recorded.record_images(run, splits, told.append)
        return run, splits, told

    return record


def found_again(spec, run, notice=ignore):
    from cnncli.runner.inputs.image_manifest import recorded_splits
    from cnncli.runner.open_run import OpenRun

    return recorded_splits(spec.data, spec.seed, OpenRun(run).data_record, run.path, notice)


def same(first, second) -> bool:
    """Whether two divisions hold the same images with the same labels."""
    return first.class_names == second.class_names and {
        split: (samples.names, samples.labels.tolist()) for split, samples in first.samples.items()
    } == {split: (samples.names, samples.labels.tolist()) for split, samples in second.samples.items()}


SPLIT_INTO = ["data.split.validation=0.1", "data.split.validation=0", "data.split={validation: test, test: 9}"]
CHOSEN = "data.classes=[red, green, blue]"
RENAMED = "data.classes={red: warm, green: cold, blue: cold}"


class TestRecord:
    def test_it_names_every_image_with_its_split_class_and_content(self, record, folder_spec):
        run, splits, told = record(folder_spec())
        with (run.path / "images.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["image"] for row in rows] == [name for s in splits.samples.values() for name in s.names]
        assert [row["split"] for row in rows] == [split for split, s in splits.samples.items() for _ in s.names]
        assert all(row["image"].startswith(row["class"]) for row in rows)
        assert {row["origin"] for row in rows} == {"train"}
        assert len({row["content"] for row in rows}) == 60
        assert not told

    @pytest.mark.parametrize("split", SPLIT_INTO)
    @pytest.mark.parametrize("classes", ["data.classes=null", CHOSEN, RENAMED])
    def test_the_same_images_are_found_again(self, recorded, record, folder_spec, split, classes):
        spec = folder_spec(split, classes)
        run, splits, told = record(spec)
        assert same(found_again(spec, run, told.append), splits)
        assert not told

    def test_of_a_table_as_well(self, recorded, record, folder_spec, table):
        spec = folder_spec(f"data.source={{csv: {{path: {table}}}}}")
        run, splits, _ = record(spec)
        assert same(found_again(spec, run), splits)

    def test_arrays_that_count_their_images_alike_are_told_apart(self, recorded, record, folder_spec, tmp_path):
        """Validation and test have each an image `0`, which is not the same one."""
        random = np.random.default_rng(0)
        arrays = {f"x_{split}": random.integers(0, 256, (6, 5, 5), np.uint8) for split in ("train", "val", "test")}
        labels = {f"y_{split}": np.arange(6) % 2 for split in ("train", "val", "test")}
        np.savez(tmp_path / "a.npz", **arrays, **labels)
        spec = folder_spec(f"data.source={{arrays: {{path: {tmp_path / 'a.npz'}}}}}", "data.image.size=null")
        run, splits, _ = record(spec)
        found = found_again(spec, run)
        assert same(found, splits)
        for split, name in (("train", "x_train"), ("validation", "x_val"), ("test", "x_test")):
            assert np.array_equal(found.samples[split].images[..., 0], arrays[name])

    def test_bytes_of_a_run_that_was_not_asked_about_white_keep_their_meaning(self, folder_spec, tmp_path):
        from cnncli.data.decode.pixels import UnknownWhite
        from cnncli.runner.inputs.recorded_images import RecordedArrays
        from cnncli.runner.inputs.splits import load_source

        images = np.zeros((6, 4, 4), np.uint8)
        images[:, 1] = 16
        np.savez(tmp_path / "dark.npz", images=images, labels=np.arange(6) % 2)
        data = folder_spec(f"data.source={{arrays: {{path: {tmp_path / 'dark.npz'}}}}}", "data.image.size=null").data
        with pytest.raises(UnknownWhite):
            load_source(data)
        rows = [{"origin": "train", "image": str(number)} for number in range(6)]
        assert RecordedArrays(data, ("0", "1"), rows, None).samples(rows).images.max() == 16

    @pytest.mark.parametrize("split", ["{validation: 9, test: 12}", "{validation: test, test: 12}"])
    def test_an_image_in_two_splits_is_told_once(self, record, folder_spec, squares, split):
        from cnncli.runner.inputs.splits import load_splits

        spec = folder_spec(f"data.split={split}")
        splits = load_splits(spec.data, spec.seed)
        first, second = (splits.samples[split].names[0] for split in ("train", "test"))
        within = splits.samples["train"].names[1]
        for name in (second, within):
            shutil.copyfile(squares / first, squares / name)
        _, _, told = record(spec)
        (text,) = told
        assert f"1 image is in more than one split, such as '{first}'" in text
        copy = splits.samples["test"].names[1]
        shutil.copyfile(squares / splits.samples["train"].names[2], squares / copy)
        shutil.rmtree(squares.parent / "run")
        _, _, told = record(spec)
        (text,) = told
        assert "2 images are in more than one split" in text

    def test_a_test_that_validates_is_not_called_a_copy(self, record, folder_spec):
        _, _, told = record(folder_spec("data.split={validation: test, test: 12}"))
        assert not told


class TestWhatChanged:
    @pytest.mark.parametrize("classes", ["data.classes=null", CHOSEN, RENAMED])
    def test_of_a_class_that_is_gone_the_images_are_named(self, recorded, record, folder_spec, squares, classes):
        spec = folder_spec(classes)
        run, *_ = record(spec)
        shutil.rmtree(squares / "green")
        with pytest.raises(DataError, match=r"images of this run are missing: 'green/"):
            found_again(spec, run)

    def test_of_two_classes_the_one_that_is_gone_is_named(self, recorded, record, folder_spec, squares):
        shutil.rmtree(squares / "blue")
        spec = folder_spec()
        run, *_ = record(spec)
        shutil.rmtree(squares / "green")
        with pytest.raises(DataError, match=r"images of this run are missing: 'green/"):
            found_again(spec, run)

    def test_an_image_that_went_to_another_class_is_told_with_its_new_place(
        self, recorded, record, folder_spec, squares
    ):
        spec = folder_spec()
        run, splits, _ = record(spec)
        name = next(name for name in splits.samples["test"].names if name.startswith("red"))
        file = name.partition("/")[2]
        (squares / "blue" / "deeper").mkdir()
        (squares / name).rename(squares / "blue" / "deeper" / file)
        with pytest.raises(DataError) as caught:
            found_again(spec, run)
        assert caught.value.message == f"test images of this run are missing: '{name}' (now 'blue/deeper/{file}')"
        Image.new("RGB", (16, 16)).save(squares / "blue" / "deeper" / file)  # the same name is not the same image
        with pytest.raises(DataError) as caught:
            found_again(spec, run)
        assert caught.value.message == f"test images of this run are missing: '{name}'"

    def test_a_label_that_changed_is_told_and_the_old_one_counts(self, recorded, record, folder_spec, table):
        spec = folder_spec(f"data.source={{csv: {{path: {table}}}}}")
        run, splits, told = record(spec)
        rows = table.read_text("utf-8")
        table.write_text(rows.replace("red/1.jpg,warm", "red/1.jpg,cold").replace("red/3.jpg,warm", "red/3.jpg,cold"))
        found = found_again(spec, run, told.append)
        assert same(found, splits)
        (text,) = told
        assert text.startswith(
            "warning: test images have another class since the training: 'red/1.jpg' was warm and is cold and 1 more"
        )

    @pytest.mark.parametrize("classes", ["data.classes=null", CHOSEN, RENAMED])
    def test_a_new_class_and_an_empty_one_change_nothing(self, recorded, record, folder_spec, squares, classes):
        spec = folder_spec(classes)
        run, splits, told = record(spec)
        shutil.copytree(squares / "green", squares / "yellow")
        (squares / "empty").mkdir()
        assert same(found_again(spec, run, told.append), splits)
        assert not told

    def test_a_new_class_in_a_table_changes_nothing(self, recorded, record, folder_spec, table, squares):
        spec = folder_spec(f"data.source={{csv: {{path: {table}}}}}")
        run, splits, told = record(spec)
        shutil.copyfile(squares / "red" / "0.png", squares / "new.png")
        table.write_text(table.read_text("utf-8") + "\nnew.png,tepid,test\n")
        assert same(found_again(spec, run, told.append), splits)
        assert not told

    def test_a_class_that_has_another_name_is_told_with_its_new_place(self, recorded, record, folder_spec, squares):
        spec = folder_spec()
        run, *_ = record(spec)
        (squares / "green").rename(squares / "Green")
        with pytest.raises(DataError, match=r"images of this run are missing: 'green/(.*)' \(now 'Green/\1'\)"):
            found_again(spec, run)

    def test_labels_are_those_of_the_training_whatever_the_order_is_now(self, recorded, record, folder_spec):
        run, splits, _ = record(folder_spec(CHOSEN))
        found = found_again(folder_spec(), run)  # in which blue comes first
        assert found.class_names == ("red", "green", "blue")
        assert same(found, splits)

    @pytest.mark.parametrize(("gone", "more"), [(1, ""), (3, " and 2 more")])
    def test_images_that_are_gone_are_named(self, recorded, record, folder_spec, squares, gone, more):
        spec = folder_spec()
        run, splits, _ = record(spec)
        names = splits.samples["test"].names[:gone]
        for name in names:
            (squares / name).unlink()
        with pytest.raises(DataError) as caught:
            found_again(spec, run)
        assert caught.value.message == f"test images of this run are missing: '{names[0]}'{more}"
        assert "--data" in caught.value.hint

    @pytest.mark.parametrize("split", ["train", "validation", "test"])
    def test_an_image_that_changed_is_told(self, recorded, record, folder_spec, squares, split):
        spec = folder_spec()
        run, splits, told = record(spec)
        name = splits.samples[split].names[2]
        Image.new("RGB", (16, 16)).save(squares / name)
        found = found_again(spec, run, told.append)
        assert told == [f"warning: {split} images have changed since the training: '{name}'"]
        assert same(found, splits)

    def test_a_file_that_was_written_again_as_it_was_is_no_change(self, recorded, record, folder_spec, squares):
        spec = folder_spec()
        run, _, told = record(spec)
        for path in squares.glob("red/*"):
            path.write_bytes(path.read_bytes())
        found_again(spec, run, told.append)
        assert not told

    @pytest.mark.parametrize("size", ["16", "null"])
    def test_images_that_were_added_change_nothing(self, recorded, record, folder_spec, squares, size):
        spec = folder_spec(f"data.image.size={size}")
        run, splits, told = record(spec)
        for number in range(40):
            Image.new("RGB", (16 + number, 16), (number, 0, 0)).save(squares / "red" / f"00{number}.png")
        found = found_again(spec, run, told.append)
        assert same(found, splits)
        assert found.shape == (16, 16, 3)
        assert not told


class TestNeeded:
    """An evaluation needs the images that it measures, and no others."""

    def found(self, spec, run, *needed):
        from cnncli.runner.open_run import OpenRun

        record = OpenRun(run).data_record
        return recorded_module().recorded_splits(spec.data, spec.seed, record, run.path, None, needed=needed)

    @pytest.mark.parametrize("split", ["train", "validation", "test"])
    @pytest.mark.parametrize("classes", ["data.classes=null", RENAMED])
    def test_files_of_other_splits_may_be_gone(self, record, folder_spec, squares, split, classes):
        spec = folder_spec(classes)
        run, splits, _ = record(spec)
        kept = set(splits.samples[split].names)
        for path in squares.glob("*/*"):
            if path.relative_to(squares).as_posix() not in kept:
                path.unlink()
        found = self.found(spec, run, split).samples[split]
        assert (found.names, found.labels.tolist()) == (
            splits.samples[split].names,
            splits.samples[split].labels.tolist(),
        )
        assert np.array_equal(found.read(np.arange(len(found))), splits.samples[split].read(np.arange(len(found))))
        other = next(other for other in splits.samples if other != split)
        with pytest.raises(DataError, match=f"{other} images of this run are missing"):
            self.found(spec, run, other)

    def test_folders_of_other_splits_may_be_gone(self, record, folder_spec, own_splits):
        spec = folder_spec(f"data.source={{folder: {{path: {own_splits}}}}}", "data.split={validation: 6}")
        run, splits, _ = record(spec)
        shutil.rmtree(own_splits / "train")
        assert self.found(spec, run, "test").samples["test"].names == splits.samples["test"].names

    @pytest.mark.parametrize("moved", ["the table is there", "only the images are there"])
    def test_of_a_table_as_well(self, record, folder_spec, table, squares, moved):
        spec = folder_spec(f"data.source={{csv: {{path: {table}}}}}")
        run, splits, _ = record(spec)
        kept = set(splits.samples["test"].names)
        for path in squares.glob("*/*"):
            if path.relative_to(squares).as_posix() not in kept:
                path.unlink()
        if moved == "only the images are there":
            table.unlink()
        assert self.found(spec, run, "test").samples["test"].names == splits.samples["test"].names

    def test_a_test_that_validates_is_needed_for_the_validation(self, record, folder_spec, squares):
        spec = folder_spec("data.split={validation: test, test: 12}")
        run, splits, _ = record(spec)
        for name in splits.samples["train"].names:
            (squares / name).unlink()
        assert self.found(spec, run, "validation").samples["validation"].names == splits.samples["test"].names
        (squares / splits.samples["test"].names[0]).unlink()
        with pytest.raises(DataError, match="test images of this run are missing"):
            self.found(spec, run, "validation")

    @pytest.mark.parametrize("classes", ["null", "[red, blue]", "['1', '0']", "{'0': '1', '1': '0'}"])
    @pytest.mark.parametrize("kind", ["npz", "npy", "fractions", "idx"])
    def test_arrays_of_other_splits_may_be_gone(self, record, folder_spec, tmp_path, kind, classes):
        """Also when all that is left is of one class, and dark."""
        place = tmp_path / "data"
        write = write_idx if kind == "idx" else partial(write_arrays, kind)
        labels = {"train": np.arange(12) % 2, "test": np.zeros(4, int)}
        images = {split: IMAGES[: len(of)] // (1 if split == "train" else 16) for split, of in labels.items()}
        write(place, images, labels)
        source = "idx" if kind == "idx" else "arrays"
        spec = folder_spec(
            f"data.source={{{source}: {{path: {place}}}}}",
            f"data.classes={classes}",
            "data.image.size=null",
            NOT_VALIDATED,
        )
        run, splits, _ = record(spec)
        shutil.rmtree(place) if place.is_dir() else place.unlink()
        write(place, {"test": images["test"]}, {"test": labels["test"]})
        self.require_the_same(spec, run, splits)
        with pytest.raises(DataError, match=r"no (file of the )?train"):
            self.found(spec, run, "train")

    @pytest.mark.parametrize("number", [10, 100])
    @pytest.mark.parametrize("classes", ["null", "{bird: b, dog: d}"])
    def test_batches_of_cifar_may_be_gone(self, record, folder_spec, tmp_path, number, classes):
        place = tmp_path / "data"
        train = write_cifar(place, number)
        spec = folder_spec(f"data.source={{cifar: {{path: {place}}}}}", f"data.classes={classes}", NOT_VALIDATED)
        run, splits, _ = record(spec)
        train[-1].unlink()
        self.require_the_same(spec, run, splits)
        for path in train[:-1]:
            path.unlink()
        self.require_the_same(spec, run, splits)
        with pytest.raises(DataError, match=re.escape(train[0].name)):
            self.found(spec, run, "train")

    @pytest.mark.parametrize(("train", "test"), [(255.0, 1.0), (0.5, 1)])
    def test_what_is_white_is_what_it_was_with_all_splits(self, record, folder_spec, tmp_path, train, test):
        """Of zeros and ones alone nobody knows."""
        place = tmp_path / "data.npz"
        ones = IMAGES[:4] % 2
        images = {"train": IMAGES[4:8] % 2 * train, "test": ones * test}
        labels = dict.fromkeys(images, np.arange(4) % 2)
        write_arrays("npz", place, images, labels)
        spec = folder_spec(f"data.source={{arrays: {{path: {place}}}}}", "data.image.size=null", NOT_VALIDATED)
        run, splits, _ = record(spec)
        np.savez(place, x_test=images["test"], y_test=labels["test"])
        self.require_the_same(spec, run, splits)

    def test_a_split_that_is_gone_is_named(self, record, folder_spec, tmp_path):
        place = tmp_path / "data.npz"
        labels = {split: np.arange(4) % 2 for split in ("train", "test")}
        write_arrays("npz", place, dict.fromkeys(labels, IMAGES[:4]), labels)
        spec = folder_spec(f"data.source={{arrays: {{path: {place}}}}}", "data.image.size=null", NOT_VALIDATED)
        run, *_ = record(spec)
        np.savez(place, x_val=IMAGES[:4], y_val=labels["test"])
        with pytest.raises(DataError, match=r"data\.npz has no test images; it has x_val, y_val"):
            self.found(spec, run, "test")

    def test_splits_that_a_file_divided_may_be_gone(self, record, folder_spec, tmp_path):
        place, table = tmp_path / "data.npz", tmp_path / "split.csv"
        labels = {split: np.arange(4) % 2 for split in ("train", "test")}
        write_arrays("npz", place, {"train": IMAGES[:4], "test": IMAGES[4:8]}, labels)
        uses = {"train": ["train", "train", "validation", "validation"], "test": ["test"] * 4}
        lines = [f"{split}/{number},{use}" for split in labels for number, use in enumerate(uses[split])]
        table.write_text("\n".join(["image,split", *lines]) + "\n")
        spec = folder_spec(
            f"data.source={{arrays: {{path: {place}}}}}", f"data.split={{file: {table}}}", "data.image.size=null"
        )
        run, splits, _ = record(spec)
        np.savez(place, x_test=IMAGES[4:8], y_test=labels["test"])
        self.require_the_same(spec, run, splits)

    def require_the_same(self, spec, run, splits):
        found, before = self.found(spec, run, "test").samples["test"], splits.samples["test"]
        assert (found.names, found.labels.tolist()) == (before.names, before.labels.tolist())
        assert np.array_equal(found.images, before.images)

    def test_a_class_more_in_an_array_changes_nothing(self, record, folder_spec, tmp_path):
        random = np.random.default_rng(0)
        images, labels = random.integers(0, 256, (30, 5, 5), np.uint8), np.arange(30) % 2
        np.savez(tmp_path / "a.npz", x=images, y=labels)
        spec = folder_spec(f"data.source={{arrays: {{path: {tmp_path / 'a.npz'}}}}}", "data.image.size=null")
        run, splits, _ = record(spec)
        np.savez(tmp_path / "a.npz", x=np.concatenate([images, images[:2]]), y=np.append(labels, [2, 2]))
        found = self.found(spec, run, "test")
        assert found.class_names == splits.class_names
        assert found.samples["test"].labels.tolist() == splits.samples["test"].labels.tolist()


NOT_VALIDATED = "data.split={validation: 0}"
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 5, 5), np.uint8)


def write_arrays(kind, place, images, labels):
    """An `.npz`, or for `npy` a folder."""
    arrays = {f"x_{split}": of / 255 if kind == "fractions" else of for split, of in images.items()}
    arrays |= {f"y_{split}": of for split, of in labels.items()}
    if kind != "npy":
        with place.open("wb") as file:
            np.savez(file, **arrays)
        return
    place.mkdir()
    for name, array in arrays.items():
        np.save(place / f"{name}.npy", array)


def write_idx(place, images, labels):
    place.mkdir()
    for kind, arrays in (("images", images), ("labels", labels)):
        for split, array in arrays.items():
            name = f"{'train' if split == 'train' else 't10k'}-{kind}-idx{array.ndim}-ubyte"
            head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            (place / name).write_bytes(head + array.astype(np.uint8).tobytes())


def write_cifar(place, number) -> list[Path]:
    """CIFAR-10 or CIFAR-100 with an image of each class in each file; the files of the training images."""
    place.mkdir()
    random = np.random.default_rng(0)
    kinds = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    words = kinds + [f"class{index}" for index in range(10, number)]
    (place / ("batches.meta.txt" if number == 10 else "fine_label_names.txt")).write_text("\n".join(words))
    rows = random.integers(0, 256, (number, 3072 + (1 if number == 10 else 2)), np.uint8)
    rows[:, 0 if number == 10 else 1] = np.arange(number)
    train = [f"data_batch_{index}.bin" for index in range(1, 6)] if number == 10 else ["train.bin"]
    for name in (*train, "test_batch.bin" if number == 10 else "test.bin"):
        (place / name).write_bytes(rows.tobytes())
    return [place / name for name in train]


def recorded_module():
    from cnncli.runner.inputs import image_manifest

    return image_manifest


COLUMNS = "split,origin,image,class,content"


class TestDamage:
    def test_no_record_is_told(self, recorded, record, folder_spec):
        spec = folder_spec()
        run, *_ = record(spec)
        (run.path / "images.csv").unlink()
        with pytest.raises(RunError, match=r"images\.csv' cannot be read: No such file"):
            found_again(spec, run)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "split,origin,image,class,content\n",
            "image,class\na,b\n",
            "split,origin,image,class,content\ntrain,tr\n",
        ],
    )
    def test_a_record_that_is_damaged_is_told(self, recorded, record, folder_spec, text):
        spec = folder_spec()
        run, *_ = record(spec)
        (run.path / "images.csv").write_text(text)
        with pytest.raises(RunError, match=r"images\.csv' is damaged"):
            found_again(spec, run)

    def test_a_record_with_a_class_that_the_run_does_not_have_is_told(self, recorded, record, folder_spec):
        spec = folder_spec()
        run, *_ = record(spec)
        text = (run.path / "images.csv").read_text()
        (run.path / "images.csv").write_text(text.replace(",green,", ",grene,", 1))
        with pytest.raises(RunError, match=r"images\.csv' is damaged: data\.json has no class 'grene'"):
            found_again(spec, run)

    @pytest.mark.parametrize("name", ["/etc/hostname", "../run/data.json", "red/../../run/data.json"])
    def test_a_record_that_leads_out_of_the_folder_finds_nothing(self, recorded, record, folder_spec, name):
        spec = folder_spec()
        run, splits, _ = record(spec)
        text, test = (run.path / "images.csv").read_text(), splits.samples["test"].names[0]
        (run.path / "images.csv").write_text(text.replace(f",{test},", f",{name},"))
        with pytest.raises(DataError, match=f"test images of this run are missing: '{name}'"):
            found_again(spec, run)

    def test_a_record_without_class_names_is_told(self, recorded, record, folder_spec):
        spec = folder_spec()
        run, *_ = record(spec)
        run.write_json("data.json", {"image": [16, 16, 3]})
        with pytest.raises(RunError, match=r"data\.json lacks 'class_names'"):
            found_again(spec, run)


@pytest.mark.parametrize("name", ["red/a, b.png", 'red/"quoted".png', "red/ü 图.png", "red/line\nbreak.png"])
def test_whatever_a_file_is_called_it_is_found_again(recorded, record, folder_spec, squares, name):
    Path(squares / "red" / "0.png").rename(squares / name)
    spec = folder_spec()
    run, splits, _ = record(spec)
    assert any(name in samples.names for samples in splits.samples.values())
    assert same(found_again(spec, run), splits)
