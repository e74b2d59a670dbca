"""What is available, and what is refused because it is more."""

import pytest

from cnncli.data import memory
from cnncli.errors import ResourceError


def test_this_machine_has_some():
    available = memory.available_memory()
    assert available is not None
    assert 10_000_000 < available < 10**15


def test_more_than_there_is_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 3_000_000_000)
    memory.require_memory(3_000_000_000, "this")
    with pytest.raises(ResourceError) as caught:
        memory.require_memory(3_100_000_000, "pets.npz holds images")
    assert caught.value.message == "pets.npz holds images, 3.1 GB in memory, and 3.0 GB are available"


def test_where_the_system_does_not_tell_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    memory.require_memory(10**18, "this")


def test_the_smaller_of_machine_and_container_counts(monkeypatch):
    monkeypatch.setattr(memory, "_of_the_machine", lambda: 5)
    monkeypatch.setattr(memory, "_of_the_container", lambda: 3)
    assert memory.available_memory() == 3
    monkeypatch.setattr(memory, "_of_the_container", lambda: None)
    assert memory.available_memory() == 5
