"""A drafted spec is right: no problem, no warning, true numbers, and a reason for each choice."""

import itertools

import numpy as np
import pytest

from cnncli.data.quality.group_names import SuggestedGroups
from cnncli.data.quality.survey import Survey
from cnncli.draft import BEST, QUICK, Budget, draft, draft_in_time
from cnncli.draft.split import choose_split
from cnncli.errors import DataError
from cnncli.spec import parse
from cnncli.spec.lint import lint_images
from cnncli.spec.reader import read
from cnncli.spec.static_data_info import StaticDataInfo, static_data_info


def seen(counts=(40, 40, 40, 40), sizes=((200, 300),), grey=0.0, names=None, splits=(), path="photos", **more):
    """A survey of this many images of each class, whose sizes take turns and of which a part is grey."""
    labels = np.repeat(np.arange(len(counts)), counts)
    own = {"train": labels, **dict.fromkeys(splits, labels[::3])}
    total = sum(map(len, own.values()))
    return Survey(
        "folder",
        {"path": path},
        tuple(names or (f"class{number}" for number in range(len(counts)))),
        own,
        np.array(list(itertools.islice(itertools.cycle(sizes), total))),
        np.arange(total) < grey * total,
        {"JPEG": total},
        more.get("unreadable", {}),
        (),
        groups=more.get("groups"),
    )


def spec_of(survey):
    text = draft(survey, "photos.yaml")
    loaded = parse(read(text, "photos.yaml"))
    assert loaded.warnings == ()
    split, shape = choose_split(survey.labels, survey.class_names), static_data_info(loaded.spec.data).shape
    drawn = split.validation if "validation" in split.keys else None
    assert lint_images(loaded.spec, StaticDataInfo(shape, survey.class_names, split.train, drawn)) == []
    return loaded.spec, text


SIZES = {
    "tiny": [(3, 5)],
    "digits": [(28, 28)],
    "icons": [(32, 32)],
    "uneven": [(33, 47)],
    "small": [(40, 60), (50, 50)],
    "photographs": [(200, 300)],
    "mixed": [(200, 300), (300, 200), (480, 640)],
    "large": [(3000, 4000)],
    "lines": [(20, 200)],
    "columns": [(900, 100)],
}
COUNTS = {
    "two of three": (3, 3),
    "few": (40, 40, 40, 40),
    "uneven": (300, 20, 100),
    "hundred small": (5,) * 100,
    "thousands": (700,) * 10,
    "many": (12_000, 13_000),
}


@pytest.mark.representatives("few", "thousands", "photographs", "digits")
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("count", COUNTS)
def test_every_draft_passes_the_check_without_a_warning(size, count):
    spec, text = spec_of(seen(COUNTS[count], SIZES[size], grey=0.0 if size != "digits" else 1.0))
    assert max(map(len, text.splitlines())) <= 118
    assert spec.train.batch_size * 2 <= sum(COUNTS[count])
    assert spec.train.epochs >= 20


@pytest.mark.parametrize(
    ("counts", "splits", "silenced"),
    [
        ((2, 2), (), ["few-validation-images", "large-batch"]),
        ((12, 12, 12), (), ["few-validation-images"]),
        ((12, 12, 12), ("validation",), []),
        ((300, 300), (), []),
    ],
)
def test_what_only_more_images_would_mend_is_silenced_with_the_reason(counts, splits, silenced):
    spec, text = spec_of(seen(counts, splits=splits))
    assert spec.silence == silenced
    assert ("Remove this when there are more images." in text) == bool(silenced)


@pytest.mark.parametrize("splits", [(), ("test",), ("validation",), ("validation", "test")])
def test_the_splits_of_the_source_are_kept(splits):
    spec, text = spec_of(seen(splits=splits))
    given = spec.data.split.set_keys
    assert given == {"validation", "test"} - set(splits)
    expected = {
        (): "104 images to train, 24 to validate, 32 to test",
        ("test",): "136 images to train, 24 to validate, 54 to test",
        ("validation",): "128 images to train, 54 to validate, 32 to test",
        ("validation", "test"): "160 images to train, 54 to validate, 54 to test",
    }
    assert expected[splits] in text


