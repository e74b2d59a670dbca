"""Shards and their merge: every image once, and the bytes of one command."""

import json
import shutil

import pytest

import cnncli

SUFFIXES = ("csv", "jsonl", "parquet")


@pytest.fixture
def shards(run, photos, tmp_path):
    """The files of four shards, of a folder that is mounted elsewhere on one machine."""
    (tmp_path / "mounted").symlink_to(photos)
    places = [photos, photos, tmp_path / "mounted", photos]
    return [run.predict_to(tmp_path / f"{n}.csv", places[n - 1], top_k=2, shard=(n, 4)).path for n in range(1, 5)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_merged_shards_have_the_bytes_of_one_command(run, photos, tmp_path, contents, suffix):
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    whole, out = tmp_path / f"whole.{suffix}", tmp_path / f"all.{suffix}"
    asked = {"probabilities": True, "coverage": 0.6}
    run.predict_to(whole, photos, **asked)
    parts = [tmp_path / f"{number}.{suffix}" for number in (3, 1, 4, 2)]
    written = [run.predict_to(part, photos, **asked, shard=(int(part.stem), 4)) for part in parts]
    assert sum(each.images for each in written) == 150
    assert min(each.images for each in written) > 20
    merged = cnncli.merge_predictions(parts, out)
    assert (merged.answers, merged.unreadable, merged.notes) == (
        147,
        3,
        run.predict_to(whole, photos, **asked, resume=True).notes,
    )
    assert contents(out) == contents(whole)


def test_more_shards_than_images_can_be_merged(run, photos, tmp_path, contents):
    files = sorted((photos / "c").iterdir())[:3]
    run.predict_to(tmp_path / "whole.csv", files)
    parts = [run.predict_to(tmp_path / f"{n}.csv", files, shard=(n, 9)).path for n in range(1, 10)]
    cnncli.merge_predictions(parts, tmp_path / "all.csv")
    assert contents(tmp_path / "all.csv") == contents(tmp_path / "whole.csv")


def refused(parts, out, error=cnncli.RunError):
    with pytest.raises(error) as caught:
        cnncli.merge_predictions(parts, out)
    assert not out.exists()
    return caught.value.message


def test_an_image_that_is_not_there_exactly_once_is_found(run, photos, tmp_path, shards):
    out = tmp_path / "all.csv"
    assert "there is no shards 2/4, 4/4" in refused([shards[0], shards[2]], out)
    assert "shard 2/4 is there twice" in refused([*shards, shards[1]], out)
    text = shards[2].read_text()
    shards[2].write_text(text[: len(text) // 2])
    assert "3.csv' was changed after it was written, or is cut off" in refused(shards, out)
    lines = text.splitlines(keepends=True)
    shards[2].write_text("".join(lines[:-1]))
    record = tmp_path / "3.csv.job.json"
    outcome = json.loads(record.read_text())
    import hashlib

    outcome["files_sha256"][""] = hashlib.sha256(shards[2].read_bytes()).hexdigest()
    record.write_text(json.dumps(outcome))
    assert "there are 149 of 150 images" in refused(shards, out)


def test_shards_of_different_commands_are_refused_by_name(run, photos, tmp_path, shards):
    out = tmp_path / "all.csv"
    other = run.predict_to(tmp_path / "other.csv", photos, top_k=1, shard=(4, 4)).path
    assert "--top-k is 1, not 2" in refused([*shards[:3], other], out)
    other = run.predict_to(tmp_path / "more.csv", [photos, photos / "c"], top_k=2, shard=(4, 4), notice=str).path
    assert "the list of images is another one" in refused([*shards[:3], other], out)
    other = run.predict_to(tmp_path / "five.csv", photos, top_k=2, shard=(4, 5)).path
    assert "the number of shards is 5, not 4" in refused([*shards[:3], other], out)


def test_what_is_no_finished_shard_is_refused(run, photos, tmp_path, shards):
    out = tmp_path / "all.csv"
    whole = run.predict_to(tmp_path / "whole.csv", photos, top_k=2).path
    assert "is not a shard" in refused([whole], out, cnncli.DataError)
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.copy(shards[0], moved)
    assert "has no 1.csv.job.json beside it" in refused([moved / "1.csv", *shards[1:]], out, cnncli.DataError)
    shutil.copy(tmp_path / "1.csv.job.json", moved)
    if (tmp_path / "1.csv.unreadable.csv").exists():
        assert "1.csv.unreadable.csv' is missing" in refused([moved / "1.csv", *shards[1:]], out)
    assert "does not exist" in refused([tmp_path / "5.csv"], out, cnncli.DataError)
    assert "is .csv and" in refused(shards, tmp_path / "all.jsonl", cnncli.DataError)
    with pytest.raises(cnncli.ResourceError, match="exists already"):
        cnncli.merge_predictions(shards, whole)
    (tmp_path / "1.csv.job.json").write_text("{}")
    assert "is damaged" in refused(shards, out)
