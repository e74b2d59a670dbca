"""How reading photographs scales with threads: two, and what sixteen would do.

    python benchmarks/scaling.py [FOLDER] [--rounds 5] [--seconds 2] [--quick]

Threads that read batches of 32 as trainings do, beside as many bare ones, which make only the calls of Pillow
that nobody can do without (open, draft, load, resize, and the copy into the batch). Of both is measured how many times
as many images N threads read as one; `ours` is the quotient: what is lost by cnncli itself. Two processes with a thread
each show what the machine has to give. FOLDER has JPEGs; without it photographs of three sizes are made.

Sixteen cores are rare, so sixteen threads are simulated: decoding and resizing are replaced by waiting for as long as
they were measured to take, without Python's lock, as they do. All else, Pillow's Python among it, is done by sixteen
threads on the cores that there are, both in cnncli's way and in the bare one. All ways take turns; figures are medians
of the rounds' ratios.
"""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from photographs import BATCH, FORMAT, measure_chosen
from PIL import Image
from thread_speeds import per_second

from cnncli.data import threads
from cnncli.data.decode.input_format import reduction
from cnncli.data.samples import FileSamples

SIMULATED = 16
Read = Callable[[list[Path]], np.ndarray]


def ours(files: list[Path]) -> np.ndarray:
    """A batch as trainings read it from files that are not cached."""
    samples = FileSamples(Path("/"), tuple(map(str, files)), np.zeros(len(files), np.int64), FORMAT)
    return samples.read(np.arange(len(files)))


