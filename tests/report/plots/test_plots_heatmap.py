from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from cnncli.records import Covered, HeatMap, Prediction
from cnncli.report.plots import style
from cnncli.report.plots.heatmap import answer_of, draw_heat_map, figure_of, texts_below


def heat_of(names=("cat", "dog"), shown=0, shape=(60, 90), image="photos/cat.png", warm=True, answers=(0.93, 0.07)):
    values = np.zeros(shape, np.float32)
    if warm:
        values[: shape[0] // 2, : shape[1] // 3] = np.linspace(0, 1, shape[1] // 3)
    small = tuple(min(480, side) for side in shape)
    picture = np.random.default_rng(0).integers(0, 256, (*small, 3)).astype(np.uint8)
    prediction = Prediction(image, names, answers)
    return HeatMap(prediction, names[shown], "layercam", (7, 7), values, picture, Covered(0.12, 0.92, True))


@pytest.mark.representatives("name1-", "shape1")  # the longest name in every shape, and each in one
@pytest.mark.parametrize("shape", [(28, 28), (60, 90), (300, 20), (20, 300), (1, 1), (700, 1200)])
@pytest.mark.parametrize("name", ["cat", "a class with a rather long name " * 4, "猫", "$x$ <b>"])
def test_no_text_overlaps(overlapping, shape, name):
    heat = heat_of((name, "dog"), shape=shape, image=f"{name}.png")
    with style.applied(heat.prediction.class_names):
        assert overlapping(figure_of(heat)) == []


def test_the_answer_and_the_class_of_the_evidence_are_named():
    assert answer_of(heat_of()) == "Predicted: cat (0.93)"
    assert answer_of(heat_of(shown=1)) == "Predicted: cat (0.93); evidence for dog (0.07)"


def test_a_class_in_letters_without_a_font_has_its_number_among_all_classes():
    heat = heat_of(("cat", "\U0010fffda", "\U0010fffdb"), shown=2, answers=(0.93, 0, 0.07))
    assert answer_of(heat) == "Predicted: cat (0.93); evidence for #2 (0.07)"
    assert texts_below(heat)[0].startswith("Evidence for #2 by LayerCAM")


def test_it_says_how_fine_the_map_is_and_what_covering_did():
    assert texts_below(heat_of()) == (
        "Evidence for cat by LayerCAM; made of 7×7 cells, so nothing smaller is located.",
        "Probability 0.93; with the hottest tenth covered 0.12, with as much covered elsewhere 0.92.",
    )
    assert texts_below(heat_of(warm=False))[0].startswith("No evidence for cat was found;")


def test_the_picture_stands_beside_the_map_with_the_hottest_place_the_brightest():
    drawn = io.BytesIO()
    heat = heat_of(shape=(40, 40))
    heat.picture[:] = 128
    draw_heat_map(heat, drawn)
    pixels = np.asarray(Image.open(drawn).convert("RGB")).astype(int)
    yellow = (pixels[..., 0] - pixels[..., 2] > 110) & (pixels[..., 1] - pixels[..., 2] > 60)
    left, right = np.array_split(yellow[:, : pixels.shape[1] * 3 // 4], 2, axis=1)
    assert right.sum() > 10 * left.sum()
    assert Image.open(drawn).info["Software"] == "cnncli"


def test_the_same_map_gives_the_same_bytes(tmp_path):
    for name in ("one.png", "two.png"):
        draw_heat_map(heat_of(), tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_the_figures_of_the_check_are_never_cut_off():
    heat = heat_of(("a class with a rather long name " * 4, "dog"), shape=(300, 20))
    with style.applied():
        written = [text.get_text() for text in figure_of(heat).texts]
    assert texts_below(heat)[1] in written