def test_awkward_names_are_read_back_as_they_are():
    names = ("no", "1e3", "a: b", "été #1", 'say "x"', "null", "line\nbreak", "a\u2028b")
    survey = seen((9,) * 8, names=names, path="my: photos", unreadable={"no/a #1.png": "is\u2028cut\noff\x07"})
    spec, text = spec_of(survey)
    assert spec.data.classes == list(names)
    assert spec.data.source.arguments == {"path": "my: photos"}
    assert spec.data.exclude == ["no/a #1.png"]
    assert r"is\u2028cut off\x07" in text
    assert parse(read(draft(survey, "a b.yaml"), "a b.yaml"))
    assert "#   cnncli train 'a b.yaml'" in draft(survey, "a b.yaml")


def test_a_name_that_is_not_text_is_refused():
    with pytest.raises(DataError, match="not UTF-8 text"):
        draft(seen((9, 9), names=("cat", "dog\udcff")), "photos.yaml")


def test_classes_are_listed_where_that_helps():
    assert "classes" in spec_of(seen())[0].data.set_keys
    assert spec_of(seen((6,) * 60))[0].data.classes is None
    assert spec_of(seen((9, 9), names=("cat", " ")))[0].data.classes is None
    # Named, it would make the source take the folders of splits for classes
    assert spec_of(seen((9, 9), names=("Train", "plane")))[0].data.classes is None


def test_the_numbers_of_images_are_in_the_heading():
    text = draft(seen((31, 50), [(128, 192), (400, 606)]), "photos.yaml")
    assert "# 81 images in 2 classes, 31 to 50 per class; JPEG, 128×192 to 400×606 pixels" in text
    assert "Fewer than 30" not in text
    assert "Fewer than 30" in draft(seen((31, 29)), "photos.yaml")


def test_groups_that_file_names_suggest_are_a_line_to_uncomment():
    groups = SuggestedGroups(r"(patient_\d+)", 40, "patient_7", 6)
    spec, text = spec_of(seen(groups=groups))
    assert spec.data.split.group is None
    assert "The file names suggest 40 groups, such as 'patient_7' with 6 images." in " ".join(
        text.replace("#", "").split()
    )
    (line,) = [line for line in text.splitlines() if "pattern" in line]
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("  split:"))
    grouped = parse(read(plain.replace(line, line.replace("# ", "")), "photos.yaml")).spec.data.split
    assert grouped.group == {"pattern": groups.pattern}
    assert grouped.validation == spec.data.split.validation
    assert "pattern" not in draft(seen(splits=("validation", "test"), groups=groups), "photos.yaml")


def test_without_test_images_it_is_said_how_to_keep_all_for_training():
    _, text = spec_of(seen(splits=("validation",)))
    assert "write `test: validation`" in " ".join(text.replace("#", "").split())


def test_quick_and_best_are_shorter_and_longer_and_nothing_else():
    usual = draft(seen(), "photos.yaml")
    for budget, factor in ((QUICK, 1 / 3), (BEST, 3)):
        text = draft(seen(), "photos.yaml", budget)
        epochs = [parse(read(each, "photos.yaml")).spec.train.epochs for each in (usual, text)]
        assert epochs[1] == pytest.approx(factor * epochs[0], rel=0.25)


@pytest.mark.representatives("few", "10m")
@pytest.mark.parametrize("limit", ["10m", "90s", 600])
@pytest.mark.parametrize("count", COUNTS)
def test_a_draft_for_a_time_has_it_in_the_spec_and_passes_the_check(count, limit):
    drafted = draft_in_time(seen(COUNTS[count]), "photos.yaml", Budget(max_time=limit))
    loaded = parse(read(drafted.text, "photos.yaml"))
    assert loaded.warnings == ()
    assert loaded.spec.train.max_time == limit
    assert "epochs" not in read(drafted.text, "photos.yaml").value["train"]
    assert drafted.time.epochs >= 1


def test_where_few_epochs_fit_into_the_time_the_images_are_smaller():
    many = seen((4000, 4000), [(300, 300)])
    sizes = [
        parse(read(draft_in_time(many, "a.yaml", Budget(max_time=limit)).text, "a.yaml")).spec.data.image.size
        for limit in ("100h", "1s")
    ]
    assert sizes == [[128, 128], [64, 64]]
    text = draft(many, "a.yaml", Budget(max_time="1s", largest_side=64)).replace("\n  #", "")
    assert "too few epochs would fit into the time" in text
