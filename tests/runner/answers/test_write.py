"""Predictions in a file: what it holds, and that a stopped command ends as one that was never stopped."""

import contextlib
import csv
import itertools
import json
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import cnncli
from cnncli.runner.answers import network, parts
from cnncli.runs import files
from cnncli.runs.lock import Lock

SUFFIXES = ("csv", "jsonl", "parquet")


def lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_every_image_has_a_row_or_a_reason(run, photos, tmp_path):
    written = run.predict_to(tmp_path / "answers.csv", photos, top_k=2, notice=pytest.fail)
    assert (written.images, written.answers, written.unreadable) == (150, 147, 3)
    rows = list(csv.DictReader(written.path.open(newline="")))
    assert list(rows[0]) == ["image", "class", "probability", "class_2", "probability_2"]
    names = [row["image"] for row in rows]
    assert names[:4] == ["a, b/1.png", "a, b/4.png", "a, b/5.png", "a, b/7.png"]
    refused = list(csv.DictReader(written.unreadable_list.open(newline="")))
    assert [row["image"] for row in refused] == ["a, b/2.png", "a, b/70.png", "c/141.png"]
    assert refused[0]["reason"] == "a, b/2.png is cut off: the end of the PNG is missing"
    assert len({*names}) + 3 == 150
    assert {row["class"] for row in rows} == {"blue, deep", "'=green", "red"}
    ((note, (count, first)),) = written.notes.items()
    assert (count, first, "--invert" in note) == (3, "a, b/50.png", True)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "answers.csv",
        "answers.csv.job.json",
        "answers.csv.unreadable.csv",
    ]


def test_all_formats_say_the_same(run, photos, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    for suffix in SUFFIXES:
        run.predict_to(tmp_path / f"answers.{suffix}", photos, top_k=3, probabilities=True)
    flat = pq.read_table(tmp_path / "answers.parquet").to_pylist()
    table = list(csv.DictReader((tmp_path / "answers.csv").open(newline="")))
    assert list(flat[0])[-3:] == ["p_blue, deep", "p_=green", "p_red"]
    assert list(flat[0]) == list(table[0])
    for row, cells, line in zip(flat, table, lines(tmp_path / "answers.jsonl"), strict=True):
        assert row["image"] == cells["image"] == line["image"]
        numbers = [key for key, value in row.items() if isinstance(value, float)]
        assert len(numbers) == 6
        assert all(np.float32(cells[key]) == np.float32(row[key]) for key in numbers)
        assert [row["class"], row["class_2"], row["class_3"]] == [each["class"] for each in line["top"]]
        assert [np.float32(value) for value in line["probabilities"].values()] == [
            np.float32(row[f"p_{name}"]) for name in line["probabilities"]
        ]
        assert line["class"] == max(line["probabilities"], key=line["probabilities"].get)


def test_sets_of_classes_are_lists_in_every_format(run, photos, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    for suffix in SUFFIXES:
        run.predict_to(tmp_path / f"answers.{suffix}", photos, coverage=0.8, probabilities=True)
    table = list(csv.DictReader((tmp_path / "answers.csv").open(newline="")))
    assert list(table[0])[:4] == ["image", "class", "probability", "set"]
    sets, rows = run.class_sets(0.8), lines(tmp_path / "answers.jsonl")
    probabilities = np.array([list(row["probabilities"].values()) for row in rows], np.float32)
    expected = [[run.class_names[label] for label in inside] for inside in sets.members(probabilities)]
    assert {len(inside) for inside in expected} >= {1, 2}
    assert [row["set"] for row in rows] == [json.loads(row["set"]) for row in table] == expected
    flat = pq.read_table(tmp_path / "answers.parquet").to_pylist()
    assert [row["set"] for row in flat] == expected
    one = run.predict_to(tmp_path / "one.csv", next((photos / "c").iterdir()), coverage=0.8)
    assert next(csv.DictReader(one.path.open(newline="")))["set"].startswith("[")


def test_embeddings_are_lists_of_float32(run, photos, tmp_path):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    run.predict_to(tmp_path / "answers.parquet", photos, embeddings=True)
    run.predict_to(tmp_path / "answers.jsonl", photos, embeddings=True)
    column = pq.read_table(tmp_path / "answers.parquet")["embedding"]
    assert column.type == pa.list_(pa.float32(), 3)
    values = np.array(column.to_pylist(), np.float32)
    assert (values == np.array([line["embedding"] for line in lines(tmp_path / "answers.jsonl")], np.float32)).all()
    with pytest.raises(cnncli.DataError, match="CSV has no lists"):
        run.predict_to(tmp_path / "answers.csv", photos, embeddings=True)


def killed(number, work):
    """Whether a copy of this process was killed at a boundary of a write while it did some work."""
    child = os.fork()
    if not child:
        boundaries = itertools.count(1)
        files.at_boundary = lambda path: next(boundaries) == number and os.kill(os.getpid(), signal.SIGKILL)
        with contextlib.suppress(BaseException):
            work()
        os._exit(0)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


def test_killed_and_resumed_it_has_the_same_bytes(run, photos, tmp_path, contents):
    at_boundaries(run, photos, tmp_path / "answers.csv", contents, range(1, 99, 9))


@pytest.mark.exhaustive
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_killed_at_any_boundary_of_a_write_and_resumed_it_has_the_same_bytes(run, photos, tmp_path, contents, suffix):
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    at_boundaries(run, photos, tmp_path / f"answers.{suffix}", contents, itertools.count(1))


def at_boundaries(run, photos, out, contents, numbers):
    """Kills a command at some boundaries of a write, and resumes it."""
    whole = out.with_stem("whole")
    run.predict_to(whole, photos, probabilities=True)
    for number in numbers:
        if not killed(number, lambda: run.predict_to(out, photos, probabilities=True)):
            break
        assert not out.exists() or out.read_bytes() == whole.read_bytes()
        if number % 3 == 0:  # and once more
            killed(2, lambda: run.predict_to(out, photos, probabilities=True, resume=True))
        run.predict_to(out, photos, probabilities=True, resume=True)
        assert contents(out) == contents(whole)
        assert not list(out.parent.glob(".tmp-*"))
        for file in out.parent.glob(f"{out.name}*"):
            file.unlink()
    assert number > 30


def test_what_is_done_is_not_done_again(run, photos, tmp_path):
    out = tmp_path / "answers.csv"
    assert killed(13, lambda: run.predict_to(out, photos))
    done = []
    written = run.predict_to(out, photos, resume=True, progress=lambda now, total: done.append((now, total)))
    assert done[0] == (64, 150)
    assert written.done_before == 64
    assert run.predict_to(out, photos, resume=True, progress=pytest.fail).done_before == 150


def test_interrupted_it_keeps_all_answers_that_it_has(run, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "PART_IMAGES", 1_000)
    whole, out = tmp_path / "whole.jsonl", tmp_path / "answers.jsonl"
    run.predict_to(whole, photos)

    def interrupt(done, total):
        if done == 128:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.predict_to(out, photos, progress=interrupt)
    assert not out.exists()
    assert run.predict_to(out, photos, resume=True).done_before == 128
    assert out.read_bytes() == whole.read_bytes()


def test_nothing_is_replaced_unasked(run, photos, tmp_path):
    out = tmp_path / "answers.csv"
    out.write_text("mine")
    with pytest.raises(cnncli.ResourceError, match="exists already"):
        run.predict_to(out, photos)
    with pytest.raises(cnncli.ResourceError, match="is not of this command"):
        run.predict_to(out, photos, resume=True)
    assert killed(5, lambda: run.predict_to(out, photos, overwrite=True))
    assert out.read_text() == "mine"
    with pytest.raises(cnncli.ResourceError, match="started and not finished: 0 images") as caught:
        run.predict_to(out, photos)
    assert caught.value.hint == "continue with --resume, or start again with --overwrite"
    assert run.predict_to(out, photos, overwrite=True).answers == 147
    with pytest.raises(cnncli.DataError, match="suffix"):
        run.predict_to(tmp_path / "answers.txt", photos)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"top_k": 2}, "--top-k is 2, not 1"),
        ({"invert": True}, "--invert is on, not off"),
        ({"coverage": 0.9}, "--coverage is 0.9, not off"),
        ({"shard": (2, 3)}, "the number of shards is 3, not 1"),
        ({"engine": "onnx"}, "--engine is onnx, not tensorflow"),
        ({"images": "a, b"}, "the list of images is another one: 100 images, not 150"),
    ],
)
def test_another_command_is_refused_by_name(run, photos, tmp_path, changed, said):
    out = tmp_path / "answers.csv"
    images = photos / changed.pop("images", "")
    for begun in (False, True):
        if begun:
            assert killed(13, lambda: run.predict_to(out, photos, overwrite=True))
        else:
            run.predict_to(out, photos)
        with pytest.raises(cnncli.RunError, match="started by another command") as caught:
            run.predict_to(out, images, resume=True, **changed)
        assert said in caught.value.message


