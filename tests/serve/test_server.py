"""What the server answers, by asking a real one."""

import base64
import json
import socket

import numpy as np
import pytest
from real_server import png

pytestmark = pytest.mark.slow

KEYS = ("class", "probability", "top")


def form(files):
    parts = [b'--abc\r\nContent-Disposition: form-data; name="image"\r\n\r\n' + file for file in files]
    return b"\r\n".join([*parts, b"--abc--\r\n"])


def test_it_answers_what_predict_answers(server, place, images):
    import cnncli

    expected = cnncli.open_run(place / "runs" / "shades-001").predict(images, top_k=2)
    files = [image.read_bytes() for image in images]
    single = [server.ask("/predict", file) for file in files]
    many = server.ask("/predict", form(files), Content_Type="multipart/form-data; boundary=abc")
    text = json.dumps({"images": [base64.b64encode(file).decode() for file in files]})
    in_json = server.ask("/runs/shades-001/predict", text, Content_Type="application/json")
    assert {answer.status for answer in (*single, many, in_json)} == {200}
    answered = [answer.body["predictions"][0] for answer in single]
    assert answered == many.body["predictions"] == in_json.body["predictions"]
    assert [one["class"] for one in answered] == [one.class_name for one in expected]
    assert [[each["class"] for each in one["top"]] for one in answered] == [
        [name for name, _ in one.top] for one in expected
    ]
    assert [tuple(one) for one in answered] == [KEYS] * len(files)
    np.testing.assert_allclose(
        [[each["probability"] for each in one["top"]] for one in answered],
        [[value for _, value in one.top] for one in expected],
        atol=1e-5,
    )


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("/predict", b"", 422, "no image"),
        ("/predict", b"text", 415, "the image is a text file"),
        ("/predict", b"%PDF-1.7", 415, "the image is a PDF"),
        ("/predict", b"8BPS" + bytes(100), 415, "Photoshop"),
        ("/predict", png(9)[:60], 422, "cut off"),
        ("/predict", png(0, 8000, 8000, "1"), 413, "more than 50 million"),
        ("/predict", bytes(33 << 20), 413, "may have 32 MiB"),
        ("/predict?top=0", png(9), 422, "top is"),
        ("/predict?top=x", png(9), 422, "top is"),
        ("/runs/other/predict", png(9), 404, "there is shades-001"),
        ("/other", b"", 404, "nothing at this address"),
        ("/health", b"", 405, "another method"),
    ],
)
def test_what_is_refused_is_told_why(server, path, body, status, sentence):
    answer = server.ask(path, body)
    assert (answer.status, list(answer.body)) == (status, ["error"])
    assert sentence in answer.body["error"]


def test_of_several_images_the_first_that_cannot_be_read_is_named(server):
    body = form([png(9), b"text", png(9), b"text"])
    answer = server.ask("/predict", body, Content_Type="multipart/form-data; boundary=abc")
    assert (answer.status, answer.body["error"]) == (
        415,
        "image 2 is a text file, not an image; 1 more cannot be read either",
    )


def test_a_compressed_body_is_refused(server):
    assert server.ask("/predict", png(9), Content_Encoding="gzip").status == 415


@pytest.mark.parametrize(("top", "classes"), [("", 2), ("?top=1", 1), ("?top=7", 2)])
def test_the_request_says_how_many_classes_it_wants(server, top, classes):
    assert len(server.ask(f"/predict{top}", png(9)).body["predictions"][0]["top"]) == classes


@pytest.mark.parametrize("path", ["/", "/page.js", "/predict", "/runs", "/nothing"])
def test_every_answer_has_strict_headers(server, path):
    headers = server.ask(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert headers["server"] is None


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "10.0.0.1", "", "[::1"]
)
def test_a_name_that_was_made_to_lead_here_is_refused(server, host):
    assert server.ask("/runs", Host=host).status == 421


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9000", "LOCALHOST", "[::1]:80", "127.0.0.2"])
def test_names_of_this_machine_are_let_in(server, host):
    assert server.ask("/runs", Host=host).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "same-origin", "Origin": "https://behind.a.proxy"}, 200),
        ({"Origin": "http://localhost:1", "Host": "localhost:1"}, 200),
    ],
)
def test_images_from_pages_of_other_sites_are_refused(server, headers, status):
    assert server.ask("/predict", png(9), **headers).status == status


def test_runs_health_and_metrics(server):
    server.ask("/predict", png(9))
    (run,) = server.ask("/runs").body["runs"]
    assert run == {
        "name": "shades-001",
        "classes": ["bright", "dark"],
        "image": {"height": 16, "width": 16, "channels": 3},
        "engines": [{"engine": "litert", "from_images": 1}],
    }
    assert server.ask("/health").body == {"status": "ok"}
    assert server.ask("/ready").body == {"status": "ready"}
    metrics = server.ask("/metrics").body.decode()
    assert 'cnncli_requests_total{endpoint="predict",status="200"}' in metrics
    assert 'cnncli_images_total{run="shades-001"}' in metrics
    assert 'cnncli_engine_from_images{engine="litert",run="shades-001"} 1.0' in metrics


