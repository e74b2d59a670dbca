"""The server under load: throughput against the bare work, latencies, memory, and what bad clients do to good ones.

    python benchmarks/serve.py RUN IMAGE [IMAGE ...] [--clients 200] [--seconds 60] [--each 1] [--stop]

First the same images are read and classified in a loop, with nothing around: images a second of one thread, one image
at a time. Then `cnncli serve RUN` answers clients on this machine, which each send one image after the other; for half
of the time alone, then beside clients that send too much, half an image, no image, and one byte a second. Every answer
is compared with that of the loop. With --each a request has so many images; with --stop the server gets SIGTERM while
all of them send.

RUN needs an export. Clients and server share the processors, so more of them answer more.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

BAD = ("huge", "cut off", "wrong", "damaged", "slow")
BARE_SECONDS = 5.0


def bare(run_path, files):
    """Images a second of a loop, and the class of each image."""
    from cnncli.data.decode.image import read_image
    from cnncli.inference import open_quickest
    from cnncli.runner.open_run import OpenRun
    from cnncli.runs import find_run

    run = OpenRun(find_run(run_path, Path("runs")))
    engine = open_quickest(run, None, 1, weights="best", allow_changed_weights=False, notice=print)
    names = run.class_names

    def classified(file):
        return engine.probabilities(read_image(file, run.input_format)[None])[0]

    answers = [names[classified(file).argmax()] for file in files]
    count, began, computed = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - began < BARE_SECONDS:
        classified(files[count % len(files)])
        count += 1
    own = Rate(count / (time.perf_counter() - began), (time.process_time() - computed) / count)
    return own, answers, engine.words


class Rate(NamedTuple):
    """How quick something is: images a second, and seconds of computing for one."""

    images: float
    computing: float


class Client(asyncio.Protocol):
    """Sends one image after the other, and remembers how long each answer took."""

    def __init__(self, load, number):
        self._load, self._next, self._text, self._done = load, number, b"", False

    def connection_made(self, transport):
        self._transport = transport
        self._send()

    def _send(self):
        self._next = (self._next + 1) % len(self._load.requests)
        self._began, self._waits = time.perf_counter(), True
        self._transport.write(self._load.requests[self._next])

    def data_received(self, data):
        self._text += data
        head, gap, body = self._text.partition(b"\r\n\r\n")
        size = int(re.search(rb"content-length: (\d+)", head)[1]) if gap else 0
        if not gap or len(body) < size:
            return
        self._load.seconds.append(time.perf_counter() - self._began)
        status = head[9:12].decode()
        if status == "200":
            named = [each["class"] for each in json.loads(body)["predictions"]]
            status = status if named == self._load.answers[self._next] else "another answer"
        self._load.good[status] += 1
        self._text, self._waits = b"", False
        if self._load.is_on and b"connection: close" not in head:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error):
        if self._waits:
            self._load.good["no answer"] += 1
        self._load.open -= 1


class Load:
    """All clients of one measurement."""

    def __init__(self, port, files, answers, each):
        self.port, self.files, self.each = port, files, each
        groups = [[(start + step) % len(files) for step in range(each)] for start in range(len(files))]
        self.answers = [[answers[number] for number in group] for group in groups]
        self.requests = [post(*(files[number] for number in group)) for group in groups]
        self.seconds, self.good, self.bad = [], Counter(), Counter()
        self.is_on, self.open = True, 0

    async def run(self, clients, seconds, with_bad=False, stop=None):
        loop = asyncio.get_running_loop()
        for number in range(clients):
            self.open += 1
            await loop.create_connection(lambda number=number: Client(self, number), "127.0.0.1", self.port)
        bad = [asyncio.create_task(self._bad(kind)) for kind in BAD * 8 if with_bad]
        await asyncio.sleep(seconds)
        if stop:
            stop()
            await asyncio.sleep(0.2)
        self.is_on = False
        end = time.monotonic() + 40
        while self.open and time.monotonic() < end:
            await asyncio.sleep(0.05)
        await asyncio.gather(*bad)

    async def _bad(self, kind):
        while self.is_on:
            try:
                self.bad[kind, await getattr(self, kind.replace(" ", "_"))()] += 1
            except OSError as error:
                self.bad[kind, type(error).__name__] += 1
                await asyncio.sleep(0.2)
            await asyncio.sleep(random.random())

    async def _sent(self, request, pause=0.0):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        with contextlib.closing(writer):
            parts = [request] if not pause else [request[at : at + 1] for at in range(len(request))]
            for part in parts:
                writer.write(part)
                with contextlib.suppress(ConnectionError):
                    await writer.drain()
                if pause:
                    with contextlib.suppress(TimeoutError):
                        return (await asyncio.wait_for(reader.read(12), pause))[9:12].decode()
            return (await reader.read(12))[9:12].decode() or "closed"

    async def huge(self):
        return await self._sent(post(b"\0" * (40 << 20)))

    async def wrong(self):
        return await self._sent(post(b"this is no image " * 1000))

    async def damaged(self):
        return await self._sent(post(self.files[0][: len(self.files[0]) // 2]))

    async def slow(self):
        return await self._sent(self.requests[0], pause=1.0)

    async def cut_off(self):
        _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(self.requests[0][: len(self.requests[0]) // 2])
        await asyncio.sleep(random.random())
        writer.close()
        return "closed"


def post(*files):
    """A request for the predictions of images."""
    body, kind = files[0], "image/png"
    if len(files) > 1:
        parts = [b"--abc\r\nContent-Disposition: form-data; name=image\r\n\r\n" + file for file in files]
        body, kind = b"\r\n".join([*parts, b"--abc--"]), "multipart/form-data; boundary=abc"
    head = f"POST /predict?top=1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Content-Type: {kind}\r\n\r\n".encode() + body


def memory(process):
    """MiB that the server holds."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s*(\d+)", status)[1]) / 1024


