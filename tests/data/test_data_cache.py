"""The cache of decoded images: made once, made anew when anything changes, whole or not there at all."""

from __future__ import annotations

import dataclasses
import itertools
import os
import resource
import shutil
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from picture_files import encoded, put, tree_hash

from cnncli.data import cache, cache_entries, cache_room
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.samples import FileSamples
from cnncli.errors import DataError, ResourceError

READING = InputFormat(4, 4, 1)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "images"


@pytest.fixture
def samples(tmp_path) -> FileSamples:
    return some(tmp_path / "data", 10)


def some(root, count: int, start: int = 1) -> FileSamples:
    names = [f"{number}.png" for number in range(count)]
    put(root, *names, start=start)
    return FileSamples(root, tuple(names), np.arange(count, dtype=np.int64) % 2, READING)


def decoded(samples: FileSamples, **options) -> int:
    """How many images were decoded for it."""
    told = [0]
    images = cache.cached(samples, lambda done, total: told.append(done), **options)
    assert np.array_equal(images.images, samples.read(np.arange(len(samples))))
    assert (images.names, images.labels.tolist()) == (samples.names, samples.labels.tolist())
    return told[-1]


def test_images_are_decoded_once(samples, folder):
    before = tree_hash(samples.root)
    assert [decoded(samples), decoded(samples)] == [10, 0]
    assert tree_hash(samples.root) == before
    assert len(list(folder.iterdir())) == 1


def test_images_are_mapped_and_cannot_be_written_to(samples):
    images = cache.cached(samples).images
    assert images.dtype == np.uint8
    assert images.shape == (10, 4, 4, 1)
    assert not images.flags.writeable
    assert isinstance(images.base, np.memmap)


@pytest.mark.parametrize("per_chunk", [1, 3, 10, 99])
def test_it_is_filled_a_few_at_a_time(samples, monkeypatch, per_chunk):
    monkeypatch.setattr(cache, "_CHUNK_BYTES", 16 * per_chunk)
    told: list[tuple[int, int]] = []
    images = cache.cached(samples, lambda done, total: told.append((done, total))).images
    assert told == [(min(end, 10), 10) for end in range(per_chunk, 10 + per_chunk, per_chunk)]
    assert images[:, 0, 0, 0].tolist() == list(range(1, 11))


