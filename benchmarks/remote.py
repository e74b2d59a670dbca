"""Trainings on tar shards in an S3 server beside the same on a disk: time, bits, limit of the cache, and a restart.

    python benchmarks/remote.py MOTO_SERVER [rounds] [images] [--assert]

MOTO_SERVER is the program of moto[server], which serves JPEGs of 160×160 pixels in shards of 500 on loopback. Each
round trains one epoch with an empty cache and again with a full one, in both ways, in turn; prints the median of the
paired ratios of the time of the whole commands. Limits: 1.5 and 1.02. Then one training while the server is killed and
started again, and one that is killed itself and resumed: their weights are the same.
"""

import contextlib
import io
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from fetch import client, started
from PIL import Image

FIRST, AGAIN = 1.5, 1.02
SHARD = 500
BOUND = 0.4  # GB
SPEC = """
data:
  source: {{table: {{path: "{place}"}}}}
  image: {{size: 64}}
  cache: {{disk: {bound}}}
model:
  layers:
    - Conv2D: {{filters: 8, kernel_size: 3, strides: 2, activation: relu}}
    - Conv2D: {{filters: 16, kernel_size: 3, strides: 2, activation: relu}}
    - GlobalAveragePooling2D
    - Dense: {{units: classes, activation: softmax}}
train: {{epochs: {epochs}, batch_size: 64}}
"""


def write_shards(folder, images):
    """Shards of JPEGs of ten colours, with noise."""
    random = np.random.default_rng(0)
    for first in range(0, images, SHARD):
        with tarfile.open(folder / f"shard-{first:06}.tar", "w") as shard:
            for number in range(first, first + SHARD):
                pixels = random.integers(0, 160, (20, 20, 3), dtype=np.uint8)
                pixels[..., number % 3] += np.uint8(9 * (number % 10))
                file = io.BytesIO()
                Image.fromarray(pixels).resize((160, 160)).save(file, "JPEG", quality=90)
                for suffix, content in (("jpg", file.getvalue()), ("cls", str(number % 10).encode())):
                    member = tarfile.TarInfo(f"{number:06}.{suffix}")
                    member.size = len(content)
                    shard.addfile(member, io.BytesIO(content))


def upload(folder):
    s3 = client()
    s3.create_bucket(Bucket="shards")
    for shard in sorted(folder.iterdir()):
        s3.put_object(Bucket="shards", Key=shard.name, Body=shard.read_bytes())


class Work:
    """A folder of trainings."""

    def __init__(self, folder):
        self.folder, self.places = folder, {"local": folder / "shards", "remote": "s3://shards"}

    def command(self, way, name, epochs=1):
        spec = self.folder / f"{name}.yaml"
        spec.write_text(SPEC.format(place=self.places[way], epochs=epochs, bound=BOUND), encoding="utf-8")
        return [sys.executable, "-m", "cnncli", "train", str(spec), "--runs-dir", str(self.folder / "runs")]

    def environment(self, way):
        return {**os.environ, "CNNCLI_CACHE_DIR": str(self.folder / f"cache-{way}")}

    def empty(self, way):
        shutil.rmtree(self.folder / f"cache-{way}", ignore_errors=True)

    def seconds(self, way, name):
        """Time of a training."""
        began = time.perf_counter()
        subprocess.run(self.command(way, name), env=self.environment(way), check=True, capture_output=True)
        return time.perf_counter() - began

    def weights(self, name):
        return (self.folder / "runs" / f"{name}-001" / "weights" / "last.weights.h5").read_bytes()


def largest_size(folder, stopped):
    """Watches the size of a folder; the largest is in the list that it returns."""
    largest = [0]

    def watch():
        while not stopped.wait(0.05):
            size = 0
            for place, _, names in os.walk(folder):  # which passes over what is removed meanwhile
                for name in names:
                    with contextlib.suppress(OSError):
                        size += Path(place, name).lstat().st_size
            largest[0] = max(largest[0], size)

    threading.Thread(target=watch, daemon=True).start()
    return largest


def timed(work, rounds):
    """Paired ratios of remote to local, of first and of cached trainings."""
    first, again = [], []
    for number in range(rounds):
        ways = ("local", "remote")[:: 1 if number % 2 else -1]
        for times, kind in ((first, "first"), (again, "again")):
            taken = {}
            for way in ways:
                if kind == "first":
                    work.empty(way)
                taken[way] = work.seconds(way, f"{way}-{kind}-{number}")
            times.append(taken["remote"] / taken["local"])
            print(f"{kind}: local {taken['local']:.2f} s, remote {taken['remote']:.2f} s", flush=True)
    return first, again


def with_restart(work, program, process, address):
    """A first training during which the server is away for three seconds, and back with the same objects."""
    work.empty("remote")
    training = subprocess.Popen(work.command("remote", "restarted"), env=work.environment("remote"))
    copies = work.folder / "cache-remote" / "remote"
    while not any(copies.rglob("*.tar")):
        time.sleep(0.01)
    process.kill()
    process.wait()
    time.sleep(3)
    process, _ = started(program, address)
    upload(work.folder / "shards")
    assert training.wait() == 0
    return process


def with_kill(work):
    """Two epochs, killed when the checkpoint of the first is there, and resumed; and the same not killed."""
    for name in ("whole", "killed"):
        training = subprocess.Popen(work.command("remote", name, epochs=3), env=work.environment("remote"))
        while name == "killed" and not (work.folder / "runs" / "killed-001" / "history.csv").exists():
            time.sleep(0.01)
        if name == "killed":
            training.send_signal(signal.SIGKILL)
        training.wait()
    resume = [sys.executable, "-m", "cnncli", "resume", str(work.folder / "runs" / "killed-001")]
    subprocess.run(resume, env=work.environment("remote"), check=True)


def main(program, rounds, images, strict):
    process, address = started(program)
    os.environ.update(AWS_ENDPOINT_URL=address, AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret")
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    stopped = threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        work = Work(Path(folder))
        (work.folder / "shards").mkdir()
        write_shards(work.folder / "shards", images)
        upload(work.folder / "shards")
        try:
            first, again = timed(work, rounds)
            largest = largest_size(work.folder / "cache-remote", stopped)
            process = with_restart(work, program, process, address)
            with_kill(work)
        finally:
            stopped.set()
            process.kill()
        same = {name: work.weights(name) for name in ("local-first-0", "remote-first-0", "remote-again-0", "restarted")}
        assert len(set(same.values())) == 1, "weights differ"
        assert work.weights("whole") == work.weights("killed"), "weights differ after a resume"
    assert largest[0] <= BOUND * 1e9, largest
    print(f"the same weights; the cache had at most {largest[0] / 1e6:.0f} MB of {BOUND * 1e3:.0f}")
    for name, ratios, limit in (("first", first, FIRST), ("cached", again, AGAIN)):
        print(f"{name} {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}), at most {limit}")
    return int(strict and (statistics.median(first) > FIRST or statistics.median(again) > AGAIN))


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--assert"]
    if not words:
        sys.exit(__doc__)
    numbers = [int(word) for word in words[1:]]
    sys.exit(main(words[0], *[*numbers, *(5, 5000)[len(numbers) :]], "--assert" in sys.argv))
