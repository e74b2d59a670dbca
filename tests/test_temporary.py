"""A temporary folder is gone after its use, after an exception, and when the process ends at once."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

import cnncli
from cnncli.temporary import remove_temporary_folders, temporary_folder


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Where temporary folders are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def fill(folder):
    (folder / "run" / "plots").mkdir(parents=True)
    (folder / "run" / "plots" / "history.png").write_bytes(b"png")


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, OSError])
def test_it_is_gone_afterwards(place, error):
    try:
        with temporary_folder() as folder:
            fill(folder)
            if error:
                raise error
    except (KeyboardInterrupt, OSError):
        pass
    assert list(place.iterdir()) == []


def test_all_of_them_can_be_removed_at_once(place):
    with temporary_folder() as one, temporary_folder() as other:
        fill(one)
        fill(other)
        remove_temporary_folders()
        assert list(place.iterdir()) == []
    remove_temporary_folders()  # nothing is left to remove


def test_no_other_module_makes_temporary_folders():
    package = Path(cnncli.__file__).parent
    makers = [
        file.relative_to(package).as_posix()
        for file in package.rglob("*.py")
        if any(word in file.read_text("utf-8") for word in ("TemporaryDirectory", "mkdtemp"))
    ]
    assert makers == ["temporary.py"]
