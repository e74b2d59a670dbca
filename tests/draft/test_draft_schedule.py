"""Trainings whose length follows from the number of images."""

import numpy as np

from cnncli.draft.schedule import Schedule, choose_schedule, train_section
from cnncli.spec.reader import read


def test_few_images_take_many_epochs_in_small_batches():
    assert choose_schedule(104) == Schedule(16, 60, 7)
    assert (choose_schedule(1400).batch_size, choose_schedule(1400).epochs) == (32, 40)
    assert (choose_schedule(50_000).batch_size, choose_schedule(50_000).epochs) == (128, 20)
    assert [choose_schedule(images).batch_size for images in (2, 4, 10, 40)] == [2, 2, 2, 8]


def test_classes_are_weighed_when_they_differ():
    def train(counts, validation=24):
        return read("\n".join(train_section(choose_schedule(100), np.array(counts), validation)), "").value["train"]

    assert "class_weight" not in train([50, 40])
    assert train([60, 40])["class_weight"] == "balanced"
    assert train([50, 40])["monitor"] == "val_loss"
    assert "monitor" not in train([50, 40], 5000)
