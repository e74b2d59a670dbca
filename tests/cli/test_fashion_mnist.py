"""A shipped spec trained for an epoch on real images in files: those of Debian's package dataset-fashion-mnist."""

import json
import os
from pathlib import Path

import pytest

FILES = os.environ.get("CNNCLI_FASHION_MNIST", "")
CONFIG = Path(__file__).parents[2] / "configs" / "fashion_mnist.yaml"
# A fifth of the images trains, since two cores should not need a minute; the others, which must go somewhere, validate.
SHORT = ("data.split.validation=48000", "train.epochs=1")


@pytest.mark.slow
@pytest.mark.skipif(not FILES, reason="CNNCLI_FASHION_MNIST does not say where the files of Fashion-MNIST are")
def test_the_shipped_spec_learns_from_idx_files(call, tmp_path):
    overrides = (f"data.source={{idx: {{path: {json.dumps(FILES)}}}}}", *SHORT)
    options = [word for override in overrides for word in ("--set", override)]
    result = call("train", CONFIG, "--quiet", "--runs-dir", tmp_path, *options)
    assert (result.code, result.out) == (0, f"{tmp_path / 'fashion_mnist-001'}\n"), result.err
    metrics = json.loads((tmp_path / "fashion_mnist-001" / "metrics.json").read_text())
    assert (metrics["split"], metrics["images"]) == ("test", 10_000)
    assert metrics["accuracy"] > 0.75
    again = json.loads(call("evaluate", "fashion_mnist-001", "--json", "--runs-dir", tmp_path).out)
    assert again["accuracy"] == metrics["accuracy"]
