"""Trainings whose length follows from the number of images."""

import itertools

import numpy as np

from cnncli.draft.schedule import Schedule, choose_schedule, train_section
from cnncli.spec.reader import read


def test_few_images_take_many_epochs_in_small_batches():
    assert choose_schedule(360) == Schedule(32, 400, 12)
    assert choose_schedule(3600) == Schedule(64, 80, 57)
    assert choose_schedule(54_000) == Schedule(128, 12, 422)
    assert [choose_schedule(images).batch_size for images in (2, 4, 10, 40)] == [2, 2, 2, 8]


def test_more_images_never_take_more_epochs_or_fewer_steps():
    schedules = [choose_schedule(images) for images in range(100, 100_000, 100)]
    assert all(after.epochs <= before.epochs for before, after in itertools.pairwise(schedules))
    assert all(schedule.epochs * schedule.steps >= 2000 for schedule in schedules)
    assert choose_schedule(2).epochs == 500
    assert choose_schedule(10_000_000).epochs == 10


def test_nothing_stops_before_the_learning_rate_has_fallen():
    train = read("\n".join(train_section(choose_schedule(100), np.array([50, 50]), ("a", "b"), 24)), "").value["train"]
    assert "callbacks" not in train
    assert train["optimizer"]["AdamW"]["learning_rate"]["CosineDecay"]["decay_steps"] == "total_steps"


def test_classes_are_weighed_when_they_differ():
    def train(counts, validation=24):
        names = tuple(f"class{number}" for number in range(len(counts)))
        section = train_section(choose_schedule(100), np.array(counts), names, validation)
        return read("\n".join(section), "").value["train"]

    assert "class_weight" not in train([50, 40])
    assert train([60, 40])["class_weight"] == "balanced"
    assert train([400, 4])["class_weight"] == {"class0": 0.92, "class1": 9.18}  # balanced would be 0.5 and 50.5
    assert "class_weight" not in train([400, *[4] * 60])
    assert train([50, 40])["monitor"] == "val_loss"
    assert "monitor" not in train([50, 40], 5000)
