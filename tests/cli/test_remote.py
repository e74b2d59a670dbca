"""Addresses where a path is expected, and `cnncli data fetch` on the command line."""

import pytest

from cnncli.data.remote import requests

SPEC = """\
data: {source: {folder: {path: "s3://bucket/photos"}}}
model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}
"""


@pytest.fixture
def spec(tmp_path):
    (tmp_path / "photos.yaml").write_text(SPEC)
    return tmp_path / "photos.yaml"


@pytest.fixture
def no_server(monkeypatch):
    """Nothing answers, and nobody waits for it."""
    monkeypatch.setattr(requests, "PAUSES", ())
    for name, value in {
        "ENDPOINT_URL": "http://127.0.0.1:9",
        "ACCESS_KEY_ID": "any",
        "SECRET_ACCESS_KEY": "any",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


def test_check_asks_no_server(call, spec):
    checked = call("check", spec)
    assert (checked.code, "problem" in checked.out) == (0, False)


def test_that_no_server_answers_is_said(call, spec, no_server):
    result = call("data", spec)
    assert (result.code, "s3://bucket/photos cannot be read: " in result.err) == (5, True), result.err


def test_init_names_the_command_that_fetches(call):
    result = call("init", "gs://bucket/photos")
    assert (result.code, "cnncli data fetch gs://bucket/photos photos" in result.err) == (3, True), result.err


@pytest.mark.parametrize("command", [["train", "any.yaml"], ["runs"], ["resume", "any"]])
def test_runs_in_a_bucket_are_refused_with_the_way_to_do_it(call, command):
    result = call(*command, "--runs-dir", "s3://bucket/runs")
    assert (result.code, result.out) == (2, "")
    assert "runs cannot be written to s3://bucket/runs" in result.err
    assert "copy that when the training has ended" in " ".join(result.err.split())


def test_an_address_that_is_none(call, tmp_path):
    result = call("data", "fetch", "photos", tmp_path / "copy")
    assert (result.code, "it begins with one of s3://" in result.err) == (3, True)
    assert call("data", "fetch", "s3://bucket/photos").code == 2
    assert "cnncli data fetch" in call("data", "fetch", "--help").out
