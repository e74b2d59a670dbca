"""The page of a training with folds, for few and for many classes, and names that are hostile."""

from __future__ import annotations

import re

import numpy as np
import pytest

from cnncli.explain.topics import explained
from cnncli.records import Evaluation
from cnncli.report.classification import classification_report
from cnncli.report.page.folds import FoldsData, folds_html

HOSTILE = "a'b\"c</script>&"


@pytest.fixture
def data():
    def of(names, images=60, right=0.8):
        random = np.random.default_rng(0)
        labels = np.arange(images) % len(names)
        answers = np.where(random.random(images) < right, labels, (labels + 1) % len(names))
        probabilities = np.full((images, len(names)), 0.1 / (len(names) - 1), np.float32)
        probabilities[np.arange(images), answers] = 0.9
        files = tuple(f"{names[label]}/{number}.png" for number, label in enumerate(labels))
        evaluation = Evaluation("out-of-fold", names, files, labels, probabilities, {}, logits=np.log(probabilities))
        folds = [
            {"run": f"fold-{n}", "images": images // 2, "accuracy": 0.8, "intervals": {"accuracy": [0.6, 0.9]}}
            for n in (1, 2)
        ]
        over = {"accuracy": {"mean": 0.8, "std": 0.1, "interval": [0, 1]}}
        pictures = lambda indices: [np.full((8, 8, 3), index, np.uint8) for index in indices]  # noqa: E731
        fold_of = np.arange(images) % 2 + 1
        pages = {"fold-1": "fold-1/report.html"}
        report = classification_report(evaluation)
        return FoldsData("runs/x", evaluation, report, folds, over, fold_of, pages, "", pictures, explained)

    return of


def test_it_says_what_the_folds_say_together(data):
    page = folds_html(data(("cat", HOSTILE)))
    right = int(re.search(r"right: (\d+) of 60 images", page)[1])
    assert f"{100 * right / 60:.1f} %" in page
    assert '<a href="fold-1/report.html">fold-1</a>' in page
    assert "fold-2/report.html" not in page
    assert page.count("data:image/webp;base64") == min(60 - right, 12)
    assert "c</script>" not in page
    assert re.search(r"0\.8000</td><td class=\"n\">0\.1000", page)


def test_a_thousand_classes_fit(data):
    page = folds_html(data(tuple(f"class {number}" for number in range(1000)), images=2000))
    assert len(page) < 1_000_000
    assert 'data-search="a class"' in page


def test_without_mistakes_there_is_nothing_to_show(data):
    page = folds_html(data(("cat", "dog"), right=2))
    assert "Every image is right." in page
    assert "most confident mistakes" not in page
