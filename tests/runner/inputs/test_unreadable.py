"""Files that cannot be read are left out of every split when a spec asks for it, and told, counted and recorded."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from cnncli.errors import DataError, SpecError
from cnncli.notices import ignore

pytestmark = pytest.mark.slow

EXCLUDE = "data.unreadable=exclude"


def damage(root):
    """Three broken files: an empty one, one without its end, one whose pixels alone are broken."""
    (root / "red/1.jpg").write_bytes(b"")
    half = (root / "green/3.jpg").read_bytes()
    (root / "green/3.jpg").write_bytes(half[: len(half) // 2])
    whole = bytearray((root / "blue/2.png").read_bytes())
    middle = whole.index(b"IDAT") + 40
    whole[middle : middle + 60] = bytes(60)
    (root / "blue/2.png").write_bytes(whole)


BROKEN = {"red/1.jpg", "green/3.jpg", "blue/2.png"}


def load(spec, notices=None):
    from cnncli.runner.inputs.splits import load_splits

    return load_splits(spec.data, spec.seed, notice=ignore if notices is None else notices.append)


def names(splits) -> set[str]:
    return {name for samples in splits.samples.values() for name in samples.names}


@pytest.mark.parametrize("size", [16, None])
def test_they_are_in_no_split_and_told_once_with_the_first_reason(folder_spec, squares, size):
    damage(squares)
    notices: list[str] = []
    splits = load(folder_spec(EXCLUDE, f"data.image.size={'null' if size is None else size}"), notices)
    assert len(names(splits)) == 57
    assert not names(splits) & BROKEN
    told = [line for line in notices if line.startswith("warning")]
    assert len(told) == 2  # those that headers tell, and those that pixels tell
    assert told[0].startswith("warning: 2 of 60 images cannot be read and are left out (data.unreadable: exclude)")
    assert "the first: " in told[0]
    assert "warning: 1 of 58 images cannot be read and is left out" in told[1]
    assert "blue/2.png is a damaged PNG" in told[1]


def test_they_are_divided_as_if_they_were_excluded_by_name(folder_spec, squares):
    damage(squares)
    spec = folder_spec(f"data.exclude={sorted(BROKEN)}")
    by_name = load(spec)
    by_reading = load(folder_spec(EXCLUDE))
    assert {split: samples.names for split, samples in by_name.samples.items()} == {
        split: samples.names for split, samples in by_reading.samples.items()
    }


@pytest.mark.representatives("folder-true")
@pytest.mark.parametrize("cache", ["true", "false"])
@pytest.mark.parametrize("source", ["folder", "csv"])
def test_a_training_records_them_and_resumes_and_evaluates_without_them(
    folder_spec, squares, table, tmp_path, watcher, cache, source
):
    from cnncli import open_run
    from cnncli.runner.train import train

    damage(squares)
    place = squares if source == "folder" else table
    spec = folder_spec(EXCLUDE, f"data.cache={cache}", f"data.source={{{source}: {{path: {place}}}}}", "train.epochs=1")
    train(spec, tmp_path / "runs", [watcher()])
    run = open_run("squares-001", tmp_path / "runs")
    record = json.loads((run.path / "data.json").read_text())
    assert record["unused"]["unreadable"] == 3
    assert record["unreadable"].keys() == BROKEN
    assert "damaged" in record["unreadable"]["blue/2.png"]
    with (run.path / "images.csv").open(newline="") as file:
        listed = {row["image"] for row in csv.DictReader(file)}
    assert len(listed) == 57
    assert not listed & BROKEN
    assert run.evaluate("test").metrics["accuracy"] >= 0
    resumed = []

    class Begun(watcher):
        """Sees what a resumed training has, and ends it."""

        def on_start(self, run, spec, splits, model, device) -> None:
            resumed.append(names(splits))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run.resume(epochs=2, observers=[Begun()])
    assert resumed == [listed]


def test_a_second_start_finds_the_images_in_the_cache(folder_spec, squares):
    from cnncli.runner.inputs.splits import decoded

    (squares / "red/1.jpg").write_bytes(b"")
    spec, notices = folder_spec(EXCLUDE), []
    decoded(load(spec), spec.data)
    splits = load(spec, notices)
    assert len(names(splits)) == 59
    assert not any("reading" in line for line in notices)


def test_without_the_key_the_error_names_it(folder_spec, squares):
    from cnncli.runner.inputs.source_check import load_readable_splits

    (squares / "red/1.jpg").write_bytes(b"")
    spec = folder_spec()
    with pytest.raises(DataError, match="has 1 file that cannot be read") as caught:
        load_readable_splits(spec.data, spec.seed, print)
    assert "data.unreadable: exclude" in caught.value.hint


def test_nor_is_it_silent_about_pixels_that_are_broken(folder_spec, squares):
    from cnncli.runner.inputs.splits import decoded

    damage(squares)
    with pytest.raises(DataError) as caught:
        decoded(load(folder_spec()), folder_spec().data)
    assert "data.unreadable: exclude" in caught.value.hint


def test_when_most_cannot_be_read_it_is_an_error_all_the_same(folder_spec, squares):
    for file in [*(squares / "red").iterdir(), *list((squares / "green").iterdir())[:12]]:
        file.write_bytes(b"")
    with pytest.raises(DataError, match=r"32 of the 60 images of .* cannot be read"):
        load(folder_spec(EXCLUDE))


def test_a_class_of_which_nothing_is_left_is_named(folder_spec, squares):
    for file in (squares / "red").iterdir():
        file.write_bytes(b"")
    with pytest.raises(DataError, match=r"no training image of the class red can be read: red/0\.png is empty"):
        load(folder_spec(EXCLUDE))


@pytest.mark.parametrize("source", ["mnist", "{arrays: {path: a.npz}}", "{tfds: {name: cifar10}}", "{idx: {path: x}}"])
def test_it_is_for_files_alone(folder_spec, source):
    with pytest.raises(SpecError, match="only image files can be excluded"):
        folder_spec(EXCLUDE, f"data.source={source}", "data.image.size=32")


def test_the_doctor_warns_of_what_is_left_out(folder_spec, squares):
    from cnncli.runner.inputs.source_check import scan_source

    damage(squares)
    reports = [scan_source(folder_spec(*keys).data, 0) for keys in ((), (EXCLUDE,))]
    assert [report.is_wrong for report in reports] == [True, False]
    severity = {finding.code: finding.severity for finding in reports[1].findings}
    assert severity["damaged"] == "warning"


def test_reading_leaves_no_trace(squares):
    from cnncli.data.decode.input_format import InputFormat
    from cnncli.data.sources import folder

    damage(squares)
    train = folder.load(squares, InputFormat(16, 16, 3)).splits["train"]
    assert train.failures().keys() == BROKEN
    assert train.take(np.arange(1)).failures() == {}
