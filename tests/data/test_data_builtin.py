"""MNIST from the package; the other built-in sets from a server of our own, in the formats of the real ones."""

import ast
import gzip
import hashlib
import http.server
import importlib.util
import io
import pickle
import socket
import struct
import subprocess
import sys
import tarfile
import threading
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from cnncli.data.sources import builtin
from cnncli.data.sources.published import download, mnist
from cnncli.data.sources.published.download import RemoteFile
from cnncli.errors import DataError, ResourceError

# ---------------------------------------------------------------- MNIST


def sha256(array: np.ndarray) -> str:
    return hashlib.sha256(array.astype(np.uint8).tobytes()).hexdigest()


def test_mnist_is_mnist_byte_for_byte():
    data = builtin.load("mnist")
    train, test = data.splits["train"], data.splits["test"]
    assert train.images.shape == (60_000, 28, 28, 1)
    assert test.images.shape == (10_000, 28, 28, 1)
    assert train.images.dtype == np.uint8
    assert (train.labels.dtype, train.labels.ndim) == (np.int64, 1)
    assert train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert (train.names[0], train.names[-1], test.names[-1]) == ("0", "59999", "9999")
    assert data.class_names == tuple("0123456789")
    # Of the arrays in Keras' mnist.npz, not of our pack
    assert sha256(train.images) == "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757"
    assert sha256(train.labels) == "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13"
    assert sha256(test.images) == "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"
    assert sha256(test.labels) == "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"


