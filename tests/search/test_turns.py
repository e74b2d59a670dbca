"""Whoever waits for its turn says so, and goes on when it comes."""

from types import SimpleNamespace

import pytest

from cnncli.search import turns
from cnncli.search.turns import DatabaseTurn, FileTurn


class Database:
    """A connection to a database in which somebody else has the lock at first."""

    def __init__(self, answers):
        self.answers, self.said = answers, []

    def connect(self):
        return self

    def execute(self, query, values):
        self.said.append(str(query))
        return self

    def scalar(self):
        return self.answers.pop(0)

    def commit(self):
        pass

    def close(self):
        pass


@pytest.fixture
def pauses(monkeypatch):
    """How long the pauses are, after which that time has passed."""
    made = []
    monkeypatch.setattr(turns, "time", SimpleNamespace(sleep=made.append, monotonic=lambda: sum(made)))
    return made


def test_a_turn_that_does_not_come_is_said_once(tmp_path, pauses, monkeypatch):
    first, notices = FileTurn(tmp_path / "lock", print), []

    def end(seconds):
        pauses.append(seconds)
        if sum(pauses) > 60:
            first.__exit__()

    monkeypatch.setattr(turns.time, "sleep", end)  # of the fixture, not that of other threads
    first.__enter__()
    with FileTurn(tmp_path / "lock", notices.append):
        pass
    assert len(notices) == 1
    assert notices[0].startswith("waiting for another process of the search")


def test_the_turn_of_a_database_is_asked_for_without_waiting_there(pauses):
    database, notices = Database([False, False, True, True]), []
    with DatabaseTurn(database, 7, notices.append):
        assert len(pauses) == 2
    assert [query.split("(")[0] for query in database.said] == 3 * ["SELECT pg_try_advisory_lock"] + [
        "SELECT pg_advisory_unlock"
    ]
    assert notices == []
