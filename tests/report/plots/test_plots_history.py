from __future__ import annotations

import math

import pytest

from cnncli.records import Epoch, History
from cnncli.report.plots import style
from cnncli.report.plots.history import draw_history, figure_of


def titles_of(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


@pytest.mark.representatives("True-1", "True-200", "False-30")
@pytest.mark.parametrize("epochs", [1, 2, 3, 30, 200])
@pytest.mark.parametrize("validation", [True, False])
def test_no_text_overlaps(make_history, overlapping, epochs, validation):
    with style.applied():
        history = make_history(epochs, validation, ["top_5_accuracy", "a_very_long_metric_name_" * 4], decay=0.9)
        assert overlapping(figure_of(history)) == []


@pytest.mark.parametrize("epochs", [1, 3, 200])
def test_epoch_ticks_are_whole_numbers_of_epochs(make_history, epochs):
    with style.applied():
        axes = figure_of(make_history(epochs)).axes[0]
        low, high = axes.get_xlim()
        ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    assert ticks
    assert all(tick == int(tick) and 1 <= tick <= epochs for tick in ticks)


def test_the_best_epoch_is_marked_with_its_value():
    epochs = tuple(Epoch(n, {"loss": 1 / n, "val_loss": value}, 1, 1) for n, value in enumerate([0.9, 0.4321, 0.7], 1))
    with style.applied():
        (axes,) = figure_of(History(epochs, "val_loss", 2)).axes
        marks = [line.get_xydata().tolist() for line in axes.lines if line.get_markersize() == 7]
        assert marks == [[[2, 0.4321]]]
        assert axes.get_title(loc="right") == "0.4321 at epoch 2"


@pytest.mark.parametrize("rate", [1, None], ids=["one panel", "two panels"])
def test_a_line_stands_where_a_stage_begins(overlapping, rate):
    stages = [1, 1, 2, 3, 3]
    epochs = tuple(
        Epoch(n, {"loss": 1 / n, "val_loss": 1 / n}, rate or 1 / n, 1, stage) for n, stage in enumerate(stages, 1)
    )
    with style.applied():
        figure = figure_of(History(epochs, "val_loss", 5))
        for axes in figure.axes:
            lines = [line.get_xdata()[0] for line in axes.lines if line.get_color() == style.INK]
            assert lines == [2.5, 3.5]
        told = "new stage" in [text.get_text() for text in figure.legends[0].get_texts()]
        assert told is (len(figure.axes) > 1)
        assert overlapping(figure) == []
        plain = figure_of(History(epochs[:2], "val_loss", 2))
    assert "new stage" not in [text.get_text() for text in plain.legends[0].get_texts()]


def test_panels(make_history):
    with style.applied():
        assert titles_of(figure_of(make_history(3))) == ["loss", "accuracy"]
        assert titles_of(figure_of(make_history(3, extra=["top_5"], decay=0.5))) == [
            *("loss", "accuracy", "top 5", "learning rate")
        ]
        curves = figure_of(make_history(30)).axes[0].lines
    assert {style.BLUE, style.VERMILLION} <= {line.get_color() for line in curves}


def test_values_that_are_not_finite_leave_gaps(tmp_path, opened):
    values = [(1000.0, 900.0), (3.0, math.inf), (0.5, 2.0), (math.nan, math.nan)]
    epochs = tuple(
        Epoch(number, {"loss": loss, "val_loss": other, "accuracy": math.nan}, 1e-3, 1)
        for number, (loss, other) in enumerate(values, 1)
    )
    draw_history(History(epochs, "val_loss", 3), tmp_path / "h.png")
    opened(tmp_path / "h.png")
    with style.applied():
        loss, accuracy = figure_of(History(epochs, "val_loss", 3)).axes
        assert loss.get_yscale() == "log"
        assert accuracy.get_title(loc="right") == "no finite value"


def test_the_file_is_small_and_the_same_each_time(tmp_path, opened, make_history):
    for name in ("one.png", "two.png"):
        draw_history(make_history(200, decay=0.98), tmp_path / name)
    opened(tmp_path / "one.png")
    assert (tmp_path / "one.png").stat().st_size < 300_000
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


RATES = {
    "a schedule that hardly moves": [1e-4 / (1 + 2e-6 * n) for n in range(10)],
    "a millionth": [1e-3 * (1 - 1e-6 * n) for n in range(10)],
    "around 30": [30 + 1e-4 * n for n in range(10)],
    "neighbours in float32": [1e-3 * (1 - 1e-7 * n) for n in range(10)],
}


@pytest.mark.representatives("hardly", "neighbours")
@pytest.mark.parametrize("rates", RATES.values(), ids=RATES)
def test_rates_that_are_nearly_equal_are_told_apart_within_the_picture(overlapping, rates):
    metrics = [{"loss": 1 / n, "accuracy": 1 - 1 / n} for n in range(1, 11)]  # so that the rates are on the left
    epochs = tuple(Epoch(n, *pair, 1) for n, pair in enumerate(zip(metrics, rates, strict=True), 1))
    with style.applied():
        figure = figure_of(History(epochs, "loss", 10))
        assert overlapping(figure) == []
        axes = figure.axes[-1]
        low, high = axes.get_ylim()
        labels = [
            text.get_text()
            for text, at in zip(axes.get_yticklabels(), axes.get_yticks(), strict=True)
            if low <= at <= high
        ]
    assert titles_of(figure)[-1] == "learning rate"
    assert len(labels) == len(set(labels)) > 1
