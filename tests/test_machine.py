"""Cores, memory and processor, and that no other module asks the system about them."""

from __future__ import annotations

import platform
import re
from pathlib import Path

import pytest

import cnncli
from cnncli import machine

ASKS_THE_SYSTEM = re.compile(r"/proc/|/sys/fs/cgroup|cpu_count|sched_getaffinity|sysconf|getrusage")


def test_there_are_cores_and_memory():
    assert machine.usable_cores() >= 1
    available = machine.available_memory()
    assert available is not None
    assert 10_000_000 < available < 10**15


def test_the_smaller_of_machine_and_container_counts(monkeypatch):
    monkeypatch.setattr(machine, "_machine_memory", lambda: 5)
    monkeypatch.setattr(machine, "_container_memory", lambda: 3)
    assert machine.available_memory() == 3
    monkeypatch.setattr(machine, "_container_memory", lambda: None)
    assert machine.available_memory() == 5


@pytest.mark.parametrize(("limit", "left"), [("1000", 600), ("300", 0), ("max", None)])
def test_a_container_leaves_its_limit_minus_what_is_used(monkeypatch, tmp_path, limit, left):
    (tmp_path / "max").write_text(limit)
    (tmp_path / "current").write_text("400")
    monkeypatch.setattr(
        machine, "_CGROUP_MEMORY", ((tmp_path / "none", tmp_path), (tmp_path / "max", tmp_path / "current"))
    )
    assert machine._container_memory() == left


def test_a_process_never_held_less_than_it_holds():
    resident, peak = machine.resident_memory(), machine.peak_memory()
    if resident is not None:
        assert peak is not None
        assert peak > 1_000_000


def test_the_processor_has_a_name_and_flags():
    flags = machine.processor_flags()
    assert flags is None or all(flag.isprintable() for flag in flags)
    assert machine.processor_name() or not platform.processor()


def test_a_home_folder_is_put_in_place_of_the_tilde(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert machine.expanded("~/a") == tmp_path / "a"
    assert machine.expanded("a/~") == Path("a/~")
    assert machine.unknown_home(machine.expanded("~")) == ""


def test_where_there_is_no_home_folder_nothing_is_created(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    nobody = machine.expanded("~nobody-of-this-name/a")
    assert nobody == Path("~nobody-of-this-name/a")
    with pytest.raises(OSError, match="there is no user 'nobody-of-this-name'"):
        machine.create_folder(nobody)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "~nobody-of-this-name").mkdir()  # a folder of this very name
    machine.create_folder(nobody)
    assert nobody.is_dir()


def test_no_other_module_asks_the_system():
    package = Path(cnncli.__file__).parent
    asking = [file.relative_to(package) for file in package.rglob("*.py") if ASKS_THE_SYSTEM.search(file.read_text())]
    assert asking == [Path("machine.py")]


def test_no_other_module_looks_for_home_folders():
    """`Path.expanduser` raises an error where there is none."""
    package = Path(cnncli.__file__).parent
    asking = [file.relative_to(package) for file in package.rglob("*.py") if "expanduser(" in file.read_text()]
    assert asking == [Path("machine.py")]
