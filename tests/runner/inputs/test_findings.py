"""What the page of a run says of its images."""

from cnncli.runner.inputs.data_record import DataRecord
from cnncli.runner.inputs.findings import findings_of


def record(unused=None, **counts):
    by_class = {split: dict(zip(("cat", "dog"), of, strict=True)) for split, of in counts.items()}
    return DataRecord(("cat", "dog"), (8, 8, 1), 0.0, 0.0, (), (), None, by_class, unused or {})


EVEN = record(train=(40, 60), test=(4, 6))


def rows(*images):
    return [dict(zip(("split", "class", "content"), image.split(), strict=True)) for image in images]


def test_there_is_nothing_to_say_of_even_classes_and_different_images():
    assert list(findings_of(EVEN, rows("train cat a", "train dog b", "test cat c"))) == []
    assert list(findings_of(EVEN, [])) == []


def test_uneven_classes_are_named():
    (sentence,) = findings_of(record(train=(1000, 200), test=(1, 1)), [])
    assert sentence.startswith("Uneven classes: 1,000 training images of cat, 200 of dog.")
    assert list(findings_of(record(train=(1000, 201)), [])) == []


def test_a_class_that_a_split_lacks():
    assert "No test images of dog." in findings_of(record(train=(3, 3), test=(3, 0)), [])


def test_images_that_are_not_used():
    (sentence,) = findings_of(record({"cut-off": 1}, train=(3, 3)), [])
    assert sentence == "1 image of the source is not used (cut off)."


def test_a_run_without_counts_has_none():
    assert list(findings_of(record(), [])) == []


def test_images_in_two_splits_count_as_often_as_they_are_tested():
    images = rows("train cat a", "train cat b", "validation cat b", "test cat a", "test cat a", "test cat c")
    assert list(findings_of(EVEN, images)) == [
        "1 validation image of 1 is among the training images: the network has seen them, so the figures are too good.",
        "2 test images of 3 are among the training images: the network has seen them, so the figures are too good.",
        "1 test image is a copy of others.",
    ]


def test_an_image_in_two_classes():
    images = rows("train cat a", "train dog a", "train dog b")
    assert list(findings_of(EVEN, images)) == [
        "1 train image is a copy of others.",
        "1 image is in two classes or more.",
    ]
