"""The page in a browser: Chromium, as Debian has it."""

import base64
import io
import shutil

import numpy as np
import pytest
from PIL import Image
from real_server import png

CHROMIUM = shutil.which("chromium")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.exhaustive,
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium"),
]

# Drops, or pastes, a file as a person does: the page sees the events of a browser
TRANSFER = """([kind, name, text]) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: "image/png" }));
  const more = kind === "paste" ? { clipboardData: transfer } : { dataTransfer: transfer };
  const constructor = kind === "paste" ? ClipboardEvent : DragEvent;
  document.body.dispatchEvent(new constructor(kind, { bubbles: true, cancelable: true, ...more }));
}"""


READY = "#choice:not([hidden])"
"""What the page shows once it knows the runs; before that it can do nothing with an image."""


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser):
    """Opens a page; afterwards nothing may be on its console, and no request may have gone elsewhere."""
    contexts, problems = [], []

    def go(url, **options):
        own = "blob:", url.partition("#")[0]
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: request.url.startswith(own) or problems.append(request.url))
        page.goto(url)
        page.wait_for_selector(READY)
        return page

    yield go
    for context in contexts:
        context.close()
    assert problems == []


def transfer(page, kind, level, name="grey.png", file=None):
    page.evaluate(TRANSFER, [kind, name, base64.b64encode(file or png(level)).decode()])


def spotted():
    """A PNG of 40×60, dark but for its top right."""
    pixels = np.full((40, 60, 3), 30, np.uint8)
    pixels[:12, -16:] = 255
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


# How dark the map makes each of 3×3 parts of the image as it is drawn: 0 for a part that is left as it is
DARKNESS = """canvas => {
  const [width, height] = [canvas.width, canvas.height];
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  return [0, 1, 2].map((y) => [0, 1, 2].map((x) => {
    const [row, column] = [Math.floor(((y + 0.5) * height) / 3), Math.floor(((x + 0.5) * width) / 3)];
    return data[4 * (row * width + column) + 3];
  }));
}"""


def answered(page):
    page.wait_for_selector("#classes li")
    return page.inner_text("#verdict"), page.locator("#classes li .name").all_inner_texts()


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_an_image_is_dropped_or_pasted_and_its_classes_are_shown(opened, server, kind):
    page = opened(server.url)
    transfer(page, kind, 230)
    verdict, names = answered(page)
    top = server.ask("/predict", png(230)).body["predictions"][0]["top"]
    assert names == [each["class"] for each in top]
    assert top[0]["class"] in verdict
    shares = page.locator("#classes .share").all_inner_texts()
    assert shares[0] == f"{100 * top[0]['probability']:.1f} %"
    bars = page.locator("progress").evaluate_all("all => all.map(one => one.value)")
    assert bars == pytest.approx([each["probability"] for each in top])
    assert page.locator("#image").evaluate("image => image.naturalWidth") == 24


def test_a_file_is_chosen_and_may_be_chosen_again(opened, server, tmp_path):
    page = opened(server.url)
    (tmp_path / "a.png").write_bytes(png(40))
    page.set_input_files("#file", tmp_path / "a.png")
    answered(page)
    with page.expect_response("**/predict"):
        page.set_input_files("#file", tmp_path / "a.png")
    answered(page)


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        ([0.97, 0.02], "Sure: cat (97.0 %)."),
        ([0.99995, 0.00005], "Sure: cat (more than 99.9 %)."),
        ([0.8, 0.2], "Probably: cat (80.0 %)."),
        ([0.45, 0.3], "Not sure: cat (45.0 %) or dog (30.0 %)."),
        ([0.05, 0.02], "Probably: cat (5.0 %)."),
        ([1.0], "Sure: cat (more than 99.9 %)."),
    ],
)
def test_it_says_whether_the_network_is_sure(opened, server, shares, verdict):
    page = opened(server.url)
    names = ["cat", "dog"][: len(shares)]
    top = [{"class": name, "probability": share} for name, share in zip(names, shares, strict=True)]
    assert page.evaluate("top => verdict(top)", top) == verdict


def test_what_is_no_image_is_told_in_words(browser, server):
    page = browser.new_page()  # Chromium puts refused requests on the console
    page.goto(server.url)
    page.wait_for_selector(READY)
    page.set_input_files("#file", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"text"})
    page.wait_for_selector("#verdict.wrong")
    assert page.inner_text("#verdict") == "The image is a text file, not an image."
    page.close()


