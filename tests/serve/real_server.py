"""Servers of tests: processes of their own, and ways to ask them."""

import contextlib
import http.client
import io
import json
import signal
from collections import namedtuple

from PIL import Image

Answer = namedtuple("Answer", "status headers body")

WITH_LIMITS = """\
import functools, json, sys
from cnncli.cli import main
from cnncli.serve import limits, server

given = limits.Limits(**json.loads(sys.argv.pop(1)))
server.run = functools.partial(server.run, limits=given)
main()
"""


def png(level, height=20, width=24, mode="RGB"):
    """The bytes of a PNG of one grey; in the mode `1`, black for 0, a large one is made at once."""
    file = io.BytesIO()
    Image.new(mode, (width, height), (level, level, level) if mode == "RGB" else level).save(file, "PNG")
    return file.getvalue()


class Server:
    """A server in a process of its own."""

    def __init__(self, process):
        self.process = process
        self.port = int(process.stdout.readline().strip().rstrip("/").rpartition(":")[2])
        self.url = f"http://127.0.0.1:{self.port}"

    def ask(self, path, body=None, method=None, **headers):
        """One request; its answer, the body of JSON read."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        with contextlib.closing(connection):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method or ("GET" if body is None else "POST"), path, body, named)
            answer = connection.getresponse()
            content = answer.read()
        kind = answer.headers["content-type"]
        return Answer(answer.status, answer.headers, json.loads(content) if kind == "application/json" else content)

    def stop(self, number=signal.SIGTERM):
        """Stops it; its exit code and what it wrote to stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=300)
        return self.process.returncode, errors
