"""What `cnncli init` chooses and what `cnncli explain` advises is the same."""

import re

import numpy as np
import pytest
from test_draft import seen

from cnncli.draft import draft
from cnncli.draft.image_format import choose_image_format
from cnncli.explain.topics import topic


def explained(family, name):
    return re.sub(r"['`]", "", " ".join(topic(family, name).paragraphs))


@pytest.mark.parametrize(
    ("sizes", "resize", "advice"),
    [
        ([(200, 300), (200, 290)], "stretch", r"stretch [^.]*right where those of all images are similar"),
        ([(200, 300), (300, 100)], "pad", r"Where they differ, pad keeps them"),
    ],
)
def test_images_of_other_proportions(sizes, resize, advice):
    every = np.array(sizes * 40)
    chosen = choose_image_format(every, np.zeros(80, bool), np.zeros(80, np.int64), ("cat",), 80)
    assert chosen.resize == resize
    assert re.search(advice, explained("key", "data.image.resize"))


@pytest.mark.parametrize("images", [20, 400, 4000])
def test_a_schedule_that_falls_to_the_end_is_not_stopped_early(images):
    text = draft(seen(counts=(images, images)), "photos.yaml")
    assert "choose one of the two" in explained("callback", "EarlyStopping")
    assert ("CosineDecay" in text) != ("EarlyStopping" in text)
