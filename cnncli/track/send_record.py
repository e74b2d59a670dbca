"""track.json of a run: by which mark a tracker knows the run again, and how much of it each server has."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from cnncli.errors import RunError
from cnncli.runs import RunDir
from cnncli.wording import without_secrets

FILE = "track.json"
LOCK = "checkpoint/track.lock"
"""Locked by the process that sends the run."""

_ID = re.compile(r"[0-9a-f]{32}\Z")


class SendRecord:
    """What a run knows of the servers that it is sent to; it keeps addresses without user names and passwords."""

    def __init__(self, run: RunDir) -> None:
        self._run = run
        try:
            self._values = run.read_json(FILE) if (run.path / FILE).exists() else {}
        except RunError:  # it may come from anybody
            self._values = {}

    def identity(self) -> str:
        """A mark that no other run has; it is on the disk before anybody hears of it."""
        mark = self._values.get("id")
        if not isinstance(mark, str) or not _ID.match(mark):
            mark = uuid.uuid4().hex
            self._run.write_json(FILE, {"id": mark})
            self._values = {"id": mark}
        return mark

    def of(self, server: str) -> Mapping[str, Any]:
        """What is known of the run on a server, by its address."""
        servers = self._values.get("servers")
        known = servers.get(without_secrets(server)) if isinstance(servers, dict) else None
        return known if isinstance(known, dict) else {}

    def update(self, server: str, **values: Any) -> None:
        """Adds to what is known, and writes it."""
        servers = self._values.get("servers")
        servers = servers if isinstance(servers, dict) else {}
        known = {**self.of(server), **values}
        self._values = {"id": self.identity(), "servers": {**servers, without_secrets(server): known}}
        self._run.write_json(FILE, self._values)
