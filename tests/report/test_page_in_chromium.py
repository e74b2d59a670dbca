"""The page of a run in a browser: Chromium, as Debian has it."""

import shutil

import pytest
from test_report_page import HOSTILE, page_of  # noqa: F401  a fixture

CHROMIUM = shutil.which("chromium")

pytestmark = [pytest.mark.exhaustive, pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")]


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Opens a page; afterwards nothing may be on its console, and no request may have gone anywhere."""
    problems, contexts = [], []

    def go(page_text, **options):
        file = tmp_path / "page.html"
        file.write_text(page_text, encoding="utf-8")
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        own = file.as_uri(), "data:"
        page.on("request", lambda request: request.url.startswith(own) or problems.append(request.url))
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.goto(file.as_uri())
        return page

    yield go
    for context in contexts:
        context.close()
    assert problems == []


@pytest.mark.parametrize("script", [True, False])
def test_a_cell_shows_its_images_with_scripts_and_without(opened, page_of, script):  # noqa: F811
    page = opened(page_of(5, 200, 0.5, HOSTILE), java_script_enabled=script)
    assert page.locator(".panel:visible").count() == 0
    page.locator(".matrix td a").first.click()
    panel = page.locator(".panel:visible")
    assert panel.count() == 1
    assert panel.locator("img").count() > 0
    assert page.locator("th button").count() == (10 if script else 0)


@pytest.mark.parametrize("classes", [2, 100])
def test_a_narrow_screen_shows_all_of_it(opened, page_of, classes):  # noqa: F811
    names = None if classes > 2 else ["x" * 300, "كلب " * 60]
    page = opened(page_of(classes, 400, 0.6, names), viewport={"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_tables_are_sorted_by_number_and_searched(opened, page_of):  # noqa: F811
    page = opened(page_of(100, 2000))
    table = page.locator("#classes table")
    table.get_by_role("button", name="sort by class").click()
    names = table.locator("tbody th").all_inner_texts()
    assert names == [f"class {number}" for number in range(100)]
    table.get_by_role("button", name="sort by images").click()
    images = [int(text) for text in table.locator("tbody td:nth-child(2)").all_inner_texts()]
    assert images == sorted(images, reverse=True)
    page.get_by_role("searchbox").fill("class 42")
    assert table.locator("tbody tr:visible").count() == 1


def test_the_matrix_can_have_the_most_mistakes_first(opened, page_of):  # noqa: F811
    page = opened(page_of(4, 300, 0.6))

    def matrix():
        rows = page.locator(".matrix tbody tr")
        counts = [[int(text or 0) for text in row.locator("td").all_inner_texts()] for row in rows.all()]
        return rows.locator("th").all_inner_texts(), counts

    names, before = matrix()
    page.get_by_role("button", name="Most mistakes first").click()
    sorted_names, after = matrix()
    wrong = [sum(row) - row[at] for at, row in enumerate(before)]
    order = sorted(range(4), key=lambda at: -wrong[at])
    assert sorted_names == [names[at] for at in order] == page.locator(".matrix thead th").all_inner_texts()[1:]
    assert after == [[before[at][other] for other in order] for at in order]
    page.get_by_role("button", name="Most mistakes first").click()
    assert matrix() == (names, before)
