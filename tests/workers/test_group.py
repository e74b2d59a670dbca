"""What processes exchange while they train, and how the end of one ends all."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest
from ports import each_rank, free_addresses

from cnncli.errors import CnncliError, DataError, Interrupted, TrainingError, WorkerLost
from cnncli.workers.agreement import Difference, facts_of
from cnncli.workers.channel import Connection
from cnncli.workers.group import Alone
from cnncli.workers.meeting import meet

FACTS = facts_of("train", {}, {})


def together(part, count=2):
    def run(workers):
        with meet(workers, FACTS, lambda text: None) as group:
            return part(group)

    return each_rank(run, count)


def test_one_process_agrees_with_itself():
    assert Alone().agreed([1.5, 2.0]) == [1.5, 2.0]
    assert Alone().is_chief
    Alone().require_same("a", lambda rank: pytest.fail("it differs from itself"))


def test_the_numbers_of_rank_0_count_to_the_last_bit():
    assert together(lambda group: group.agreed([0.1 + group.rank, float("inf")]), 3) == [[0.1, float("inf")]] * 3


@pytest.mark.parametrize("seconds", [0, 0.2], ids=["at once", "one after the other"])
def test_all_raise_the_same_error_if_one_has_another_value(monkeypatch, seconds):
    send = Connection.send

    def late(self, kind, *arguments, **values):
        if kind == "values":
            time.sleep(seconds)
        send(self, kind, *arguments, **values)

    monkeypatch.setattr(Connection, "send", late)

    def part(group):
        group.require_same(group.rank == 2, lambda rank: Difference("data", f"rank {rank} differs", "copy it"))

    for answer in together(part, 3):
        assert (type(answer), answer.message) == (DataError, "rank 2 differs")


def test_files_pass_to_all_others():
    files = {"a": b"\n\x00", "b/c": b"x" * 100_000}

    def part(group):
        return group.send_files(files) if group.is_chief else group.receive_files()

    assert together(part, 3) == [None, files, files]


def test_the_others_wait_until_rank_0_has_ended():
    ends = []

    def part(group):
        group.exchange(0)
        if group.is_chief:
            ends.append("chief")
        return group

    def run(workers):
        with meet(workers, FACTS, lambda text: None) as group:
            part(group)
        ends.append(workers.rank)

    each_rank(run)
    assert ends[0] == "chief"
    assert set(ends[1:]) == {0, 1}


def test_nothing_to_do_sends_the_others_home():
    assert together(lambda group: None if group.is_chief else group.receive_files()) == [None, None]


@pytest.mark.parametrize("failing", [0, 1])
def test_an_error_of_one_ends_all_with_its_sentence(failing):
    def part(group):
        if group.rank == failing:
            raise TrainingError("the loss became nan")
        group.exchange(0)

    answers = together(part, 3)
    assert isinstance(answers[failing], TrainingError)
    for rank in {0, 1, 2} - {failing}:
        assert isinstance(answers[rank], WorkerLost)
        assert f"rank {failing} (localhost:" in answers[rank].message
        assert "has ended: the loss became nan" in answers[rank].message


def test_the_hint_names_the_command_that_continues():
    def part(group):
        group.open(f"runs of {group.rank}/a-001", lambda reason: None)
        if not group.is_chief:
            raise DataError("gone")
        group.exchange(0)

    chief, _ = together(part)
    assert chief.hint.startswith(
        "to continue, start every rank again: cnncli resume 'runs of 0/a-001' --workers localhost"
    )
    assert chief.hint.endswith("--rank 0")


def test_an_interruption_names_the_run_of_rank_0_and_how_to_continue_it():
    def part(group):
        group.open(f"runs-{group.rank}/a-001", lambda reason: None)
        raise Interrupted(f"runs-{group.rank}/a-001")

    answers = together(part)
    assert [answer.run for answer in answers] == ["runs-0/a-001"] * 2
    assert answers[1].options.startswith(" --workers localhost:")
    assert answers[1].options.endswith(" --rank 1")


class UnavailableError(Exception):
    """Of TensorFlow."""


def test_an_error_of_the_connection_is_explained_by_who_was_lost(monkeypatch):
    monkeypatch.setattr("cnncli.workers.group._NEWS", 300.0)  # the other may take its time to end

    def part(group):
        group.exchange(0)
        if not group.is_chief:
            raise DataError("an image is gone")
        with group.explaining(Exception):
            raise UnavailableError("connection reset")

    chief, _ = together(part)
    assert isinstance(chief, WorkerLost)
    assert "has ended: an image is gone" in chief.message


def test_an_error_of_the_connection_alone_ends_all(monkeypatch):
    monkeypatch.setattr("cnncli.workers.group._NEWS", 0.0)
    monkeypatch.setattr("cnncli.workers.group.BEAT", 30.0)  # nobody counts as silent

    def part(group):
        group.exchange(0)
        if group.is_chief:
            with group.explaining(Exception):
                raise UnavailableError("connection reset")
        group.exchange(0)

    chief, other = together(part)
    assert chief.message == "the connection between the ranks failed: UnavailableError: connection reset"
    assert chief.message in other.message


def test_vectors_that_no_longer_pass_end_all(monkeypatch):
    monkeypatch.setattr("cnncli.workers.group._NEWS", 0.0)
    monkeypatch.setattr("cnncli.workers.group.BEAT", 30.0)  # nobody counts as silent

    def part(group):
        assert group.links.exchange(0, bytes([group.rank])) == [b"\0", b"\1"]
        if group.is_chief:
            with group.explaining(ConnectionError):
                group.links.exchange(1, b"alone")
        group.links.close()
        group.exchange(0)

    chief, other = together(part)
    assert chief.message.startswith("the connection between the ranks failed: ")
    assert chief.message in other.message


def test_the_loss_of_a_process_ends_who_waits_for_its_vector(monkeypatch):
    monkeypatch.setattr("cnncli.workers.group._NEWS", 300.0)

    def part(group):
        if not group.is_chief:
            group.exchange(0)
            raise DataError("an image is gone")
        group.exchange(0)
        with group.explaining(ConnectionError):
            group.links.exchange(0, b"alone")

    chief, _ = together(part)
    assert isinstance(chief, WorkerLost)
    assert "has ended: an image is gone" in chief.message


def test_other_errors_stay_what_they_are(monkeypatch):
    monkeypatch.setattr("cnncli.workers.group._NEWS", 0.0)
    monkeypatch.setattr("cnncli.workers.group.BEAT", 30.0)  # nobody counts as silent

    def part(group):
        group.exchange(0)
        if group.is_chief:
            with group.explaining(Exception):
                raise ValueError("a shape")
        group.exchange(0)

    assert isinstance(together(part)[0], ValueError)


def test_after_its_release_rank_0_does_not_mind_who_leaves():
    released = threading.Event()

    def part(group):
        group.exchange(0)
        if not group.is_chief:
            released.wait()  # before that it does mind
            raise CnncliError("left")
        group.release()
        released.set()
        for thread in threading.enumerate():
            if thread.name == "rank 1":  # which hears it, until it has left
                thread.join()
        return group._reason

    assert together(part)[0] == ""


HANGING = """
import sys, threading, time
from cnncli.workers import group
from cnncli.workers.addresses import Workers
from cnncli.workers.meeting import meet
group.GRACE = 0.1
workers = Workers(tuple(sys.argv[2].split(",")), int(sys.argv[1]), 300.0)
with meet(workers, {"program": {}, "versions": {}, "variables": {}, "code": "", "spec": {}}, print) as together:
    together.open("runs/a-001", lambda reason: print("recorded:", reason))
    if workers.rank:
        raise RuntimeError("it ends")
    threading.Event().wait()
"""


def test_a_process_that_hangs_is_ended_and_has_recorded_why():
    addresses = ",".join(free_addresses(2))
    start = [sys.executable, "-u", "-c", HANGING]
    with subprocess.Popen([*start, "0", addresses], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as chief:
        subprocess.run([*start, "1", addresses], capture_output=True, check=False)
        out, err = chief.communicate()
    assert chief.returncode == 5
    assert "recorded: rank 1 (localhost:" in out
    assert err.splitlines()[-2].startswith("error: rank 1 (localhost:")
    assert err.splitlines()[-1].startswith("to continue, start every rank again: cnncli resume runs/a-001")
