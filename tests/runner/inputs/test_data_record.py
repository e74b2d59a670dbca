"""data.json of a run is what a training writes, or it is refused with the key that is wrong."""

import pytest

from cnncli.errors import RunError
from cnncli.runner.inputs.data_record import DataRecord, parse_data_record
from cnncli.runs import RunDir

GOOD = {
    "class_names": ["a", "b"],
    "image": [8, 9, 3],
    "pixels": {"mean": 9, "border_mean": 12.5, "border_std": 3, "channel_mean": [1, 2, 3], "channel_std": [1.0, 1, 1]},
    "validation": [0, 5],
}


@pytest.fixture
def run(tmp_path) -> RunDir:
    return RunDir(tmp_path)


def test_what_a_training_writes_is_read(run):
    run.write_json("data.json", GOOD)
    expected = DataRecord(("a", "b"), (8, 9, 3), 12.5, 3.0, (1.0, 2.0, 3.0), (1.0, 1.0, 1.0), (0, 5))
    assert parse_data_record(run.read_json("data.json"), run.path) == expected


def test_what_a_training_may_leave_out_may_be_missing(run):
    run.write_json("data.json", {**GOOD, "validation": None, "pixels": {"border_mean": 0, "border_std": 0}})
    record = parse_data_record(run.read_json("data.json"), run.path)
    assert (record.validation, record.channel_mean, record.channel_std) == (None, (), ())


PIXELS = GOOD["pixels"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("class_names", []),
        ("class_names", "ab"),
        ("class_names", ["a", 1]),
        ("class_names", ["a", "a"]),
        ("class_names", ["a", ""]),
        ("class_names", ["a", "x" * 2000]),
        ("image", [8, 9]),
        ("image", [8, 9, 2]),
        ("image", [0, 9, 3]),
        ("image", [8.0, 9, 3]),
        ("image", [True, 9, 3]),
        ("image", [10**5, 10**5, 3]),
        ("pixels", []),
        ("border_mean", {**PIXELS, "border_mean": "1"}),
        ("border_std", {"border_mean": 1}),
        ("channel_mean", {**PIXELS, "channel_mean": [1, 2]}),
        ("channel_std", {**PIXELS, "channel_std": [1, 2, None]}),
        ("validation", [0, -1]),
        ("validation", [0, 10**30]),
        ("validation", "all"),
    ],
)
def test_anything_else_is_refused_by_its_key(key, value, run):
    run.write_json("data.json", {**GOOD, ("pixels" if isinstance(value, dict) else key): value})
    with pytest.raises(RunError, match=f"'{key}'"):
        parse_data_record(run.read_json("data.json"), run.path)


@pytest.mark.parametrize("key", ["class_names", "image", "pixels"])
def test_what_is_missing_is_named(key, run):
    run.write_json("data.json", {name: value for name, value in GOOD.items() if name != key})
    with pytest.raises(RunError, match=f"lacks '{key}'"):
        parse_data_record(run.read_json("data.json"), run.path)


COUNTS = {"train": {"a": 3, "b": 4}, "test": {"a": 0, "b": 1}}


def test_images_are_counted_by_split_and_class(run):
    record = parse_data_record({**GOOD, "counts": COUNTS, "unused": {"cut-off": 2}}, run.path)
    assert (record.counts, record.unused) == (COUNTS, {"cut-off": 2})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("counts", {"test": COUNTS["test"]}),
        ("counts", {"train": {}}),
        ("counts", {"train": {"a": 3, "b": -1}}),
        ("counts", {"train": [3, 4]}),
        ("unused", {"cut-off": "2"}),
        ("unused", 3),
    ],
)
def test_other_counts_are_refused(key, value, run):
    with pytest.raises(RunError, match=f"'{key}'"):
        parse_data_record({**GOOD, key: value}, run.path)
