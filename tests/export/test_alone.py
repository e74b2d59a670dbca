"""Each predict.py where nothing is installed but what it names: no TensorFlow, no cnncli."""

import re
import shutil
import subprocess
import sys
import venv

import numpy as np
import pytest
from pictures import FILES

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("form", ["onnx", "litert", "openvino"])
def test_it_answers_as_the_network_does(run, form, tmp_path):
    opened = run("shades")
    (exported,) = opened.export(form)
    alone = shutil.copytree(exported.path, tmp_path / "alone")
    files = [tmp_path / name for name in FILES]
    for path in files:
        FILES[path.name](path)
    expected = opened.predict(files, engine="tensorflow")

    heading = (alone / "predict.py").read_text().splitlines()[0]
    needed = re.search(r"Needs (\S+), (\S+) and (\S+)\.\W*$", heading).groups()
    python = tmp_path / "environment" / "bin" / "python"
    venv.create(tmp_path / "environment")
    pip = [sys.executable, "-m", "pip", "--python", python]  # with which the environment needs none of its own
    subprocess.run([*pip, "install", "-q", "--no-compile", *needed], check=True)
    installed = subprocess.run([*pip, "list"], capture_output=True, text=True, check=True).stdout
    assert "numpy" in installed
    assert not re.search("tensorflow|keras|cnncli", installed)

    program = [python, "-I", alone / "predict.py", *files]
    done = subprocess.run(program, capture_output=True, text=True, check=True, cwd=tmp_path)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[:2] for row in rows] == [[str(file), one.class_name] for file, one in zip(files, expected, strict=True)]
    assert np.allclose([float(row[2]) for row in rows], [one.probability for one in expected], rtol=0, atol=1.05e-5)
