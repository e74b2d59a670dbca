"""The images of each split: of a built-in data set, of folders, tables and arrays, as files and from the cache."""

from __future__ import annotations

import json
import shutil
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from cnncli.data.samples import FileSamples, SampleSubset
from cnncli.data.sources import builtin
from cnncli.errors import DataError, ResourceError, RunError
from cnncli.spec import load

pytestmark = pytest.mark.slow

TRAIN, TEST = 60_000, 10_000


@pytest.fixture(scope="module")
def images() -> ModuleType:
    from cnncli.runner.inputs import splits as images

    return images


def splits_of(spec, **more):
    from cnncli.runner.inputs.splits import load_splits

    return load_splits(spec.data, spec.seed, **more)


def counts(splits) -> dict[str, int]:
    return {split: len(samples) for split, samples in splits.samples.items()}


class TestBuiltin:
    def test_validation_images_are_taken_from_the_training_images_in_proportion(self, images, make_spec):
        splits = splits_of(make_spec("data.split.validation=0.1"))
        assert counts(splits) == {"train": 54_000, "validation": 6000, "test": TEST}
        assert splits.class_names == tuple("0123456789")
        train, validation = splits.samples["train"], splits.samples["validation"]
        assert set(train.names) | set(validation.names) == {str(number) for number in range(TRAIN)}
        assert validation.names == tuple(map(str, splits.validation.tolist()))
        shares = np.bincount(validation.labels) / np.bincount(np.concatenate([train.labels, validation.labels]))
        np.testing.assert_allclose(shares, 0.1, atol=2e-4)

    def test_every_image_keeps_its_label(self, images, make_spec):
        splits = splits_of(make_spec("data.split.validation=59900"))
        source = builtin.load("mnist").splits["train"]
        train = splits.samples["train"]
        indices = [int(name) for name in train.names]
        assert np.array_equal(train.images, source.images[indices])
        assert np.array_equal(train.labels, source.labels[indices])

    def test_a_recorded_split_is_used_whatever_the_seed(self, images, make_spec):
        recorded = [3, 5, 59_999]
        splits = splits_of(make_spec("seed=9"), recorded=recorded)
        assert splits.samples["validation"].names == ("3", "5", "59999")
        assert counts(splits) == {"train": TRAIN - 3, "validation": 3, "test": TEST}

    @pytest.mark.parametrize("recorded", [[0, TRAIN], [-1, 4]])
    def test_a_recorded_split_of_other_images_is_refused(self, images, make_spec, recorded):
        with pytest.raises(RunError, match=r"recorded in data\.json does not fit"):
            splits_of(make_spec(), recorded=recorded)

    def test_the_test_split_can_be_what_is_validated_on(self, images, make_spec):
        splits = splits_of(make_spec("data.split.validation=test"))
        assert counts(splits) == {"train": TRAIN, "validation": TEST, "test": TEST}
        assert splits.samples["validation"] is splits.samples["test"]
        assert splits.validation is None

    def test_nothing_can_be_kept_for_validation(self, images, make_spec):
        splits = splits_of(make_spec("data.split.validation=0"))
        assert counts(splits) == {"train": TRAIN, "test": TEST}
        assert splits.validation is None

    def test_classes_are_chosen_ordered_and_renamed(self, images, make_spec):
        spec = make_spec("data.classes={'7': seven, '1': one}", "data.split.validation=0.1")
        splits = splits_of(spec)
        source = builtin.load("mnist").splits
        assert splits.class_names == ("seven", "one")
        assert np.bincount(splits.samples["test"].labels).tolist() == [
            (source["test"].labels == 7).sum(), (source["test"].labels == 1).sum(),
        ]  # fmt: skip
        recorded = splits_of(spec, recorded=splits.validation.tolist())
        assert recorded.samples["validation"].names == splits.samples["validation"].names

    def test_size_and_colour_are_those_of_the_spec(self, images, make_spec):
        splits = splits_of(make_spec("data.split.validation=0", "data.classes=['0', '1']"))
        assert splits.shape == (28, 28, 1)
        spec = make_spec("data.split.validation=0", "data.image={size: [7, 10], color: rgb}", "data.classes=['0', '1']")
        splits = splits_of(spec)
        assert splits.shape == (7, 10, 3)
        assert {samples.shape for samples in splits.samples.values()} == {(7, 10, 3)}


