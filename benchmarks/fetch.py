"""How fast small objects are fetched from an S3 server: `cnncli data fetch` beside 16 bare threads of botocore.

    python benchmarks/fetch.py MOTO_SERVER [rounds] [objects] [--assert]

MOTO_SERVER is the program of moto[server], which serves JPEGs of 64×64 pixels on loopback. Each round lists and
fetches all of them in both ways, in turn; prints the median of the paired ratios of requests a second. Limit: 0.9.
"""

import io
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from botocore.config import Config
from botocore.session import Session
from PIL import Image

from cnncli.data.remote.fetch import THREADS, fetch

REQUIRED = 0.9
BUCKET = "photos"


def started(program, address=""):
    """A server, and its address: a free one unless it is given."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(address.rpartition(":")[2]) if address else free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(port)], env=environment, **quiet)
    address = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/moto-api/", timeout=5)
            return process, address
        except OSError:
            time.sleep(0.1)
    raise TimeoutError


def client():
    return Session().create_client("s3", config=Config(max_pool_connections=THREADS))


def upload(count):
    """Writes JPEGs of noise into a new bucket."""
    random, s3 = np.random.default_rng(0), client()
    s3.create_bucket(Bucket=BUCKET)
    for number in range(count):
        file = io.BytesIO()
        Image.fromarray(random.integers(0, 256, (64, 64, 3)).astype(np.uint8)).save(file, "JPEG")
        s3.put_object(Bucket=BUCKET, Key=f"class-{number % 10}/{number}.jpg", Body=file.getvalue())
    return [f"class-{number % 10}/{number}.jpg" for number in range(count)]


def bare(names):
    """Seconds that threads take which list the bucket, ask, and forget what they get."""
    began = time.perf_counter()
    s3 = client()
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    listed = [entry["Key"] for page in pages for entry in page["Contents"]]
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(lambda name: s3.get_object(Bucket=BUCKET, Key=name)["Body"].read(), listed):
            pass
    assert len(listed) == len(names)
    return time.perf_counter() - began


def fetched(names):
    """Seconds that `cnncli data fetch` takes."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        assert fetch(f"s3://{BUCKET}", Path(folder) / "copy", lambda text: None).copied == len(names)
        return time.perf_counter() - began


def main(program, rounds, count, strict):
    process, address = started(program)
    try:
        os.environ.update(AWS_ENDPOINT_URL=address, AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret")
        os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
        names = upload(count)
        seconds = {bare: [], fetched: []}
        bare(names)
        for number in range(rounds):
            for way in (bare, fetched)[:: 1 if number % 2 else -1]:
                seconds[way].append(way(names))
    finally:
        process.kill()
    ratios = [before / ours for before, ours in zip(seconds[bare], seconds[fetched], strict=True)]
    ratio = statistics.median(ratios)
    for way, name in ((bare, "16 bare threads"), (fetched, "cnncli data fetch")):
        print(f"{name:18} {count / statistics.median(seconds[way]):6.0f} requests a second")
    print(f"ratio {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f}, {rounds} pairs), at least {REQUIRED}")
    return int(strict and ratio < REQUIRED)


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--assert"]
    if not words:
        sys.exit(__doc__)
    numbers = [int(word) for word in words[1:]]
    sys.exit(main(words[0], *[*numbers, *(5, 2000)[len(numbers) :]], "--assert" in sys.argv))