def bare(files: list[Path]) -> np.ndarray:
    """The same with no more than Pillow's calls."""
    images = np.empty((len(files), *FORMAT.shape), np.uint8)
    for image, file in zip(images, files, strict=True):
        with Image.open(file) as picture:
            factor = reduction(*picture.size, FORMAT)
            if factor > 1:
                picture.draft(None, (picture.width // factor, picture.height // factor))
            picture.load()
            image[:] = np.asarray(picture.resize((FORMAT.width, FORMAT.height), Image.Resampling.BILINEAR))
    return images


def in_threads(read: Read, files: list[Path], count: int, seconds: float) -> float:
    """Images a second that so many threads read."""

    def work(thread: int, done: int) -> int:
        start = thread * len(files) // count + done
        read([files[(start + number) % len(files)] for number in range(BATCH)])
        return BATCH

    def cores() -> int:  # so that none of these threads is helped
        return count

    with mock.patch.object(threads, "usable_cores", cores):
        return per_second(count, seconds, work)


def _of_process(files: list[Path], seconds: float, together: Barrier, speeds: Any) -> None:
    ours(files[:BATCH])
    together.wait()
    speeds.put(in_threads(ours, files, 1, seconds))


def in_processes(files: list[Path], count: int, seconds: float) -> float:
    """Images a second that so many processes read, with a thread each."""
    context = multiprocessing.get_context("spawn")
    together, speeds = context.Barrier(count), context.Queue()
    running = [context.Process(target=_of_process, args=(files, seconds, together, speeds)) for _ in range(count)]
    for process in running:
        process.start()
    total = sum(speeds.get() for _ in running)
    for process in running:
        process.join()
    return total


class Measured:
    """A decoder of Pillow's that notes how long it decodes."""

    pulls_fd = False

    def __init__(self, decoder: Any, taken: list[float]) -> None:
        self._decoder, self._taken = decoder, taken
        self.setimage, self.cleanup = decoder.setimage, decoder.cleanup

    def decode(self, data: bytes) -> Any:
        """Decodes."""
        began = time.perf_counter()
        result = self._decoder.decode(data)
        self._taken.append(time.perf_counter() - began)
        return result


class Waits:
    """One that waits in place of decoding."""

    pulls_fd = False

    def __init__(self, seconds: float, *_: object) -> None:
        self._seconds = seconds

    def setimage(self, *_: object) -> None:
        """Does nothing."""

    def decode(self, _: bytes) -> tuple[int, int]:
        """Waits."""
        time.sleep(self._seconds)
        return -1, 0

    def cleanup(self) -> None:
        """Does nothing."""


def durations(files: list[Path]) -> tuple[float, float]:
    """Seconds to decode and to resize a photograph, on average, less what waiting takes longer than it should."""
    decoder, resize = Image.core.jpeg_decoder, Image.Image.resize
    decoding, resizing = list[float](), list[float]()

    def resized(*arguments: Any) -> Image.Image:
        began = time.perf_counter()
        picture = resize(*arguments)
        resizing.append(time.perf_counter() - began)
        return picture

    decodes = mock.patch.object(Image.core, "jpeg_decoder", lambda *how: Measured(decoder(*how), decoding))
    with decodes, mock.patch.object(Image.Image, "resize", resized):
        bare(files)
    over = list[float]()
    for _ in range(100):
        began = time.perf_counter()
        time.sleep(0.0002)
        over.append(time.perf_counter() - began - 0.0002)
    late = statistics.median(over)
    each = (sum(taken) / len(files) for taken in (decoding, resizing))  # a large photograph is decoded in several calls
    return max(0.0, next(each) - late), max(0.0, next(each) - late)


@contextmanager
def simulated(files: list[Path]) -> Iterator[None]:
    """Decoding and resizing wait for as long as they take."""
    decoding, resizing = durations(files)
    fitted = Image.new("RGB", (FORMAT.width, FORMAT.height))

    def resized(*_: object) -> Image.Image:
        time.sleep(resizing)
        return fitted

    decodes = mock.patch.object(Image.core, "jpeg_decoder", partial(Waits, decoding))
    with decodes, mock.patch.object(Image.Image, "resize", resized):
        yield


def _scale(values: dict[str, list[float]], many: str, one: str, count: int) -> list[float]:
    """How near to linear each round came."""
    return [b / a / count for a, b in zip(values[one], values[many], strict=True)]


def reading(name: str, files: list[Path], rounds: int, seconds: float) -> dict[str, float]:
    """Prints a line for two threads and for sixteen; returns the figures."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for way, read in (("ours", ours), ("bare", bare)):
            for count in (1, 2):
                found.setdefault(f"{way} {count}", []).append(in_threads(read, files, count, seconds))
            with simulated(files):
                for count in (1, SIMULATED):
                    speed = in_threads(read, files, count, seconds)
                    found.setdefault(f"{way} {count} simulated", []).append(speed)
        for count in (1, 2):
            found.setdefault(f"processes {count}", []).append(in_processes(files, count, seconds))
    figures = {key: statistics.median(values) for key, values in found.items()}
    processes = statistics.median(_scale(found, "processes 2", "processes 1", 2))
    print(f"{name}: one thread {figures['ours 1']:,.0f} images/s, bare {figures['bare 1']:,.0f}")
    print(f"{name}, of linear, two processes: ratio {processes:.2f}")
    for count, kind in ((2, ""), (SIMULATED, " simulated")):
        scales = {way: _scale(found, f"{way} {count}{kind}", f"{way} 1{kind}", count) for way in ("ours", "bare")}
        of_linear = {way: statistics.median(values) for way, values in scales.items()}
        part = statistics.median(a / b for a, b in zip(scales["ours"], scales["bare"], strict=True))
        figures |= {f"{way} {count} of linear": value for way, value in of_linear.items()} | {f"part {count}": part}
        print(f"{name}, of linear, {count} threads{kind}: ratio {of_linear['ours']:.2f}")
        print(f"{name}, of linear, {count} bare threads{kind}: ratio {of_linear['bare']:.2f}")
        print(f"{name}, {count} threads{kind}, of the scaling of bare ones: ratio {part:.2f}", flush=True)
    return figures | {"processes of linear": processes}


if __name__ == "__main__":
    sys.exit(measure_chosen(__doc__, 2, reading))
