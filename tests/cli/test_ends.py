"""How a command ends: signals, a closed pipe, bugs, and the end of the process."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cnncli import cli
from cnncli.cli import schema
from cnncli.cli.terminal.signals import Stopped

PROGRAM = [sys.executable, "-m", "cnncli"]


def run_with_reader(lines, *arguments):
    """Runs a command whose reader closes the pipe after this number of lines; returns lines, exit code and stderr."""
    reading, writing = os.pipe()
    reader = os.fdopen(reading)
    if not lines:
        reader.close()  # before the command can have written all that it has to say
    with subprocess.Popen([*PROGRAM, *arguments], stdout=writing, stderr=subprocess.PIPE, text=True) as process:
        os.close(writing)
        taken = [reader.readline() for _ in range(lines)]
        reader.close()
        shown = process.stderr.read()
    return taken, process.returncode, shown


@pytest.mark.skipif(os.name != "posix", reason="a pipe of Unix")
@pytest.mark.parametrize("command", ["explain", "runs", "schema", "--help", "train --help", "explain Conv2D"])
def test_a_closed_pipe_ends_a_command_without_a_message(command, tmp_path, monkeypatch):
    (tmp_path / "small-001").mkdir()
    (tmp_path / "small-001" / "status.json").write_text("{}")
    monkeypatch.setenv("CNNCLI_RUNS_DIR", str(tmp_path))
    assert run_with_reader(0, *command.split()) == ([], 141, "")


@pytest.mark.skipif(os.name != "posix", reason="a pipe of Unix")
def test_whoever_reads_the_first_line_gets_it(tmp_path):
    taken, code, shown = run_with_reader(1, "explain")
    assert (taken, shown) == (["layers\n"], "")
    assert code in (0, 141)  # whoever was quicker


@pytest.mark.parametrize(
    ("end", "code"), [(Stopped(signal.SIGINT), 130), (Stopped(signal.SIGTERM), 143), (KeyboardInterrupt(), 130)]
)
def test_a_signal_outside_of_a_training_has_its_exit_code(call, monkeypatch, end, code):
    def stop():
        raise end

    monkeypatch.setattr(schema.schema, "callback", stop)
    assert call("schema") == (code, "", "interrupted\n")


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
    def stop(error, arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_report", stop)
    assert call("resume", "missing", "--runs-dir", tmp_path) == (130, "", "")


def test_the_process_runs_its_exit_functions_and_is_not_taken_apart():
    code = (
        "import atexit, sys\n"
        "class Kept:\n"
        "    def __del__(self):\n"
        "        print('taken apart')\n"
        "kept = Kept()\n"
        "sys.argv[1:] = ['explain', 'Missing']\n"
        "from cnncli.cli import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    atexit.register(lambda: print('exit function'))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "exit function\n")
    assert "nothing is called 'Missing'" in result.stderr


def test_a_new_command_is_one_file_and_one_line_of_the_table(call, tmp_path, monkeypatch):
    (tmp_path / "toy_command.py").write_text(
        'import click\n\n@click.command()\ndef toy():\n    """Play."""\n    click.echo(\'played\')\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(cli.COMMANDS, "toy", "toy_command")
    assert call("toy") == (0, "played\n", "")
    assert re.search(r"^  toy +Play\.$", call("--help").out, re.M)
    assert "did you mean 'toy'?" in call("toi").err


@pytest.mark.parametrize("arguments", [["summary"], ["data"], ["init"], ["init", "--template", "mnist", "-o"]])
def test_a_name_that_is_too_long_for_any_file_is_no_bug(call, arguments):
    result = call(*arguments, "x" * 300 + ".yaml")
    assert result.code in (2, 3)
    assert "xxxxx" in result.err
    assert "bug" not in result.err
