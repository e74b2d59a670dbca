"""Tar shards on a web server, which an index names: errors, pauses that it asks for, and certificates."""

import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from memory_server import shard

from cnncli.data import cache_room
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.remote import requests
from cnncli.data.remote.requests import retried
from cnncli.data.remote.shard_index import INDEX, indexed, written
from cnncli.data.remote.shard_set import shards_at
from cnncli.data.sources import table
from cnncli.errors import CnncliError, DataError, ResourceError

BOUND = 70_000  # bytes: two of five shards


class Handler(SimpleHTTPRequestHandler):
    """Files of a folder; the first answers for some of them may be errors."""

    def do_GET(self):
        self.answer(super().do_GET)

    def do_HEAD(self):
        self.answer(super().do_HEAD)

    def answer(self, well):
        server = self.server
        if server.name in self.path and server.failing > 0:
            server.failing -= 1
            if server.status == "reset":
                self.connection.close()
                return
            self.send_response(server.status)
            for header, value in server.headers.items():
                self.send_header(header, value)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        well()

    def log_message(self, *words):
        pass


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(cache_room, "_held", {})
    monkeypatch.setattr(requests, "PAUSES", (0.01,) * 3)
    (folder := tmp_path / "site" / "shards").mkdir(parents=True)
    for number in range(5):
        (folder / f"{number}.tar").write_bytes(shard(number * 10, 10))
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    (folder / INDEX).write_bytes(written({name: indexed(folder / name) for name in sizes}, sizes))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path / "site"))) as server:
        server.name, server.status, server.failing, server.headers = "none", 500, 0, {}
        server.folder, server.address = folder, f"http://127.0.0.1:{server.server_address[1]}/shards"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def pixels(address):
    """The first pixel of every image, in order."""
    shards = shards_at(address, None, BOUND, lambda line: None)
    data = table.load(shards.folder, InputFormat(4, 4, 3), shards=shards)
    return data.splits["train"].read(np.arange(50))[:, 0, 0, 0].tolist()


def test_shards_are_read_in_a_folder_that_the_server_does_not_list(site):
    assert pixels(site.address) == [*range(50)]
    (site.folder / INDEX).unlink()
    assert shards_at(site.address, None, BOUND, lambda line: None) is None


@pytest.mark.representatives("404", "reset")
@pytest.mark.parametrize("name", ["3.tar", INDEX])
@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (403, ResourceError, "may not be read with these credentials"),
        (404, DataError, "there is no"),
        (500, ResourceError, "cannot be read: "),
        ("reset", ResourceError, "cannot be read: "),
    ],
)
def test_a_server_that_goes_on_failing_is_told(site, name, status, kind, said):
    site.name, site.status, site.failing = name, status, 1000
    if (name, status) == (INDEX, 404):
        assert shards_at(site.address, None, BOUND, lambda line: None) is None
        return
    with pytest.raises(CnncliError, match=said) as raised:
        pixels(site.address)
    assert isinstance(raised.value, kind)
    assert site.address in raised.value.message


@pytest.mark.representatives("reset-3", f"503-{INDEX}")
@pytest.mark.parametrize("name", ["3.tar", INDEX])
@pytest.mark.parametrize("status", [429, 503, "reset"])
def test_a_server_that_fails_for_a_while_is_asked_again(site, name, status):
    site.name, site.status, site.failing = name, status, 2
    assert pixels(site.address) == [*range(50)]


def test_a_server_is_left_alone_for_as_long_as_it_asks(site, monkeypatch):
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    for wanted in ("3", "100000", "soon", "-1"):
        site.name, site.status, site.failing, site.headers = INDEX, 429, 1, {"Retry-After": wanted}
        shards_at(site.address, None, BOUND, lambda line: None)
    assert [pause for pause in pauses if pause >= 0.01] == [3.0, 60.0, 0.01, 0.01]


@pytest.mark.parametrize("error", [ssl.SSLCertVerificationError("no"), FileNotFoundError("no"), PermissionError("no")])
def test_what_does_not_pass_is_not_tried_again(error):
    tried = []

    def ask():
        tried.append(1)
        raise error

    with pytest.raises(type(error)):
        retried(ask)
    assert len(tried) == 1


READS = """
import sys
from test_web_shards import pixels
from cnncli.errors import CnncliError
try:
    print(pixels(sys.argv[1]) == [*range(50)])
except CnncliError as error:
    print(error.message, "|", error.hint)
"""


@pytest.mark.exhaustive
@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_a_certificate_of_ones_own_is_trusted_where_a_variable_names_it(site, tmp_path):
    names = "subjectAltName=IP:127.0.0.1"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", names, "-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "certificate")]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    site.socket = context.wrap_socket(site.socket, server_side=True)
    address = site.address.replace("http", "https")

    def said(**variables):
        paths = [str(Path(__file__).parent), str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **variables}
        done = subprocess.run([sys.executable, "-c", READS, address], env=environment, capture_output=True, text=True)
        return done.stdout.strip()

    assert said() == (
        f"the certificate of the server of {address} is not trusted | name the file of its authority in SSL_CERT_FILE, "
        "or for S3 in AWS_CA_BUNDLE"
    )
    assert said(SSL_CERT_FILE=str(tmp_path / "certificate")) == "True"
