"""The cache of decoded images when processes are killed over it, and when several fill it at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnncli.data import cache
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.samples import FileSamples

COUNT = 24

FILL = """
import os, signal, sys
from pathlib import Path
import numpy as np
from cnncli.data import cache
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.samples import FileSamples

folder, kill_at = Path(sys.argv[1]), int(sys.argv[2])
cache._CHUNK_BYTES = 4 * 64 * 3  # four images at a time
names = tuple(sorted(path.name for path in folder.iterdir()))

def progress(done, total):
    if done >= kill_at:
        os.kill(os.getpid(), signal.SIGKILL)

samples = FileSamples(folder, names, np.zeros(len(names), np.int64), InputFormat(8, 8, 3))
print(int(cache.cached(samples, progress).images.sum()))
"""


@pytest.fixture
def folder(world) -> Path:
    random = np.random.default_rng(5)
    (world.work / "images").mkdir()
    for number in range(COUNT):
        pixels = random.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(world.work / "images" / f"{number:02d}.png")
    return world.work / "images"


@pytest.fixture
def samples(folder) -> FileSamples:
    names = tuple(sorted(path.name for path in folder.iterdir()))
    return FileSamples(folder, names, np.zeros(COUNT, np.int64), InputFormat(8, 8, 3))


def fill(folder: Path, kill_at: int = COUNT + 1) -> subprocess.Popen:
    program = [sys.executable, "-c", FILL, str(folder), str(kill_at)]
    return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def entries() -> list[Path]:
    return sorted((cache.decoded_cache_dir() / "images").glob("*.npy"))


@pytest.mark.parametrize("kill_at", [1, COUNT // 2, COUNT])
def test_a_killed_process_leaves_nothing_that_is_taken_for_whole(kill_at, folder, samples):
    killed = fill(folder, kill_at)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert entries() == []
    images = cache.cached(samples).images
    assert np.array_equal(images, samples.read(np.arange(COUNT)))
    assert len(entries()) == 1


def test_processes_that_fill_it_at_once_all_get_the_same(folder, samples):
    running = [fill(folder) for _ in range(3)] + [fill(folder, COUNT // 2)]
    said = [process.communicate()[0].strip() for process in running]
    expected = str(int(samples.read(np.arange(COUNT)).sum()))
    assert said[:3] == [expected] * 3
    assert said[3] in ("", expected)  # when the others were there first, it had nothing to do
    assert len(entries()) == 1


def test_an_entry_that_is_a_link_or_a_pipe_is_made_anew(samples, world):
    cache.cached(samples)
    (entry,) = entries()
    entry.unlink()
    entry.symlink_to(world.secret)
    assert np.array_equal(cache.cached(samples).images, samples.read(np.arange(COUNT)))
    assert not entry.is_symlink()
    entry.unlink()
    os.mkfifo(entry)
    assert np.array_equal(cache.cached(samples).images, samples.read(np.arange(COUNT)))
