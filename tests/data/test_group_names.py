"""File names that suggest groups, and those that only look as if they did."""

import random

from cases import each

from cnncli.data.groups import matched_groups
from cnncli.data.inventory.source_inventory import Entry
from cnncli.data.quality.group_names import groups_in_names, suggested_groups
from cnncli.spec.sections.group_pattern import wrong_pattern

CLASSES = ("cat", "dog")


def entries(name, classes=CLASSES, each=60):
    """Images of some classes, named by their class and their number within it."""
    return [Entry(f"{label}/{name(label, number)}", "train", label) for label in classes for number in range(each)]


def hexadecimal(number):
    return f"{random.Random(number).getrandbits(128):032x}"


@each(
    "name, pattern, groups",
    [
        (lambda c, n: f"patient_{n % 12}_{n}.png", r"(patient_\d+)", 12),
        (lambda c, n: f"{c}_Subject{n // 5:03}_v{n}.jpg", r"(Subject\d+)", 12),
        (lambda c, n: f"sub-{n // 10:02}/scan{n}.png", r"(sub\-\d+)", 6),
        (lambda c, n: f"video{n // 20}{c}_frame_{n % 20}.jpg", r"(video\d+)", 3),
        (lambda c, n: f"patient{n // 6:05}/study{n % 2}/view{n}.jpg", r"(patient\d+)", 10),
        (lambda c, n: f"burst{n // 3}-{n}.jpg", r"(burst\d+)", 20),
        (lambda c, n: f"photo{c}{n // 3}_jpg.rf.{hexadecimal(n)}.jpg", r"([^/]+\.rf\.)", 40),
        (lambda c, n: f"IMG_{c}_{1000 + n // 5}_{n % 5:03}.jpg", r"([^/]+)[_-]\d+\.[^./]+$", 24),
        (lambda c, n: f"{n // 4:08}{c}_{n % 4:03}.png", r"([^/]+)[_-]\d+\.[^./]+$", 30),
        (lambda c, n: f"{n // 30:05}_{n % 30:05}.ppm", r"^(.+)[_-]\d+\.[^./]+$", 4),  # the same numbers in each class
        (lambda c, n: f"clip{n // 10}_{n * 25}.jpg", r"(clip\d+)", 6),
        (lambda c, n: f"v1_g{n // 10}{c}_{n % 10 * 10}.jpg", r"([^/]+)[_-]\d+\.[^./]+$", 12),  # every tenth frame
    ],
)
def test_names_of_groups_are_noticed_with_a_pattern_that_works(name, pattern, groups):
    images = entries(name)
    found = suggested_groups(images)
    assert (found.pattern, found.groups) == (pattern, groups)
    assert wrong_pattern(found.pattern) == ""
    assert len(matched_groups([image.name for image in images], found.pattern).names) == groups


def test_images_without_the_word_are_groups_of_their_own():
    """As in the well-known chest X-rays, where one class is named by persons and the other is not."""
    images = [Entry(f"ill/person{n // 3}_virus_{n}.jpeg", "train", "ill") for n in range(60)]
    images += [Entry(f"well/IM-{n:04}-0001.jpeg", "train", "well") for n in range(40)]
    found = suggested_groups(images)
    assert found.pattern == r"(person\d+|[^/]+$)"
    assert str(found) == "60 groups, such as 'person0' with 3 images"
    assert len(matched_groups([image.name for image in images], found.pattern).names) == 60


@each(
    "name",
    [
        lambda c, n: f"{n}.png",
        lambda c, n: f"{c}_{n:04}.jpg",
        lambda c, n: f"IMG_{n:04}.jpg",
        lambda c, n: f"{n:05}_{CLASSES.index(c)}.png",
        lambda c, n: f"{CLASSES.index(c)}_{n:05}.png",
        lambda c, n: f"{('stealth_bomber', 'biplane', 'jet')[n % 3]}_s_{random.Random(n).randrange(2000):06}.png",
        lambda c, n: f"data_batch_{n % 5}_{n // 5}.png",
        lambda c, n: f"n0208562{CLASSES.index(c)}_{n}.jpg",
        lambda c, n: f"n020{n % 4}_{random.Random(n).randrange(30_000)}.jpg",
        lambda c, n: f"IMG_20230{n % 9}01_{random.Random(n).randrange(100_000, 235_959)}.jpg",
        lambda c, n: f"{hexadecimal(n)}.jpg",
        lambda c, n: f"photo{c}{n}_jpg.rf.{hexadecimal(n)}.jpg",  # no second copy of any
        lambda c, n: f"person_{c}{n}.jpg",
        lambda c, n: f"patient_{CLASSES.index(c)}_{n}.jpg",  # the groups are the classes
        lambda c, n: f"scene_{n}.jpg" if n < 10 else f"{n}.jpg",
        lambda c, n: f"{c} ({n}).jpg",
        lambda c, n: f"Training_{n * 7919 % 10007}.jpg",
    ],
)
def test_counters_and_classes_are_no_groups(name):
    assert suggested_groups(entries(name)) is None


def test_files_beside_the_classes_do_not_count():
    images = entries(lambda c, n: f"patient{n // 6}_{n}.png")
    assert suggested_groups([*images, Entry("readme.txt", "train", "")]).groups == 10
    assert suggested_groups([]) is None


def test_the_finding_names_the_key_to_write():
    (found,) = groups_in_names(entries(lambda c, n: f"patient{n // 6}_{n}.png"))
    assert (found.code, found.severity) == ("groups-in-names", "warning")
    assert found.message == "the file names suggest 10 groups, such as 'patient0' with 12 images"
    assert found.affected[0].detail == r"to keep them together: data.split.group: {pattern: '(patient\d+)'}"


def test_own_splits_are_judged_by_what_they_share():
    images = entries(lambda c, n: f"patient{n // 6}_{n}.png")
    splits = ("train", "validation", "test")
    whole = [Entry(one.name, splits[number % 60 // 6 % 3], one.label) for number, one in enumerate(images)]
    torn = [Entry(one.name, splits[number % 3], one.label) for number, one in enumerate(images)]
    assert groups_in_names(whole) == []
    (found,) = groups_in_names(torn)
    assert found.message.endswith("; 10 groups in two splits, such as 'patient0'")
