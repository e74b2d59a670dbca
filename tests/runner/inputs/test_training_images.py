"""The images of a training are loaded while TensorFlow starts, and what is to be told of them comes in its place."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest

from cnncli.errors import DataError
from cnncli.runner.inputs.training_images import images_ahead, is_here, training_images
from cnncli.spec.sections.sources import Source


class Told:
    """Observer that records what it is told, and by which thread."""

    def __init__(self):
        self.events = []

    def on_notice(self, text):
        self.events.append(("notice", text, threading.get_ident()))

    def on_decoding(self, done, images):
        self.events.append(("decoding", (done, images), threading.get_ident()))


@pytest.fixture(autouse=True)
def _nothing_started(monkeypatch):
    monkeypatch.delitem(sys.modules, "cnncli.startup", raising=False)


def test_the_same_images_and_events_in_the_thread_that_asks(folder_spec, monkeypatch, tmp_path):
    spec = folder_spec("data.exclude=[missing.png]")
    alone, ahead = Told(), Told()
    expected = training_images(spec, alone)
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "second cache"))
    with images_ahead(spec) as images:
        given = images(spec, ahead)
    assert images is not training_images
    assert ahead.events == alone.events
    assert {kind for kind, _, _ in ahead.events} == {"notice", "decoding"}
    for first, second in zip(expected, given, strict=True):
        for split, samples in first.samples.items():
            everything = np.arange(len(samples))
            assert np.array_equal(samples.read(everything), second.samples[split].read(everything))


def test_what_is_wrong_with_images_is_told_to_whoever_asks_for_them(folder_spec, squares):
    (squares / "red" / "0.png").write_bytes(b"no picture")
    with images_ahead(folder_spec()) as images, pytest.raises(DataError) as alone:
        images(folder_spec(), Told())
    assert "0.png" in alone.value.message


def test_a_thread_whose_images_nobody_asks_for_ends(folder_spec, cache_folder):
    before = threading.enumerate()
    with images_ahead(folder_spec()):
        pass
    new = [thread.name for thread in threading.enumerate() if thread not in before]
    assert [name for name in new if not name.startswith("read")] == []  # those that read files stay for the next
    assert not list(cache_folder.rglob("*.tmp"))


@pytest.mark.parametrize("name", ["tfds", "fashion_mnist"])
def test_no_server_is_asked_ahead(name, cache_folder, monkeypatch, folder_spec):
    assert not is_here(Source(name))
    spec = folder_spec()
    with images_ahead(spec.replace(data=spec.data.replace(source=Source(name)))) as images:
        assert images is training_images


def test_images_are_loaded_in_their_turn_once_tensorflow_runs(folder_spec, monkeypatch):
    monkeypatch.setitem(sys.modules, "cnncli.startup", object())
    with images_ahead(folder_spec()) as images:
        assert images is training_images