TOKEN = "0123456789abcdef"
WITH_TOKEN = {"Authorization": f"Bearer {TOKEN}", "Host": "classify.example"}


@pytest.fixture(scope="module")
def guarded(started, tmp_path_factory):
    """A server of two runs, which needs a token, and keeps it to itself."""
    file = tmp_path_factory.mktemp("guarded") / "token"
    file.write_text(f"{TOKEN}\n")
    server = started("shades-001", "second", "--host", "0.0.0.0", "--token-file", str(file))
    yield server
    assert TOKEN not in server.stop()[1]


def test_several_runs_have_an_address_each_and_the_common_one_says_which(guarded):
    addresses = ("/runs/shades-001/predict", "/runs/second/predict")
    assert [guarded.ask(address, png(9), **WITH_TOKEN).status for address in addresses] == [200, 200]
    answer = guarded.ask("/predict", png(9), **WITH_TOKEN)
    assert (answer.status, "below /runs/NAME, of shades-001, second" in answer.body["error"]) == (422, True)
    assert [run["name"] for run in guarded.ask("/runs", **WITH_TOKEN).body["runs"]] == ["shades-001", "second"]


def test_with_a_token_everything_but_the_page_and_the_probes_needs_it(guarded):
    assert [guarded.ask(path).status for path in ("/", "/page.js", "/page.css", "/health", "/ready")] == [200] * 5
    assert [guarded.ask(path).status for path in ("/runs", "/metrics", "/openapi.json", "/nothing")] == [401] * 4
    for wrong in ("", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xe4"):
        assert guarded.ask("/runs/second/predict", png(9), Authorization=wrong).status == 401, wrong
    assert guarded.ask("/runs/second/predict", png(9), **WITH_TOKEN).status == 200
    assert guarded.ask("/openapi.json", **WITH_TOKEN).body["components"]["securitySchemes"]


def test_it_starts_and_answers_without_tensorflow(server):
    assert [server.ask(path, png(9)).status for path in ("/predict", "/heatmap")] == [200, 200]


def answers_of_many(port):
    """What thirty connections at a time are told, of which only the last asks for something."""
    others, answers = [socket.create_connection(("127.0.0.1", port), 300) for _ in range(30)], []
    others[-1].sendall(b"GET /health HTTP/1.1\r\n")
    for other in others:
        with other, other.makefile("rb") as answer:
            answers.append(answer.read(12))
    return answers


def test_slow_and_wrong_clients_are_told_and_leave_others_alone(started):
    server = started("shades-001", limits={"head_seconds": 0.5, "body_seconds": 0.5, "connections": 20})
    slow_head, slow_body, no_http = (socket.create_connection(("127.0.0.1", server.port), 300) for _ in range(3))
    slow_head.sendall(b"POST /predict HTTP/1.1\r\nHost:")
    slow_body.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
    no_http.sendall(b"\x16\x03\x01 hello\r\n\r\n")
    while (own := server.ask("/predict", png(9)).status) == 408:  # on a busy machine, this client is slow as well
        pass
    assert own == 200
    for connection, status in ((slow_head, b"408"), (slow_body, b"408"), (no_http, b"400")):
        with connection, connection.makefile("rb") as answer:
            text = answer.read()  # to the end: it is closed
            assert text.startswith(b"HTTP/1.1 " + status), text
            assert b'{"error":' in text
    for _ in range(20):
        refused = answers_of_many(server.port)
        if refused[-1] == b"HTTP/1.1 503":  # else the first were closed before the last came
            break
    assert (refused[-1], refused[0]) == (b"HTTP/1.1 503", b"")  # to whoever says nothing, nothing is said
    while server.ask("/health").status == 503:  # until it has noticed that they are closed
        pass
    errors = server.stop()[1]
    assert [word for word in ("hello", "POST", "/health", "half") if word in errors] == []


def test_more_images_or_bytes_than_fit_are_to_be_sent_again(started):
    server = started("shades-001", limits={"queue": 2, "bodies": 100_000, "body": 200_000})
    body = form([png(9)] * 3)
    answer = server.ask("/predict", body, Content_Type="multipart/form-data; boundary=abc")
    assert (answer.status, answer.headers["retry-after"]) == (429, "1")
    assert server.ask("/predict", bytes(150_000)).status == 429
    for _ in range(2):
        answer = server.ask("/heatmap", png(9))  # which the network sees many times, partly covered
        assert (answer.status, answer.headers["retry-after"]) == (429, "1")
        assert "too many images are waiting" in answer.body["error"]
    assert server.ask("/predict", png(9)).status == 200  # all are forgotten
    assert b"cnncli_waiting_images 0.0" in server.ask("/metrics").body
