"""Trainings on tar shards in an S3 server beside the same on a disk: time, bits, limit of the cache, and a restart.

    python benchmarks/remote.py MOTO_SERVER [rounds] [images] [--to FILE] [--assert]

MOTO_SERVER is the program of moto[server], which serves JPEGs of 160×160 pixels in shards of 500 on loopback. Each
round trains two epochs with an empty cache and one with a full one, in both ways, in turn; prints the median of the
paired ratios of the time of the whole commands, of the first epoch with all that comes before it, and of an epoch from
the cache. Limits: 1.5 and 1.02. With `--to`, times are added to a file, and all in it count.

With 0 rounds, nothing is timed: one training while the server is killed and started again, and some that are killed
themselves and resumed, with a cache that has room for all, and with one that has not, so that every epoch fetches the
shards anew. Their weights are those of the trainings that were left alone.
"""

import contextlib
import csv
import io
import json
import os
import shutil
import signal
import socket
import socketserver
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from pathlib import Path
from unittest import mock

import numpy as np
from fetch import client, started
from PIL import Image

LIMITS = {"first command": 1.5, "first epoch": 1.5, "cached command": 1.02, "cached epoch": 1.02}
SHARD = 500
BOUND, TIGHT = 0.4, 0.03  # GB: for all shards, and for six of them
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


def upload(folder, address=None):
    with mock.patch.dict(os.environ, {"AWS_ENDPOINT_URL": address} if address else {}):
        s3 = client()
    s3.create_bucket(Bucket="shards")
    for shard in sorted(folder.iterdir()):
        s3.put_object(Bucket="shards", Key=shard.name, Body=shard.read_bytes())