def test_anything_that_changes_the_pixels_makes_it_anew(samples, folder):
    decoded(samples)
    for number, input_format in enumerate(
        (
            InputFormat(4, 5, 1),
            InputFormat(4, 4, 3),
            InputFormat(4, 4, 1, "pad"),
            InputFormat(4, 4, 1, "stretch", "area"),
        ),
        2,
    ):
        assert decoded(dataclasses.replace(samples, input_format=input_format)) == 10
        assert len(list(folder.iterdir())) == number
    assert decoded(samples.take(np.arange(9))) == 9
    assert decoded(samples.take(np.arange(10)[::-1])) == 10
    (samples.root / "3.png").write_bytes(encoded(99))
    assert decoded(samples) == 10
    state = (samples.root / "3.png").stat()
    os.utime(samples.root / "3.png", ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    assert decoded(samples) == 10


def replaced_by_copy(folder, name):
    """As rsync -t, cp -p, tar and unzip do it: another file of the same size and time in place of one."""
    before = (folder / name).stat()
    (folder / "new").write_bytes(encoded(99))
    os.utime(folder / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
    (folder / "new").replace(folder / name)
    return before, (folder / name).stat()


def overwritten(folder, name):
    """As cp -p does over a file that is there."""
    before = (folder / name).stat()
    (folder / name).write_bytes(encoded(99))
    os.utime(folder / name, ns=(before.st_atime_ns, before.st_mtime_ns))
    return before, (folder / name).stat()


def overwritten_through_another_link(folder, name):
    (folder / "link").hardlink_to(folder / name)
    before = (folder / name).stat()
    overwritten(folder, "link")
    return before, (folder / name).stat()


def in_a_folder_that_changed_places(folder, name):
    """The times of files stay when folders are renamed."""
    twin = shutil.copytree(folder, folder.parent / "twin")  # with the times of files
    before, _ = overwritten(twin, name)
    folder.rename(folder.parent / "aside")
    twin.rename(folder)
    return before, (folder / name).stat()


@pytest.mark.parametrize(
    "change", [replaced_by_copy, overwritten, overwritten_through_another_link, in_a_folder_that_changed_places]
)
def test_files_of_the_same_size_and_time_are_not_taken_for_those_before(samples, change):
    assert decoded(samples) == 10
    before, after = change(samples.root, "3.png")
    assert (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    assert cache.cached_before(samples) is None
    assert decoded(samples) == 10  # and it compares the pixels


def test_inodes_tell_apart_files_that_are_alike_in_everything_else(samples, monkeypatch):
    decoded(samples)
    stat = os.stat

    def with_inode(path, **options):
        values = stat(path, **options)
        fields = {name: getattr(values, name) for name in dir(values) if name.startswith("st_")}
        return SimpleNamespace(**{**fields, "st_ino": values.st_ino + str(path).endswith("3.png")})

    monkeypatch.setattr(os, "stat", with_inode)
    assert cache.cached_before(samples) is None


def test_inodes_that_change_at_any_time_do_not_stop_anything(samples, monkeypatch):
    """As those of some network file systems do."""
    stat, numbers = os.stat, itertools.count()

    def with_other_inode(path, **options):
        values = stat(path, **options)
        fields = {name: getattr(values, name) for name in dir(values) if name.startswith("st_")}
        return SimpleNamespace(**{**fields, "st_ino": next(numbers)})

    monkeypatch.setattr(os, "stat", with_other_inode)
    assert [decoded(samples), decoded(samples)] == [10, 10]


def test_the_state_of_files_is_read_once_the_clock_has_moved_on(samples):
    for name in samples.names:
        (samples.root / name).write_bytes(encoded(50))
    newest = max((samples.root / name).stat().st_ctime_ns for name in samples.names)
    cache._state(samples)
    assert time.time_ns() - newest >= cache._TICK


def test_the_number_of_cores_does_not_matter(samples, monkeypatch):
    decoded(samples)
    monkeypatch.setattr("cnncli.data.threads.usable_cores", lambda: 1)
    assert decoded(samples) == 0


def test_labels_may_change(samples):
    decoded(samples)
    assert decoded(dataclasses.replace(samples, labels=np.zeros(10, np.int64))) == 0


@pytest.mark.parametrize("kept", [0, 50, 128, -1])
def test_a_torn_cache_is_made_anew(samples, folder, kept):
    decoded(samples)
    (entry,) = folder.iterdir()
    entry.write_bytes(entry.read_bytes()[:kept])
    assert [decoded(samples), decoded(samples)] == [10, 0]


def test_a_cache_of_something_else_is_made_anew(samples, folder):
    decoded(samples)
    (entry,) = folder.iterdir()
    np.save(entry, np.zeros((10, 4, 4, 3), np.uint8))
    assert decoded(samples) == 10
    np.save(entry, np.array([{}]), allow_pickle=True)
    assert decoded(samples) == 10


def test_a_bad_image_leaves_nothing_behind(samples, folder):
    (samples.root / "7.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"7\.png is a text file"):
        cache.cached(samples)
    (samples.root / "7.png").unlink()
    with pytest.raises(DataError, match=r"7\.png does not exist"):
        cache.cached(samples)
    assert list(folder.iterdir()) == []


def test_images_that_change_while_they_are_read(samples, folder):
    def change(done, total):
        (samples.root / "0.png").write_bytes(encoded(200) + bytes(9))

    with pytest.raises(DataError, match="images changed while they were read"):
        cache.cached(samples, change)
    assert list(folder.iterdir()) == []


def test_no_images(samples):
    assert cache.cached(samples.take(np.arange(0))).images.shape == (0, 4, 4, 1)


# ---------------------------------------------------------------- room


def test_those_unused_for_longest_make_room(tmp_path, folder):
    first, second, third = (some(tmp_path / name, 10, start) for start, name in enumerate("abc"))
    decoded(first)
    (entry,) = folder.iterdir()
    size = entry.stat().st_size
    os.utime(entry, (1000, 1000))
    decoded(second)
    (other,) = (there for there in folder.iterdir() if there != entry)
    os.utime(other, (2000, 2000))
    assert decoded(first) == 0  # used now, so the second is the oldest
    assert decoded(third, limit=2 * size) == 10
    assert len(list(folder.iterdir())) == 2
    assert [decoded(first), decoded(third)] == [0, 0]
    assert decoded(second, limit=0) == 10
    assert len(list(folder.iterdir())) == 1


def test_a_lower_bound_holds_for_what_is_there(tmp_path, folder):
    """By removing what was used before, and where that is not enough, the entry itself."""
    first, second = (some(tmp_path / name, 10, start) for start, name in enumerate("ab"))
    decoded(first)
    (entry,) = folder.iterdir()
    size = entry.stat().st_size
    os.utime(entry, (1000, 1000))
    decoded(second)
    assert decoded(second, bound=2 * size) == 0
    assert entry.exists()
    assert decoded(second, bound=size) == 0
    assert len(list(folder.iterdir())) == 1
    assert not entry.exists()
    with pytest.raises(ResourceError, match="keeping 10 images needs 288 B of the cache, and it may hold 287 B"):
        decoded(second, bound=size - 1)
    assert not list(folder.iterdir())


def test_what_a_killed_process_left_is_removed_and_what_another_writes_is_not(samples, folder):
    folder.mkdir(parents=True)
    old, new = folder / ".abc.x.part", folder / ".abc.y.part"
    old.touch()
    new.touch()
    os.utime(old, (0, 0))
    cache.cached(samples)
    assert not old.exists()
    assert new.exists()


def test_entries_can_be_deleted_while_they_are_used(samples, folder):
    images = cache.cached(samples).images
    for entry in folder.iterdir():
        entry.unlink()
    assert images[9, 0, 0, 0] == 10


def test_a_full_disk_is_noticed_before_anything_is_written(samples, folder, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 100}))
    with pytest.raises(ResourceError, match="No space left on device") as caught:
        cache.cached(samples)
    assert "CNNCLI_CACHE_DIR" in caught.value.hint
    assert list(folder.iterdir()) == []


def test_what_an_entry_has_already_is_part_of_what_it_is_to_have(tmp_path, folder):
    decoded(some(tmp_path / "a", 10, 0))
    (own,) = folder.iterdir()
    size = own.stat().st_size
    decoded(some(tmp_path / "b", 10, 1))
    cache_room.hold(own)  # and may grow at any moment, as long as its shards are fetched
    cache_room.make_room(size, size, "shards", own=own)
    assert list(folder.iterdir()) == [own]
    with pytest.raises(ResourceError, match=r"in which .* are in use"):
        cache_room.make_room(size, size, "shards")


def test_entries_make_room_on_a_full_disk_where_they_are_enough(tmp_path, folder, monkeypatch):
    first, second, third = (some(tmp_path / name, 10, start) for start, name in enumerate("abc"))
    for number, samples in enumerate((first, second)):
        decoded(samples)
        os.utime(max(folder.iterdir(), key=lambda entry: entry.stat().st_mtime_ns), (number, number))
    size = next(folder.iterdir()).stat().st_size

    def usage(path):
        return type(
            "Usage", (), {"free": 3 * size - sum(entry.stat().st_size for entry in folder.iterdir()) - size + 9}
        )

    monkeypatch.setattr("shutil.disk_usage", usage)
    assert cache_entries.reclaimable() == 2 * size
    assert decoded(third) == 10
    assert cache_entries.reclaimable() == 2 * size
    assert decoded(second) == 0


def test_a_disk_that_fills_up_leaves_nothing_behind(samples, folder):
    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))  # every file, in the process that is started

    code = f"""
import signal, sys, numpy as np
from pathlib import Path
from cnncli.data.cache import cached
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.samples import FileSamples
from cnncli.errors import ResourceError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
samples = FileSamples(Path({str(samples.root)!r}), {samples.names!r}, np.zeros(10, np.int64), InputFormat(4, 4, 1))
try:
    cached(samples)
except ResourceError as error:
    print(error.message)
"""
    program = [sys.executable, "-B", "-c", code]  # Python 3.11 would leave modules cut off at the limit in its cache
    done = subprocess.run(program, capture_output=True, text=True, preexec_fn=limited)
    assert "cannot be written to" in done.stdout, done.stderr
    assert "File too large" in done.stdout
    assert list(folder.iterdir()) == []


