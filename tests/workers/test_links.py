"""How vectors pass between processes, and what ends that."""

from __future__ import annotations

import socket
import threading

import pytest
from ports import each_rank, free_addresses

from cnncli.errors import ResourceError
from cnncli.workers import links
from cnncli.workers.addresses import Workers
from cnncli.workers.links import LONGEST, linked


def together(part, count=2):
    """What each rank returns or raises, given its rank and its links."""

    met = threading.Barrier(count)

    def run(workers):
        with socket.create_server(workers.place(workers.rank)) as listener:
            met.wait()
            own = linked(workers, listener)
            try:
                return part(workers.rank, own)
            finally:
                own.close()

    return each_rank(run, count)


def test_every_rank_has_the_vectors_of_all_by_rank():
    def part(rank, own):
        return [own.exchange(number, bytes([rank, number])) for number in range(5)]

    assert together(part, 3) == [[[bytes([rank, number]) for rank in range(3)] for number in range(5)]] * 3


def test_the_longest_pass_without_waiting_for_each_other():
    def part(rank, own):
        return [own.exchange(number, bytes([rank]) * LONGEST) for number in range(20)][-1]

    assert together(part, 3) == [[bytes([rank]) * LONGEST for rank in range(3)]] * 3


def test_other_places_of_a_step_are_noticed_by_all():
    def part(rank, own):
        with pytest.raises(ConnectionError, match="the ranks are at different places of the same step"):
            own.exchange(7 + rank, b"same")
        return own.failure

    assert together(part) == ["the ranks are at different places of the same step"] * 2


def test_who_has_gone_leaves_nobody_waiting():
    def part(rank, own):
        own.exchange(0, b"together")
        if rank:
            return own.close()
        with pytest.raises(ConnectionError):
            own.exchange(1, b"alone")
        return own.failure

    failure, _ = together(part)
    assert failure


def test_other_programs_that_call_are_sent_away(monkeypatch):
    monkeypatch.setattr(links, "_REPLY", 0.5)
    workers = Workers(free_addresses(2), 0)
    with socket.create_server(workers.place(0)) as listener:
        with socket.create_connection(workers.place(0)) as browser, socket.create_connection(workers.place(0)):
            browser.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            called = socket.create_connection(workers.place(0))
            called.sendall(links._SIGN + b"\1\0\0\0")
            own = linked(workers, listener)
        called.sendall(b"\0\0\0\0abc")
        assert own.exchange(0, b"xyz") == [b"xyz", b"abc"]
        own.close()
        called.close()


def test_who_cannot_be_reached_or_does_not_call_is_named(monkeypatch):
    monkeypatch.setattr(links, "_REPLY", 0.05)
    addresses = free_addresses(2)
    with socket.create_server(Workers(addresses, 0).place(0)) as listener:
        with pytest.raises(ResourceError) as raised:
            linked(Workers(addresses, 0), listener)
        assert raised.value.message == f"rank 1 ({addresses[1]}) has not reached rank 0 ({addresses[0]})"
    with (
        socket.create_server(Workers(addresses, 1).place(1)) as listener,
        pytest.raises(ResourceError, match=r"rank 1 \(.*\) cannot reach rank 0 \(.*\): Connection refused"),
    ):
        linked(Workers(addresses, 1), listener)
