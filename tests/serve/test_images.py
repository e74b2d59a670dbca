"""The images in the body of a request."""

import base64
import json

import pytest
from cases import each

from cnncli.serve.images import images_in
from cnncli.serve.refusals import Refused

MOST = 3
FORM = "multipart/form-data; boundary=abc"


def form(*contents):
    parts = [b'--abc\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n' + one for one in contents]
    return b"\r\n".join([*parts, b"--abc--\r\n"])


@pytest.mark.parametrize(
    "kind", ["image/png", "application/octet-stream", "", "application/x-www-form-urlencoded", "?;"]
)
def test_a_body_of_any_other_type_is_one_image(kind):
    assert images_in(b"content", kind, MOST) == [b"content"]


@pytest.mark.parametrize("contents", [[b"one"], [b"one", b"two", b"three"], [b"\r\n--ab\r\n\r\n", b"", b"x--abc"]])
def test_the_parts_of_a_form_are_images(contents):
    assert images_in(form(*contents), FORM, MOST) == contents


def test_a_form_may_begin_and_end_with_other_text_and_quote_its_boundary():
    body = b"to be left out\r\n" + form(b"one").replace(b"--abc\r\n", b"--abc \t\r\n") + b"to be left out"
    assert images_in(body, 'multipart/form-data; boundary="abc"', MOST) == [b"one"]


@pytest.mark.parametrize("contents", [[b"one"], [b"\0\xff", b"", b"three"]])
def test_the_strings_of_json_are_images(contents):
    body = json.dumps({"images": [base64.b64encode(one).decode() for one in contents]}).encode()
    assert images_in(body, "application/json; charset=utf-8", MOST) == contents


@each(
    "kind, body, status, sentence",
    [
        ("image/png", b"", 422, "no image"),
        (FORM, b"--abc--\r\n", 422, "no image"),
        ("application/json", b'{"images": []}', 422, "no image"),
        (FORM, b"", 422, "cut off"),
        (FORM, form(b"one")[:-6], 422, "cut off"),
        (FORM, b"--abc\r\nno headers\r\n--abc--", 422, "part 1 of the multipart body has no headers"),
        (FORM, b"--abcd\r\n\r\none\r\n--abc--", 422, "no headers"),
        ("multipart/form-data", form(b"one"), 422, "names no boundary"),
        ("multipart/form-data; boundary=\xe4", form(b"one"), 422, "names no boundary"),
        (FORM, form(b"1", b"2", b"3", b"4"), 413, "may have 3 images"),
        ("application/json", b'{"images": ["", "", "", ""]}', 413, "may have 3 images"),
        ("application/json", b"{", 422, "not JSON"),
        ("application/json", b"\xff", 422, "not JSON"),
        ("application/json", b"[" * 100_000, 422, "not JSON"),
        ("application/json", b'{"images": "YQ=="}', 422, "expected"),
        ("application/json", b'{"images": [1]}', 422, "expected"),
        ("application/json", b"[]", 422, "expected"),
        ("application/json", b'{"images": ["YQ==", "a"]}', 422, "image 2 is not base64"),
        ("application/json", '{"images": ["ä"]}'.encode(), 422, "image 1 is not base64"),
    ],
)
def test_what_has_no_images_is_refused(kind, body, status, sentence):
    with pytest.raises(Refused, match=sentence) as refused:
        images_in(body, kind, MOST)
    assert refused.value.status == status