class Work:
    """A folder of trainings."""

    def __init__(self, folder):
        self.folder, self.places = folder, {"local": folder / "shards", "remote": "s3://shards"}

    def command(self, way, name, epochs=2, bound=BOUND):
        spec = self.folder / f"{name}.yaml"
        spec.write_text(SPEC.format(place=self.places[way], epochs=epochs, bound=bound), encoding="utf-8")
        return [sys.executable, "-m", "cnncli", "train", str(spec), "--runs-dir", str(self.folder / "runs")]

    def environment(self, way):
        return {**os.environ, "CNNCLI_CACHE_DIR": str(self.folder / f"cache-{way}")}

    def empty(self, way):
        shutil.rmtree(self.folder / f"cache-{way}", ignore_errors=True)

    def times(self, way, name):
        """Seconds of a training: of the command, up to the end of its first epoch, and of its last epoch alone."""
        history, began = self.history(name), time.perf_counter()
        training = subprocess.Popen(
            self.command(way, name),
            env=self.environment(way),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while training.poll() is None and not history.exists():
            time.sleep(0.005)
        first = time.perf_counter() - began
        assert training.wait() == 0
        taken = time.perf_counter() - began
        with history.open(encoding="utf-8", newline="") as file:
            last = float([*csv.DictReader(file)][-1]["seconds"])
        return {"command": taken, "first": first, "last": last}

    def history(self, name):
        return self.folder / "runs" / f"{name}-001" / "history.csv"

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


def timed(work, rounds, file):
    """Paired ratios of remote to local by what was timed; those in the file count as well."""
    ratios = {name: [] for name in LIMITS}
    if file and file.exists():
        ratios = json.loads(file.read_text())
    for number in range(rounds):
        ways = ("local", "remote")[:: 1 if len(ratios["first epoch"]) % 2 else -1]
        for kind, what in (("first", "first"), ("cached", "last")):
            taken = {}
            for way in ways:
                if kind == "first":
                    work.empty(way)
                taken[way] = work.times(way, f"{way}-{kind}-{number}")
            for name, key in ((f"{kind} command", "command"), (f"{kind} epoch", what)):
                ratios[name].append(taken["remote"][key] / taken["local"][key])
                print(f"{name}: local {taken['local'][key]:.2f} s, remote {taken['remote'][key]:.2f} s", flush=True)
        if file:
            file.write_text(json.dumps(ratios))
    return ratios


class Door(socketserver.ThreadingTCPServer):
    """A port that leads to a server, or to none."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self, address):
        self.target = address
        super().__init__(("127.0.0.1", 0), Visitor)
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Visitor(socketserver.BaseRequestHandler):
    """A connection through the door."""

    def handle(self):
        if self.server.target is None:
            return
        port = int(self.server.target.rpartition(":")[2])
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as inside:
            threading.Thread(target=self.carry, args=(self.request, inside), daemon=True).start()
            self.carry(inside, self.request)

    def carry(self, source, target):
        with contextlib.suppress(OSError):
            while content := source.recv(1 << 16):
                target.sendall(content)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


def with_restart(work, program, process, door, bound, name):
    """A training during which the server is away for three seconds, and back with the same objects."""
    work.empty("remote")
    training = subprocess.Popen(work.command("remote", name, 3, bound), env=work.environment("remote"))
    copies = work.folder / "cache-remote" / "remote"
    while not (any(copies.rglob("*.tar")) if bound == BOUND else work.history(name).exists()):
        time.sleep(0.01)
    door.target = None
    process.kill()
    process.wait()
    process, address = started(program)
    upload(work.folder / "shards", address)
    time.sleep(3)
    door.target = address
    assert training.wait() == 0
    return process


def with_kills(work, bound, name):
    """A training that is killed three times, in its first epoch and later ones, and resumed."""
    environment = work.environment("remote")
    training = subprocess.Popen(work.command("remote", name, 3, bound), env=environment)
    checkpoint = work.folder / "runs" / f"{name}-001" / "data.json"
    for place, pause in ((checkpoint, 0.3), (work.history(name), 0.0), (work.history(name), 4.0)):
        while training.poll() is None and not place.exists():
            time.sleep(0.01)
        time.sleep(pause)
        training.send_signal(signal.SIGKILL)
        training.wait()
        resume = [sys.executable, "-m", "cnncli", "resume", str(work.folder / "runs" / f"{name}-001")]
        training = subprocess.Popen(resume, env=environment)
    training.wait()


def survived(work, program, process, address):
    """Whether trainings through restarts and kills end like those that are left alone; the last server."""
    door = Door(address)
    os.environ["AWS_ENDPOINT_URL"] = door.address
    for bound, name in ((BOUND, "room"), (TIGHT, "tight")):
        work.empty("remote")
        stopped = threading.Event()
        largest = largest_size(work.folder / "cache-remote", stopped)
        subprocess.run(work.command("remote", name, 3, bound), env=work.environment("remote"), check=True)
        process = with_restart(work, program, process, door, bound, f"{name}-restarted")
        with_kills(work, bound, f"{name}-killed")
        stopped.set()
        same = {work.weights(each) for each in (name, f"{name}-restarted", f"{name}-killed")}
        assert len(same) == 1, f"{name}: weights differ"
        assert largest[0] <= bound * 1e9 + 2e6, largest  # with the index
        print(f"{name}: the same weights; the cache had at most {largest[0] / 1e6:.1f} MB of {bound * 1e3:.0f}")
    return process


def main(program, rounds, images, file, strict):
    process, address = started(program)
    os.environ.update(AWS_ENDPOINT_URL=address, AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret")
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    ratios = {}
    with tempfile.TemporaryDirectory() as folder:
        work = Work(Path(folder))
        (work.folder / "shards").mkdir()
        write_shards(work.folder / "shards", images)
        upload(work.folder / "shards")
        try:
            if rounds:
                ratios = timed(work, rounds, file)
                names = ("local-first-0", "remote-first-0", "local-cached-0", "remote-cached-0")
                assert len({work.weights(name) for name in names}) == 1, "weights differ"
            else:
                process = survived(work, program, process, address)
        finally:
            process.kill()
    for name, each in ratios.items():
        middle = statistics.median(each)
        print(f"{name} {middle:.3f} ({min(each):.3f} to {max(each):.3f}, {len(each)} pairs), at most {LIMITS[name]}")
    return int(strict and any(statistics.median(each) > LIMITS[name] for name, each in ratios.items()))


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--assert"]
    file = None
    if "--to" in words:
        at = words.index("--to")
        file = Path(words[at + 1])
        del words[at : at + 2]
    if not words:
        sys.exit(__doc__)
    numbers = [int(word) for word in words[1:]]
    sys.exit(main(words[0], *[*numbers, *(5, 5000)[len(numbers) :]], file, "--assert" in sys.argv))
