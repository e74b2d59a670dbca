"""The package of docs/extending.md, installed: listed, checked, trained with, and missed by its run when it is gone."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "extending.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the package as pip would install it, and the spec that uses it."""
    folder = tmp_path_factory.mktemp("own")
    files = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))
    assert len(files) == 3
    for name, text in files.items():
        path = folder / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    project = tomllib.loads(files["pyproject.toml"])["project"]
    points = project["entry-points"]["cnncli.layers"]
    package = folder / "site" / "squeeze_excite-0.1.0.dist-info"
    package.mkdir()
    said = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (package / "METADATA").write_text(said)
    listed = "".join(f"{name} = {value}\n" for name, value in points.items())
    (package / "entry_points.txt").write_text(f"[cnncli.layers]\n{listed}")
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    data = "data: {source: mnist, split: {validation: 59000}, image: {size: 14}}\ntrain: {epochs: 1}\n"
    (folder / "own.yaml").write_text(data + example)
    return folder


def cnncli(place, *arguments, installed=True):
    path = f"import sys; sys.path.insert(0, {str(place / 'site')!r}); " if installed else ""
    code = f"{path}import sys; from cnncli.cli import main; main(sys.argv[1:])"
    program = [sys.executable, "-c", code, *arguments]
    return subprocess.run(program, cwd=place, capture_output=True, text=True, check=False)


def test_it_is_listed_with_its_package(place):
    assert "SqueezeExcite (squeeze-excite 0.1.0)" in cnncli(place, "layers").stdout
    shown = cnncli(place, "layers", "SqueezeExcite").stdout.splitlines()
    assert shown[0] == (
        "SqueezeExcite   layer of the package 'squeeze-excite' 0.1.0: "
        "Weighs each channel by a number from 0 to 1 that depends on all channels"
    )
    rows = {line.split()[0]: line.split()[1:] for line in shown[2:]}
    assert rows["ratio"] == ["8", "a", "whole", "number"]
    assert rows["pool"] == ["mean", "one", "of", "mean,", "max"]
    explained = cnncli(place, "explain", "SqueezeExcite.ratio").stdout
    assert "in the words of the package 'squeeze-excite' 0.1.0" in explained
    assert "4 to 16 is usual" in explained


def test_a_mistake_in_its_use_is_found_without_importing_it(place):
    (place / "bad.yaml").write_text((place / "own.yaml").read_text().replace("ratio: 4", "ratio: 4, pool: median"))
    result = cnncli(place, "check", "bad.yaml")
    assert result.returncode == 2
    assert "model.layers[1].SqueezeExcite.pool  expected one of mean, max, got 'median'" in result.stderr


@pytest.mark.slow
def test_its_run_names_the_package_and_asks_for_it(place):
    trained = cnncli(place, "train", "own.yaml")
    assert trained.returncode == 0, trained.stderr
    record = json.loads((place / "runs" / "own-001" / "environment.json").read_text())
    assert record["layers"] == {"SqueezeExcite": {"package": "squeeze-excite", "version": "0.1.0"}}
    assert record["packages"]["squeeze-excite"] == "0.1.0"

    again = cnncli(place, "evaluate", "own-001", "--fail-under", "accuracy=0.2")
    assert again.returncode == 0, again.stderr
    line = next(line for line in trained.stdout.splitlines() if line.startswith("test "))
    assert line in again.stdout

    for command in ("evaluate", "summary"):
        alone = cnncli(place, command, "own-001", installed=False)
        assert alone.returncode == 6
        assert "has a layer 'SqueezeExcite' of the package 'squeeze-excite', which is not installed" in alone.stderr
        assert "pip install 'squeeze-excite==0.1.0'" in alone.stderr


@pytest.mark.slow
@pytest.mark.parametrize("found", ["x; rm -rf ~", "--index-url=http://x", {"package": 3}, None])
def test_a_stranger_cannot_have_anything_else_installed(place, found):
    """What the record says is printed in a command line only when it is the name of a package."""
    run = place / "runs" / "stranger-001"
    run.mkdir(parents=True, exist_ok=True)
    (run / "spec.yaml").write_text((place / "own.yaml").read_text())
    package = found if isinstance(found, dict) else {"package": found, "version": "1"}
    (run / "environment.json").write_text(json.dumps({"layers": {"SqueezeExcite": package}}))
    (run / "status.json").write_text(json.dumps({"state": "finished"}))
    result = cnncli(place, "evaluate", "stranger-001", installed=False)
    assert result.returncode == 6
    assert "pip" not in result.stderr
    assert "Traceback" not in result.stderr
