"""How processes find each other, and what they say if they do not."""

from __future__ import annotations

import socket
import threading

import pytest
from ports import each_rank, free_addresses

from cnncli.errors import CnncliError, ResourceError, SpecError, WorkerLost
from cnncli.workers import meeting
from cnncli.workers.addresses import Workers
from cnncli.workers.agreement import facts_of
from cnncli.workers.channel import call
from cnncli.workers.meeting import meet, telling_others


def facts(momentum=0.9):
    return facts_of("train", {"train": {"momentum": momentum}}, {})


def ignore(text):
    pass


def values(workers):
    with meet(workers, facts(), ignore) as group:
        return group.exchange(workers.rank * 10)


def test_processes_that_met_exchange_values():
    assert each_rank(values, 3) == [[0, 10, 20]] * 3


def test_another_spec_is_the_same_error_for_all():
    answers = each_rank(lambda workers: meet(workers, facts(0.9 if workers.is_chief else 0.5), ignore))
    assert all(isinstance(answer, SpecError) for answer in answers)
    assert answers[0].problems == answers[1].problems
    assert answers[0].problems[0].key == "train.momentum"


def test_a_process_that_does_not_come_is_named():
    addresses = free_addresses(3)
    lines = []
    with pytest.raises(ResourceError) as raised:
        meet(Workers(addresses, 0, 0.0), facts(), lines.append)
    assert raised.value.message.startswith(f"rank 1 ({addresses[1]}) and rank 2 ({addresses[2]}) did not come within")
    with pytest.raises(ResourceError, match=r"rank 0 .* did not come within"):
        meet(Workers(addresses, 1, 0.0), facts(), lines.append)


def test_whom_a_process_waits_for_is_said(monkeypatch):
    monkeypatch.setattr(meeting, "PATIENCE", -1.0)
    lines = {0: [], 1: []}

    def late(workers):
        if workers.rank == 1:
            while not lines[0]:
                pass
        return meet(workers, facts(), lines[workers.rank].append)

    each_rank(late)
    assert len(lines[0]) == 1
    assert lines[0][0].startswith("waiting for rank 1 (localhost:")
    assert all(line.startswith("waiting for rank 0 (localhost:") for line in lines[1])


def test_a_taken_port_ends_all_with_a_sentence():
    addresses = free_addresses(2)
    host, port = Workers(addresses, 1).place(1)
    answers = {}

    def part(rank):
        try:
            answers[rank] = meet(Workers(addresses, rank, 300.0), facts(), ignore)
        except CnncliError as error:
            answers[rank] = error

    with socket.create_server((host, port)):
        threads = [threading.Thread(target=part, args=(rank,)) for rank in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with pytest.raises(ResourceError, match=r"rank 0 .* cannot listen on its port"):
            meet(Workers(addresses[::-1], 0, 300.0), facts(), ignore)
    assert f"rank 1 ({addresses[1]}) cannot listen on its port" in answers[0].message
    assert isinstance(answers[1], WorkerLost)
    assert answers[0].message in answers[1].message


def test_another_program_at_the_address_of_rank_0_is_no_training(monkeypatch):
    monkeypatch.setattr(meeting, "_STRANGERS", 1)
    addresses = free_addresses(2)

    def answer(server):
        server.accept()[0].sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(Workers(addresses, 0).place(0)) as server:
        threading.Thread(target=answer, args=(server,), daemon=True).start()
        with pytest.raises(ResourceError, match="its port is used by another program"):
            meet(Workers(addresses, 1, 300.0), facts(), ignore)


def test_rank_0_takes_no_notice_of_other_programs():
    strangers = []

    def part(workers):
        if workers.is_chief:
            return values(workers)
        while not strangers:
            try:
                strangers.append(socket.create_connection(workers.place(0)))
            except OSError:
                continue
        strangers[0].sendall(b"GET / HTTP/1.1\r\n\r\n")
        return values(workers)

    assert each_rank(part) == [[0, 10]] * 2


def test_nobody_who_listens_is_not_oneself(monkeypatch):
    """The system may give whoever calls a port this very port for its own end."""
    (address,) = free_addresses(1)
    place = Workers((address, "b:1"), 0).place(0)

    def from_there(place, timeout):
        return connect(place, timeout, source_address=("127.0.0.1", place[1]))

    connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", from_there)
    with pytest.raises(ConnectionRefusedError):
        call(place, 5.0)


def test_two_processes_of_one_rank_end_all(monkeypatch):
    first_is_in, welcome = threading.Event(), meeting._welcome

    def welcomed(*arguments):
        welcome(*arguments)
        first_is_in.set()

    monkeypatch.setattr(meeting, "_welcome", welcomed)

    def part(workers):
        if workers.rank == 2:
            first_is_in.wait()
        return meet(Workers(workers.addresses, min(workers.rank, 1), workers.wait), facts(), ignore)

    answers = each_rank(part, 3)
    assert answers[0].message.startswith("two processes were started as rank 1 (")
    assert all(isinstance(answer, ResourceError) for answer in answers)


def test_a_process_on_another_machine_than_its_address_says_ends_all(monkeypatch):
    names = socket.getaddrinfo

    def known(host, *arguments, **more):  # without a question to any name server, which may take its time
        if host == "nowhere.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return names(host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", known)

    def part(workers):
        port = workers.place(1)[1]
        return meet(Workers((workers.addresses[0], f"nowhere.invalid:{port}"), workers.rank, 300.0), facts(), ignore)

    answers = each_rank(part)
    assert "cannot reach rank 1 (nowhere.invalid:" in answers[0].message
    assert answers[0].message in answers[1].message


def test_other_addresses_end_all():
    def part(workers):
        others = workers if workers.is_chief else Workers((workers.addresses[0], "localhost:1", "b:2"), 2)
        return meet(others, facts(), ignore)

    answers = each_rank(part)
    assert "and rank 0 with other addresses" in answers[0].message
    assert isinstance(answers[1], ResourceError)


@pytest.mark.parametrize("failing", [0, 1])
def test_a_process_that_cannot_begin_ends_those_that_wait_for_it(monkeypatch, failing):
    monkeypatch.setattr(meeting, "_LAST_CALLS", 300.0)  # until the other has been told

    def begin(workers):
        if workers.rank != failing:
            return meet(workers, facts(), ignore)
        with telling_others(workers):
            raise ResourceError("the disk is full")

    answers = each_rank(begin)
    name = f"rank {failing} "
    waiting = answers[1 - failing]
    assert isinstance(waiting, ResourceError)
    assert name in waiting.message
    assert waiting.message.endswith(" has ended: the disk is full")
    assert answers[failing].message == "the disk is full"
