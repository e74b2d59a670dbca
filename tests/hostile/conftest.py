"""A world to be hostile in: a home, a neighbour with a secret, and a canary that dies when anything is executed."""

from __future__ import annotations

import hashlib
import os
from collections import namedtuple
from pathlib import Path

import pytest

Result = namedtuple("Result", "code out err")

SECRET = "the secret of a neighbour"


class World:
    """Folders in which a hostile file is looked at.

    Args:
        place: an empty folder.
    """

    def __init__(self, place: Path) -> None:
        self.home, self.neighbour, self.work = (place / name for name in ("home", "neighbour", "work"))
        for folder in (self.home, self.neighbour, self.work):
            folder.mkdir()
        self.secret = self.neighbour / "secret.txt"
        self.secret.write_text(f"key: [{SECRET}")
        self.canary = self.neighbour / "canary"

    def outside(self) -> dict[str, str]:
        """Everything that nobody may write to, with a hash of its content."""
        found = {}
        for folder in (self.home, self.neighbour):
            for place, _, names in os.walk(folder):
                for name in names:
                    path = Path(place) / name
                    content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
                    found[str(path)] = hashlib.sha256(content).hexdigest()
        return {path: content for path, content in found.items() if "/.keras/" not in path}


@pytest.fixture
def world(tmp_path, monkeypatch):
    world = World(tmp_path)
    monkeypatch.setenv("HOME", str(world.home))
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(world.work / "cache"))
    monkeypatch.setenv("CANARY", str(world.canary))
    monkeypatch.chdir(world.work)
    before = world.outside()
    yield world
    assert not world.canary.exists(), "something was executed"
    assert world.outside() == before, "something was written where nothing may be"


@pytest.fixture
def call(capfd):
    """Calls a command in this process and holds what it says against what may be said."""
    from cnncli.cli import main

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        result = Result(ended.value.code, *capfd.readouterr())
        for text in (result.out, result.err):
            assert "Traceback" not in text
            assert "bug in cnncli" not in text, text
            assert SECRET not in text
            assert "\x1b" not in text
            assert len(text) < 1_000_000  # a link to /etc is followed
        return result

    return run
