"""Files that a stranger may have written are read when they are plain, bounded and nothing but data."""

import os

import pytest

from cnncli.errors import RunError
from cnncli.runs import untrusted
from cnncli.runs.untrusted import Unreadable, read_bytes, read_json, require_plain_folder


def test_a_plain_file_is_read(tmp_path):
    (tmp_path / "a.json").write_text('{"a": [1, "é"]}', encoding="utf-8")
    assert read_json(tmp_path / "a.json") == {"a": [1, "é"]}
    assert read_bytes(tmp_path / "a.json", limit=16) == '{"a": [1, "é"]}'.encode()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "line 1 is not JSON"),
        (b"{\n]", "line 2 is not JSON"),
        (b"[1]", "not a mapping"),
        (b"\xff", "not UTF-8"),
        (b'{"a": NaN}', "NaN, which is not JSON"),
        (b'{"a": -Infinity}', "-Infinity, which is not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too large"),
        (b'{"a": -1' + b"0" * 400 + b"}", "too large"),
        (b'{"a": [1e999]}', "too large"),
        (b'{"a": "\\ud800"}', "half a character"),
        (b'{"\\udc00": 1}', "half a character"),
        (b'{"a": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"a": "' + b"x" * 1000 + b'"}', "more than 1,000 bytes"),
    ],
)
def test_what_is_no_json_is_told(content, reason, tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=reason):
        read_json(path, limit=1000 if b"xxx" in content else 1 << 20)


def test_a_character_in_two_halves_is_whole(tmp_path):
    (tmp_path / "a.json").write_text(r'{"a": "\ud83d\ude00 \\ud800"}')
    assert read_json(tmp_path / "a.json") == {"a": "\N{GRINNING FACE} \\ud800"}


def test_a_file_without_end_is_not_read(tmp_path, monkeypatch):
    (tmp_path / "a.csv").touch()
    os.truncate(tmp_path / "a.csv", 1 << 40)
    with pytest.raises(Unreadable, match="more than 1,000,000,000,000 bytes"):
        read_bytes(tmp_path / "a.csv", limit=10**12)  # which is more than the memory could take


def test_nothing_but_a_file_is_opened(tmp_path):
    (tmp_path / "file").write_text("{}")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "fifo")
    for name, reason in {
        "link": "a symbolic link",
        "fifo": "a FIFO",
        ".": "a folder",
        "missing": "No such file",
        "a\0b": "null",
        "a" * 999: "too long",
    }.items():
        with pytest.raises(Unreadable, match=reason):
            read_bytes(tmp_path / name)


def test_a_folder_of_files_is_plain_even_when_a_link_leads_to_it(tmp_path):
    (tmp_path / "run" / "weights").mkdir(parents=True)
    (tmp_path / "run" / "weights" / "a").touch()
    (tmp_path / "link").symlink_to("run")
    require_plain_folder(tmp_path / "run")
    require_plain_folder(tmp_path / "link")


def test_a_folder_with_anything_else_in_it_is_not(tmp_path, monkeypatch):
    (tmp_path / "weights").mkdir()
    link = tmp_path / "weights" / ".hidden"
    link.symlink_to("..")
    with pytest.raises(RunError, match=r"weights/\.hidden' is a symbolic link"):
        require_plain_folder(tmp_path)
    link.unlink()
    os.mkfifo(link)
    with pytest.raises(RunError, match="is a FIFO"):
        require_plain_folder(tmp_path)
    link.unlink()
    monkeypatch.setattr(untrusted, "MAX_ENTRIES", 3)
    for number in range(4):
        (tmp_path / str(number)).touch()
    with pytest.raises(RunError, match="more than 3 files"):
        require_plain_folder(tmp_path)
    with pytest.raises(RunError, match="cannot be read"):
        require_plain_folder(tmp_path / "missing")
