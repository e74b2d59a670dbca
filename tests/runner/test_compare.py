"""Runs are compared by what they recorded, on the images that both were tested on."""

from __future__ import annotations

import csv
import json
import re

import pytest
from scipy.stats import binomtest

from cnncli.errors import RunError
from cnncli.runner.compare import compare
from cnncli.runner.open_run import OpenRun
from cnncli.runs import RunDir

SPEC = """\
name: {name}
seed: {seed}
data: {{source: {source}, split: {{validation: 0}}, classes: {classes}}}
model: {{layers: [Flatten, {{Dense: {{units: classes, activation: softmax}}}}]}}
train: {{epochs: {epochs}}}
"""
FOLDER = "{folder: {path: photos}}"


@pytest.fixture
def make(tmp_path):
    """Makes a run with these answers; of a folder every image has its content and perhaps its group."""

    def make_run(name, answers, seed=0, epochs=1, source=FOLDER, images=None, groups=None, classes="null"):
        run = RunDir(tmp_path / name)
        run.write_text("spec.yaml", SPEC.format(name="x", seed=seed, epochs=epochs, source=source, classes=classes))
        run.write_json("status.json", {"state": "finished"})
        run.write_json("environment.json", {"cnncli": "0.1.0", "packages": {"keras": f"3.{epochs}"}})
        pixels = {"border_mean": 0, "border_std": 1}
        run.write_json("data.json", {"class_names": ["a", "b"], "image": [8, 8, 1], "pixels": pixels})
        images = images or [f"{at}.png" for at in range(len(answers))]
        true = ["ab"[int(re.sub(r"\D", "", image)) % 2] for image in images]
        rows = list(zip(images, true, answers, ["0.9"] * len(images), strict=True))
        with (run.path / "predictions.csv").open("w") as file:
            csv.writer(file).writerows([("image", "true", "predicted", "probability"), *rows])
        if source.startswith("{folder"):
            columns = ("split", "origin", "image", "class", "content", *(["group"] if groups else []))
            listed = [("train", "train", "t.png", "a", f"seed {seed}", *(["x"] if groups else []))]
            for at, row in enumerate(rows):
                listed.append(("test", "train", row[0], row[1], f"of {row[0]}", *([groups[at]] if groups else [])))
            with (run.path / "images.csv").open("w") as file:
                csv.writer(file).writerows([columns, *listed])
        return OpenRun(run)

    return make_run


def answers(wrong, images=200):
    return ["ba"[at % 2] if at in wrong else "ab"[at % 2] for at in range(images)]


def test_a_run_equals_itself(make):
    run = make("a", answers(range(20)))
    result = compare([run, run])
    (pair,) = result.pairs
    assert (pair.difference, pair.p, pair.exact_p, pair.holm_p, pair.gained, pair.lost) == (0.0, 1.0, 1.0, 1.0, 0, 0)
    assert (pair.images, pair.classes, pair.changed, result.spec, result.data) == (200, (), (), {}, ())


def test_p_is_that_of_the_two_files_and_the_images_that_changed_are_listed(make):
    first, second = make("a", answers(range(30))), make("b", answers(range(24, 40)), epochs=2)
    result = compare([first, second])
    (pair,) = result.pairs
    tables = [list(csv.DictReader((run.path / "predictions.csv").open())) for run in (first, second)]
    right = [[row["true"] == row["predicted"] for row in rows] for rows in tables]
    gained = sum(after and not before for before, after in zip(*right, strict=True))
    lost = sum(before and not after for before, after in zip(*right, strict=True))
    assert (pair.gained, pair.lost) == (gained, lost) == (24, 10)
    assert pair.exact_p == pytest.approx(binomtest(gained, gained + lost).pvalue)
    assert pair.p < pair.exact_p < 0.05
    assert pair.difference == pytest.approx(0.07)
    assert pair.interval[0] < 0.07 < pair.interval[1]
    assert result.best == "b"
    assert len(pair.changed) == 34
    assert (pair.changed[0].image, pair.changed[0].true, pair.changed[0].first, pair.changed[0].second) == (
        "0.png", "a", "b", "a",
    )  # fmt: skip
    assert {(each.class_name, each.gained, each.lost, each.images) for each in pair.classes} == {
        ("a", 12, 5, 100),
        ("b", 12, 5, 100),
    }
    assert result.spec == {"train.epochs": ("1", "2")}
    assert result.versions == {"packages.keras": ('"3.1"', '"3.2"')}
    json.dumps(result.plain(), allow_nan=False)


def test_the_order_of_the_images_makes_no_difference(make):
    names = [f"{at}.png" for at in range(200)]
    first, second = make("a", answers(range(30))), make("b", answers(range(24, 40)))
    turned = make("c", answers(range(24, 40))[::-1], images=names[::-1])
    pair, again = compare([first, second]).pairs[0], compare([first, turned]).pairs[0]
    assert (again.gained, again.lost, again.p, again.images) == (pair.gained, pair.lost, pair.p, 200)
    assert set(again.changed) == set(pair.changed)


def test_only_images_that_both_were_tested_on_are_compared(make):
    first = make("a", answers(range(30)))
    second = make("b", answers(range(24, 40))[100:], images=[f"{at}.png" for at in range(100, 200)], seed=1)
    result = compare([first, second])
    (pair,) = result.pairs
    assert (pair.images, pair.gained, pair.lost) == (100, 0, 0)
    assert "compared on the 100 test images that both have" in result.notes[0]
    assert result.data[0] == "b has 100 test images, a 200; 100 are the same"
    assert result.data[1] == "b has 1 training image, a 1; 0 are the same"
    assert result.flattery is None


