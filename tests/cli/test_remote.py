"""Addresses where a path is expected, and `cnncli data fetch` on the command line."""

import pytest

SPEC = """\
data: {source: {folder: {path: "s3://bucket/photos"}}}
model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}
"""


@pytest.fixture
def spec(tmp_path):
    (tmp_path / "photos.yaml").write_text(SPEC)
    return tmp_path / "photos.yaml"


def test_check_warns_of_remote_images_and_train_names_the_command(call, spec):
    said = "s3://bucket/photos is not on this machine"
    command = "fetch it first: cnncli data fetch s3://bucket/photos photos"
    checked = call("check", spec)
    assert (checked.code, said in checked.out, command in " ".join(checked.out.split())) == (0, True, True)
    trained = call("train", spec, "--runs-dir", spec.parent / "runs")
    assert (trained.code, said in trained.err, command in trained.err) == (3, True, True)


@pytest.mark.parametrize("command", [["data", "s3://bucket/photos"], ["init", "gs://bucket/photos"]])
def test_other_commands_name_it_too(call, command):
    result = call(*command)
    assert (result.code, f"cnncli data fetch {command[1]} photos" in result.err) == (3, True), result.err


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
