"""From doubtful labels to a training without them: the list, the page, and the table that it saves."""

from __future__ import annotations

import csv
import html
import json
import re

import numpy as np
import pytest
from PIL import Image

import cnncli
from cnncli.runner.inputs.corrections import read_corrections

pytestmark = pytest.mark.slow

SWAPPED = ("a/00.png", "b/01.png")

SPEC = """\
name: swapped
data:
  source: {{folder: {{path: {folder}}}}}
  image: {{size: [8, 8], color: grayscale}}
  split: {{validation: 4}}
model: {{layers: [Flatten, {{Dense: {{units: classes, activation: softmax}}}}]}}
train: {{epochs: 8, batch_size: 4, optimizer: {{Adam: {{learning_rate: 0.1}}}}}}
"""


@pytest.fixture(scope="module")
def folds(tmp_path_factory):
    """Folds of forty pictures that are easy to tell from each other, two of which are in the wrong folder."""
    place, random = tmp_path_factory.mktemp("labels"), np.random.default_rng(0)
    for number in range(40):
        pixels, label = random.integers(0, 60, (8, 8), np.uint8), number % 2
        pixels[:, 4 * label : 4 * label + 4] += 150
        name = f"{'ab'[label]}/{number:02}.png"
        if f"{'ba'[label]}/{number:02}.png" in ("b/00.png", "a/01.png"):
            name = f"{'ba'[label]}/{number:02}.png"
        file = place / "photos" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(file)
    return cnncli.train_folds(SPEC.format(folder=place / "photos"), 2, place / "runs")


@pytest.fixture(scope="module")
def listed(folds):
    from cnncli.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["data", "--labels", str(folds.path), "--most", "5", "--list", str(folds.path.parent / "out.yaml")])
    assert ended.value.code == 0
    return folds


def test_wrong_labels_come_first(folds):
    first, second, third = cnncli.doubtful_labels(folds, most=3)
    assert {first.image, second.image} == {"b/00.png", "a/01.png"}
    assert (first.label, first.suggested) in {("a", "b"), ("b", "a")}
    assert first.probability < 0.5 < third.probability
    assert first.place in ("fold 1", "fold 2")


def test_the_table_has_every_label_once(listed):
    with (listed.path / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["image"] for row in rows}) == len(rows) == 40
    probabilities = [float(row["probability"]) for row in rows]
    assert probabilities == sorted(probabilities)


def test_the_page_shows_them_and_nothing_of_elsewhere(listed):
    page = (listed.path / "labels.html").read_text()
    assert re.findall(r'<li data-image="(.*?)"', page)[:2] == [
        label.image for label in cnncli.doubtful_labels(listed, 2)
    ]
    assert page.count("data:image/webp;base64") == 5
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert json.loads(html.unescape(re.search(r"data-classes='(.*?)'", page)[1])) == ["a", "b"]


def test_the_list_leaves_them_out(listed):
    spec = listed.path.parent / "again.yaml"
    spec.write_text("extends: out.yaml\n" + listed.group.record.spec.replace("  exclude: []\n", ""))
    assert len(cnncli.load_spec(spec).data.exclude) == 5
    report = cnncli.check_data(spec)
    assert report.images == 35


@pytest.mark.exhaustive
def test_a_run_trained_with_corrections_holds_them_and_its_page_adds_to_them(listed, tmp_path):
    (tmp_path / "corrections.csv").write_text("image,class\nb/00.png,a\na/01.png,\n")
    spec = cnncli.load_spec(listed.group.record.spec, {"data.corrections": str(tmp_path / "corrections.csv")})
    run = cnncli.train(spec, tmp_path)
    assert read_corrections(run.path / "corrections.csv") == {"b/00.png": "a", "a/01.png": ""}
    notices = []
    labels = cnncli.doubtful_labels(run, most=100, notice=notices.append)
    assert len(labels) == 39
    assert {label.image: label.label for label in labels}["b/00.png"] == "a"
    assert any("may have learned their labels" in line for line in notices)
