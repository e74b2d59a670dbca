"""The estimate grows with what a training computes; how right it is, a benchmark measures."""

from __future__ import annotations

import pytest
from test_draft import seen

from cnncli.draft import Budget, draft, draft_in_time
from cnncli.draft.split import choose_split
from cnncli.draft.training_time import CoreSpeed, TrainingTime, estimate, measure_core
from cnncli.spec import parse
from cnncli.spec.reader import read

CORE = CoreSpeed(operations=1e11, values=8e9)


def estimated(survey, core=CORE):
    split = choose_split(survey.labels, survey.class_names)
    return estimate(parse(read(draft(survey, "a.yaml"), "a.yaml")), survey, split, core)


def test_more_and_larger_images_and_a_slower_core_take_longer():
    small, many, large = seen(sizes=[(28, 28)]), seen((160,) * 4, [(28, 28)]), seen(sizes=[(300, 300)])
    assert estimated(many).epoch > 1.5 * estimated(small).epoch
    assert estimated(large).epoch > estimated(small).epoch
    assert estimated(seen(sizes=[(3000, 3000)])).once > estimated(large).once  # decoding
    slow = CoreSpeed(CORE.operations / 10, CORE.values / 10)
    assert estimated(small, slow).epoch > 2 * estimated(small).epoch


def test_a_backbone_takes_longer_than_the_layers_that_the_spec_lists():
    photographs = seen((40,) * 4, [(200, 300)])
    split = choose_split(photographs.labels, photographs.class_names)
    text = draft(photographs, "a.yaml", pretrained=True)
    time = estimate(parse(read(text, "a.yaml")), photographs, split, CORE)
    assert time.epoch > 10 * split.train * 20 * 5 * 5 * 1280 / CORE.values  # what its last layer outputs
    assert time.once > 30  # over 150 layers are traced, and traced again for the second stage


def test_a_time_that_a_training_does_not_need_is_not_when_it_stops():
    photographs = seen((40,) * 4, [(200, 300)])
    limits = {time: draft_in_time(photographs, "a.yaml", Budget(max_time=time), True) for time in ("10h", "20s")}
    assert (limits["10h"].stops_after, limits["10h"].time.epochs) == (None, 30)
    assert limits["20s"].stops_after == 20
    assert draft_in_time(photographs, "a.yaml", Budget(max_time="10h"), False).stops_after == 36_000


def test_the_total_is_that_of_all_epochs_and_the_rest():
    time = TrainingTime(once=10, epoch=2, epochs=30)
    assert time.total == 70
    assert (time.epochs_within(107), time.epochs_within(1)) == (50, 1)


def test_a_core_is_measured():
    core = measure_core()
    assert core.operations > 1e8
    assert core.values > 1e7


@pytest.mark.parametrize("count", [(3, 3), (40,) * 4, (3000,) * 10])
def test_every_draft_has_a_time(count):
    assert 5 < estimated(seen(count)).total < 1e6
