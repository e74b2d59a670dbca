"""Tar shards on a server as a table: the same images as from a disk, whatever fits, and whatever changes there."""

import dataclasses
import json

import numpy as np
import pytest
from memory_server import MemoryServer, shard

from cnncli.data import cache, cache_room
from cnncli.data.identity import fingerprint
from cnncli.data.remote import requests, shard_set
from cnncli.data.remote.shard_index import INDEX, indexed, read_index, written
from cnncli.data.samples import FileSamples
from cnncli.errors import DataError, ResourceError
from cnncli.observer import TrainingObserver
from cnncli.runner.inputs.source_check import load_readable_splits
from cnncli.runner.inputs.splits import decoded
from cnncli.runner.inputs.training_images import training_images
from cnncli.runner.pack import pack
from cnncli.spec import load

SPEC = "model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}\n"
SHARD = 32_768  # bytes of one on a disk


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(cache_room, "_held", {})
    monkeypatch.setattr(requests, "PAUSES", ())
    return tmp_path / "cache"


@pytest.fixture
def server(monkeypatch):
    server = MemoryServer(**{f"{number}.tar": shard(number * 10, 10) for number in range(10)})
    monkeypatch.setattr(shard_set, "open_remote", lambda address: (server, address.removeprefix("s3://")))
    return server


@pytest.fixture
def here(server, tmp_path):
    """The same shards on a disk."""
    (tmp_path / "shards").mkdir()
    for path, content in server.contents.items():
        (tmp_path / "shards" / path.rpartition("/")[2]).write_bytes(content)
    return tmp_path / "shards"


def data_of(tmp_path, path, cache="disk", **arguments):
    spec = tmp_path / "spec.yaml"
    source = {"table": {"path": str(path), **arguments}}
    spec.write_text(SPEC + f"data: {{source: {json.dumps(source)}, image: {{size: 24}}, cache: {json.dumps(cache)}}}")
    return load(spec).spec.data


def read(data, notices=None):
    said = [] if notices is None else notices
    splits = decoded(load_readable_splits(data, 0, said.append), data, notice=said.append)
    return splits, {
        split: (of.names, of.labels.tolist(), of.read(np.arange(len(of))).tolist())
        for split, of in splits.samples.items()
    }


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "bound",
    [
        "off",
        "disk",
        {"disk": 2.1 * SHARD / 1e9},
        *(pytest.param(each, marks=pytest.mark.exhaustive) for each in ("memory", {"disk": 6.2 * SHARD / 1e9})),
        pytest.param({"disk": (100 * 24 * 24 * 3 + 4 * SHARD) / 1e9}, marks=pytest.mark.exhaustive),  # just enough
    ],
)
def test_images_are_those_of_the_disk_within_every_bound(server, here, tmp_path, folder, monkeypatch, bound):
    data = data_of(tmp_path, "s3://bucket", bound)
    _, remote = read(data)
    if isinstance(bound, dict):
        assert size_of(folder) < bound["disk"] * 1e9 + 100_000  # with the index, and what was checked
    streamed = load_readable_splits(data, 0, lambda line: None)
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "cache of the disk"))
    assert remote == read(data_of(tmp_path, here))[1]
    source = load_readable_splits(data_of(tmp_path, here), 0, lambda line: None)
    for split, samples in streamed.samples.items():
        assert fingerprint(samples) == fingerprint(source.samples[split])


def test_windows_are_said_and_follow_from_the_bound(server, tmp_path):
    notices = []
    splits, _ = read(data_of(tmp_path, "s3://bucket", {"disk": 6.2 * SHARD / 1e9}), notices)
    train = splits.samples["train"]
    assert isinstance(train, FileSamples)
    assert (train.shards.window, train.shards.largest) == (2, SHARD)
    assert notices[-1] == (
        f"images are shuffled within {train.shards.window} shards at a time, as they do not fit into the cache"
    )
    assert not isinstance(splits.samples["validation"], FileSamples)  # in memory


def test_images_are_decoded_while_others_are_still_coming(server, here, tmp_path, monkeypatch):
    sizes = {path.name: path.stat().st_size for path in here.iterdir()}
    server.contents[f"bucket/{INDEX}"] = written({name: indexed(here / name) for name in sizes}, sizes)
    monkeypatch.setattr(cache, "_CHUNK_BYTES", 12 * 24 * 24 * 3)  # twelve images
    server.slow, done = ("8.tar", "9.tar"), []
    server.goes_on.clear()

    class Watching(TrainingObserver):
        def on_decoding(self, number, total):
            done.append(number)
            server.goes_on.set()

    data_of(tmp_path, "s3://bucket")
    _, splits = training_images(load(tmp_path / "spec.yaml").spec, Watching())
    assert done == [*range(12, 100, 12), 100]
    assert len(splits.samples["train"].read(np.arange(70))) == 70