def test_a_cache_folder_that_is_a_file(samples, tmp_path):
    (tmp_path / "cache").write_text("")
    with pytest.raises(ResourceError, match=r"cannot be written to .*cache/images"):
        cache.cached(samples)


# ---------------------------------------------------------------- place


def test_where_it_is(monkeypatch, tmp_path):
    assert cache.decoded_cache_dir() == tmp_path / "cache"
    monkeypatch.delenv("CNNCLI_CACHE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.decoded_cache_dir() == tmp_path / "xdg" / "cnncli"
    for nowhere in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", nowhere)
        assert cache.decoded_cache_dir() == tmp_path / ".cache" / "cnncli"


def test_it_is_for_the_user_alone(samples, folder):
    cache.cached(samples)
    (entry,) = folder.iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    assert entry.stat().st_mode & 0o077 == 0


def test_several_processes_at_once(samples, folder):
    code = f"""
import numpy as np
from pathlib import Path
from cnncli.data.cache import cached
from cnncli.data.cache_room import decoded_cache_dir
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.samples import FileSamples
samples = FileSamples(Path({str(samples.root)!r}), {samples.names!r}, np.zeros(10, np.int64), InputFormat(4, 4, 1))
for turn in range(20):
    images = cached(samples, limit=0 if turn % 2 else 10**9).images
    assert images[:, 0, 0, 0].tolist() == list(range(1, 11)), images[:, 0, 0, 0]
    if turn % 5 == 0:
        for entry in (decoded_cache_dir() / "images").glob("*.npy"):
            entry.unlink(missing_ok=True)
"""
    running = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) for _ in range(4)]
    for process in running:
        _, said = process.communicate()
        assert process.returncode == 0, said
    assert [entry.suffix for entry in folder.iterdir()] in ([".npy"], [])
