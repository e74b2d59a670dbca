"""A run folder from a stranger can be looked at: nothing of it is executed, and nothing elsewhere read or written."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hostile_images import IMAGES
from hostile_runs import BEST, LISTED, RUNS, weights
from PIL import Image

from cnncli.runs import untrusted

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:Corrupt EXIF:UserWarning")]

SPEC = """\
name: squares
data:
  source: {{folder: {{path: {images}}}}}
  image: {{size: 12}}
model:
  layers:
    - Conv2D: {{filters: 4, kernel_size: 3, strides: 2, activation: relu}}
    - GlobalAveragePooling2D
    - Dense: {{units: classes, activation: softmax}}
train: {{epochs: 1, batch_size: 8}}
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A run of three classes, trained through the command line."""
    from cnncli.cli import main

    place = tmp_path_factory.mktemp("trained")
    random = np.random.default_rng(0)
    for name, light in {"dark": 20, "grey": 120, "light": 220}.items():
        (place / "images" / name).mkdir(parents=True)
        for number in range(12):
            pixels = random.integers(light - 20, light + 20, (12, 12, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(place / "images" / name / f"{number}.png")
    (place / "squares.yaml").write_text(SPEC.format(images=place / "images"))
    command = ["train", str(place / "squares.yaml"), "--runs-dir", str(place / "runs"), "--quiet"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNCLI_CACHE_DIR", str(place / "cache"))
        with pytest.raises(SystemExit) as ended:
            main(command)
    assert ended.value.code == 0
    return place / "runs" / "squares-001"


@pytest.fixture
def run(trained, world) -> Path:
    """A copy of it in the working folder."""
    return Path(shutil.copytree(trained, world.work / "runs" / "squares-001"))


@pytest.fixture
def picture(trained) -> Path:
    return trained.parents[1] / "images" / "grey" / "1.png"


def test_a_good_run_from_elsewhere_is_evaluated_and_predicted_with(run, picture, call):
    assert call("evaluate", run).code == 0
    assert call("predict", picture, "--run", run).code == 0
    assert call("resume", run).code == 0


def test_there_are_more_than_twenty_of_them():
    assert len(RUNS) >= 20


FURTHER = {
    "spec is a bomb",  # as in test_hostile_specs.py
    "images are absolute",  # "elsewhere"
    "images are one field without end",  # "binary"
    "images are a terabyte of nothing",  # "data is huge"
}
"""Runs that are like others, which are beside them, and are computed with more often."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.exhaustive) if name in FURTHER else name for name in RUNS]
)
def test_a_hostile_run_does_no_harm(name, run, picture, world, call, monkeypatch):
    case = RUNS[name]
    monkeypatch.setattr(untrusted, "MAX_ENTRIES", 150)
    case.spoil(run, world)
    outcomes = {"evaluate": case.evaluate, "predict": case.predict or case.evaluate, "resume": case.resume}
    commands = {
        "evaluate": ("evaluate", run),
        "predict": ("predict", picture, "--run", run),
        "resume": ("resume", run),
    }
    for command, outcome in outcomes.items():
        if outcome:
            result = call(*commands[command])
            assert (result.code, outcome[1] in result.out + result.err) == (outcome[0], True), result
    assert call("runs", "--runs-dir", run.parent).code == 0


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", RUNS)
def test_nor_does_one_that_maps_and_a_page_are_made_of(name, run, picture, world, call, monkeypatch):
    case = RUNS[name]
    monkeypatch.setattr(untrusted, "MAX_ENTRIES", 150)
    case.spoil(run, world)
    code, part = case.predict or case.evaluate
    result = call("heatmap", picture, "--run", run)
    assert (result.code, part in result.out + result.err or code == 0) == (code, True), result
    result = call("report", run)
    expected = {case.evaluate[0]} if case.evaluate[0] else {0, 6}  # it reads the history and the environment as well
    assert result.code in expected, result


def test_hostile_pictures_are_refused_and_the_others_are_looked_at(run, world, call):
    for number, (data, _) in enumerate(IMAGES.values()):
        (world.work / f"{number}.png").write_bytes(data)
    names = [f"{number}.png" for number in range(len(IMAGES))]
    result = call("predict", *names, "--run", run, "--json")
    assert result.code == 3
    answers = {answer["image"]: answer for answer in json.loads(result.out)}
    for name, (_, part) in zip(names, IMAGES.values(), strict=True):
        assert part in answers[name].get("error", "")
        assert ("error" in answers[name]) == bool(part)


@pytest.mark.parametrize(
    "name",
    [
        "spec extends a secret",
        "spec is of a huge model",
        "data is nested deeply",
        "data has another image than the spec",
    ],
)
def test_a_hostile_run_is_not_summarized(name, run, world, call):
    RUNS[name].spoil(run, world)
    result = call("summary", run)
    assert (result.code in (2, 6), result.out) == (True, ""), result


@pytest.mark.parametrize("name", LISTED)
def test_runs_are_listed_whatever_one_of_them_says(name, run, trained, world, call):
    shutil.copytree(trained, run.parent / "squares-002")
    LISTED[name](run, world)
    for sort in ("date", "accuracy", "name", "state"):
        result = call("runs", "--runs-dir", run.parent, "--sort", sort)
        assert (result.code, "squares-001" in result.out, "squares-002" in result.out) == (0, True, True)
    assert call("runs", "--runs-dir", run.parent, "--json").code == 0
    assert call("runs", "--runs-dir", run.parent, "--html").code == 0


def test_a_deceiving_class_name_is_no_formula_in_a_table(run, picture, world, call):
    RUNS["data has names that deceive"].spoil(run, world)
    result = call("predict", picture, "--run", run, "--top-k", 3, "--csv")
    assert result.code == 0
    assert "'=cmd" in result.out
    assert not [line for line in result.out.splitlines() if line.startswith(("=", "error"))]


def test_changed_weights_are_used_only_when_that_is_said(run, picture, call):
    weights(lambda file: file.create_group("note"), hashed=False)(run, None)
    assert call("evaluate", run).code == 6
    for arguments in (("evaluate", run), ("predict", picture, "--run", run)):
        result = call(*arguments, "--allow-changed-weights")
        assert result.code == 0
        assert "is not what the training wrote" in result.err


def test_weights_that_are_no_plain_numbers_are_never_used(run, call):
    (run / BEST).unlink()
    os.mkfifo(run / BEST)
    assert call("evaluate", run, "--allow-changed-weights").code == 6
    (run / BEST).unlink()
    (run / BEST).symlink_to("/dev/zero")
    assert call("evaluate", run, "--allow-changed-weights").code == 6
