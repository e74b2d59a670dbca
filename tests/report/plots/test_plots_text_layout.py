from __future__ import annotations

import pytest
from matplotlib.font_manager import FontProperties

from cnncli.report.plots import style, text_layout

NOWHERE = "\U0001fae8\U0010fffd"  # a private letter, which no font has


@pytest.mark.parametrize("text", ["iiiiii", "AVAVAV", "soft-coated wheaten terrier", "Ω 0.98", "ЖЖЖ"])
@pytest.mark.parametrize("size", [6, 7.5, 8, 12])
def test_width_is_at_least_what_is_drawn(text, size):
    with style.applied():
        figure = style.new_figure(4, 1)
        drawn = figure.text(0, 0, text, size=size).get_window_extent(figure.canvas.get_renderer())
        width = text_layout.text_width(text, size)
        # Hinting may widen each letter by up to half a pixel.
        assert drawn.width * 72 / figure.dpi <= width + len(text) * 0.25
        assert FontProperties().get_family() == ["DejaVu Sans"]


@pytest.mark.parametrize("room", [5, 20, 50, 90])
def test_shortened_text_fits_and_keeps_both_ends(room):
    text = "soft-coated wheaten terrier"
    with style.applied():
        short = text_layout.shorten(text, room, 8)
        assert text_layout.text_width(short, 8) <= max(room, text_layout.text_width("…", 8))
        assert text_layout.shorten(text, 1000, 8) == text
    head, tail = short.split("…")
    assert text.startswith(head)
    assert text.endswith(tail)


def test_names_that_would_look_alike_show_where_they_differ():
    names = ["Chevrolet Silverado 1500 Regular Cab 2012", "Chevrolet Silverado 2500 Regular Cab 2012", "Honda Civic"]
    twins = [f"{'a' * 60}{end}{'b' * 60}" for end in "xy"]
    with style.applied():
        first, second, third = text_layout.shorten_apart(names, 90, 8)
        assert (first.startswith("…1"), second.startswith("…2"), third) == (True, True, "Honda Civic")
        assert len(set(text_layout.shorten_apart(twins, 40, 8))) == 2
        assert text_layout.shorten_apart(["same", "same"], 90, 8) == ["same", "same"]
        for name in text_layout.shorten_apart([*names, *twins], 60, 8):
            assert text_layout.text_width(name, 8) <= 60


def test_another_font_is_found_for_letters_that_ours_lacks():
    letter = "\u1d8a"  # DejaVu Sans has it not; STIX, which comes with matplotlib as well, has it
    families, missing = text_layout.fonts_for(frozenset(letter))
    assert families[0] == "DejaVu Sans"
    assert len(families) == 2
    assert not missing
    assert text_layout.drawable_names([f"a{letter}"]) == [f"a{letter}"]
    with style.applied([letter]):
        figure = style.new_figure(1, 1)
        figure.text(0, 0, letter)
        figure.canvas.draw()  # a missing glyph would be a warning, and so an error here


def test_names_without_a_font_become_numbers():
    assert text_layout.drawable_names(["cat", NOWHERE, "$x$"]) == ["cat", "#1", "$x$"]
    assert text_layout.drawable(f"a{NOWHERE[1]}") == "a□"


def test_names_are_on_one_line_and_composed():
    assert text_layout.tidy("a\nb\u200d cafe\u0301") == "a b café"
