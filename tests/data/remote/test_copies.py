"""Copies in the cache: they follow their originals, stay within their bound, and archives are read from inside."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from cnncli.data import cache_room
from cnncli.data.remote.copies import local_copy
from cnncli.errors import DataError, ResourceError
from cnncli.runner.inputs.source_check import scan_path, scan_source
from cnncli.runner.inputs.splits import load_source
from cnncli.spec.schema import Data
from cnncli.spec.sections.sources import Source


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(cache_room, "_held", {})
    return tmp_path / "cache"


def zipped(**files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"photos/{name}/a[1].jpg", content)
    return packed.getvalue()


def copied(address, bound=10**9):
    return local_copy(address, bound, lambda line: None)


def test_a_copy_is_made_once_and_follows_its_original(site):
    file = copied(site.address("a.csv"))
    assert (file.name, file.read_bytes()) == ("a.csv", b"pictures")
    before = file.stat()
    again = copied(site.address("a.csv")).stat()
    assert (again.st_ino, again.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)
    site.content, site.mark = b"others", '"two"'
    assert copied(site.address("a.csv")).read_bytes() == b"others"


@pytest.mark.parametrize("is_remote", [True, False])
def test_an_archive_is_read_from_inside(site, tmp_path, is_remote):
    site.content = zipped(cats=b"cat", dogs=b"dog")
    (tmp_path / "p.zip").write_bytes(site.content)
    archive = site.address("p.zip") if is_remote else tmp_path / "p.zip"
    place = copied(f"zip://photos::{archive}")
    assert sorted(path.name for path in place.iterdir()) == ["cats", "dogs"]
    assert (place / "cats" / "a[1].jpg").read_bytes() == b"cat"
    assert copied(f"zip://::{archive}") == place.parent
    with pytest.raises(DataError, match="there is no 'birds' in ") as raised:
        copied(f"zip://birds::{archive}")
    assert raised.value.hint == "it has photos"


@pytest.mark.parametrize("read", [load_source, lambda data: scan_source(data, 0)])
@pytest.mark.parametrize("archive", ["", "zip://photos/cats/a[1].jpg::"])
def test_errors_about_a_copy_name_its_address(site, tmp_path, read, archive):
    site.content = zipped(cats=b"cat")
    address = f"{archive}{site.address('pictures.zip' if archive else 'pictures')}"
    with pytest.raises(DataError) as raised:
        read(Data(source=Source("folder", {"path": address})))
    assert raised.value.message == f"{address} is a file, and a folder was expected"
    assert str(raised.value) == raised.value.message


def test_a_report_names_the_address_of_what_it_is_about(site):
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    site.content = zipped(cats=picture.getvalue(), dogs=picture.getvalue())
    address = f"zip://photos::{site.address('pictures.zip')}"
    assert scan_path(Path(address)).source == address


def test_a_bound_holds_for_all_of_the_cache(site, cache):
    site.content = b"x" * 50_000
    first = copied(site.address("first.csv"), 130_000)
    cache_room._held.clear()  # as when its process has ended
    for lock in (cache / "locks").glob("*.use"):
        lock.unlink()
    second = copied(site.address("second.csv"), 100_000)
    assert second.exists()
    assert not first.exists()
    with pytest.raises(ResourceError) as raised:
        copied(site.address("third.csv"), 100_000)
    assert "third.csv needs 52.0 KiB of the cache, in which " in raised.value.message
    assert raised.value.hint == "set data.cache: {disk: 2}, in GB"
    assert sum(path.stat().st_size for path in cache.rglob("*")) < 100_000 + 8 * 4096


def test_a_lower_bound_holds_for_a_copy_that_is_there(site):
    site.content = b"x" * 50_000
    whole = copied(site.address("first.csv"), 130_000)
    assert copied(site.address("first.csv"), 100_000) == whole
    with pytest.raises(ResourceError) as raised:
        copied(site.address("first.csv"), 50_000)
    assert "first.csv needs 56.0 KiB of the cache, and it may hold 48.8 KiB" in raised.value.message
    assert raised.value.hint == "set data.cache: {disk: 2}, in GB"


def test_a_bound_holds_for_what_comes_out_of_an_archive(tmp_path, cache):
    """Also where that is larger than the archive, and where it is there already."""
    (tmp_path / "pictures.zip").write_bytes(zipped(cats=b"\0" * 50_000))
    address = f"zip://photos::{tmp_path}/pictures.zip"
    for _ in range(2):
        with pytest.raises(ResourceError, match=r"pictures.zip needs 52.0 KiB of the cache, and it may hold 49.8"):
            copied(address, 51_000)
        assert not [path for path in (cache / "unpacked").rglob("*") if path.is_file()]
    assert copied(address, 60_000).is_dir()
    with pytest.raises(ResourceError, match=r"unpacking pictures.zip needs 52.0 KiB of the cache"):
        copied(address, 51_000)


def test_what_another_process_uses_stays(site):
    first = copied(site.address("first.csv"), 10**6)
    reader, writer = os.pipe()
    ends_with_us, ours = os.pipe()
    if not (child := os.fork()):
        os.close(ours)
        cache_room._held.clear()
        cache_room.hold(first.parent.parent)
        os.write(writer, b".")
        os.read(ends_with_us, 1)
        os._exit(0)
    os.read(reader, 1)
    os.close(cache_room._held.pop(first.parent.parent))
    try:
        cache_room.trim(0)
        assert first.exists()
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        for pipe in (reader, writer, ends_with_us, ours):
            os.close(pipe)
    cache_room.trim(0)
    assert not first.exists()


@pytest.mark.parametrize("folder", ["a file/cache", "/dev/null/cache"])
def test_a_cache_that_cannot_be_written_to_is_said(site, tmp_path, monkeypatch, folder):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / folder))
    with pytest.raises(ResourceError, match=r"the copy of http://.* cannot be written to"):
        copied(site.address("a.csv"))
