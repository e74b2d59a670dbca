"""Changes that another image of the same thing might show, and no others."""

import pytest

from cnncli.draft.augmentation import choose_augmentation
from cnncli.draft.image_format import ImageFormat


def names_of(color, size, classes, epochs=300):
    changes, why = choose_augmentation(ImageFormat(size, size, color, "stretch", ()), classes, epochs)
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry, _ in changes], why


def test_photographs_are_mirrored_and_the_comment_says_when_not_to():
    changes, _ = choose_augmentation(ImageFormat(96, 96, "rgb", "stretch", ()), ("cat", "dog"), 300)
    entry, reason = changes[0]
    assert entry == {"RandomFlip": {"mode": "horizontal"}}
    assert "where left and right matter" in reason


@pytest.mark.parametrize("size", [32, 96])
@pytest.mark.parametrize("color", ["rgb", "grayscale"])
def test_a_long_training_is_augmented_more_strongly(size, color):
    classes = ("cat", "dog")
    long, short = (names_of(color, size, classes, epochs)[0] for epochs in (300, 30))
    characters = color == "grayscale" and size == 32
    assert ("CutMix" in long) != characters
    assert "CutMix" not in short
    assert len(long) >= len(short)


@pytest.mark.parametrize(
    ("color", "size", "classes"),
    [
        ("grayscale", 28, ("bag", "boot")),  # like digits
        ("grayscale", 96, ("healthy", "sick")),  # like X-rays
        ("rgb", 96, ("0", "1", "10")),
        ("rgb", 32, ("b", "d", "p")),
        ("rgb", 96, ("turn_left", "turn-right", "straight")),
    ],
)
def test_what_would_become_something_else_is_not_mirrored(color, size, classes):
    names, why = names_of(color, size, classes)
    assert "RandomFlip" not in names
    assert "RandomTranslation" in names
    assert "No flip: " in why


def test_one_word_for_a_side_alone_says_nothing():
    assert "RandomFlip" in names_of("rgb", 96, ("left luggage", "bicycle"))[0]


@pytest.mark.parametrize(
    ("size", "resize", "fill"), [(28, "stretch", "nearest"), (28, "pad", None), (96, "stretch", None)]
)
def test_small_characters_get_no_mirrored_strokes(size, resize, fill):
    changes, _ = choose_augmentation(ImageFormat(size, size, "grayscale", resize, ()), ("3", "8"), 300)
    assert changes[0][0]["RandomTranslation"].get("fill_mode") == fill
