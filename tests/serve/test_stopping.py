"""SIGTERM and Ctrl-C: whoever was let in gets an answer."""

import signal
import socket
import threading
import time
from collections import Counter

import pytest
from real_server import png

pytestmark = pytest.mark.slow

REQUEST = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"


class Clients:
    """Clients that send one request after the other, each on an open connection, until it is closed."""

    def __init__(self, port, count):
        self.port, self.outcomes = port, Counter()
        self.under_way = threading.Barrier(count + 1)
        self.threads = [threading.Thread(target=self._send) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def _send(self):
        file = png(200, 400, 400)
        request = REQUEST % len(file) + file
        for turn in range(10_000):
            try:
                connection = socket.create_connection(("127.0.0.1", self.port), 300)
            except ConnectionRefusedError:  # nobody listens any more
                return
            with connection, connection.makefile("rb") as answers:
                for _ in range(5):
                    connection.sendall(request)
                    head = answers.readline()
                    length, closes = 0, False
                    while line := answers.readline().strip().lower():
                        length = int(line.split()[1]) if line.startswith(b"content-length") else length
                        closes = closes or line == b"connection: close"
                    complete = len(answers.read(length)) == length > 0
                    self.outcomes[head[9:12].decode() if complete else "none"] += 1
                    if closes or not complete:
                        break
            if not turn:
                self.under_way.wait(300)


@pytest.mark.representatives("15")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_under_load_loses_no_answer(started, number):
    server = started("shades-001")
    clients = Clients(server.port, 16)
    clients.under_way.wait(300)
    code, errors = server.stop(number)
    for thread in clients.threads:
        thread.join()
    assert (code, set(clients.outcomes)) == (0, {"200"}), (errors, clients.outcomes)
    assert "stopping after" in errors


@pytest.mark.exhaustive
def test_what_is_still_being_sent_gets_little_time_and_an_answer(started):
    server = started("shades-001", limits={"stop_body_seconds": 0.5})
    with socket.create_connection(("127.0.0.1", server.port), 300) as connection:
        connection.sendall(REQUEST % 100 + b"half")
        assert server.ask("/health").status == 200  # the other is under way by now
        code, _ = server.stop()
        with connection.makefile("rb") as answer:
            assert answer.read().startswith(b"HTTP/1.1 408")
    assert code == 0


@pytest.mark.representatives("15-143")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_when_the_time_is_up_the_exit_code_tells_that_answers_are_missing(started, number, code):
    server = started("shades-001", limits={"stop_body_seconds": 60, "body_seconds": 60, "stop_seconds": 1})
    with socket.create_connection(("127.0.0.1", server.port), 300) as connection:
        connection.sendall(REQUEST % 100 + b"half")
        assert server.ask("/health").status == 200
        ended, errors = server.stop(number)
    assert (ended, "1 request got no answer" in errors) == (code, True), errors


def test_a_second_signal_ends_it_at_once(started):
    server = started("shades-001", limits={"stop_body_seconds": 600, "body_seconds": 600, "stop_seconds": 600})
    with socket.create_connection(("127.0.0.1", server.port), 300) as connection:
        connection.sendall(REQUEST % 100 + b"half")
        assert server.ask("/health").status == 200
        server.process.send_signal(signal.SIGTERM)
        for line in server.process.stderr:
            if "stopping after" in line:
                break
        time.sleep(1)  # sooner, it counts as the same signal
        code, errors = server.stop()
    assert (code, "1 request got no answer" in errors) == (143, True), errors
