"""The page of a search."""

import dataclasses
import re

from cnncli.report.page.search import SearchPage, TrialRow, course_of, search_html


def trial(number, state="complete", value=None, values=None, remark=""):
    return TrialRow(number, f"trial-{number:03d}", state, value, 3, 4.2, values or {"a.rate": "0.1"}, remark)


PAGE = SearchPage(
    name="<b>digits",
    metric="val_loss",
    maximizes=False,
    wanted=5,
    trials=[
        trial(0, value=0.5),
        trial(1, "pruned", 0.9),
        trial(2, value=0.25, values={"a.rate": "0.2", "b.rate": "0.3"}),
        trial(3, "failed", remark="out of <memory>"),
        trial(4, value=0.75),
    ],
    best=2,
    importances={"a.rate": 0.75, "b.rate": 0.25},
    best_spec="runs/digits-tune/best.yaml",
    spec="name: digits\n",
)


def text_of(page):
    html = search_html(page, lambda word: [f"What {word} is."])
    return " ".join(re.sub(r"<[^>]*>", " ", html.partition("<body>")[2]).split())


def test_it_says_what_was_found():
    text = text_of(PAGE)
    assert "5 trials of 5: 3 complete, 1 pruned, 1 failed; compared by val_loss" in text
    assert "0.2500 val_loss , in trial 2 a.rate 0.2 b.rate 0.3" in text
    assert "2 best 0.2500 0.2 0.3 3 4" in text
    assert "trial 3 out of &lt;memory&gt;" in text
    assert "&lt;b&gt;digits" in text
    assert "a.rate 0.75 b.rate 0.25" in text


def test_the_course_falls_to_the_best():
    course = course_of(PAGE)
    heights = [float(point.split(",")[1]) for point in course.line.split()]
    assert heights == sorted(heights), "down is better"
    assert len(course.complete) == 3
    assert len(course.pruned) == 1
    rising = course_of(dataclasses.replace(PAGE, maximizes=True))
    heights = [float(point.split(",")[1]) for point in rising.line.split()]
    assert heights == sorted(heights, reverse=True)


def test_a_search_without_a_complete_trial_has_a_page():
    page = dataclasses.replace(
        PAGE, trials=[trial(0, "running"), trial(1, "failed")], best=None, importances={}, spec=""
    )
    text = text_of(page)
    assert "No trial is complete yet" in text
    assert "Course" not in text
