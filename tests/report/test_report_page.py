"""The page of a run: whole, offline, and safe whatever its names are."""

from __future__ import annotations

import html.parser
import re
from collections import Counter

import numpy as np
import pytest

from cnncli.explain.topics import explained
from cnncli.records import LayerRow, ModelSummary
from cnncli.report import EvaluationData
from cnncli.report.page import Heat, RunFacts
from cnncli.report.page.charts import curves_of
from cnncli.report.page.writing import page_html

HOSTILE = ["a'b\"c</script><script>alert(1)</script>&", "{{ 7 * 7 }}", "<img src=x onerror=alert(2)>", "كلب", "x" * 300]
WITHOUT_END = {"meta", "img", "br", "line", "circle", "polyline"}


@pytest.fixture
def page_of(make_evaluation, make_history):
    """The page of an evaluation with so many classes and images, each a photograph of its own noise."""
    noise = np.random.default_rng(0)

    def photographs(indices):
        return [noise.integers(0, 256, (40, 30, 3)).astype(np.uint8) for _ in indices]

    def heat_maps(pictures, labels):
        return [Heat(noise.random(each.shape[:2]), counts=at % 2 == 0) for at, each in enumerate(pictures)]

    def run(
        classes,
        images,
        right=0.8,
        names=None,
        epochs=5,
        spec="name: cats\n",
        name="cats-001",
        lacking=-1,
        findings=(),
        validated=False,
    ):
        evaluation = make_evaluation(classes, images, right, names, lacking)
        layer = LayerRow("dense_1", "Dense", (classes,), 100, 100, 100, path=("model",))
        scale = LayerRow("scale", "Rescaling", (224, 160, 3), 0, 0, 0)
        facts = RunFacts(
            name=name,
            state="finished",
            history=make_history(epochs),
            counts={"test": dict.fromkeys(evaluation.class_names, 3)},
            findings=findings,
            network=ModelSummary((scale, layer), (224, 160, 3), 400),
            heat_maps=heat_maps,
            spec=spec,
            machine=[("device", "CPU")],
            explain=explained,
        )
        other = make_evaluation(classes, images, right / 2, names) if validated else None
        return page_html(EvaluationData(evaluation, photographs, other), facts)

    return run


class Elements(html.parser.HTMLParser):
    """Every element with its attributes, and the text outside of style."""

    def __init__(self, page):
        super().__init__()
        self.found, self.open, self.text = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in WITHOUT_END:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.text.append(data)

    def attributes(self, name):
        return [attributes[name] for _, attributes in self.found if name in attributes]


def text_of(page):
    return " ".join(" ".join(Elements(page).text).split())


@pytest.mark.parametrize(
    ("classes", "images"), [(2, 20), (10, 500), (100, 2000), pytest.param(1000, 5000, marks=pytest.mark.exhaustive)]
)
def test_it_is_one_file_of_at_most_3_MB_that_asks_for_nothing(page_of, classes, images):
    page = page_of(classes, images)
    assert 0 < len(page.encode()) <= 3_000_000
    elements = Elements(page)
    assert not elements.open
    assert not {"link", "iframe", "object", "form"} & {tag for tag, _ in elements.found}
    assert all(address.startswith(("data:image/webp;base64,", "#")) for address in elements.attributes("src"))
    assert all(address.startswith("#") for address in elements.attributes("href"))
    assert not re.search(r"url\(|@import", page)
    ids = Counter(elements.attributes("id"))
    assert set(ids.values()) == {1}
    assert {address[1:] for address in elements.attributes("href")} <= set(ids)


def test_hostile_names_are_text(page_of):
    page = page_of(5, 200, 0.5, HOSTILE, spec=f"name: {HOSTILE[0]}", name=HOSTILE[2], findings=HOSTILE)
    elements = Elements(page)
    assert not elements.open
    assert {tag for tag, _ in elements.found} == {tag for tag, _ in Elements(page_of(5, 200, 0.5)).found}
    assert not [name for _, attributes in elements.found for name in attributes if name.startswith("on")]
    text = "".join(elements.text)
    assert all(name in text for name in HOSTILE)
    assert "49" not in re.findall(r"<bdi dir=\"auto\">(.*?)</bdi>", page)


