"""`train.precision: auto` is what the device is fast at; a precision that it has to imitate is warned of."""

from __future__ import annotations

import pytest

from cnncli.runner import processor
from cnncli.runner.processor import precision_here, processor_flags, slowed_by

PLAIN, NEW = frozenset({"avx2"}), frozenset({"avx2", "amx_bf16", "avx512_fp16"})
MIXED = ["mixed_bfloat16", "mixed_float16"]


@pytest.fixture
def machine(monkeypatch):
    """Makes this machine one with the given flags, and with GPUs of the given capabilities."""
    from cnncli.startup import tf

    devices = tf.config.list_physical_devices

    def become(flags, *capabilities):
        monkeypatch.setattr(processor, "processor_flags", lambda: flags)
        details = {gpu: {"compute_capability": gpu} if gpu else {} for gpu in capabilities}
        monkeypatch.setattr(
            tf.config, "list_physical_devices", lambda kind=None: list(details) if kind == "GPU" else devices(kind)
        )
        monkeypatch.setattr(tf.config.experimental, "get_device_details", details.get)

    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    return become


def test_the_processor_tells_what_it_can():
    flags = processor_flags()
    assert flags is None or all(flag.isprintable() for flag in flags)


@pytest.mark.parametrize(
    ("flags", "gpus", "wanted"),
    [
        (NEW, [], "mixed_bfloat16"),
        (frozenset({"bf16"}), [], "mixed_bfloat16"),
        (PLAIN, [], "float32"),
        (None, [], "float32"),
        (PLAIN, [(8, 0)], "mixed_bfloat16"),
        (NEW, [(7, 5)], "float32"),
        (NEW, [(8, 9), (7, 0)], "float32"),
        (NEW, [None], "float32"),
    ],
)
def test_auto_is_what_the_device_is_fast_at(machine, flags, gpus, wanted):
    machine(flags, *gpus)
    assert precision_here("auto") == wanted
    assert [precision_here(name) for name in ("float32", *MIXED)] == ["float32", *MIXED]


@pytest.mark.parametrize("precision", MIXED)
def test_only_what_has_to_be_imitated_is_slow(machine, precision):
    machine(PLAIN)
    assert precision in slowed_by(precision)
    assert [slowed_by(name) for name in ("float32", "auto")] == [None, None]
    for one in [NEW], [None], [PLAIN, (8, 0)], [PLAIN, None]:
        machine(*one)
        assert slowed_by(precision) is None


def test_without_onednn_everything_is_imitated(machine, monkeypatch):
    machine(NEW)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert precision_here("auto") == "float32"
    assert slowed_by("mixed_bfloat16")


@pytest.mark.slow
class TestATraining:
    @pytest.fixture
    def told(self, make_spec, watcher, tmp_path):
        """Trains in a precision; gives the run and what was told of it."""
        from cnncli.runner.train import train

        def run(precision):
            observer = watcher()
            return train(make_spec(f"train.precision={precision}"), tmp_path, observer).run, observer.told

        return run

    def test_it_begins_with_the_warning(self, told, machine):
        machine(PLAIN)
        (warning,) = [text for text in told("mixed_bfloat16")[1] if "bfloat16" in text]
        assert warning.startswith("warning: ")
        assert "train.precision=auto" in warning

    @pytest.mark.parametrize(("flags", "wanted"), [(PLAIN, "float32"), (NEW, "mixed_bfloat16")])
    def test_its_run_keeps_what_auto_was_here_wherever_it_goes(self, told, machine, flags, wanted):
        from cnncli.runner.predict import Predictor
        from cnncli.runner.prepare import run_spec

        machine(flags)
        run, messages = told("auto")
        machine(None)
        assert run_spec(run).train.precision == wanted
        assert {layer.dtype_policy.name for layer in Predictor(run).model.layers} >= {wanted}
        assert not [text for text in messages if "float" in text]
