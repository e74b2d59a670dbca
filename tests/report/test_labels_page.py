"""The page of doubtful labels in a browser: what is ticked is what is saved."""

from __future__ import annotations

import csv
import shutil

import numpy as np
import pytest

from cnncli.explain.topics import explained
from cnncli.records import DoubtfulLabel
from cnncli.report.page import rendered, write
from cnncli.report.page.pictures import embedded

CHROMIUM = shutil.which("chromium")
HOSTILE = "a'b\"c</script>&"
NAMES = ["cat/1.png", f"{HOSTILE}/2.png", "dog, large/3.png", "dog/4.png", f"dog/{'x' * 300}.png"]


@pytest.fixture
def page(tmp_path):
    picture = embedded(np.full((8, 8, 3), 90, np.uint8))
    labels = [(DoubtfulLabel(name, "cat", 0.1, HOSTILE, 0.8, "fold 1"), picture) for name in NAMES]
    values = {"class_names": ["cat", HOSTILE, "dog"], "earlier": [("old.png", "")], "percent": "{:.3f}".format}
    html = rendered(
        "labels.html.j2",
        explained,
        ["labels.js"],
        subject="runs/x",
        is_out_of_fold=True,
        images=9,
        labels=labels,
        **values,
    )
    write(html, tmp_path / "labels.html")
    return tmp_path / "labels.html"


def test_names_are_text_and_not_html(page):
    assert 'b"c</script>' not in page.read_text()


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")
def test_what_is_ticked_is_saved(page, tmp_path):
    from playwright.sync_api import sync_playwright

    problems = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page()
        tab.on("console", lambda message: problems.append(message.text))
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.on(
            "request",
            lambda request: request.url.startswith(("file:", "data:", "blob:")) or problems.append(request.url),
        )
        tab.goto(page.as_uri())
        items = tab.locator("form li")
        items.nth(0).get_by_label("leave it out").check()
        items.nth(1).get_by_label("leave it out").check()
        items.nth(1).get_by_label("it is a'b").check()  # in its place
        items.nth(2).get_by_label("or it is").fill("dog")
        assert tab.locator("#count").inner_text() == "3 of 5 corrected, and 1 from before"
        with tab.expect_download() as download:
            tab.get_by_role("button", name="Save corrections.csv").click()
        assert download.value.suggested_filename == "corrections.csv"
        download.value.save_as(tmp_path / "saved.csv")
        items.nth(3).get_by_label("or it is").fill("horse")
        tab.get_by_role("button", name="Save corrections.csv").click()
        assert items.nth(3).get_by_label("or it is").evaluate("field => field.validationMessage") == "no such class"
        browser.close()
    with (tmp_path / "saved.csv").open(newline="") as file:
        saved = list(csv.reader(file))
    assert saved == [["image", "class"], ["old.png", ""], [NAMES[0], ""], [NAMES[1], HOSTILE], [NAMES[2], "dog"]]
    assert problems == []


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")
@pytest.mark.parametrize("columns", [360, 1400])
def test_the_bar_is_as_wide_as_the_images_and_a_long_name_widens_nothing(page, columns):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": columns, "height": 800})
        tab.goto(page.as_uri())
        bar, form = (tab.locator(selector).bounding_box() for selector in (".sticky", "form"))
        of_items = {item.bounding_box()["width"] for item in tab.locator("form li").all()}
        reaches = tab.evaluate("document.documentElement.scrollWidth")
        browser.close()
    assert (bar["x"], bar["width"]) == (form["x"], form["width"])
    assert bar["y"] + bar["height"] == 800
    assert len(of_items) == 1
    assert reaches == columns
