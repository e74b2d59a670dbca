"""Weights of ImageNet come over the network, or from where the error says to put them."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import h5py
import numpy as np
import pytest

from cnncli.errors import DataError
from cnncli.spec import load

pytestmark = pytest.mark.slow

TRANSFER = """\
data: {source: mnist, image: {size: 32}}
model:
  layers:
    - MobileNetV3Small: {alpha: 0.75, trainable: false}
    - GlobalAveragePooling2D
    - Dense: {units: classes, activation: softmax}
"""
FILE = "weights_mobilenet_v3_small_224_0.75_float_no_top_v2.h5"


@pytest.fixture(scope="module", autouse=True)
def _few_layers():
    """The network has its first and last layers: to build it whole takes a second each time."""
    from keras.src.applications import mobilenet_v3

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mobilenet_v3, "_inverted_res_block", lambda features, *_: features)
        yield


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A file of weights such as Keras' server has, and the value of one of them."""
    import keras
    from keras.src.legacy.saving import legacy_h5_format

    path = tmp_path_factory.mktemp("published") / FILE
    network = keras.applications.MobileNetV3Small(
        weights=None, include_top=False, input_shape=(224, 224, 3), alpha=0.75
    )
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, network)
    return path.read_bytes(), float(network.get_layer("conv").kernel[0, 0, 0, 0])


@pytest.fixture
def server(monkeypatch, tmp_path):
    """Keras' server, as this machine sees it: what it has, by name, and what it was asked for."""
    import keras

    module = __import__(keras.applications.MobileNetV3Small.__module__, fromlist=["BASE_WEIGHT_PATH"])
    files, asked = {}, []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.rpartition("/")[2]
            asked.append(name)
            self.send_response(200 if name in files else 404)
            contents, length = files.get(name, (b"", 0))
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(contents)

        def log_message(self, *values):
            pass

    class Server:
        def has(self, contents: bytes, digest: str | None = None, length: int | None = None) -> None:
            files[FILE] = (contents, len(contents) if length is None else length)
            known = hashlib.md5(contents).hexdigest() if digest is None else digest
            monkeypatch.setitem(module.WEIGHTS_HASHES, "small_224_0.75_float", ("", known))

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(module, "BASE_WEIGHT_PATH", f"http://127.0.0.1:{running.server_port}/weights/")
    served = Server()
    served.asked, served.place = asked, tmp_path / "keras" / "models" / FILE
    served.go_away = lambda: monkeypatch.setattr(module, "BASE_WEIGHT_PATH", "http://127.0.0.1:1/weights/")
    yield served
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture(scope="module")
def transfer(tmp_path_factory):
    """The spec above, and its model."""
    from cnncli.runner.inputs.splits import load_input_spec
    from cnncli.runner.model.build import build_model

    file = tmp_path_factory.mktemp("transfer") / "transfer.yaml"
    file.write_text(TRANSFER)
    spec = load(file).spec
    inputs = load_input_spec(spec.data)
    return spec, build_model(spec.model.nodes, inputs, spec.train.precision, spec.seed, spec.name)


@pytest.fixture
def begin(transfer, tmp_path):
    """Gives the model its weights; the first of them, and what was told."""
    from cnncli.runner.model.initial_weights import load_pretrained

    spec, model = transfer
    kernel = model.get_layer("mobile_net_v3_small_1").get_layer("conv").kernel
    told: list[str] = []

    def begin():
        kernel.assign(np.zeros(kernel.shape))
        loaded = load_pretrained(spec.model, model, (), tmp_path / "runs", told.append)
        return float(kernel[0, 0, 0, 0]), loaded, told

    return begin


@pytest.mark.parametrize("before", ["damaged", pytest.param("nothing", marks=pytest.mark.exhaustive)])
def test_weights_of_imagenet_are_downloaded_into_keras_own_place(server, published, begin, before):
    server.has(published[0])
    if before == "damaged":
        server.place.parent.mkdir(parents=True)
        server.place.write_bytes(published[0][:5000])
    value, (weights,), told = begin()
    assert value == published[1]
    assert (weights.source, [layer.why for layer in weights.layers]) == ("imagenet", [""])
    words = "what is in the cache is damaged; downloading" if before == "damaged" else "downloading"
    assert [text.split(" http")[0] for text in told] == [words]
    assert server.place.read_bytes() == published[0]
    assert server.asked == [FILE]


def test_where_nothing_answers_the_error_says_what_to_put_where_and_that_helps(server, published, begin):
    server.has(published[0])
    server.go_away()
    with pytest.raises(DataError) as caught:
        begin()
    assert caught.value.message.startswith(f"http://127.0.0.1:1/weights/{FILE} could not be reached")
    for words in (f"http://127.0.0.1:1/weights/{FILE}\n    as {server.place}\n", "MD5", "weights: null"):
        assert words in caught.value.hint
    server.place.parent.mkdir(parents=True, exist_ok=True)
    server.place.write_bytes(published[0])
    assert begin()[0] == published[1]


@pytest.mark.parametrize("fault", ["another file", "cut off", "not there"])
def test_what_is_not_the_published_file_is_never_used_and_never_kept(server, published, begin, fault):
    if fault == "another file":
        server.has(published[0], digest="0" * 32)
    if fault == "cut off":
        server.has(published[0][:5000], length=len(published[0]))
    words = {"another file": "is not the expected file", "cut off": "was cut off", "not there": "answered 404"}
    with pytest.raises(DataError, match=words[fault]):
        begin()
    assert not list(server.place.parent.glob("*"))