class TestFolder:
    def test_a_folder_is_divided_into_three_and_every_image_is_in_one(self, images, folder_spec, squares):
        splits = splits_of(folder_spec())
        assert counts(splits) == {"train": 42, "validation": 6, "test": 12}
        assert (splits.class_names, splits.shape) == (("blue", "green", "red"), (16, 16, 3))
        names = [name for samples in splits.samples.values() for name in samples.names]
        assert sorted(names) == sorted(path.relative_to(squares).as_posix() for path in squares.glob("*/*"))
        for samples in splits.samples.values():
            assert len(set(np.bincount(samples.labels))) == 1  # as many of each class
            for name, label in zip(samples.names, samples.labels.tolist(), strict=True):
                assert name.startswith(splits.class_names[label])
        assert splits.source_split == dict.fromkeys(splits.samples, "train")

    def test_the_seed_decides_how_it_is_divided(self, images, folder_spec):
        first, again, other = (splits_of(folder_spec(f"seed={seed}")) for seed in (0, 0, 1))
        assert first.samples["test"].names == again.samples["test"].names != other.samples["test"].names

    @pytest.mark.parametrize(
        ("split", "expected"),
        [
            ("{validation: 0, test: 0.25}", {"train": 45, "test": 15}),
            ("{validation: 9, test: 3}", {"train": 48, "validation": 9, "test": 3}),
            ("{validation: test, test: 6}", {"train": 54, "validation": 6, "test": 6}),
        ],
    )
    def test_parts_are_fractions_and_counts(self, images, folder_spec, split, expected):
        splits = splits_of(folder_spec(f"data.split={split}"))
        assert counts(splits) == expected
        if "validation: test" in split:
            assert splits.samples["validation"].names == splits.samples["test"].names

    @pytest.mark.parametrize("size", [None, "[8, 12]"])
    def test_without_a_size_images_keep_the_one_they_have(self, images, folder_spec, size):
        splits = splits_of(folder_spec(f"data.image.size={size or 'null'}"))
        assert splits.shape == ((8, 12, 3) if size else (16, 16, 3))

    def test_images_of_several_sizes_need_one_in_the_spec(self, images, folder_spec, squares):
        Image.new("RGB", (16, 24)).save(squares / "red" / "tall.png")
        with pytest.raises(DataError, match="2 different sizes; 60 of 61 are 16×16") as caught:
            splits_of(folder_spec("data.image.size=null"))
        assert "data.image.size" in caught.value.hint
        assert splits_of(folder_spec("data.image.size=16")).shape == (16, 16, 3)

    def test_classes_and_exclude_leave_out(self, images, folder_spec):
        spec = folder_spec("data.classes=[red, blue]", "data.exclude=[red/0.png, blue/3.jpg, green/1.png]")
        splits = splits_of(spec)
        names = {name for samples in splits.samples.values() for name in samples.names}
        assert splits.class_names == ("red", "blue")
        assert len(names) == 38
        assert not names & {"red/0.png", "blue/3.jpg"}

    @pytest.mark.parametrize("name", ["./red/0.png", "red//0.png", "HERE/red/0.png", "blue/../red/0.png"])
    def test_a_name_to_exclude_may_be_written_in_several_ways(self, images, folder_spec, squares, name):
        told = []
        spec = folder_spec(f"data.exclude=['{name.replace('HERE', str(squares))}']")
        splits = splits_of(spec, notice=told.append)
        names = {name for samples in splits.samples.values() for name in samples.names}
        assert ("red/0.png" in names, len(names), told) == (False, 59, ["1 image is left out by data.exclude"])

    def test_a_folder_is_excluded_with_all_that_is_in_it(self, images, folder_spec, squares, tmp_path):
        shutil.copytree(squares, tmp_path / "few")
        shutil.copytree(squares / "red", tmp_path / "few" / "red" / "blurred")
        source = f"data.source={{folder: {{path: {tmp_path / 'few'}}}}}"
        for exclude, left in (("[]", 80), ("[red/blurred]", 60), ("[red/blur]", 80)):
            splits = splits_of(folder_spec(source, f"data.exclude={exclude}"))
            assert sum(map(len, splits.samples.values())) == left

    def test_a_name_to_exclude_that_no_file_has_is_told(self, images, folder_spec):
        told = []
        splits_of(folder_spec("data.exclude=[red/0.png, red/nought.png, x]"), notice=told.append)
        assert told == [
            "warning: data.exclude: file not found: 'red/nought.png' and 1 more",
            "1 image is left out by data.exclude",
        ]

    def test_a_folder_that_is_not_there_is_named(self, images, folder_spec, squares):
        with pytest.raises(DataError, match="nowhere does not exist"):
            splits_of(folder_spec(f"data.source={{folder: {{path: {squares / 'nowhere'}}}}}"))