def test_images_that_are_sorted_by_class_are_a_warning(server, tmp_path):
    server.contents = {f"bucket/{number}.tar": shard(number * 10, 10, classes=10**4) for number in range(10)}
    labels = {str(number): str(number // 10) for number in range(100)}
    (tmp_path / "names.json").write_text(json.dumps(labels))
    notices = []
    data = data_of(tmp_path, "s3://bucket", {"disk": 6.2 * SHARD / 1e9}, names=str(tmp_path / "names.json"))
    decoded(load_readable_splits(data, 0, lambda line: None), data, notice=notices.append)
    assert notices[-1] == (
        "warning: 2 shards have images of about 2 of 10 classes, so a network forgets the others meanwhile; pack the "
        "images with cnncli data pack --shuffle"
    )


def test_shards_are_read_once_where_they_fit(server, tmp_path):
    for _ in range(2):
        read(data_of(tmp_path, "s3://bucket"))
    assert sorted(server.asked) == sorted((f"{number}.tar", 0) for number in range(10))


def test_an_index_says_what_is_in_them(server, here, tmp_path):
    sizes = {path.name: path.stat().st_size for path in here.iterdir()}
    index = {name: indexed(here / name) for name in sizes}
    assert read_index(written(index, sizes), sizes) == index
    server.contents[f"bucket/{INDEX}"] = written(index, sizes)
    data, notices = data_of(tmp_path, "s3://bucket"), []
    from cnncli.runner.inputs.splits import load_splits

    splits = load_splits(data, 0, notice=notices.append)
    assert "by their index" in notices[0]
    assert [name for name, _ in server.asked] == [INDEX]
    assert read(data)[1]["train"][0] == splits.samples["train"].names


@pytest.mark.representatives("of others")
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:40],
        lambda content: b"no index",
        lambda content: written({"0.tar": {}}, {"0.tar": 5}),
    ],
    ids=["cut", "other", "of others"],
)
def test_a_wrong_index_is_not_used(server, here, tmp_path, damage):
    sizes = {path.name: path.stat().st_size for path in here.iterdir()}
    content = written({name: indexed(here / name) for name in sizes}, sizes)
    server.contents[f"bucket/{INDEX}"], notices = damage(content), []
    _, remote = read(data_of(tmp_path, "s3://bucket"), notices)
    assert notices[0] == f"{INDEX} in s3://bucket is not that of these shards; it is not used"
    assert remote == read(data_of(tmp_path, here))[1]


def test_an_index_of_other_contents_is_an_error(server, here, tmp_path):
    sizes = {path.name: path.stat().st_size for path in here.iterdir()}
    index = {name: indexed(here / name) for name in sizes}
    index["3.tar"]["0031"] = index["3.tar"]["0031"]._replace(content=index["3.tar"]["0032"].content)
    server.contents[f"bucket/{INDEX}"] = written(index, sizes)
    with pytest.raises(ResourceError) as raised:
        read(data_of(tmp_path, "s3://bucket"))
    assert raised.value.message == f"s3://bucket/3.tar has another image 0031 than {INDEX} says"


def test_what_is_packed_is_read_by_its_index(server, here, tmp_path):
    pack(here, tmp_path / "packed", 100_000, lambda line: None)
    names = {path.name: path.read_bytes() for path in (tmp_path / "packed").iterdir()}
    assert INDEX in names
    server.contents = {f"bucket/{name}": content for name, content in names.items()}
    notices = []
    _, remote = read(data_of(tmp_path, "s3://bucket"), notices)
    assert "by their index" in notices[0]
    assert remote == read(data_of(tmp_path, tmp_path / "packed"))[1]


def test_a_shard_that_changes_meanwhile_is_told(server, tmp_path):
    data = data_of(tmp_path, "s3://bucket", {"disk": 3 * SHARD / 1e9})
    splits = decoded(load_readable_splits(data, 0, lambda line: None), data)
    for name in ("0.tar", "5.tar", "9.tar"):
        server.contents[f"bucket/{name}"] = shard(900, 10)
    train = splits.samples["train"]
    with pytest.raises(ResourceError, match=r"bucket/(0|5|9).tar has changed since this command began"):
        train.read(np.arange(len(train)))
    _, images = read(data)
    assert 900 % 256 in np.array(images["train"][2])[:, 0, 0, 0]


def test_images_of_more_shards_than_fit_are_asked_for_one_by_one(server, tmp_path):
    data = data_of(tmp_path, "s3://bucket", {"disk": 2.1 * SHARD / 1e9})
    train = decoded(load_readable_splits(data, 0, lambda line: None), data).samples["train"]
    assert train.shards.window == 1
    server.asked.clear()
    spread = np.linspace(0, len(train) - 1, 9).astype(int)
    pixels = train.read(spread)
    assert sum(start > 0 for _, start in server.asked) >= 6
    assert (pixels == train.take(spread[::-1]).read(np.arange(9))[::-1]).all()


def test_a_bound_below_two_shards_is_refused_with_what_helps(server, tmp_path):
    with pytest.raises(ResourceError) as raised:
        read(data_of(tmp_path, "s3://bucket", {"disk": 1.9 * SHARD / 1e9}))
    assert raised.value.message.startswith("reading s3://bucket needs ")
    assert raised.value.hint == "set data.cache: {disk: 2}, in GB, or pack smaller shards with --shard-size"


@pytest.mark.parametrize("name", ["labels.csv", "a.jpg", "more/b.parquet", "0.tar.gz"])
def test_what_else_lies_there_is_not_passed_over(server, name):
    server.contents[f"bucket/{name}"] = b"x"
    assert shard_set.shards_at("s3://bucket", None, 10**9, lambda line: None) is None


def test_damaged_shards_are_named_as_they_are_there(server, tmp_path):
    server.contents["bucket/4.tar"] = server.contents["bucket/4.tar"][:3000]
    with pytest.raises(DataError, match=r"^s3://bucket/4.tar cannot be read as a tar archive"):
        read(data_of(tmp_path, "s3://bucket"))


def test_findings_of_headers_are_said_again(server, tmp_path):
    data = dataclasses.replace(data_of(tmp_path, "s3://bucket"))
    first, again = [], []
    read(data, first)
    read(data, again)
    assert [line for line in first if line.startswith("warning")] == [line for line in again if "warning" in line]
