"""`train.precision: auto` is what the device is fast at; a precision that it has to imitate is warned of."""

from __future__ import annotations

import pytest

from cnncli.factory.precision import has_gpu, onednn_has_bfloat16, precision_here, slowed_by

PLAIN, NEW = frozenset({"avx2"}), frozenset({"avx2", "amx_bf16", "avx512_fp16"})
MIXED = ["mixed_bfloat16", "mixed_float16"]


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


def test_onednn_has_the_instructions_of_a_processor_of_intel_or_amd(machine, monkeypatch):
    found = []
    for flags in ({"avx2", "avx512_bf16"}, {"avx2"}, {"bf16"}, None):
        machine(flags)
        found.append(onednn_has_bfloat16())
    assert found == [True, False, False, False]
    machine({"avx512_bf16"})
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert not onednn_has_bfloat16()
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")  # as on a processor for which oneDNN is not turned on
    assert not onednn_has_bfloat16()


def test_a_gpu_is_seen(machine):
    machine(PLAIN)
    assert not has_gpu()
    machine(PLAIN, (8, 0))
    assert has_gpu()