class TestOwnSplits:
    """What a source says of its splits is kept."""

    def test_a_folder_with_training_and_test_folders(self, images, folder_spec, own_splits):
        splits = splits_of(folder_spec(f"data.source={{folder: {{path: {own_splits}}}}}"))
        assert counts(splits) == {"train": 27, "validation": 3, "test": 9}
        assert all(name.startswith("train/") for name in splits.samples["validation"].names)
        assert all(name.startswith("test/") for name in splits.samples["test"].names)
        assert splits.source_split == {"train": "train", "validation": "train", "test": "test"}

    def test_they_win_over_a_part_for_the_test_with_a_notice(self, images, folder_spec, own_splits):
        spec, told = folder_spec(f"data.source={{folder: {{path: {own_splits}}}}}", "data.split.test=0.3"), []
        assert counts(splits_of(spec, notice=told.append)) == {"train": 27, "validation": 3, "test": 9}
        where = f"{own_splits} has its own test images, and they are used"
        assert told == [f"{where}: data.split.test: 0.3 has no effect"]

    def test_a_folder_of_all_three_is_taken_as_it_is(self, images, folder_spec, own_splits):
        (own_splits / "val").mkdir()
        for name in ("red", "green", "blue"):
            (own_splits / "test" / name).rename(own_splits / "val" / name)
        (own_splits / "test").rmdir()
        spec = folder_spec(f"data.source={{folder: {{path: {own_splits}}}}}")
        splits = splits_of(spec)  # no test: it is taken from the training images
        assert counts(splits) == {"train": 24, "validation": 9, "test": 6}
        assert splits.source_split == {"train": "train", "validation": "validation", "test": "train"}
        source = f"data.source={{folder: {{path: {own_splits}}}}}"
        assert counts(splits_of(folder_spec(source, "data.split.test=3")))["test"] == 3
        for asked in ("0.1", "test"):
            told = []
            spec = folder_spec(source, f"data.split.validation={asked}", "data.split.test=0.2")
            assert counts(splits_of(spec, notice=told.append)) == {"train": 24, "validation": 9, "test": 6}
            assert told[0].endswith(f"and they are used: data.split.validation: {asked} has no effect")
        told = []
        splits = splits_of(folder_spec(source, "data.split={validation: 0, test: 0.2}"), notice=told.append)
        assert counts(splits) == {"train": 24, "test": 6}
        assert told == ["9 validation images of the source not used: data.split.validation is 0"]

    def test_images_of_classes_that_training_lacks_are_counted_where_they_are_not_used(
        self, folder_spec, own_splits, tmp_path
    ):
        (own_splits / "test").rename(own_splits / "val")
        (own_splits / "val" / "red").rename(own_splits / "val" / "violet")
        source, told = f"data.source={{folder: {{path: {own_splits}}}}}", []
        splits = splits_of(folder_spec(source, "data.split={validation: 0, test: 0.2}"), notice=told.append)
        counted = "3 validation images of the class violet are not used: the training images lack it"
        assert told == [counted, "6 validation images of the source not used: data.split.validation is 0"]
        assert {one.reason: one.count for one in splits.unused} == {"foreign-classes": 3, "in-no-split": 6}
        names = sorted(path.relative_to(own_splits).as_posix() for path in own_splits.glob("train/*/*.png"))
        rows = [f"{'test' if number % 5 == 0 else 'train'},{name}" for number, name in enumerate(names)]
        (tmp_path / "a.csv").write_text("\n".join(["split,image", *rows]))
        told.clear()
        splits_of(folder_spec(source, f"data.split={{file: {tmp_path / 'a.csv'}, validation: 0}}"), notice=told.append)
        assert counted in told

    def test_without_test_images_it_is_said_how_to_keep_all_for_training(self, images, folder_spec, own_splits):
        (own_splits / "test").rename(own_splits / "valid")
        source, told = f"data.source={{folder: {{path: {own_splits}}}}}", []
        assert counts(splits_of(folder_spec(source), notice=told.append)) == {"train": 24, "validation": 9, "test": 6}
        assert told == [
            f"{own_splits} has validation images and no test images: 6 of its 30 training images become the test "
            "images; to keep all of them for training, set data.split.test to validation, which tests on the "
            "validation images"
        ]
        told.clear()
        splits = splits_of(folder_spec(source, "data.split.test=validation"), notice=told.append)
        assert counts(splits) == {"train": 30, "validation": 9, "test": 9}
        assert splits.source_split == {"train": "train", "validation": "validation", "test": "validation"}
        assert told == []
        splits_of(folder_spec(source, "data.split.test=0.2"), notice=told.append)
        assert told == []  # the spec says so itself

    def test_a_test_on_validation_images_that_are_drawn(self, images, folder_spec):
        splits = splits_of(folder_spec("data.split={validation: 12, test: validation}"))
        assert counts(splits) == {"train": 48, "validation": 12, "test": 12}
        assert splits.samples["test"].names == splits.samples["validation"].names

    @pytest.mark.parametrize("asked", [(), ("data.split.validation=0",)])
    def test_the_spec_that_a_run_writes_down_asks_for_no_other_division(
        self, images, folder_spec, own_splits, tmp_path, asked
    ):
        from cnncli.runner.training.run_files import _recorded_spec

        shutil.copytree(own_splits / "test", own_splits / "val")
        spec = folder_spec(f"data.source={{folder: {{path: {own_splits}}}}}", *asked)
        splits = splits_of(spec)
        (tmp_path / "again.yaml").write_text(json.dumps(_recorded_spec(spec, splits, tmp_path)))  # JSON is YAML
        assert counts(splits_of(load(tmp_path / "again.yaml").spec)) == counts(splits)
        assert ("validation" in splits.samples) == (not asked)

    def test_a_table_says_split_and_class(self, images, folder_spec, table):
        splits = splits_of(folder_spec(f"data.source={{csv: {{path: {table}}}}}"))
        assert counts(splits) == {"train": 42, "validation": 6, "test": 12}
        assert splits.class_names == ("cold", "warm")
        for name, label in zip(splits.samples["test"].names, splits.samples["test"].labels, strict=True):
            assert splits.class_names[label] == ("warm" if name.startswith("red") else "cold")

    def test_arrays_are_brought_to_the_size_of_the_spec(self, images, folder_spec, tmp_path):
        pixels = np.random.default_rng(0).integers(0, 256, (40, 9, 11), dtype=np.uint8)
        np.savez(tmp_path / "a.npz", x=pixels, y=np.arange(40) % 2)
        source = f"data.source={{arrays: {{path: {tmp_path / 'a.npz'}}}}}"
        assert splits_of(folder_spec(source, "data.image.size=null")).shape == (9, 11, 1)
        splits = splits_of(folder_spec(source, "data.image={size: 6, color: rgb}"))
        assert splits.shape == (6, 6, 3)


