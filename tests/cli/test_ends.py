"""How a command ends when it is not by itself: signals, readers that are gone, and the end of the process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cnncli import cli
from cnncli.cli import schema
from cnncli.cli.signals import Stopped

PROGRAM = [sys.executable, "-m", "cnncli"]


def run_with_reader(lines, *arguments):
    """Runs a command whose reader takes so many lines and goes; gives the lines, the exit code and stderr."""
    reading, writing = os.pipe()
    with subprocess.Popen([*PROGRAM, *arguments], stdout=writing, stderr=subprocess.PIPE, text=True) as process:
        os.close(writing)
        with os.fdopen(reading) as reader:
            taken = [reader.readline() for _ in range(lines)]
        shown = process.stderr.read()
    return taken, process.returncode, shown


@pytest.mark.skipif(os.name != "posix", reason="a pipe of Unix")
@pytest.mark.parametrize("command", ["layers", "runs", "schema", "--help", "train --help", "explain Conv2D"])
def test_a_command_whose_reader_is_gone_ends_without_a_word(command, tmp_path, monkeypatch):
    (tmp_path / "small-001").mkdir()
    (tmp_path / "small-001" / "status.json").write_text("{}")
    monkeypatch.setenv("CNNCLI_RUNS_DIR", str(tmp_path))
    assert run_with_reader(0, *command.split()) == ([], 141, "")


@pytest.mark.skipif(os.name != "posix", reason="a pipe of Unix")
def test_whoever_reads_the_first_line_gets_it(tmp_path):
    taken, code, shown = run_with_reader(1, "layers")
    assert (taken, shown) == (["layers\n"], "")
    assert code in (0, 141)  # whoever was quicker


@pytest.mark.parametrize(
    ("end", "code"), [(Stopped(signal.SIGINT), 130), (Stopped(signal.SIGTERM), 143), (KeyboardInterrupt(), 130)]
)
def test_a_signal_outside_of_a_training_has_its_exit_code(call, monkeypatch, end, code):
    def stop():
        raise end

    monkeypatch.setattr(schema.schema, "callback", stop)
    assert call("schema") == (code, "", "stopped\n")


def test_a_bug_is_told_in_one_line_also_of_a_file_name_that_is_no_text(call, monkeypatch):
    def fail():
        raise ZeroDivisionError(os.fsdecode(b"caf\xe9"))

    monkeypatch.setattr(schema.schema, "callback", fail)
    monkeypatch.setattr(sys, "argv", ["cnncli", os.fsdecode(b"caf\xe9.yaml")])
    result = call("schema")
    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert result.err.startswith("bug in cnncli: ZeroDivisionError: caf")
    log = Path(result.err.split()[-1])
    assert r"caf\udce9.yaml" in log.read_text()
    log.unlink()


def test_a_signal_while_the_end_is_told_is_no_bug(call, monkeypatch, tmp_path):
    def stop(error):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_report", stop)
    assert call("resume", "missing", "--runs-dir", tmp_path) == (130, "", "")


def test_the_process_ends_at_once_but_tidily():
    code = (
        "import atexit, sys\n"
        "class Large:\n"
        "    def __del__(self): print('taken apart')\n"
        "large = Large()\n"
        "atexit.register(print, 'tidied', flush=True)\n"
        "sys.argv[1:] = ['layers', 'Missing']\n"
        "from cnncli.cli import main\n"
        "main()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "tidied\n")
    assert "nothing is called 'Missing'" in result.stderr


@pytest.mark.parametrize("arguments", [["summary"], ["data"], ["init"], ["init", "--template", "mnist", "-o"]])
def test_a_name_that_is_too_long_for_any_file_is_no_bug(call, arguments):
    result = call(*arguments, "x" * 300 + ".yaml")
    assert result.code in (2, 3)
    assert "xxxxx" in result.err
    assert "bug" not in result.err
