"""One real training for all tests of the commands that look at a run, and a way to call a command."""

import subprocess
import sys
from collections import namedtuple

import pytest

Result = namedtuple("Result", "code out err")

_SMALL = ("--set", "data.split.validation=56000", "--set", "train.epochs=1", "--set", "name=small")


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder of runs with one finished run, `small-001`."""
    folder = tmp_path_factory.mktemp("runs")
    program = [sys.executable, "-m", "cnncli", "train", "configs/mnist.yaml", "--runs-dir", str(folder), *_SMALL]
    result = subprocess.run(program, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture
def call(capsys, monkeypatch):
    """Calls a command in this process, as `cnncli` on the command line does, and gives exit code, stdout and stderr."""
    from cnncli.cli import main

    def run(*arguments, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        shown = capsys.readouterr()
        return Result(ended.value.code, shown.out, shown.err)

    return run