def test_mnist_needs_no_network_no_keras_and_prints_nothing(tmp_path):
    code = (
        "import sys, socket\n"
        "def forbidden(*_): raise AssertionError('network')\n"
        "socket.socket.connect = socket.getaddrinfo = forbidden\n"
        "from cnncli.data.sources import builtin\n"
        "builtin.load('mnist', lambda text: print(text))\n"
        "assert not {'keras', 'tensorflow'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"KERAS_HOME": str(tmp_path / "none")}
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("damage", ["missing", "cut", "flipped"])
def test_a_damaged_pack_is_an_error_that_says_how_to_mend_it(damage, tmp_path, monkeypatch):
    copy = tmp_path / "mnist.xz"
    contents = bytearray(mnist.PACK.read_bytes())
    if damage == "flipped":
        contents[5_000_000] ^= 1
    if damage != "missing":
        copy.write_bytes(contents[: -1 if damage == "cut" else None])
    monkeypatch.setattr(mnist, "PACK", copy)
    mnist.arrays.cache_clear()  # as if this process had not read it
    with pytest.raises(DataError, match="installation of cnncli is damaged") as caught:
        builtin.load("mnist")
    assert str(copy) in caught.value.message
    assert "pip install --force-reinstall" in caught.value.hint


def test_the_notice_travels_with_the_pack():
    notice = mnist.PACK.with_name("MNIST-NOTICE.txt").read_text(encoding="utf-8")
    assert all(word in notice for word in ("LeCun", "Cortes", "Burges", "CC BY-SA 3.0", "only repacked"))


# ---------------------------------------------------------------- a server with small files in the true formats


def idx(array: np.ndarray) -> bytes:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return gzip.compress(header + array.tobytes())


class Python2Pickler(pickle._Pickler):
    """Writes byte strings as Python 2 did; the CIFAR files are of 2009."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_bytes(self, value):
        self.write(b"T" + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch[bytes] = save_bytes


def python2_pickle(value) -> bytes:
    out = io.BytesIO()
    Python2Pickler(out, protocol=2).dump(value)
    return out.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def tar_gz(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, contents in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(contents)
            tar.addfile(entry, io.BytesIO(contents))
    return out.getvalue()


RANDOM = np.random.default_rng(0)
CLOTHES = RANDOM.integers(0, 256, (7, 28, 28), dtype=np.uint8)
CLOTHES_LABELS = np.array([9, 0, 0, 3, 0, 2, 7], np.uint8)
PHOTOS = RANDOM.integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
PHOTO_LABELS = [6, 9, 9, 4, 1, 1, 2, 7, 8, 3, 4, 7]


def cifar_rows(photos: np.ndarray) -> np.ndarray:
    return np.stack([np.concatenate([photo[:, :, channel].ravel() for channel in range(3)]) for photo in photos])


def cifar10_archive() -> bytes:
    batches = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    members = {"cifar-10-batches-py/readme.html": b"<html>", "cifar-10-batches-py/batches.meta": python2_pickle({})}
    for place in (3, 0, 5, 2, 1, 4):  # the real archive is not in order either
        own = slice(2 * place, 2 * place + 2)
        batch = {b"data": cifar_rows(PHOTOS[own]), b"labels": PHOTO_LABELS[own], b"batch_label": b"some"}
        members[f"cifar-10-batches-py/{batches[place]}"] = python2_pickle(batch)
    return tar_gz(members)


def cifar100_archive() -> bytes:
    def part(own):
        coarse = [0] * len(PHOTO_LABELS[own])
        fine = [label + 90 for label in PHOTO_LABELS[own]]
        return python2_pickle({b"data": cifar_rows(PHOTOS[own]), b"fine_labels": fine, b"coarse_labels": coarse})

    return tar_gz({"cifar-100-python/train": part(slice(0, 8)), "cifar-100-python/test": part(slice(8, 12))})


class Server(http.server.ThreadingHTTPServer):
    """Serves the bytes in `files` by path, and counts what it was asked."""

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.cut: int | None = None
        super().__init__(("127.0.0.1", 0), Handler)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        body = self.server.files.get(self.path)
        if body is None:
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.cut])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A running server, its files entered in the table of downloads, and an empty cache in `tmp_path / "cache"`."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "cache"))
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        contents = {
            "fashion_mnist": (idx(CLOTHES[:5]), idx(CLOTHES_LABELS[:5]), idx(CLOTHES[5:]), idx(CLOTHES_LABELS[5:])),
            "cifar10": (cifar10_archive(),),
            "cifar100": (cifar100_archive(),),
        }
        table = {}
        for name, remote in builtin.DOWNLOADS.items():
            table[name] = tuple(
                RemoteFile(running.url(f"/{file.place}"), file.place, hashlib.sha256(content).hexdigest(), len(content))
                for file, content in zip(remote, contents[name], strict=True)
            )
            running.files |= {f"/{file.place}": content for file, content in zip(remote, contents[name], strict=True)}
        monkeypatch.setattr(builtin, "DOWNLOADS", table)
        yield running
        running.shutdown()
        thread.join()


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# ---------------------------------------------------------------- what is read


def test_fashion_mnist(server):
    data = builtin.load("fashion_mnist")
    assert np.array_equal(data.splits["train"].images, CLOTHES[:5, :, :, None])
    assert np.array_equal(data.splits["test"].images, CLOTHES[5:, :, :, None])
    assert data.splits["train"].labels.tolist() == [9, 0, 0, 3, 0]
    assert data.splits["test"].labels.tolist() == [2, 7]
    assert data.splits["train"].labels.dtype == np.int64
    assert data.class_names[9] == "Ankle boot"


def test_cifar10(server):
    data = builtin.load("cifar10")
    assert np.array_equal(data.splits["train"].images, PHOTOS[:10])
    assert np.array_equal(data.splits["test"].images, PHOTOS[10:])
    assert data.splits["train"].labels.tolist() == PHOTO_LABELS[:10]
    assert data.splits["test"].labels.tolist() == PHOTO_LABELS[10:]
    assert data.splits["train"].images.flags.c_contiguous


def test_cifar100_has_the_fine_labels(server):
    data = builtin.load("cifar100")
    assert np.array_equal(data.splits["train"].images, PHOTOS[:8])
    assert data.splits["train"].labels.tolist() == [label + 90 for label in PHOTO_LABELS[:8]]
    assert data.splits["test"].labels.tolist() == [label + 90 for label in PHOTO_LABELS[8:]]
    assert data.splits["test"].labels.dtype == np.int64


def test_a_pickle_that_wants_to_run_something_is_refused(server, tmp_path, monkeypatch):
    class Malice:
        def __reduce__(self):
            return (exec, (f"open({str(tmp_path / 'ran')!r}, 'w')",))

    evil = pickle.dumps(Malice())
    archive = tar_gz({"cifar-100-python/train": evil, "cifar-100-python/test": evil})
    file = builtin.DOWNLOADS["cifar100"][0]
    server.files[f"/{file.place}"] = archive
    changed = RemoteFile(file.url, file.place, hashlib.sha256(archive).hexdigest(), len(archive))
    monkeypatch.setattr(builtin, "DOWNLOADS", {"cifar100": (changed,)})
    with pytest.raises(pickle.UnpicklingError, match=r"builtins\.exec"):
        builtin.load("cifar100")
    assert not (tmp_path / "ran").exists()


# ---------------------------------------------------------------- when it is downloaded, and what is said


def test_it_is_downloaded_once_and_only_then_is_there_a_notice(server, tmp_path, capfd):
    said: list[str] = []
    builtin.load("fashion_mnist", said.append)
    assert len(said) == len(server.asked) == 4
    assert said[0].startswith("downloading http://127.0.0.1")
    assert said[0].endswith("KiB)")
    builtin.load("fashion_mnist", said.append)
    assert len(said) == len(server.asked) == 4
    names = ["t10k-images-idx3", "t10k-labels-idx1", "train-images-idx3", "train-labels-idx1"]
    assert files_in(tmp_path / "cache") == [f"datasets/fashion-mnist/{name}-ubyte.gz" for name in names]
    assert capfd.readouterr() == ("", "")


def test_a_damaged_file_in_the_cache_is_fetched_again(server, tmp_path):
    builtin.load("cifar10")
    (cached,) = (tmp_path / "cache").rglob("*_archive")
    cached.write_bytes(cached.read_bytes()[:-10])
    said: list[str] = []
    data = builtin.load("cifar10", said.append)
    assert said[0].startswith("what is in the cache is damaged; downloading")
    assert np.array_equal(data.splits["train"].images, PHOTOS[:10])


def test_the_cache_is_where_keras_has_it(monkeypatch):
    # Read from the source, because importing Keras takes seconds
    def source(name: str) -> str:
        spec = importlib.util.find_spec("keras")
        return (Path(spec.submodule_search_locations[0]) / "src" / "datasets" / f"{name}.py").read_text()

    for name in ("cifar10", "cifar100"):
        (file,) = builtin.DOWNLOADS[name]
        words = {node.value for node in ast.walk(ast.parse(source(name))) if isinstance(node, ast.Constant)}
        assert {file.url, file.digest} <= words
        assert file.place.removeprefix("datasets/").removesuffix("_archive") in words
    for file in builtin.DOWNLOADS["fashion_mnist"]:
        base, _, name = file.url.rpartition("/")
        assert f'"{base}/"' in source("fashion_mnist")
        assert f'"{name}"' in source("fashion_mnist")
        assert file.place == f"datasets/fashion-mnist/{name}"
    monkeypatch.delenv("KERAS_HOME", raising=False)
    assert download.download_dir() == Path.home() / ".keras"
    monkeypatch.setenv("KERAS_HOME", "~/elsewhere")
    assert download.download_dir() == Path.home() / "elsewhere"


# ---------------------------------------------------------------- when it fails


def test_no_server_says_what_to_put_where(server, tmp_path, monkeypatch):
    first, second, *rest = builtin.DOWNLOADS["fashion_mnist"]
    (tmp_path / "cache" / first.place).parent.mkdir(parents=True)
    (tmp_path / "cache" / first.place).write_bytes(server.files[f"/{first.place}"])
    dead = RemoteFile("http://127.0.0.1:1/labels.gz", second.place, second.digest, second.size)
    monkeypatch.setattr(builtin, "DOWNLOADS", {"fashion_mnist": (first, dead, *rest)})
    with pytest.raises(DataError, match=r"http://127\.0\.0\.1:1/labels\.gz could not be reached: .*refused") as caught:
        builtin.load("fashion_mnist")
    hint = caught.value.hint
    for file in (dead, *rest):  # every file that is missing, not only the one that failed
        assert file.url in hint
        assert str(tmp_path / "cache" / file.place) in hint
        assert file.digest in hint
    assert first.url not in hint
    assert "image files of your own" in hint


def test_a_host_without_a_name_could_not_be_reached(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    file = RemoteFile("http://cnncli.invalid/x", "x", "00", 1)
    with pytest.raises(DataError, match=r"http://cnncli\.invalid/x could not be reached"):
        download.fetch([file])


def test_a_server_that_falls_silent_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(download, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes the connection and never answers
        file = RemoteFile(f"http://127.0.0.1:{silent.getsockname()[1]}/x", "x", "00", 1)
        with pytest.raises(DataError, match="could not be reached: timed out"):
            download.fetch([file])


def test_404(server, tmp_path):
    server.files.clear()
    with pytest.raises(DataError, match="could not be downloaded: the server answered 404 Not Found"):
        builtin.load("cifar10")
    assert files_in(tmp_path / "cache") == []


def test_a_wrong_hash_leaves_nothing_that_is_taken_for_good(server, tmp_path):
    (file,) = builtin.DOWNLOADS["cifar10"]
    good = server.files[f"/{file.place}"]
    server.files[f"/{file.place}"] = good[:-1] + bytes([good[-1] ^ 1])
    with pytest.raises(DataError, match="is not the expected file: its SHA-256 is") as caught:
        builtin.load("cifar10")
    assert file.digest in caught.value.message
    assert files_in(tmp_path / "cache") == []
    server.files[f"/{file.place}"] = good
    assert len(builtin.load("cifar10").splits["train"]) == 10


def test_a_connection_that_breaks_leaves_the_old_file_alone(server, tmp_path):
    (file,) = builtin.DOWNLOADS["cifar100"]
    cached = tmp_path / "cache" / file.place
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"older")
    server.cut = 100
    with pytest.raises(DataError, match=rf"was cut off after 100 of {file.size:,} bytes"):
        builtin.load("cifar100")
    assert files_in(tmp_path / "cache") == [file.place]
    assert cached.read_bytes() == b"older"


def test_a_server_that_sends_too_much_is_stopped(server, tmp_path):
    (file,) = builtin.DOWNLOADS["cifar100"]
    server.files[f"/{file.place}"] += b"more"
    with pytest.raises(DataError, match=rf"sent more than the expected {file.size:,} bytes"):
        builtin.load("cifar100")
    assert files_in(tmp_path / "cache") == []


def test_a_cache_that_cannot_be_written_to(server, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(ResourceError, match="cannot be written") as caught:
        builtin.load("cifar10")
    assert str(tmp_path / "cache") in caught.value.message
    assert "KERAS_HOME" in caught.value.hint
