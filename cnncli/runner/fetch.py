"""Copies remote images to a folder."""

from __future__ import annotations

from pathlib import Path

from cnncli.data.remote import fetch as remote
from cnncli.notices import Notice, Progress


def fetch(address: str, folder: Path, notice: Notice, progress: Progress | None = None) -> remote.Fetched:
    """Copies what is below an address into a folder; arguments and errors are those of `cnncli.data.remote.fetch`."""
    return remote.fetch(address, folder, notice, progress)
