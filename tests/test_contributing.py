"""The recipes of docs/contributing.md work as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
import pytest

from cnncli.catalog import image_sources, spelling
from cnncli.catalog.image_sources import ImageSource
from cnncli.catalog.validators import whole
from cnncli.cli import COMMANDS, main
from cnncli.report import artifacts
from cnncli.report.artifacts import Artifact
from cnncli.spec import load

PAGE = (Path(__file__).parents[1] / "docs" / "contributing.md").read_text("utf-8")
SPEC = """
name: toy
data: {source: {squares: {images: 60}}, cache: false}
model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}
train: {epochs: 2}
"""


def recipe(name: str) -> str:
    """The block of code below the comment `<!-- name -->`, or `<!-- name: file -->`."""
    found = re.search(rf"<!-- {name}(?:: [\w.]+)? -->\n```(?:python|html)\n(.*?)```", PAGE, re.DOTALL)
    assert found, f"docs/contributing.md has no recipe '{name}'"
    return found[1]


def entry(name: str) -> object:
    """The value of a table's line."""
    names = {"ImageSource": ImageSource, "Artifact": Artifact, "whole": whole}
    line = recipe(name).strip().removesuffix(",")
    return eval(f"{{{line}}}" if line.startswith('"') else line, names)


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A spec of the recipe's source, which is as good as installed."""
    from cnncli.data import sources

    (tmp_path / "squares.py").write_text(recipe("source"))
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(tmp_path)])
    monkeypatch.setattr(image_sources, "IMAGE_SOURCES", image_sources.IMAGE_SOURCES)
    for name, value in entry("source entry").items():
        monkeypatch.setitem(image_sources.IMAGE_SOURCES, name, value)
    file = tmp_path / "toy.yaml"
    file.write_text(SPEC)
    return file


def test_a_second_name_for_a_layer(monkeypatch):
    for word, name in entry("alias").items():
        monkeypatch.setitem(spelling.ALIASES["layer"], word, name)
        assert spelling.resolve("layer", word) == name


@pytest.mark.slow
def test_a_source_an_artefact_and_an_observer(source, tmp_path, monkeypatch):
    from cnncli.runner.train import train

    (tmp_path / "least_certain.py").write_text(recipe("artefact"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(artifacts, "ARTIFACTS", (*artifacts.ARTIFACTS, entry("artefact entry")))
    names: dict[str, type] = {}
    exec(recipe("observer"), names)
    observer = names["Losses"]()
    train(load(source).spec, tmp_path / "runs", [observer])
    assert len(observer.losses) == 2
    assert re.fullmatch(r"image \d+: [01]\.\d{4}\n", (tmp_path / "runs" / "toy-001" / "least_certain.txt").read_text())


def test_a_command(tmp_path, monkeypatch, capsys):
    (tmp_path / "hello.py").write_text(recipe("command"))
    monkeypatch.syspath_prepend(tmp_path)
    for name, module in entry("command entry").items():
        monkeypatch.setitem(COMMANDS, name, module)
    with pytest.raises(SystemExit) as ended:
        main(["hello"])
    assert (ended.value.code, capsys.readouterr().out) == (0, "hello\n")
    with pytest.raises(SystemExit):
        main(["--help"])
    assert re.search(r"hello +Greet\.", capsys.readouterr().out)


def test_a_page(tmp_path, monkeypatch):
    from cnncli.report.page import template

    (tmp_path / "answers.html.j2").write_text(recipe("page"))
    loader = jinja2.FileSystemLoader([template.FOLDER, tmp_path])
    monkeypatch.setattr(template._environment(), "loader", loader)
    names: dict[str, str] = {}
    exec(recipe("page call"), names)
    assert '<h1>Answers of <bdi dir="auto">cats-001</bdi></h1>' in names["html"]
    assert '<td class="n">1,200</td>' in names["html"]
    assert '<dt id="word-confidence">' in names["html"]


def test_what_the_picture_names_is_there():
    package = Path(spelling.__file__).parents[1]
    picture = PAGE.split("```")[1]
    rooms = re.findall(r"\b([a-z]+)/", picture)
    assert all(any((package / above / room).is_dir() for above in ("", "cli", "factory", "runner")) for room in rooms)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:cnncli|tests|benchmarks)/[\w/]+\.py)`", PAGE))))
def test_a_file_that_the_page_names_is_there(path):
    assert (Path(__file__).parents[1] / path).is_file()
