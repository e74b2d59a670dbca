"""A new folder takes the place of an old one whole, or not at all."""

import os
import threading

import pytest

from cnncli import ResourceError
from cnncli.runner.exporter import replacing


def write(target, text):
    with replacing(target) as folder:
        for name in ("a", "b"):
            (folder / name).write_text(text)


def texts(target):
    return {file.name: file.read_text() for file in target.iterdir()}


def test_the_new_folder_replaces_the_old_one(tmp_path):
    target = tmp_path / "exports" / "onnx"
    write(target, "old")
    write(target, "new")
    assert texts(target) == {"a": "new", "b": "new"}
    assert [path.name for path in target.parent.iterdir()] == ["onnx"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_fails_leaves_the_old_folder(tmp_path, error):
    target = tmp_path / "onnx"
    write(target, "old")

    def fail():
        with replacing(target) as folder:
            (folder / "a").write_text("new")
            raise error

    with pytest.raises(error):
        fail()
    assert texts(target) == {"a": "old", "b": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["onnx"]


def test_so_does_a_disk_that_fails_at_the_last_moment(tmp_path, monkeypatch):
    target = tmp_path / "onnx"
    write(target, "old")
    rename = type(target).rename

    def failing(path, other):
        if other == target and "new" in path.name:
            raise OSError(5, "Input/output error")
        return rename(path, other)

    monkeypatch.setattr(type(target), "rename", failing)
    monkeypatch.setattr("cnncli.runner.exporter._beside", lambda path: path.with_name(next(names)))
    names = iter([".tmp-new", ".tmp-old"])
    with pytest.raises(ResourceError, match=r"cannot write .*Input/output error"):
        write(target, "new")
    assert texts(target) == {"a": "old", "b": "old"}


def test_two_writers_at_once_never_mix_their_files(tmp_path):
    target = tmp_path / "onnx"
    failed = []

    def repeat(text):
        try:
            for _ in range(30):
                write(target, text)
        except BaseException as error:
            failed.append(error)

    writers = [threading.Thread(target=repeat, args=[text]) for text in "xyz"]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert failed == []
    assert len(set(texts(target).values())) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["onnx"]


def test_what_killed_processes_left_is_removed_after_a_day(tmp_path):
    (tmp_path / ".tmp-1-00-onnx").mkdir()
    (tmp_path / ".tmp-2-00-onnx").mkdir()
    os.utime(tmp_path / ".tmp-1-00-onnx", (0, 0))
    write(tmp_path / "onnx", "new")
    assert {path.name for path in tmp_path.iterdir()} == {".tmp-2-00-onnx", "onnx"}