class TestDecoded:
    @pytest.mark.parametrize("cache", ["disk", "{disk: 0.001}"])
    def test_every_file_is_decoded_once_into_the_cache(self, images, folder_spec, cache_folder, cache):
        spec = folder_spec("data.split={validation: test, test: 12}", f"data.cache={cache}")
        splits = splits_of(spec)
        told: list[tuple[int, int]] = []
        found = images.decoded(splits, spec.data, lambda done, total: told.append((done, total)))
        assert told[-1] == (60, 60)
        (entry,) = (cache_folder / "images").glob("*.npy")
        assert np.load(entry).shape == (60, 16, 16, 3)
        for split, samples in found.samples.items():
            there, everything = splits.samples[split], np.arange(len(samples))
            assert isinstance(samples, SampleSubset)
            assert samples.names == there.names
            assert np.array_equal(samples.labels, there.labels)
            assert np.array_equal(samples.read(everything), there.read(everything))
        told.clear()
        images.decoded(splits, spec.data, lambda done, total: told.append((done, total)))
        assert not told  # the second time nothing is decoded

    def test_without_the_cache_nothing_is_written(self, images, folder_spec, cache_folder):
        splits = splits_of(folder_spec())
        assert images.decoded(splits, folder_spec("data.cache=off").data) is splits
        assert all(isinstance(samples, FileSamples) for samples in splits.samples.values())
        assert not list(cache_folder.rglob("*.npy"))

    def test_in_memory_nothing_is_written_and_its_size_is_told(self, images, folder_spec, cache_folder, monkeypatch):
        data, notices = folder_spec("data.cache=memory").data, []
        splits = splits_of(folder_spec())
        held = images.decoded(splits, data, notice=notices.append)
        assert notices == ["keeping 60 decoded images, 45.0 KiB, in memory"]
        everything = np.arange(len(splits.samples["train"]))
        assert np.array_equal(held.samples["train"].read(everything), splits.samples["train"].read(everything))
        assert not list(cache_folder.rglob("*.npy"))
        monkeypatch.setattr("cnncli.data.memory.available_memory", lambda: 40_000)
        with pytest.raises(ResourceError, match="is to hold 60 decoded images"):
            images.decoded(splits, data)

    def test_a_limit_that_is_too_small_is_kept(self, images, folder_spec, cache_folder):
        splits, notices = splits_of(folder_spec()), []
        data = folder_spec("data.cache={disk: 0.00004}").data
        assert images.decoded(splits, data, notice=notices.append) is splits
        assert "keeping 60 images needs 45.1 KiB of the cache, and it may hold 39.1 KiB" in notices[-1]
        assert not list(cache_folder.rglob("*.npy"))

    @pytest.mark.parametrize("folder", ["a file", "~nobody-of-this-name/cache", "/dev/null/cache"])
    def test_a_cache_that_cannot_be_written_to_stops_nothing(self, images, folder_spec, tmp_path, monkeypatch, folder):
        (tmp_path / "a file").write_text("")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("CNNCLI_CACHE_DIR", folder)
        notices: list[str] = []
        splits = splits_of(folder_spec())
        assert images.decoded(splits, folder_spec().data, notice=notices.append) is splits
        (notice,) = notices
        assert notice.startswith("warning: 45.0 KiB of images cannot be written to ")
        assert "CNNCLI_CACHE_DIR" in notice
        assert notice.endswith("or set data.cache: off")
        assert not (tmp_path / "~nobody-of-this-name").exists()

    def test_arrays_are_left_alone(self, images, make_spec, cache_folder):
        splits = splits_of(make_spec("data.split.validation=0"))
        assert images.decoded(splits, make_spec().data) is splits
        assert not list(cache_folder.rglob("*.npy"))

    def test_an_image_that_cannot_be_read_is_named(self, images, folder_spec, squares):
        (squares / "green" / "4.png").write_text("no picture")
        splits = splits_of(folder_spec())
        with pytest.raises(DataError, match=r"green/4\.png is a text file"):
            images.decoded(splits, folder_spec().data)


def test_pictures_are_read_as_the_images_of_the_training_were(images, folder_spec, make_spec):
    reading = images.input_format_for(folder_spec("data.image={size: null, resize: pad}").data, (16, 20, 3))
    assert (reading.height, reading.width, reading.channels, reading.resize) == (16, 20, 3, "pad")
    reading = images.input_format_for(make_spec("data.image={size: [8, 9], color: rgb}").data, (8, 9, 3))
    assert (reading.height, reading.width, reading.channels) == (8, 9, 3)


@pytest.mark.parametrize(("keys", "left"), [((), 0), (("data.split.validation=0",), 6)])
def test_images_that_no_split_takes_are_counted(folder_spec, table, keys, left):
    spec = folder_spec(f"data.source={{csv: {{path: {table}}}}}", *keys)
    assert [one.count for one in splits_of(spec).unused if one.reason == "in-no-split"] == [left] * bool(left)