def test_different_images_are_compared_without_a_p(make):
    first, second = make("a", answers(range(60))), make("b", answers(range(5)), images=[f"n{at}" for at in range(200)])
    result = compare([first, second])
    (pair,) = result.pairs
    assert (pair.images, pair.p, pair.holm_p, pair.changed) == (0, None, None, ())
    assert pair.interval[0] > 0.2
    assert "tested on different images: the difference may be that of the images" in result.notes[0]


def test_the_numbers_of_two_data_sets_are_not_the_same_images(make):
    digits, other = (make(name, answers(range(9)), source=name) for name in ("mnist", "cifar10"))
    assert compare([digits, other]).pairs[0].images == 0
    assert compare([digits, digits]).pairs[0].images == 200


def test_an_image_with_another_label_is_not_compared(make):
    first, second = make("a", answers(range(30))), make("b", answers(range(30)))
    text = (second.path / "predictions.csv").read_text().replace("7.png,b", "7.png,a", 1)
    (second.path / "predictions.csv").write_text(text)
    assert compare([first, second]).pairs[0].images == 199


def test_seeds_of_one_spec_are_repeats_and_specs_are_compared_over_seeds(make):
    short = [make(f"short-{seed}", answers(range(30 + seed)), seed) for seed in range(3)]
    long = [make(f"long-{seed}", answers(range(10 + seed)), seed, epochs=2) for seed in range(3)]
    result = compare([*short, *long])
    assert [run.spec for run in result.runs] == [1, 1, 1, 2, 2, 2]
    names = [tuple(f"{kind}-{at}" for at in range(3)) for kind in ("short", "long")]
    assert [each.runs for each in result.repeats] == names
    assert result.repeats[0].mean == pytest.approx(1 - 31 / 200)
    assert result.repeats[0].deviation == pytest.approx(1 / 200)
    (specs,) = result.specs
    assert (specs.first, specs.second, specs.difference) == (1, 2, pytest.approx(0.1))
    assert specs.p < 0.001
    assert len(result.pairs) == 5
    assert all(pair.holm_p >= pair.p for pair in result.pairs)
    assert result.flattery > 0.003
    assert any("by several seeds each" in note for note in result.notes)


def test_classes_that_are_named_are_the_same_spec_as_those_of_the_source(make):
    result = compare([make("a", answers(range(9))), make("again", answers(range(9)), classes="[a, b]")])
    assert ([run.spec for run in result.runs], result.spec) == ([1, 1], {})
    others = compare([make("b", answers(range(9))), make("turned", answers(range(9)), classes="[b, a]")])
    assert set(others.spec) == {"data.classes[0]", "data.classes[1]"}


def test_groups_count_where_images_come_in_groups(make):
    groups = [str(at // 20) for at in range(200)]
    first, second = (make(name, answers(wrong), groups=groups) for name, wrong in (("a", range(40)), ("b", range(0))))
    (pair,) = compare([first, second]).pairs
    assert pair.exact_p is None
    assert pair.p > 0.05 > binomtest(40, 40).pvalue
    assert compare([first, second]).notes == ("images come in groups: intervals and p count groups, not images",)


def test_groups_that_one_run_recorded_count_for_both(make):
    groups = [str(at // 20) for at in range(200)]
    older, newer = make("a", answers(range(40))), make("b", answers(range(0)), groups=groups)
    assert compare([older, newer]).pairs[0].exact_p is None
    assert compare([newer, older]).pairs[0].p == compare([older, newer]).pairs[0].p > 0.05


def test_a_run_without_answers_or_with_damaged_ones_says_so(make):
    first, second = make("a", answers(range(30))), make("b", answers(range(30)))
    with pytest.raises(RunError, match="two runs or more"):
        compare([first])
    (second.path / "predictions.csv").write_text("image,true\n")
    with pytest.raises(RunError, match="is damaged"):
        compare([first, second])
    (second.path / "predictions.csv").unlink()
    with pytest.raises(RunError, match=r"has no predictions\.csv, so there is nothing to compare") as caught:
        compare([first, second])
    assert "cnncli resume" in caught.value.hint


def test_names_of_runs_are_folders_where_two_are_the_same(make):
    first, second = make("one/a", answers(range(30))), make("two/a", answers(range(20)))
    assert [run.run for run in compare([first, second]).runs] == [str(first.path), str(second.path)]


def test_images_that_were_moved_are_the_same_spec_and_others_are_not(make):
    first, moved = make("a", answers(range(9))), make("moved", answers(range(9)), source="{folder: {path: there}}")
    result = compare([first, moved])
    assert ({run.spec for run in result.runs}, result.spec) == ({1}, {})
    images = [f"x{at}.png" for at in range(200)]
    other = make("other", answers(range(9)), source="{folder: {path: there}}", images=images)
    assert set(compare([first, other]).spec) == {"data.source.folder.path"}


@pytest.mark.parametrize(
    ("key", "name"), [("split: {file: FILE}", "split.csv"), ("corrections: FILE", "corrections.csv")]
)
def test_copies_of_one_division_or_correction_are_the_same_spec(make, key, name):
    runs = [make(run, answers(range(9)), seed=seed) for seed, run in enumerate("ab")]
    for run in runs:
        text = run.folder.spec.read_text()
        of_run = key.replace("FILE", str(run.path / name))
        text = text.replace(
            "split: {validation: 0}", of_run if "split" in key else f"split: {{validation: 0}}, {of_run}"
        )
        run.folder.write_text("spec.yaml", text)
        run.folder.write_text(name, "split,image\n")
    assert {run.spec for run in compare(runs).runs} == {1}
    runs[1].folder.write_text(name, "split,image\ntrain,a.png\n")
    assert {run.spec for run in compare([OpenRun(run.folder) for run in runs]).runs} == {1, 2}
