"""For all tests: packages with layers of their own, as pip installs them, and machines other than this one."""

import contextlib
import functools
import gc
import os
import shutil
import signal
import textwrap
from pathlib import Path

import pytest
from hypothesis import settings

from cnncli.catalog import definitions, packages, source

settings.register_profile("untimed", deadline=None)  # other programs may need the machine, too
settings.load_profile("untimed")


# Every file of a run is flushed to the disk, which costs a memory disk nothing. A container's may be small.
MEMORY_DISK, ENOUGH_BYTES = Path("/dev/shm"), 4 << 30
if os.access(MEMORY_DISK, os.W_OK) and shutil.disk_usage(MEMORY_DISK).free > ENOUGH_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY_DISK))


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Python would look for garbage among all tests and modules again and again: a tenth of the whole time."""
    gc.disable()
    collected = yield
    gc.freeze()
    gc.enable()
    return collected


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Marks the cases of a grid exhaustive, but for those whose id has a word of its `representatives`."""
    for item in items:
        for mark in item.iter_markers("representatives"):
            if not any(word in item.callspec.id for word in mark.args):
                item.add_marker("exhaustive")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Starts TensorFlow as our programs do, whichever test comes first: some import it, or Keras, by themselves."""
    if item.get_closest_marker("slow"):
        from cnncli import startup  # noqa: F401


def forget():
    """What was read of packages so far."""
    for cached in (packages._all, packages.registration_error, source.signature, source.docstring):
        cached.cache_clear()
    for cached in (definitions.module_file, definitions.definition, definitions._tree, definitions.imports):
        cached.cache_clear()


@contextlib.contextmanager
def _installed(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        forget()
        yield
    forget()


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_interrupts():
    """In programs that a shell has started in the background it is ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _mnist_is_unpacked_once():
    """Instead of by each of the tests that train on it, for a second each."""
    from cnncli.data.sources.published import mnist

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mnist, "arrays", functools.cache(mnist.arrays))
        yield


@pytest.fixture(scope="session", autouse=True)
def _nobody_waits_for_pictures():
    import run_pictures

    with run_pictures.quick():
        yield


@pytest.fixture(scope="module")
def drawn():
    """For tests that look at the pictures of a run, or train on images that are unlike those of the others."""
    import run_pictures

    with run_pictures.whole():
        yield


@pytest.fixture
def installed():
    """Inside `with installed(folder)` all packages of a folder are installed."""
    forget()
    return _installed


@pytest.fixture
def install(tmp_path, installed):
    """Installs a package: `install("gates", {"Gate": "gates:Gate"}, {"gates.py": …})`."""

    def run(name, layers, files=None, version="1.2.0"):
        for file, text in (files or {}).items():
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_text(textwrap.dedent(text), encoding="utf-8")
        place = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        place.mkdir()
        (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        points = "".join(f"{layer} = {value}\n" for layer, value in layers.items())
        (place / "entry_points.txt").write_text(f"[cnncli.layers]\n{points}")
        forget()

    with installed(tmp_path):
        yield run


@pytest.fixture
def machine(monkeypatch):
    """Makes this machine one with the given flags, and with GPUs of the given capabilities."""
    from cnncli.factory import precision
    from cnncli.startup import tf

    devices = tf.config.list_physical_devices

    def become(flags, *capabilities):
        monkeypatch.setattr(precision, "processor_flags", lambda: flags)
        details = {gpu: {"compute_capability": gpu} if gpu else {} for gpu in capabilities}
        monkeypatch.setattr(
            tf.config, "list_physical_devices", lambda kind=None: list(details) if kind == "GPU" else devices(kind)
        )
        monkeypatch.setattr(tf.config.experimental, "get_device_details", details.get)

    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    return become
