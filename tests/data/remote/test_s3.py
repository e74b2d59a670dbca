"""A real S3 server on this machine, moto's: exact names, versions, a restart meanwhile."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
import urllib.request

import numpy as np
import pytest
from botocore.session import Session
from PIL import Image
from ports import free_port

from cnncli.data.inventory.own_files import FETCHED
from cnncli.data.remote import requests
from cnncli.data.remote.copies import local_copy
from cnncli.data.remote.fetch import fetch
from cnncli.data.remote.s3 import S3Objects
from cnncli.errors import DataError, ResourceError
from cnncli.runner.inputs.splits import decoded, load_splits
from cnncli.spec import load

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.skipif("CNNCLI_MOTO" not in os.environ, reason="CNNCLI_MOTO names the program moto_server"),
]


@pytest.fixture(scope="module")
def port():
    return free_port()


def started(port):
    command = [os.environ["CNNCLI_MOTO"], "-H", "127.0.0.1", "-p", str(port)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(3000):
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
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden-word")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = Session().create_client("s3")
    name = f"bucket-{time.monotonic_ns()}"
    client.create_bucket(Bucket=name)

    def write(path, content, **arguments):
        client.put_object(Bucket=name, Key=path, Body=content, **arguments)

    write.name, write.client = name, client
    return write


def contents(folder):
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if name != FETCHED}


def test_every_object_is_copied_by_its_exact_name(bucket, tmp_path):
    objects = {f"cats/{name}": name.encode() for name in ("a[1].jpg", "a1.jpg", "a*.jpg", "a?b.jpg", "ä 1#2%20.jpg")}
    objects |= {f"dogs/{number}.jpg": bytes([number]) * 1000 for number in range(60)}
    for name, content in objects.items():
        bucket(f"photos/{name}", content)
    bucket("photos-2/other.jpg", b"not asked for")
    fetched = fetch(f"s3://{bucket.name}/photos", tmp_path / "copy", print)
    assert (fetched.files, fetched.copied) == (65, 65)
    assert contents(tmp_path / "copy") == objects
    assert "hidden-word" not in (tmp_path / "copy" / FETCHED).read_text()
    bucket("photos/dogs/1.jpg", b"changed")
    assert fetch(f"s3://{bucket.name}/photos/", tmp_path / "copy", print).copied == 1
    assert contents(tmp_path / "copy") == objects | {"dogs/1.jpg": b"changed"}
    for number, name in enumerate(("a[1].jpg", "a?b.jpg", "ä 1#2%20.jpg")):
        assert fetch(f"s3://{bucket.name}/photos/cats/{name}", tmp_path / str(number), print).files == 1
        assert contents(tmp_path / str(number)) == {name: name.encode()}


def test_an_object_in_several_parts_is_whole(bucket, tmp_path):
    content = os.urandom((40 << 20) + 3)
    upload = {"Bucket": bucket.name, "Key": "shards/train-000.tar"}
    upload["UploadId"] = bucket.client.create_multipart_upload(**upload)["UploadId"]
    parts = []
    for number, start in enumerate(range(0, len(content), 16 << 20), 1):
        part = bucket.client.upload_part(**upload, PartNumber=number, Body=content[start : start + (16 << 20)])
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    whole = bucket.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert "-" in whole["ETag"]
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


def test_a_public_bucket_is_read_without_credentials_and_a_private_one_is_not(bucket, tmp_path, monkeypatch):
    bucket.client.put_bucket_acl(Bucket=bucket.name, ACL="public-read")
    bucket("photos/a.png", b"public", ACL="public-read")
    bucket("private/b.png", b"private", ACL="private")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    fetch(f"s3://{bucket.name}/photos", tmp_path / "copy", print)
    assert contents(tmp_path / "copy") == {"a.png": b"public"}
    with pytest.raises(ResourceError, match="may not be read with these credentials"):
        fetch(f"s3://{bucket.name}/private", tmp_path / "private", print)


def test_an_object_that_changes_while_it_is_copied_is_copied_anew(bucket, tmp_path, monkeypatch):
    old, new = os.urandom(20 << 20), os.urandom(20 << 20)
    bucket("shards/a.tar", old)
    read, asked = S3Objects.read, []

    def read_and_replace(self, path, start=0, stop=None, mark=""):
        if len(asked) == 1:
            bucket("shards/a.tar", new)
        asked.append(start)
        return read(self, path, start, stop, mark)

    monkeypatch.setattr(S3Objects, "read", read_and_replace)
    fetch(f"s3://{bucket.name}/shards", tmp_path / "copy", print)
    assert contents(tmp_path / "copy") == {"a.tar": new}


def shard(first, count):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for number in range(first, first + count):
            picture = io.BytesIO()
            Image.new("RGB", (8, 8), (number, 0, 0)).save(picture, "PNG")
            for suffix, content in (("png", picture.getvalue()), ("cls", str(number % 2).encode())):
                member = tarfile.TarInfo(f"{number:04}.{suffix}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def read(tmp_path, monkeypatch):
    """What a training reads of a table: names, labels and pixels by split."""
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "cache"))

    def images(path, **arguments):
        spec = tmp_path / "spec.yaml"
        source = {"table": {"path": str(path), **arguments}}
        spec.write_text(SPEC + f"data: {{source: {json.dumps(source)}, image: {{size: 8}}}}")
        splits = decoded(load_splits(load(spec).spec.data, 0), load(spec).spec.data)
        return {
            split: (of.names, of.labels.tolist(), of.read(np.arange(len(of))).tolist())
            for split, of in splits.samples.items()
        }

    return images


SPEC = "model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}\n"


def test_a_training_reads_a_bucket_as_it_reads_a_disk(server, bucket, tmp_path, read):
    (tmp_path / "shards").mkdir()
    for number in range(4):
        content = shard(number * 25, 25)
        bucket(f"shards/{number}.tar", content)
        (tmp_path / "shards" / f"{number}.tar").write_bytes(content)
    server.send_signal(signal.SIGSTOP)
    threading.Timer(3, lambda: server.send_signal(signal.SIGCONT)).start()
    assert read(f"s3://{bucket.name}/shards") == read(tmp_path / "shards")
    changed = shard(150, 25)
    bucket("shards/0.tar", changed)
    (tmp_path / "shards" / "0.tar").write_bytes(changed)
    assert read(f"s3://{bucket.name}/shards") == read(tmp_path / "shards")


def test_the_images_of_a_table_lie_beside_it_in_a_bucket(bucket, tmp_path, read):
    rows = ["image,label"]
    for number in range(40):
        picture = io.BytesIO()
        Image.new("RGB", (8, 8), (number, 0, 0)).save(picture, "PNG")
        bucket(f"photos/i/{number}.png", picture.getvalue())
        (tmp_path / "photos" / "i").mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / "i" / f"{number}.png").write_bytes(picture.getvalue())
        rows.append(f"i/{number}.png,{'ab'[number % 2]}")
    (tmp_path / "photos" / "labels.csv").write_text("\n".join(rows))
    bucket("photos/labels.csv", "\n".join(rows).encode())
    here = read(tmp_path / "photos" / "labels.csv")
    assert read(f"s3://{bucket.name}/photos/labels.csv") == here
    assert read(f"s3://{bucket.name}/photos/labels.csv", root=str(tmp_path / "photos")) == here


def test_a_copy_that_was_killed_is_completed(bucket, tmp_path, read):
    for number in range(200):
        bucket(f"photos/{'ab'[number % 2]}/{number}.bin", os.urandom(3000))
    environment = {**os.environ, "CNNCLI_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "cnncli", "data", f"s3://{bucket.name}/photos"]
    killed = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while killed.poll() is None and len(list((tmp_path / "cache").rglob("*.bin"))) < 20:
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    place = local_copy(f"s3://{bucket.name}/photos", 10**9, print)
    assert len(contents(place)) == 200
    assert {len(content) for content in contents(place).values()} == {3000}
    assert "hidden-word" not in (place / FETCHED).read_text()
