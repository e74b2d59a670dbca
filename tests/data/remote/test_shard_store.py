"""Objects on the disk a few at a time: within the bound, ahead of the reader, and each whole or not at all."""

import contextlib
import os
import subprocess
import sys
import threading
import time

import pytest
from memory_server import MemoryServer

from cnncli.data.remote import requests
from cnncli.data.remote.shard_store import ShardStore
from cnncli.errors import DataError, ResourceError

SIZE = 8192


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(requests, "PAUSES", (0.01,) * 2)


@pytest.fixture(autouse=True)
def settled():
    """No thread outlives its test."""
    OPENED.clear()
    yield
    for opened in OPENED:
        opened.settled()


OPENED = []


class Opened:
    """A store of ten objects, each of one letter."""

    def __init__(self, folder, bound, check=lambda number, path, is_new: None):
        self.server = MemoryServer(**{f"{number}": bytes([number]) * SIZE for number in range(10)})
        files = [self.server.info(f"bucket/{number}") for number in range(10)]
        self.folder, self.store = folder, ShardStore(self.server, files, folder, bound, check, "s3://bucket")
        OPENED.append(self)

    def read(self, number, **how):
        assert self.store.read(number, 100, 3, **how) == bytes([number]) * 3

    def here(self):
        size = 0
        for path in self.folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                size += path.stat().st_size
        return size

    def asked(self):
        return [int(name) for name, _ in self.server.asked]

    def settled(self):
        """Waits until nothing is being fetched."""
        with self.store._changed:
            assert self.store._changed.wait_for(lambda: not self.store._waiting and not self.store._coming, 300)


@pytest.mark.parametrize("bound", [2, 3, 5, 9])
def test_every_order_of_reading_stays_within_the_bound(tmp_path, bound):
    opened, largest = Opened(tmp_path, bound * SIZE), 0
    for number in [*range(10), 3, 9, 0, 4, 4, 8, *range(9, -1, -1)]:
        opened.read(number)
        largest = max(largest, opened.here())
    opened.settled()
    assert SIZE < max(largest, opened.here()) <= bound * SIZE


def test_what_fits_is_fetched_once_and_all_of_it_from_the_first_read_on(tmp_path):
    opened = Opened(tmp_path, 10 * SIZE)
    opened.read(0)
    opened.settled()
    assert sorted(opened.asked()) == [*range(10)]
    for number in range(10):
        opened.read(number)
    again = Opened(tmp_path, 10 * SIZE)
    again.read(5)
    assert again.asked() == []


@pytest.mark.parametrize(("in_sequence", "next_one"), [(False, 2), (True, 5)])
def test_what_comes_next_is_fetched_ahead(tmp_path, in_sequence, next_one):
    opened = Opened(tmp_path, 4 * SIZE)
    opened.store.follow([7, 4, 2, 9])
    opened.read(4, in_sequence=in_sequence)
    opened.settled()
    assert sorted(opened.asked()) == sorted([4, next_one])


def test_the_same_object_is_fetched_once_for_many_readers(tmp_path):
    opened = Opened(tmp_path, 2 * SIZE)
    opened.server.goes_on.clear()
    readers = [threading.Thread(target=opened.read, args=(3,)) for _ in range(8)]
    for reader in readers:
        reader.start()
    opened.server.goes_on.set()
    for reader in readers:
        reader.join()
    assert opened.asked().count(3) == 1


def test_a_smaller_bound_holds_at_once(tmp_path):
    opened = Opened(tmp_path, 10 * SIZE)
    opened.read(0)
    opened.settled()
    opened.store.limit(3 * SIZE)
    assert opened.here() == 3 * SIZE
    opened.read(9)
    opened.read(0)


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (FileNotFoundError("bucket/3"), ResourceError, "there is no"),
        (PermissionError("no"), ResourceError, "may not be read with these credentials"),
        (OSError(5, "it resets"), ResourceError, "it resets"),
    ],
)
def test_a_failure_reaches_whoever_reads_and_not_before(tmp_path, error, kind, said):
    opened = Opened(tmp_path, 4 * SIZE)
    opened.read(2)
    opened.settled()
    opened.server.error = error
    opened.read(3)  # was fetched ahead
    opened.settled()
    with pytest.raises(kind, match=said):
        opened.read(4)
    opened.server.error = None
    opened.read(4)
    opened.settled()
    assert not [*tmp_path.glob("*.part")]


def test_another_version_is_refused(tmp_path):
    opened = Opened(tmp_path, 4 * SIZE)
    opened.server.contents["bucket/6"] = b"x" * SIZE
    with pytest.raises(ResourceError, match="bucket/6 has changed since this command began"):
        opened.read(6)


def test_what_is_checked_on_arrival_is_not_there_before(tmp_path):
    seen = []

    def check(number, path, is_new):
        seen.append((number, path.read_bytes()[:1], is_new, path.suffix))
        if number == 4:
            raise DataError("it is another one")

    opened = Opened(tmp_path, 2 * SIZE, check)
    opened.read(3)
    with pytest.raises(ResourceError, match="it is another one"):
        opened.read(4)
    assert [path.suffix for path in tmp_path.iterdir()] == [".tar"]
    assert (3, b"\3", True, ".part") in seen
    Opened(tmp_path, 2 * SIZE, check).read(3)
    assert seen[-1] == (3, b"\3", False, ".tar")


def test_two_stores_of_a_process_fetch_the_same_objects(tmp_path):
    goes_on = threading.Event()
    first = Opened(tmp_path, 10 * SIZE, lambda number, path, is_new: goes_on.wait(300) and None)
    reader = threading.Thread(target=first.read, args=(0,))
    reader.start()
    while len([*tmp_path.glob("*.part")]) < 8:
        time.sleep(0.001)
    second = Opened(tmp_path, 10 * SIZE)
    second.read(0)
    second.settled()
    goes_on.set()
    reader.join()
    first.settled()
    assert not first.store._failed
    assert [path.suffix for path in tmp_path.iterdir()] == [".tar"] * 10


def test_another_process_may_remove_a_file(tmp_path):
    opened = Opened(tmp_path, 2 * SIZE)
    opened.read(3)
    for path in tmp_path.iterdir():
        path.unlink()
    opened.read(3)


def test_only_what_nobody_needs_is_removed_at_the_start(tmp_path):
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    for name in (f"part-{ended.stdout.strip()}-a.part", "older.tar", f"part-{os.getppid()}-b.part", "1.index"):
        (tmp_path / name).write_bytes(b"")
    Opened(tmp_path, 2 * SIZE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.index", f"part-{os.getppid()}-b.part"]
