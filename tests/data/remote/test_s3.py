"""A real S3 server on this machine, moto's: exact names, versions, a restart meanwhile."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

from cnncli.data.remote import requests
from cnncli.data.remote.fetch import RECORD, fetch
from cnncli.errors import DataError, ResourceError

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.skipif("CNNCLI_MOTO" not in os.environ, reason="CNNCLI_MOTO names the program moto_server"),
]


@pytest.fixture(scope="module")
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def started(port):
    command = [os.environ["CNNCLI_MOTO"], "-H", "127.0.0.1", "-p", str(port)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=5)
            return process
        except OSError:
            time.sleep(0.1)
    raise TimeoutError


@pytest.fixture(scope="module")
def server(port):
    process = started(port)
    yield process
    process.kill()


@pytest.fixture
def bucket(server, port, monkeypatch):
    """Writes an object into a new bucket, by its name."""
    from s3fs import S3FileSystem

    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden-word")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    system = S3FileSystem(skip_instance_cache=True, use_listings_cache=False)
    name = f"bucket-{time.monotonic_ns()}"
    system.mkdir(name)

    def write(path, content):
        with system.open(f"{name}/{path}", "wb") as file:
            file.write(content)

    write.name = name
    return write


def contents(folder):
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if name != RECORD}


def test_every_object_is_copied_by_its_exact_name(bucket, tmp_path):
    objects = {f"cats/{name}": name.encode() for name in ("a[1].jpg", "a1.jpg", "a*.jpg", "a?b.jpg", "ä 1#2%20.jpg")}
    objects |= {f"dogs/{number}.jpg": bytes([number]) * 1000 for number in range(60)}
    for name, content in objects.items():
        bucket(f"photos/{name}", content)
    bucket("photos-2/other.jpg", b"not asked for")
    fetched = fetch(f"s3://{bucket.name}/photos", tmp_path / "copy", print)
    assert (fetched.files, fetched.copied) == (65, 65)
    assert contents(tmp_path / "copy") == objects
    assert "hidden-word" not in (tmp_path / "copy" / RECORD).read_text()
    bucket("photos/dogs/1.jpg", b"changed")
    assert fetch(f"s3://{bucket.name}/photos/", tmp_path / "copy", print).copied == 1
    assert contents(tmp_path / "copy") == objects | {"dogs/1.jpg": b"changed"}
    assert fetch(f"s3://{bucket.name}/photos/cats/a[1].jpg", tmp_path / "one", print).files == 1
    assert contents(tmp_path / "one") == {"a[1].jpg": b"a[1].jpg"}


def test_an_object_in_several_parts_is_whole(bucket, tmp_path):
    content = os.urandom(12 << 20)
    with_parts = "shards/train-000.tar"
    from s3fs import S3FileSystem

    system = S3FileSystem(skip_instance_cache=True)
    with system.open(f"{bucket.name}/{with_parts}", "wb", block_size=5 << 20) as file:
        file.write(content)
    assert "-" in system.info(f"{bucket.name}/{with_parts}")["ETag"]
    assert fetch(f"s3://{bucket.name}/shards", tmp_path / "copy", print).copied == 1
    assert contents(tmp_path / "copy") == {"train-000.tar": content}
    assert fetch(f"s3://{bucket.name}/shards", tmp_path / "copy", print).copied == 0


def test_what_is_not_there_or_may_not_be_read_is_said(bucket, tmp_path, monkeypatch):
    with pytest.raises(DataError, match="there is nothing at"):
        fetch(f"s3://{bucket.name}/nothing", tmp_path, print)
    with pytest.raises(DataError):
        fetch("s3://no-such-bucket-anywhere/photos", tmp_path, print)
    monkeypatch.setattr(requests, "PAUSES", (0.01,))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(ResourceError) as raised:
        fetch(f"s3://{bucket.name}/photos", tmp_path, print)
    assert "hidden-word" not in raised.value.message


def test_an_interrupted_copy_is_completed_and_a_pause_of_the_server_waited_for(server, bucket, tmp_path):
    objects = {f"{number}.png": os.urandom(2000) for number in range(300)}
    for name, content in objects.items():
        bucket(f"many/{name}", content)
    command = [sys.executable, "-m", "cnncli", "data", "fetch", f"s3://{bucket.name}/many", str(tmp_path / "copy")]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    while first.poll() is None and len(list(tmp_path.glob("copy/*.png"))) < 20:
        time.sleep(0.02)
    first.send_signal(signal.SIGINT)
    first.communicate()
    before = len(contents(tmp_path / "copy"))
    server.send_signal(signal.SIGSTOP)
    threading.Timer(3, lambda: server.send_signal(signal.SIGCONT)).start()
    fetched = fetch(f"s3://{bucket.name}/many", tmp_path / "copy", print)
    assert contents(tmp_path / "copy") == objects
    assert fetched.copied == 300 - before
