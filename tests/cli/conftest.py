"""One real training for all tests of the commands that look at a run, and a way to call a command."""

import os
import pty
import subprocess
from collections import namedtuple

import numpy as np
import pytest

Result = namedtuple("Result", "code out err")


@pytest.fixture(scope="session")
def few_digits(tmp_path_factory):
    """Options for configs/mnist.yaml: the first 4,000 and 1,000 of its images, since all 70,000 take their time."""
    from cnncli.data.sources.published import mnist

    images, labels, test_images, test_labels = mnist.arrays()
    file = tmp_path_factory.mktemp("digits") / "digits.npz"
    few = {"x_train": images[:4000], "y_train": labels[:4000]}
    np.savez(file, **few, x_test=test_images[:1000], y_test=test_labels[:1000])
    return ["--set", f"data.source={{arrays: {{path: '{file}'}}}}"]


@pytest.fixture(scope="session")
def trained(tmp_path_factory, few_digits):
    """A folder of runs with one finished run, `small-001`, exported so that predictions of it start at once."""
    from cnncli import open_run
    from cnncli.cli import main

    folder = tmp_path_factory.mktemp("runs")
    small = [*few_digits, "--set", "train.epochs=1", "--name", "small"]
    with pytest.raises(SystemExit) as ended:
        main(["train", "configs/mnist.yaml", "--quiet", "--runs-dir", str(folder), *small])
    assert ended.value.code == 0
    open_run("small-001", folder).export("litert")
    return folder


@pytest.fixture
def in_a_terminal():
    """Runs a program in a terminal of 80 columns and gives everything that it writes there."""

    def run(program, cwd=None, **environment):
        ours, theirs = pty.openpty()
        variables = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        variables |= {"COLUMNS": "80", "TERM": "xterm-256color", **environment}
        ends = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        with subprocess.Popen(program, cwd=cwd, env=variables, **ends) as process:
            os.close(theirs)
            shown = b"".join(_parts(ours))
        os.close(ours)
        assert process.returncode == 0, shown
        return shown.decode()

    return run


def _parts(terminal):
    """What comes out of a terminal until the program at its other end is gone."""
    try:
        while part := os.read(terminal, 65536):
            yield part
    except OSError:  # that is how Linux tells it
        return


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
