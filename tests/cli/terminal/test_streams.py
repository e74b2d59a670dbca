"""Closed streams, full disks behind them, a current folder that is gone, and small limits: a code and a sentence."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="runs programs with a shell")


def cnncli(*arguments: str, shell: str = 'exec "$@"', cwd=None) -> subprocess.CompletedProcess[str]:
    """A command, started by a line of shell."""
    line = ["/bin/sh", "-c", shell, "sh", sys.executable, "-m", "cnncli", *arguments]
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=cwd)


@pytest.mark.representatives("schema")
@pytest.mark.parametrize("command", ["schema", "--help", "explain Conv2D"])
def test_a_full_disk_behind_stdout_is_an_error(command):
    done = cnncli(*command.split(), shell='exec "$@" >/dev/full')
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith("error: the output cannot be written to stdout: No space left on device\n")


@pytest.mark.representatives("2>/dev/full", ">&- 2>&- <&-")
@pytest.mark.parametrize("stream", ["2>/dev/full", "2>&-", ">&-", "<&-", ">&- 2>&- <&-"])
def test_other_streams_change_no_exit_code(stream):
    assert cnncli("explain", "Missing", shell=f'exec "$@" {stream}').returncode == 2
    assert cnncli("explain", "Conv2D", shell=f'exec "$@" {stream}').returncode == 0


def test_a_closed_stream_is_not_taken_by_a_file(tmp_path):
    """What a library writes to stdout would go into it."""
    code = (
        "from cnncli.cli.terminal.streams import open_standard_streams as opened; import os; opened();"
        "print(os.open('file', os.O_RDWR | os.O_CREAT) > 2, file=open('result', 'w'))"
    )
    line = f'exec "{sys.executable}" -c "{code}" >&- 2>&- <&-'
    subprocess.run(["/bin/sh", "-c", line], cwd=tmp_path, check=True)
    assert (tmp_path / "result").read_text() == "True\n"


def test_a_current_folder_that_was_removed(tmp_path):
    (tmp_path / "gone").mkdir()
    done = cnncli("runs", shell='rmdir ../gone; exec "$@"', cwd=tmp_path / "gone")
    assert (done.returncode, done.stderr.splitlines()[0]) == (5, "error: the current folder was removed")
    (tmp_path / "gone").mkdir()
    assert cnncli("--help", shell='rmdir ../gone; exec "$@"', cwd=tmp_path / "gone").returncode == 0


@pytest.mark.representatives("-n", "-v")
@pytest.mark.parametrize("limit", ["-n 16", "-f 0", "-v 400000", "-c 0"])
def test_small_limits(limit):
    assert cnncli("explain", "Conv2D", shell=f'ulimit {limit}; exec "$@"').returncode == 0
