"""Which files of a folder are images, in which order, and what the folder may do to us."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from cnncli.data.inventory.folder_inventory import find_images
from cnncli.errors import DataError


def png() -> bytes:
    out = io.BytesIO()
    Image.new("L", (2, 2)).save(out, "PNG")
    return out.getvalue()


def put(folder: Path, *names: str, contents: bytes | None = None) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(png() if contents is None else contents)


def names(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in find_images(folder)]


def test_people_count_two_before_ten(tmp_path):
    put(tmp_path, "img10.png", "img2.png", "IMG1.png", "img2b.png", "b/9.png", "b/10.png", "a01.png", "a1.png")
    assert names(tmp_path) == [
        "a01.png",
        "a1.png",
        "b/9.png",
        "b/10.png",
        "IMG1.png",
        "img2.png",
        "img2b.png",
        "img10.png",
    ]


def test_hidden_files_and_those_of_macos_are_passed_over(tmp_path):
    put(tmp_path, "a.png", "._a.png", ".hidden/b.png", "__MACOSX/c.png", "deep/__MACOSX/d.png", "deep/.e.png")
    assert names(tmp_path) == ["a.png"]


def test_every_suffix_in_any_case(tmp_path):
    put(tmp_path, "a.JPG", "b.jpeg", "c.Png", "d.gif", "e.bmp", "f.WebP")
    assert len(names(tmp_path)) == 6


def test_an_image_needs_no_suffix_and_a_text_is_no_image(tmp_path):
    put(tmp_path, "digit", "photo.data")
    put(tmp_path, "notes.txt", "labels", contents=b"not a picture")
    put(tmp_path, "nothing", contents=b"")
    assert names(tmp_path) == ["digit", "photo.data"]


def test_what_cannot_be_read_is_found_so_that_it_is_reported(tmp_path):
    put(tmp_path, "empty.png", "scan.tif", "phone.HEIC", contents=b"")
    put(tmp_path, "scan", contents=b"II*\0" + bytes(60))
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    assert names(tmp_path) == ["empty.png", "gone.png", "phone.HEIC", "scan", "scan.tif"]


def test_loops_of_links_end_and_no_image_comes_twice(tmp_path):
    put(tmp_path, "real/1.png", "real/deep/2.png")
    (tmp_path / "real/deep/up").symlink_to(tmp_path)
    (tmp_path / "also").symlink_to(tmp_path / "real")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    assert names(tmp_path) == ["real/1.png", "real/deep/2.png"]


def test_files_are_named_by_where_they_really_are(tmp_path):
    put(tmp_path, "middle/1.png")
    for link in ("a", "z"):
        (tmp_path / link).symlink_to(tmp_path / "middle")
    assert names(tmp_path) == ["middle/1.png"]


def test_links_are_followed(tmp_path):
    put(tmp_path / "elsewhere", "1.png")
    put(tmp_path / "folder", "2.png")
    (tmp_path / "folder/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "folder/3.png").symlink_to(tmp_path / "elsewhere/1.png")
    assert names(tmp_path / "folder") == ["2.png", "3.png", "linked/1.png"]


def test_a_fifo_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    put(tmp_path, "1.png")
    assert names(tmp_path) == ["1.png"]


def test_a_folder_may_be_named_like_an_image(tmp_path):
    put(tmp_path, "cats.png/1.png")
    assert names(tmp_path) == ["cats.png/1.png"]


def test_names_that_are_no_text(tmp_path):
    name = os.fsdecode(b"\xff\n.png")
    (tmp_path / name).touch()
    assert names(tmp_path) == [name]


def test_an_empty_folder_has_none(tmp_path):
    assert find_images(tmp_path) == []


def test_what_is_no_folder(tmp_path):
    put(tmp_path, "1.png")
    with pytest.raises(DataError, match="does not exist: no such folder"):
        find_images(tmp_path / "gone")
    with pytest.raises(DataError, match="is a file, not a folder"):
        find_images(tmp_path / "1.png")


def test_a_folder_that_cannot_be_listed_is_an_error_and_not_empty(tmp_path, monkeypatch):
    put(tmp_path, "a/1.png")
    listing = os.scandir

    def refused(folder):
        if Path(folder).name == "a":
            raise PermissionError(13, "Permission denied")
        return listing(folder)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(DataError, match="a cannot be listed: Permission denied"):
        find_images(tmp_path)
