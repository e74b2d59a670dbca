"""The package of docs/extending.md, installed: listed, checked, trained with, and missed by its run when it is gone."""

import json
import re
import sys
import tomllib
from pathlib import Path

import numpy as np
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
    (folder / "own.yaml").write_text("data: {source: mnist, image: {size: 14}}\ntrain: {epochs: 1}\n" + example)
    return folder


@pytest.fixture
def here(place, call, monkeypatch):
    """Calls a command in that folder."""
    monkeypatch.chdir(place)
    return call


def test_it_is_listed_and_explained_with_its_package(place, here, installed):
    with installed(place / "site"):
        assert "SqueezeExcite (squeeze-excite 0.1.0)" in here("explain", "--list").out
        shown = here("explain", "SqueezeExcite").out.splitlines()
        explained = here("explain", "SqueezeExcite.ratio").out
    assert shown[0] == "SqueezeExcite   layer, from the documentation of the package 'squeeze-excite' 0.1.0"
    assert shown[2] == "Weighs each channel by a number from 0 to 1 that depends on all channels."
    assert "  ratio *   default 8" in shown
    assert "Takes one of mean, max." in " ".join(" ".join(shown).split())
    assert "from the documentation of the package 'squeeze-excite' 0.1.0" in explained
    assert "4 to 16 is usual" in explained


def test_a_mistake_in_its_use_is_found_without_importing_it(place, here, installed):
    (place / "bad.yaml").write_text((place / "own.yaml").read_text().replace("ratio: 4", "ratio: 4, pool: median"))
    with installed(place / "site"):
        result = here("check", "bad.yaml")
    assert result.code == 2
    assert "model.layers[1].SqueezeExcite.pool  expected one of mean, max, got 'median'" in result.out
    assert "squeeze_excite" not in sys.modules


@pytest.mark.slow
def test_its_run_names_the_package_and_asks_for_it(place, here, installed):
    from cnncli.data.sources.published import mnist

    images, labels, test_images, test_labels = mnist.arrays()
    few = {"x_train": images[:1000], "y_train": labels[:1000], "x_test": test_images[:200], "y_test": test_labels[:200]}
    np.savez(place / "few.npz", **few)
    with installed(place / "site"):
        trained = here("train", "own.yaml", "--set", "data.source={arrays: {path: few.npz}}")
        again = here("evaluate", "own-001", "--fail-under", "accuracy=0.2")
    assert (trained.code, again.code) == (0, 0), trained.err + again.err
    line = next(line for line in trained.out.splitlines() if line.startswith("test "))
    assert line in again.out
    record = json.loads((place / "runs" / "own-001" / "environment.json").read_text())
    assert record["layers"] == {"SqueezeExcite": {"package": "squeeze-excite", "version": "0.1.0"}}
    assert record["packages"]["squeeze-excite"] == "0.1.0"

    for command in ("evaluate", "summary"):
        alone = here(command, "own-001")
        assert alone.code == 6
        assert "has a layer 'SqueezeExcite' of the package 'squeeze-excite', which is not installed" in alone.err
        assert "pip install 'squeeze-excite==0.1.0'" in alone.err


@pytest.mark.slow
@pytest.mark.parametrize("found", ["x; rm -rf ~", "--index-url=http://x", {"package": 3}, None])
def test_a_stranger_cannot_have_anything_else_installed(place, here, found):
    """What the record says is printed in a command line only when it is the name of a package."""
    run = place / "runs" / "stranger-001"
    run.mkdir(parents=True, exist_ok=True)
    (run / "spec.yaml").write_text((place / "own.yaml").read_text())
    package = found if isinstance(found, dict) else {"package": found, "version": "1"}
    (run / "environment.json").write_text(json.dumps({"layers": {"SqueezeExcite": package}}))
    (run / "status.json").write_text(json.dumps({"state": "finished"}))
    result = here("summary", "stranger-001")
    assert (result.code, "unknown layer 'SqueezeExcite'" in result.err) == (6, True)
    assert "pip" not in result.err
