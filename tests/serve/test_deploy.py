"""The Dockerfile of docs/deploy.md, step by step, in an empty environment: no engine for containers is needed."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from real_server import Server, png

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "deploy.md").read_text("utf-8")
STEPS = [
    tuple(line.split(maxsplit=1)) for line in re.search(r"```dockerfile\n(.*?)```", PAGE, re.DOTALL)[1].splitlines()
]

PIP = [sys.executable, "-m", "pip", "--python"]
"""Installs into another environment, which then needs no pip of its own."""


def requirements():
    """Every package that the Dockerfile installs, with its versions."""
    words = [word for kind, step in STEPS if kind == "RUN" and step.startswith("pip") for word in shlex.split(step)[2:]]
    return [Requirement(word) for word in words if not word.startswith(("-", "/"))]


def test_the_versions_are_those_of_the_package():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    known = {
        requirement.name: requirement.specifier
        for requirement in map(Requirement, [*project["dependencies"], *extras["serve"]])
    }
    assert {one.name: one.specifier for one in requirements()} == {one.name: known[one.name] for one in requirements()}
    assert "tensorflow" not in {one.name for one in requirements()}


def test_the_server_does_not_run_as_root():
    kinds = [kind for kind, _ in STEPS]
    assert kinds.index("USER") < kinds.index("CMD")
    assert dict(STEPS)["USER"] in next(step for _, step in STEPS if step.startswith("useradd"))


@pytest.mark.slow
@pytest.mark.exhaustive
def test_its_steps_make_a_server_without_tensorflow(place, tmp_path):
    home = tmp_path / "python"
    venv.create(home)
    before = size(home)
    sources = shutil.copytree(REPOSITORY, tmp_path / "src", ignore=shutil.ignore_patterns(".git", "build", ".*_cache"))
    for kind, step in STEPS:
        if kind == "RUN" and step.startswith("pip"):
            words = [str(sources) if word == "/src" else word for word in shlex.split(step)[1:]]
            subprocess.run([*PIP, home / "bin" / "python", *words, "-q"], check=True)
    shutil.rmtree(sources)
    told = int(re.search(r"about (\d+) MB", PAGE)[1])
    assert (size(home) - before) / 1e6 == pytest.approx(told, rel=0.1)

    run = shutil.copytree(place / "runs" / "shades-001", tmp_path / "runs" / "mnist-001")
    command = re.findall(r'"(.*?)"', dict(STEPS)["CMD"])
    command = [str(run) if word == "/runs/mnist-001" else word for word in command]
    token = "0123456789abcdef"
    variables = {"PATH": f"{home / 'bin'}:{os.environ['PATH']}", "CNNCLI_TOKEN": token, "PYTHONUNBUFFERED": "1"}
    program = [home / "bin" / command[0], *command[1:], "--port", "0"]
    files = sorted(tmp_path.rglob("*.*[!c]"))
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(program, env=variables, cwd=tmp_path, **pipes) as process:
        server = Server(process)
        assert server.ask("/ready").status == 200
        answer = server.ask("/predict", png(230), Authorization=f"Bearer {token}")
        assert (answer.status, answer.body["predictions"][0]["class"] in ("bright", "dark")) == (200, True)
        assert server.ask("/heatmap", png(230), Authorization=f"Bearer {token}").status == 200
        code, errors = server.stop()
    assert (code, "tensorflow" in os.listdir(next(home.glob("lib/*/site-packages")))) == (0, False), errors  # noqa: PTH208
    assert sorted(tmp_path.rglob("*.*[!c]")) == files

    shutil.rmtree(run / "exports")
    ended = subprocess.run(program, env=variables, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, "it was not exported to litert" in ended.stderr) == (6, True), ended.stderr
    assert "--format litert" in ended.stderr


def size(folder):
    """Bytes of all files."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
