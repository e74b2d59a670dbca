"""More images than fit into memory are refused."""

import pytest

from cnncli.data import memory
from cnncli.errors import ResourceError


def test_more_than_there_is_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 3_000_000_000)
    memory.require_memory(3_000_000_000, "this")
    with pytest.raises(ResourceError) as caught:
        memory.require_memory(3_100_000_000, "pets.npz holds images")
    assert caught.value.message == "pets.npz holds images, 2.9 GiB in memory, and 2.8 GiB are available"


def test_where_the_system_does_not_tell_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    memory.require_memory(10**18, "this")
