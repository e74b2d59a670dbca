"""Whatever a spec says: exit code 2, a sentence with its place, and nothing is executed, read or written elsewhere."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hostile_specs import GOOD, OVERRIDES, SPECS

LOCATED = re.compile(r"^  (\S+:)?\d+:\d+  ", re.MULTILINE)


def test_there_are_a_hundred_of_them():
    assert len(SPECS) >= 100


def test_the_good_one_is_good(world, call):
    (world.work / "spec.yaml").write_text(GOOD)
    assert call("check", "spec.yaml").code == 0


@pytest.mark.parametrize("case", SPECS)
def test_a_hostile_spec_is_refused_with_its_place(case, world, call):
    text, part = SPECS[case]
    (world.work / "spec.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    result = call("check", "spec.yaml")
    assert (result.code, result.err) == (2, "")
    assert LOCATED.search(result.out), result.out
    assert part in result.out


# the bomb in an override is as large as "many values" in a spec, above, and takes a second
@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.exhaustive) if case == "a bomb" else case for case in OVERRIDES]
)
def test_a_hostile_override_is_refused(case, world, call):
    text, part = OVERRIDES[case]
    (world.work / "spec.yaml").write_text(GOOD)
    result = call("check", "spec.yaml", "--set", text)
    assert (result.code, result.err) == (2, "")
    assert part in result.out
    assert "--set " in result.out or "spec.yaml" in result.out


def test_only_a_file_is_read(world, call):
    os.mkfifo("fifo.yaml")
    Path("loop.yaml").symlink_to("loop.yaml")
    Path("dangling.yaml").symlink_to("nowhere.yaml")
    Path("folder.yaml").mkdir()
    expected = {
        "fifo.yaml": "FIFO",
        "/dev/zero": "device",
        "folder.yaml": "is a folder",
        "loop.yaml": "loop.yaml",
        "dangling.yaml": "no such file",
        "missing.yaml": "no such file",
        "a" * 5000: "cannot read",
        "a\nb\x1b[31m": "no such file",
    }
    for name, part in expected.items():
        result = call("check", name)
        assert (result.code, part in result.out) == (2, True), result.out


def test_a_file_without_an_end_is_read_up_to_the_limit(world, call):
    with Path("huge.yaml").open("wb") as file:
        file.truncate(1 << 40)  # a terabyte of holes
    result = call("check", "huge.yaml")
    assert result.code == 2
    assert "too large" in result.out
