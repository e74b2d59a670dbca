"""Where the evidence in an image was, asked of a real server."""

import io

import numpy as np
import pytest
from PIL import Image
from real_server import png

pytestmark = pytest.mark.slow


def spotted(height=40, width=64, turned=False):
    """A dark PNG, or a JPEG that is stored lying on its side, with a bright square at the bottom right."""
    pixels = np.full((height, width, 3), 60, np.uint8)
    pixels[-height // 4 :, -width // 4 :] = 240
    file, exif = io.BytesIO(), Image.Exif()
    if turned:
        exif[0x0112] = 6  # to be turned right
        Image.fromarray(np.rot90(pixels)).save(file, "JPEG", quality=95, exif=exif)
    else:
        Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("turned", [False, True])
def test_the_map_is_hottest_where_the_evidence_is(server, turned):
    answer = server.ask("/heatmap?class=bright", spotted(turned=turned))
    assert answer.status == 200
    found = answer.body
    values = np.array(found["map"])
    assert (found["image"], values.shape, values.max()) == ({"height": 40, "width": 64}, (40, 64), 1)
    row, column = np.unravel_index(values.argmax(), values.shape)
    assert row > 25
    assert column > 40
    assert values[:20, :30].max() < 0.5
    assert found["hottest_covered"] < found["elsewhere_covered"]
    assert (found["class"], found["note"]) == ("bright", "")
    assert found["pixels"] == 8  # windows of 4 of 16 pixels, 2 apart, on a width of 64
    predicted = server.ask("/predict", spotted(turned=turned)).body["predictions"][0]["top"]
    assert found["probability"] == {each["class"]: each["probability"] for each in predicted}["bright"]


def test_without_a_class_it_is_that_which_is_predicted(server):
    predicted = server.ask("/predict", spotted()).body["predictions"][0]
    found = server.ask("/runs/shades-001/heatmap", spotted()).body
    assert (found["class"], found["probability"]) == (predicted["class"], predicted["probability"])


def test_an_image_of_one_colour_has_no_evidence_and_a_large_one_few_rows(server):
    found = server.ask("/heatmap", png(200, 300, 600)).body
    assert np.array(found["map"]).shape == (64, 64)
    assert not np.array(found["map"]).any()
    assert found["note"] == f"no evidence for {found['class']} was found"


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("/heatmap?class=grey", png(9), 422, "no class of this name"),
        ("/heatmap?class=", png(9), 422, "no class of this name"),
        ("/heatmap", b"", 422, "no image"),
        ("/heatmap", b"text", 415, "the image is a text file"),
        ("/heatmap", png(9)[:60], 422, "cut off"),
        ("/runs/other/heatmap", png(9), 404, "there is shades-001"),
    ],
)
def test_what_is_refused_is_told_why(server, path, body, status, sentence):
    answer = server.ask(path, body)
    assert (answer.status, list(answer.body)) == (status, ["error"])
    assert sentence in answer.body["error"]


def test_one_image_at_a_time(server):
    parts = [b"--abc\r\nContent-Disposition: form-data; name=image\r\n\r\n" + png(9) for _ in range(2)]
    body = b"\r\n".join([*parts, b"--abc--\r\n"])
    answer = server.ask("/heatmap", body, Content_Type="multipart/form-data; boundary=abc")
    assert (answer.status, "of one image" in answer.body["error"]) == (422, True)


def test_what_is_too_much_is_to_be_asked_again(started):
    server = started("shades-001", limits={"heat_maps": 0})
    for _ in range(2):
        answer = server.ask("/heatmap", png(9))
        assert (answer.status, answer.headers["retry-after"]) == (429, "1")
        assert "too many heat maps" in answer.body["error"]
    assert server.ask("/predict", png(9)).status == 200
    assert b"cnncli_waiting_images 0.0" in server.ask("/metrics").body


@pytest.mark.parametrize(
    ("resize", "size", "pixels", "seen"),
    [
        ("stretch", (32, 64), 8, (32, 64)),  # 2 pixels of the network's are 4 rows, or 8 columns
        ("pad", (32, 64), 8, (32, 64)),
        ("crop", (32, 64), 4, (32, 32)),  # a quarter is cut off on either side
        ("stretch", (1, 1), 1, (1, 1)),
        ("stretch", (1000, 1), 125, (64, 1)),
    ],
)
def test_a_map_lies_over_the_whole_image_whatever_the_network_sees_of_it(resize, size, pixels, seen):
    from cnncli.data.decode.input_format import InputFormat, positions
    from cnncli.insight.heatmap import Evidence
    from cnncli.serve.heatmap import _resolution, _shown

    rows, columns = positions(size, InputFormat(16, 16, 3, resize=resize))
    assert _resolution((2, 2), rows, columns) == pixels
    shown = np.array(_shown(Evidence(np.ones((16, 16), np.float32), (7, 7)), rows, columns))
    assert shown.shape == tuple(min(64, side) for side in size)
    assert ((shown > 0).any(axis=1).sum(), (shown > 0).any(axis=0).sum()) == seen
