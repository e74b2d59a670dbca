"""A training as a command of its own makes its reports beside it, and loads nothing for them itself."""

import subprocess
import sys

import pytest
from comparison import same_threads

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive, pytest.mark.usefixtures("drawn")]

PROGRAM = """
import atexit, sys
from cnncli.cli import main
try:
    main()
finally:
    atexit.register(lambda: print({"matplotlib", "sklearn", "scipy.optimize", "scipy.stats"} & set(sys.modules)))
"""


def files_in(folder):
    return {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}


def test_the_files_are_those_of_a_training_within_a_program(call, few_digits, tmp_path):
    arguments = ["configs/mnist.yaml", "--quiet", *few_digits, "--set", "train.epochs=1", "--runs-dir"]
    command = [sys.executable, "-c", PROGRAM, "train", *arguments, str(tmp_path / "beside")]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=same_threads())
    assert "TF_NUM_INTRAOP_THREADS is set" in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout.splitlines()[-1] == "set()"
    code, _, _ = call("train", *arguments, tmp_path / "within")
    assert code == 0
    beside, within = files_in(tmp_path / "beside"), files_in(tmp_path / "within")
    assert beside.keys() == within.keys()
    timed = {"history.csv", "environment.json", "report.html", "status.json", "state.npz", "log.txt"}
    for name in beside.keys() - {each for each in beside if each.name in timed}:
        assert beside[name].read_bytes() == within[name].read_bytes(), name
