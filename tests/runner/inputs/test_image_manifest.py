"""A run finds its very images again, and says by name what is missing, changed or unknown."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnncli.errors import DataError, RunError
from cnncli.notices import ignore

pytestmark = pytest.mark.slow


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
        assert caught.value.hint == f"they were looked for in '{squares}'; put them back"
        assert caught.value.not_there == names[0]

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


class TestOtherImages:
    @pytest.fixture
    def told(self, recorded, record, folder_spec, squares, tmp_path):
        """What is told of other images: those of some splits of a run, under other names."""
        from cnncli.data.samples import FileSamples

        run, splits, _ = record(folder_spec())

        def of(*chosen: str) -> list[str]:
            names = [name for split in chosen for name in splits.samples[split].names]
            for number, name in enumerate(names):
                shutil.copyfile(squares / name, tmp_path / f"{number}.jpg")
            files = tuple(f"{number}.jpg" for number in range(len(names)))
            first = splits.samples["train"].input_format
            notices: list[str] = []
            other = FileSamples(tmp_path, files, np.zeros(len(files), np.int64), first)
            recorded.warn_about_trained(run.path, splits.class_names, other, notices.append)
            return notices

        return of

    @pytest.mark.parametrize("chosen", [("train",), ("test", "train"), ("train", "validation", "test")])
    def test_those_that_were_trained_on_are_told(self, told, chosen):
        (text,) = told(*chosen)
        assert re.match(
            r"warning: \d+ of \d+ images are among the training images of this run, such as '\d+\.jpg'", text
        )

    def test_those_that_were_not_are_not(self, told):
        assert told("test", "validation") == []

    def test_a_run_of_built_in_images_has_no_list(self, recorded, tmp_path):
        assert recorded.warn_about_trained(tmp_path, (), None, ignore) is None
