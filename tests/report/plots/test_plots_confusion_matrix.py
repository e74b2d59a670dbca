from __future__ import annotations

import numpy as np
import pytest

from cnncli.records import Evaluation
from cnncli.report import EvaluationData
from cnncli.report.plots import confusion_matrix, style
from cnncli.report.plots.confusion_matrix import draw_confusion_matrix, figure_of

LONG = "a name that is far too long to be written in full, number"


REPRESENTATIVES = ((2, False), (10, True), (26, True), (1000, False))
GRID = [(classes, long) for classes in (1, 2, 4, 10, 25, 26, 30, 50, 51, 151, 1000) for long in (False, True)]


@pytest.mark.parametrize(
    ("classes", "long"),
    [pytest.param(*case, marks=() if case in REPRESENTATIVES else pytest.mark.exhaustive) for case in GRID],
)
def test_no_text_overlaps(make_evaluation, overlapping, classes, long):
    evaluation = make_evaluation(classes, 2000, names=[f"{LONG} {i}" for i in range(classes)] if long else None)
    with style.applied(evaluation.class_names):
        assert overlapping(figure_of(evaluation)) == []


def test_large_counts_fit_into_their_cells(make_evaluation, overlapping):
    evaluation = make_evaluation(25, 300_000, right=0.99)
    with style.applied():
        figure = figure_of(evaluation)
        assert overlapping(figure) == []
        cell = figure.axes[0].get_window_extent().width / 25
        widths = [text.get_window_extent().width for text in figure.axes[0].texts]
    assert len(widths) > 25
    assert max(widths) < cell


def test_cells_say_true_by_predicted(make_evaluation):
    evaluation = make_evaluation(3, 90)
    with style.applied():
        texts = figure_of(evaluation).axes[0].texts
    for row in range(3):
        for column in range(3):
            count = np.count_nonzero((evaluation.labels == row) & (evaluation.predicted == column))
            found = [text.get_text() for text in texts if text.get_position() == (column, row - 0.1)]
            assert found == ([str(count)] if count else [])


def test_text_contrasts_with_its_cell():
    for shades in (style.RIGHT_SHADES, style.WRONG_SHADES):
        for color in shades(np.linspace(0, 1, 64)):
            text = confusion_matrix._readable_on(color)
            ink = np.ones(3) if text == "white" else np.full(3, 0x22 / 255)
            light, dark = sorted((luminance(color[:3]) + 0.05, luminance(ink) + 0.05), reverse=True)
            assert light / dark > 3.5


def luminance(color):
    linear = np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_a_class_without_images_is_grey(make_evaluation):
    with style.applied():
        image = figure_of(make_evaluation(4, 100, lacking=1)).axes[0].collections[0].get_array()
    assert np.allclose(image[1, :, :3], 0.93)
    assert not np.allclose(image[0, :, :3], 0.93)


def test_from_26_classes_on_the_most_confused_pairs_are_listed(make_evaluation):
    with style.applied():
        figure = figure_of(make_evaluation(40, 3000))
    (lists,) = [axes for axes in figure.axes[0].child_axes if not axes.axison]
    columns = [text.get_text().split("\n") for text in lists.texts]
    assert [column[0] for column in columns[::2]] == ["true", "predicted", "images", "share"]
    assert [len(column) for column in columns[1::2]] == [25] * 4
    assert all(name.startswith("→ class ") for name in columns[3])


def test_of_more_than_50_classes_the_most_confused_are_drawn_and_the_title_says_so(make_evaluation):
    with style.applied():
        figure = figure_of(make_evaluation(400, 3000))
        shown = figure.axes[0].collections[0].get_array().shape[0]
        assert shown <= 30
        assert figure.texts[0].get_text() == f"Confusion matrix: the {shown} most confused of 400 classes"
        perfect = figure_of(make_evaluation(400, 3000, right=1.0))
        assert perfect.texts[0].get_text() == "Confusion matrix: the 30 first of 400 classes"
        whole = figure_of(make_evaluation(50, 3000))
        assert whole.texts[0].get_text() == "Confusion matrix"
        assert whole.axes[0].collections[0].get_array().shape[0] == 50


@pytest.mark.parametrize(("images", "right", "shown"), [(68, 65, "95.6 %"), (3, 2, "66.7 %"), (2000, 1999, "99.9 %")])
def test_shares_are_rounded_not_cut(images, right, shown):
    labels = np.zeros(images, np.int64)
    predicted = np.arange(images) >= right
    probabilities = np.eye(2, dtype=np.float32)[predicted.astype(int)]
    evaluation = Evaluation("test", ("a", "b"), ("x",) * images, labels, probabilities, {})
    with style.applied():
        assert f"({shown}, " in figure_of(evaluation).texts[1].get_text()


def test_all_shares_have_the_same_number_of_decimals():
    labels = np.repeat([0, 1], [50, 200])
    predicted = labels.copy()
    predicted[[0, 50, 51, 52]] = [1, 0, 0, 0]
    evaluation = Evaluation("test", ("a", "b"), ("x",) * 250, labels, np.eye(2, dtype=np.float32)[predicted], {})
    with style.applied():
        texts = [text.get_text() for text in figure_of(evaluation).axes[0].texts]
    assert {"98.0 %", "98.5 %"} <= set(texts)


def test_a_hundred_percent_means_all(make_evaluation):
    evaluation = make_evaluation(2, 100_000, right=1.0)
    with style.applied():
        assert "(100 %, 99.9–100 %)" in figure_of(evaluation).texts[1].get_text()
        evaluation.labels[0] = 1 - evaluation.labels[0]
        assert "(99.9 %, 99.9–99.9 %)" in figure_of(evaluation).texts[1].get_text()


@pytest.mark.parametrize("names", [["$a$", "$5"], ["日本", "猫"], ["e\u0301", "a\nb"], ["\udce9", "ok"]])
def test_any_name_is_drawn_without_a_warning(tmp_path, capfd, caplog, opened, make_evaluation, names):
    draw_confusion_matrix(EvaluationData(make_evaluation(2, 50, names=names), None), tmp_path / "c.png")
    assert opened(tmp_path / "c.png").std() > 1
    assert capfd.readouterr().err == ""
    assert caplog.records == []


def test_the_file_is_small(tmp_path, opened, make_evaluation):
    draw_confusion_matrix(EvaluationData(make_evaluation(100, 20_000), None), tmp_path / "c.png")
    opened(tmp_path / "c.png")
    assert (tmp_path / "c.png").stat().st_size < 300_000


def test_only_shares_from_one_percent_on_are_written(make_evaluation):
    with style.applied():
        texts = [text.get_text() for text in figure_of(make_evaluation(3, 3000, right=0.995)).axes[0].texts]
    shares = [float(text.removesuffix(" %")) for text in texts if text.endswith("%")]
    assert len(shares) == 3
    assert min(shares) > 90
    assert sum(text.isdigit() for text in texts) > 3