def test_the_keyboard_reaches_everything_and_everything_has_a_name(opened, started):
    server = started("shades-001", "second")
    page = opened(server.url)
    for expected in ("run", "file"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == expected
    assert page.evaluate("getComputedStyle(document.getElementById('file').parentElement).outlineStyle") != "none"
    page.get_by_label("Network").select_option("second")
    with page.expect_file_chooser() as chooser:
        page.focus("#file")
        page.keyboard.press("Enter")
    chooser.value.set_files({"name": "a.png", "mimeType": "image/png", "buffer": png(220)})
    answered(page)
    tree = page.locator("body").aria_snapshot()
    for named in ('combobox "Network"', 'button "Choose an image"', "status", 'list "Most probable classes"', "img "):
        assert named in tree, tree
    assert page.get_attribute("html", "lang") == "en"


def test_with_a_token_the_page_asks_for_it_or_takes_it_from_the_address(opened, started, browser):
    token = "0123456789abcdef"
    server = started("shades-001", "--token", token)
    page = opened(f"{server.url}/#token={token}")
    assert page.url == f"{server.url}/"
    page.close()
    page = browser.new_page()  # a refused request is on the console
    page.goto(server.url)
    page.wait_for_selector("#token:focus")
    page.get_by_label("Token of this server").fill("wrong")
    page.keyboard.press("Enter")
    page.get_by_label("Token of this server").fill(token)
    page.keyboard.press("Enter")
    page.wait_for_selector(READY)
    transfer(page, "drop", 220)
    answered(page)
    page.close()


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_nothing_is_cut_off_at_any_width(opened, server, width):
    page = opened(server.url, viewport={"width": width, "height": 640}, has_touch=width < 500, is_mobile=width < 500)
    transfer(page, "drop", 125, name="a file with a very long name without any blanks " + "x" * 200)
    answered(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".camera").is_visible() == (width < 500)


def test_the_newest_image_is_the_one_that_is_answered(opened, server):
    page = opened(server.url)
    transfer(page, "drop", 30)
    transfer(page, "drop", 230)
    page.wait_for_load_state("networkidle")
    assert answered(page)[1][0] == server.ask("/predict", png(230)).body["predictions"][0]["class"]


def test_the_page_shows_where_the_evidence_was(opened, server):
    page = opened(server.url)
    transfer(page, "drop", None, file=spotted())
    name = answered(page)[1][0]
    asked = server.ask("/heatmap", spotted()).body
    page.focus("#where")
    page.keyboard.press("Enter")
    page.wait_for_selector("#map:not([hidden])")
    text = page.inner_text("#evidence")
    rows = np.array(asked["map"])
    row, column = np.unravel_index(rows.argmax(), rows.shape)
    down = ("top", "", "bottom")[3 * row // rows.shape[0]]
    across = ("left", "", "right")[3 * column // rows.shape[1]]
    where = f"at the {' '.join(filter(None, (down, across)))}" if down or across else "in the middle"
    assert text.startswith(f"Evidence for {name}: strongest {where}; located to {asked['pixels']} pixels of the image.")
    assert text.endswith("This is where the evidence was, not why.")
    darkness = np.array(page.locator("#map").evaluate(DARKNESS))
    centers = [rows[[7, 20, 33][y], [10, 30, 50][x]] for y in range(3) for x in range(3)]
    assert np.abs(darkness.ravel() / 190 - (1 - np.array(centers))).max() < 0.1
    image, drawn = (page.locator(each).bounding_box() for each in ("#image", "#map"))
    assert image == pytest.approx(drawn)
    assert page.evaluate("document.activeElement.id") == "where"
    tree = page.locator("body").aria_snapshot()
    for named in (
        'button "Hide the evidence"',
        f'img "Map of the evidence for {name}"',
        f"Evidence for {name}: strongest",
    ):
        assert named in tree, tree
    page.keyboard.press("Enter")
    assert (page.locator("#map").is_hidden(), page.inner_text("#evidence")) == (True, "")
    assert page.inner_text("#where") == "Where was the evidence?"


def test_an_image_without_evidence_and_the_next_image_have_no_map(opened, server):
    page = opened(server.url, viewport={"width": 360, "height": 640})
    transfer(page, "drop", None, file=spotted())
    answered(page)
    page.click("#where")
    page.wait_for_selector("#map:not([hidden])")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    transfer(page, "drop", 200)
    page.wait_for_selector("#map", state="hidden")
    name = answered(page)[1][0]
    assert page.inner_text("#evidence") == ""
    page.click("#where")
    page.wait_for_selector("#evidence:has-text('No evidence')")
    assert page.inner_text("#evidence") == f"No evidence for {name} was found."
    assert page.locator("#map").is_hidden()


def test_a_server_that_has_too_much_to_do_is_told_on_the_page(browser, started):
    server = started("shades-001", limits={"heat_maps": 0})
    page = browser.new_page()  # Chromium puts refused requests on the console
    page.goto(server.url)
    page.wait_for_selector(READY)
    transfer(page, "drop", 200)
    answered(page)
    page.click("#where")
    page.wait_for_selector("#evidence.wrong")
    assert page.inner_text("#evidence") == "Too many heat maps are being made; try again in a second."
    page.close()
