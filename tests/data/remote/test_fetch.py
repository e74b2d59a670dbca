"""Copies of remote data, from a real web server on this machine: whole, by exact names, and never a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cnncli.data.inventory.own_files import FETCHED
from cnncli.data.remote import fetch as fetching
from cnncli.data.remote.address import open_remote
from cnncli.data.remote.fetch import fetch
from cnncli.data.remote.objects import RemoteFile
from cnncli.errors import DataError, ResourceError


def files_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_file_is_copied_once_and_again_when_it_changed(site, tmp_path):
    address, notices = site.address("data/p[1]%20of%202.zip?key=secret"), []
    fetched = fetch(address, tmp_path / "copy", notices.append)
    assert (fetched.files, fetched.copied, fetched.size) == (1, 1, 8)
    assert notices == ["fetching 1 file, 8 B"]
    assert (tmp_path / "copy" / "p[1] of 2.zip").read_bytes() == b"pictures"
    assert files_in(tmp_path / "copy") == [FETCHED, "p[1] of 2.zip"]
    assert "secret" not in (tmp_path / "copy" / FETCHED).read_text()
    assert fetch(address, tmp_path / "copy", notices.append).copied == 0
    site.content, site.mark = b"other pictures", '"two"'
    assert fetch(address, tmp_path / "copy", notices.append).size == 14
    (tmp_path / "copy" / "p[1] of 2.zip").unlink()
    assert fetch(address, tmp_path / "copy", notices.append).copied == 1


def test_a_server_that_does_not_answer_is_asked_again(site, tmp_path):
    site.failing = 3
    assert fetch(site.address("a.zip"), tmp_path, print).copied == 1


@pytest.mark.parametrize(
    ("status", "kind", "said", "requests"),
    [
        (503, ResourceError, "cannot be read", 4),
        (404, DataError, "there is no http://127", 1),
        (403, ResourceError, "may not be read with these credentials", 1),
    ],
)
def test_errors_are_sentences_without_secrets(site, tmp_path, status, kind, said, requests):
    site.failing, site.status = 100, status
    with pytest.raises(kind) as raised:
        fetch(site.address("a.zip?key=secret"), tmp_path, print)
    assert said in raised.value.message
    assert "secret" not in raised.value.message + raised.value.hint
    assert files_in(tmp_path) == []
    assert site.requests <= 2 * requests


def test_a_file_of_somebody_else_is_not_replaced(site, tmp_path):
    (tmp_path / "a.zip").write_text("mine")
    with pytest.raises(DataError, match="from elsewhere"):
        fetch(site.address("a.zip"), tmp_path, print)
    assert (tmp_path / "a.zip").read_text() == "mine"


def test_what_does_not_fit_is_refused_before(site, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda folder: type("Usage", (), {"free": 3}))
    with pytest.raises(ResourceError, match="are to be fetched"):
        fetch(site.address("a.zip"), tmp_path, print)
    assert files_in(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["../a", "a/../../b", "/a", "a//b", "a\\b", ".", "a/.cnncli-fetched.json", "a\0b", f"{'ä' * 128}/b"]
)
def test_names_that_lead_elsewhere_or_are_too_long_are_refused(name):
    with pytest.raises(DataError, match="cannot be that of a file"):
        fetching._refuse_names({"good.png": RemoteFile("", 1, ""), name: RemoteFile("", 1, "")})


def test_a_name_of_a_file_and_a_folder_is_refused():
    with pytest.raises(DataError, match="of a file and of a folder"):
        fetching._refuse_names({"a": RemoteFile("", 1, ""), "a/b": RemoteFile("", 1, "")})


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("photos", "is not an address"),
        ("ftp://host/photos", "is not an address"),
        ("s3:///photos", "is not an address"),
        ("https://me:secret@host/a.zip", "contains a user name or password"),
    ],
)
def test_addresses_that_are_none(address, said):
    with pytest.raises(DataError) as raised:
        open_remote(address)
    assert said in raised.value.message
    assert "secret" not in raised.value.message


def test_a_damaged_record_is_no_record(site, tmp_path):
    address = site.address("a.zip")
    fetch(address, tmp_path, print)
    for text in ("not JSON", "[]", json.dumps({"address": address, "files": 5})):
        (tmp_path / FETCHED).write_text(text)
        Path(tmp_path / "a.zip").unlink(missing_ok=True)
        assert fetch(address, tmp_path, print).copied == 1


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("AWS_PROFILE", "nobody", "The config profile (nobody) could not be found"),
        ("AWS_ENDPOINT_URL", "127.0.0.1:9000", "Invalid endpoint: 127.0.0.1:9000"),
        ("AWS_CONFIG_FILE", "CONFIG", "Unable to parse config file"),
    ],
)
def test_settings_of_aws_that_cannot_be_used_are_said(tmp_path, monkeypatch, variable, value, said):
    (tmp_path / "CONFIG").write_text("no section")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, value)
    with pytest.raises(ResourceError) as raised:
        open_remote("s3://bucket/photos")
    assert raised.value.message.startswith(f"the settings for s3:// cannot be used: {said}")
    assert "AWS_PROFILE" in raised.value.hint