def computing(process):
    """Seconds that the server has computed so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def told(name, load, seconds, own, process, before):
    """Prints a measurement."""
    times = sorted(load.seconds)
    p50, p99 = (1000 * times[int(len(times) * share)] for share in (0.5, 0.99))
    images = load.each * len(times)
    rate = Rate(images / seconds, (computing(process) - before) / images)
    print(
        f"{name:<18} {rate.images:7.0f} images/s, {rate.images / own.images:.2f} of the loop; "
        f"{1000 * rate.computing:.2f} ms of computing each, {rate.computing / own.computing:.2f} of the loop; "
        f"p50 {p50:.0f} ms, p99 {p99:.0f} ms"
    )
    print(f"{'':<18} answers {dict(load.good)}, memory {memory(process):.0f} MiB")
    if load.bad:
        print(
            f"{'':<18} bad clients { ({f'{kind}: {how}': count for (kind, how), count in sorted(load.bad.items())}) }"
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("run")
    parser.add_argument("images", nargs="+", type=Path)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--each", type=int, default=1)
    parser.add_argument("--stop", action="store_true")
    options = parser.parse_args()
    files = [path.read_bytes() for path in options.images]
    own, answers, engine = bare(options.run, files)
    print(f"bare loop          {own.images:7.0f} images/s, {1000 * own.computing:.2f} ms of computing each ({engine})")
    command = [sys.executable, "-m", "cnncli", "serve", options.run, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = int(process.stdout.readline().strip().rstrip("/").rpartition(":")[2])
            good, mixed = (Load(port, files, answers, options.each) for _ in range(2))
            before = computing(process)
            asyncio.run(good.run(options.clients, options.seconds / 2))
            told("good clients", good, options.seconds / 2, own, process, before)
            before = computing(process)
            stop = (lambda: process.send_signal(signal.SIGTERM)) if options.stop else None
            asyncio.run(mixed.run(options.clients, options.seconds / 2, with_bad=True, stop=stop))
            if not stop:
                told("with bad clients", mixed, options.seconds / 2, own, process, before)
        finally:
            process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    if options.stop:
        print(f"SIGTERM under load: good {dict(mixed.good)}, bad {dict(mixed.bad)}")
    print(f"exit code {code}")
    wrong = sum(count for status, count in (good.good + mixed.good).items() if status != "200")
    return wrong or code


if __name__ == "__main__":
    sys.exit(bool(main()))
