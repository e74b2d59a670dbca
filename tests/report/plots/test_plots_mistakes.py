from __future__ import annotations

import numpy as np
import pytest

from cnncli.report import EvaluationData
from cnncli.report.plots import style
from cnncli.report.plots.mistakes import draw_mistakes, mistakes_of, most_confident_mistakes


def blank(indices):
    return [np.full((28, 28, 1), 90, np.uint8) for _ in indices]


@pytest.mark.parametrize("images", [5, *(pytest.param(n, marks=pytest.mark.exhaustive) for n in (20, 60)), 2000])
@pytest.mark.parametrize("name", ["cat", "a class with a rather long name", "猫", "$x$"])
def test_no_text_overlaps(make_evaluation, overlapping, images, name):
    evaluation = make_evaluation(3, images, right=0.6, names=[f"{name} {index}" for index in range(3)])
    with style.applied(evaluation.class_names):
        assert overlapping(mistakes_of(EvaluationData(evaluation, blank)).figure) == []


def test_the_most_confident_come_first(make_evaluation):
    evaluation = make_evaluation(5, 500, right=0.5)
    indices = most_confident_mistakes(evaluation)
    wrong = evaluation.labels != evaluation.predicted
    assert len(indices) == len(set(indices)) == 25
    assert wrong[indices].all()
    assert evaluation.confidence[indices].tolist() == sorted(evaluation.confidence[wrong].tolist(), reverse=True)[:25]


def test_captions_say_true_predicted_and_probability(make_evaluation):
    evaluation = make_evaluation(2, 30, right=0.8, names=["cat", "dog"])
    asked = []

    def images(indices):
        asked.extend(indices)
        return blank(indices)

    with style.applied():
        texts = [text.get_text() for text in mistakes_of(EvaluationData(evaluation, images)).figure.axes[0].texts]
    expected = []
    for index in most_confident_mistakes(evaluation):
        true, predicted = ("cat", "dog")[evaluation.labels[index]], ("cat", "dog")[evaluation.predicted[index]]
        expected += [true, f"→ {predicted} {evaluation.confidence[index]:.2f}", f"image_{index:05}.png"]
    assert texts == expected
    assert asked == most_confident_mistakes(evaluation)


def test_without_mistakes_the_picture_says_so(tmp_path, opened, make_evaluation):
    evaluation = make_evaluation(3, 40, right=1.0)
    draw_mistakes(EvaluationData(evaluation, lambda indices: pytest.fail("no image is needed")), tmp_path / "m.png")
    opened(tmp_path / "m.png")
    with style.applied():
        said = [text.get_text() for text in mistakes_of(EvaluationData(evaluation, blank)).figure.texts]
    assert said == ["No mistakes", "test: all 40 images are right"]


def test_the_file_opens(tmp_path, opened, make_evaluation):
    draw_mistakes(EvaluationData(make_evaluation(4, 300), blank), tmp_path / "m.png")
    assert (tmp_path / "m.png").stat().st_size < 300_000
    # 90 to the nearest of 64 levels
    assert (opened(tmp_path / "m.png") == 89).mean() > 0.2
