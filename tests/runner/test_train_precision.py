"""A training in a precision: what it says of one that the machine has to imitate, and what its run keeps of `auto`."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.slow

PLAIN, NEW = frozenset({"avx2"}), frozenset({"avx2", "amx_bf16", "avx512_bf16"})


@pytest.fixture
def told(few_digits_spec, watcher, tmp_path):
    """Trains in a precision; gives the run and what was told of it."""
    from cnncli.runner.train import train

    def run(precision):
        observer = watcher()
        return train(few_digits_spec(f"train.precision={precision}"), tmp_path, [observer]).run, observer.notices

    return run


def test_it_begins_with_the_warning(few_digits_spec, watcher, tmp_path, machine):
    from cnncli.runner.train import train

    machine(PLAIN)
    observer = watcher(at_begin=ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        train(few_digits_spec("train.precision=mixed_bfloat16"), tmp_path, [observer])
    (warning,) = [text for text in observer.notices if "bfloat16" in text]
    assert warning.startswith("warning: ")
    assert "train.precision=auto" in warning


@pytest.mark.representatives("mixed_bfloat16")
@pytest.mark.parametrize(("flags", "wanted"), [(PLAIN, "float32"), (NEW, "mixed_bfloat16")])
def test_its_run_keeps_what_auto_was_here_wherever_it_goes(told, machine, flags, wanted):
    from cnncli.runner.open_run import OpenRun

    machine(flags)
    run, messages = told("auto")
    machine(None)
    assert OpenRun(run).spec.train.precision == wanted
    assert {layer.dtype_policy.name for layer in OpenRun(run).model().layers} >= {wanted}
    assert not [text for text in messages if "float" in text]