def test_another_run_is_refused_by_name(run, run_folder, photos, tmp_path):
    out = tmp_path / "answers.csv"
    run.predict_to(out, photos)
    other = tmp_path / "other-002"
    other.mkdir()
    for file in run_folder.rglob("*"):
        if file.is_file():
            (other / file.relative_to(run_folder)).parent.mkdir(exist_ok=True)
            (other / file.relative_to(run_folder)).write_bytes(file.read_bytes())
    assert cnncli.open_run(other).predict_to(out, photos, resume=True).done_before == 150  # only called otherwise
    (other / "data.json").write_text((other / "data.json").read_text().replace("red", "pink"))
    with pytest.raises(cnncli.RunError, match="the run is other-002, not colors-001"):
        cnncli.open_run(other).predict_to(out, photos, resume=True)


def test_one_process_writes_at_a_time(run, photos, tmp_path):
    out = tmp_path / "answers.csv"
    assert killed(13, lambda: run.predict_to(out, photos))
    lock = Lock(tmp_path / "answers.csv.parts" / "lock")
    with pytest.raises(cnncli.RunError, match="another process"):
        run.predict_to(out, photos, resume=True)
    lock.release()
    run.predict_to(out, photos, resume=True)


def test_no_image_can_be_read(run, tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    for suffix in SUFFIXES:
        written = run.predict_to(tmp_path / f"answers.{suffix}", tmp_path / "a.png")
        assert (written.answers, written.unreadable) == (0, 1)


def test_images_of_a_photograph_are_read_in_threads(run, tmp_path):
    for number in range(200):
        Image.effect_noise((400, 300), 60).convert("RGB").save(tmp_path / f"{number}.jpg")
    written = run.predict_to(tmp_path / "answers.csv", tmp_path)
    names = [row["image"] for row in csv.DictReader(written.path.open(newline=""))]
    assert names == [f"{number}.jpg" for number in range(200)]


def test_an_export_is_made_first_only_for_many_images_that_it_may_answer():
    may = network.Computing("best", None, False, lambda: None)
    assert [may.gains_by_export(images) for images in (1_999, 2_000)] == [False, True]
    for changed in ({"weights": "last"}, {"engine": "tensorflow"}, {"prepare": None}, {"allow_changed_weights": True}):
        assert not replace(may, **changed).gains_by_export(2_000)