def test_every_name_of_a_class_has_its_own_direction(page_of):
    page = page_of(2, 40, 0.5, ["كلب", "قط"])
    outside = re.sub(r"<bdi dir=\"auto\">.*?</bdi>|(alt|aria-label)=\"[^\"]*\"", "", page)
    assert "كلب" not in outside


def test_it_counts_layers_as_the_training_does(page_of):
    assert "1 layer, 100 parameters" in text_of(page_of(4, 200))


def test_a_confusion_of_one_image_in_hundreds_is_not_one_percent(page_of):
    page = page_of(2, 1000, 0.998)
    shares = [float(share) for share in re.findall(r'data-value="[\d.]+">([\d.]+) %</td>', page)]
    assert shares
    assert max(shares) < 1


def test_commands_name_files_from_where_the_run_was_trained(page_of):
    page = page_of(4, 200)
    assert "cnncli reproduce cats-001 " in page
    assert "cnncli train runs/cats-001/spec.yaml" in page
    assert "<code>cnncli data runs/cats-001/spec.yaml</code>" in page


def test_the_answer_stands_first_with_its_interval_and_against_the_baseline(page_of):
    text = text_of(page_of(4, 200))
    first = text[text.index("right:") - 10 : text.index("Training")]
    assert re.search(r"\d\d\.\d % right: 1\d\d of 200 test images ", first)
    assert re.search(r"lies between \d\d\.\d and \d\d\.\d %", first)
    assert re.search(r"always answers class \d has \d\d\.\d % right", first)
    assert "not surely better" not in first
    assert re.search(r"macro F1 0\.\d+ 0\.\d+–0\.\d+ ", first)


def test_confidences_are_held_against_what_is_right(page_of):
    text = text_of(page_of(4, 200))
    assert "How to read the confidences" in text
    assert re.search(r"Mean confidence 0\.\d\d, accuracy 0\.\d\d; ", text)
    assert "How to read the confidences" not in text_of(page_of(4, 40))


def test_what_sets_and_leaving_out_answers_gain_is_shown_with_validation_images(page_of):
    text = text_of(page_of(4, 200, validated=True))
    assert re.search(r"0\.95 [01]\.\d\d \([01]\.\d\d–[01]\.\d\d\) \d\.\d\d \d", text)
    assert re.search(r"Answers of 0\.\d\d or more \(\d+ %\) are right in", text)
    assert "Sets of classes" not in text_of(page_of(4, 200))


def test_a_network_that_guesses_is_called_what_it_is(page_of):
    assert "the network is not surely better than that" in text_of(page_of(2, 60, right=0.5))


@pytest.mark.parametrize("right", [0.0, 1.0])
def test_all_right_and_all_wrong(page_of, right):
    text = text_of(page_of(3, 30, right=right))
    assert ("There are none." in text) == (right == 1.0)
    assert ("Every image is right." in text) == (right == 1.0)


def test_a_class_without_images_is_said_to_have_none(page_of):
    assert "no images" in text_of(page_of(3, 200, lacking=1))


def test_one_epoch_makes_no_broken_curve(page_of):
    page = re.sub(r"data:image/webp;base64,[^\"]*", "", page_of(2, 20, epochs=1))
    assert 'points="52.0,' in page
    assert not re.search(r"\b(nan|inf)\b", page)


def test_a_loss_that_is_not_finite_has_no_point(make_history):
    history = make_history(4)
    history.epochs[1].metrics["loss"] = float("nan")
    history.epochs[2].metrics["loss"] = float("inf")
    curves = curves_of(history, "loss")
    assert len(curves.training.split()) == 2
    assert len(curves.validation.split()) == 4
    assert curves_of(history, "no such metric") is None
