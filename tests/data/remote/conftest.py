"""A real web server on this machine."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cnncli.data.remote import requests


class Site(ThreadingHTTPServer):
    """A web server with one file at every address, whose first answers may be errors."""

    def __init__(self):
        self.content, self.mark, self.failing, self.status, self.requests = b"pictures", '"one"', 0, 503, 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self, with_content):
                site.requests += 1
                site.failing -= 1
                if site.failing >= 0:
                    self.send_error(site.status)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(site.content)))
                if site.mark:
                    self.send_header("ETag", site.mark)
                self.end_headers()
                if with_content:
                    self.wfile.write(site.content)

            def do_GET(self):
                self.answer(True)

            def do_HEAD(self):
                self.answer(False)

            def log_message(self, *words):
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    def address(self, path):
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setattr(requests, "PAUSES", (0.01,) * 3)
    with Site() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()
