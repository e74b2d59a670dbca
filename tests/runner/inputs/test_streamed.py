"""Trainings on shards that do not fit: the same bits through stops and again, and every image in every epoch."""

from __future__ import annotations

import json

import pytest
from comparison import assert_same, resume
from memory_server import MemoryServer, shard

from cnncli.data import cache_room
from cnncli.data.remote import shard_set
from cnncli.errors import Interrupted, ResourceError
from cnncli.runs import list_runs
from cnncli.spec import load

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

SPEC = """
seed: 3
data: {source: {table: {path: "s3://bucket"}}, image: {size: 32}, cache: CACHE}
model: {layers: [Flatten, Dropout: {rate: 0.1}, Dense: {units: classes, activation: softmax}]}
train: {epochs: 3, batch_size: 8, checkpoint: {steps: 3}}
"""


@pytest.fixture
def server(monkeypatch, tmp_path):
    server = MemoryServer(**{f"{number}.tar": shard(number * 20, 20) for number in range(10)})
    monkeypatch.setattr(shard_set, "open_remote", lambda address: (server, "bucket"))
    monkeypatch.setattr(cache_room, "_held", {})
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "cache"))
    return server


@pytest.fixture
def spec(tmp_path):
    size = cache_room.size_on_disk(len(shard(0, 20)))
    (tmp_path / "s.yaml").write_text(SPEC.replace("CACHE", json.dumps({"disk": 6.1 * size / 1e9})))
    return load(tmp_path / "s.yaml").spec


@pytest.fixture
def train():
    from cnncli.runner.train import train

    return train


def test_a_training_ends_the_same_after_a_stop_and_after_a_shard_changed_in_the_middle(
    server, spec, train, watcher, tmp_path
):
    whole = train(spec, tmp_path / "whole", [watcher()]).run
    assert json.loads(whole.data.read_text())["shards_shuffled_together"] == 2
    fetched = [name for name, start in server.asked if not start]
    assert min(fetched.count(f"{number}.tar") for number in range(10)) >= 3  # in every epoch
    with pytest.raises(Interrupted):
        train(spec, tmp_path / "stopped", [watcher(stop=(2, 6))])
    (run,) = list_runs(tmp_path / "stopped")
    resume(run, [watcher()])
    assert_same(run, whole)
    contents = server.contents

    class Changing(watcher):
        def on_epoch_end(self, epoch, best):
            server.contents = {path: shard(500, 20) for path in contents}

    with pytest.raises(ResourceError, match="has changed since this command began"):
        train(spec, tmp_path / "changed", [Changing()])
    (run,) = list_runs(tmp_path / "changed")
    server.contents = contents
    resume(run, [watcher()])
    assert_same(run, whole)
