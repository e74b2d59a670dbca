"""TensorFlow starts without a word on the person's terminal; what it had to say is kept for the log."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

START_AND_COMPUTE = """
from cnncli.startup import CHATTER, device_name, keras, tf
assert float(tf.reduce_sum(tf.matmul(tf.ones((4, 4)), tf.ones((4, 4))))) == 64
assert keras.backend.backend() == "tensorflow"
assert CHATTER
print(device_name())
import os
os.write(2, b"stderr is back")
"""


@pytest.mark.slow
def test_the_chatter_of_tensorflow_is_kept_from_stderr():
    talkative = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0", "CUDA_VISIBLE_DEVICES": "-1"}
    program = [sys.executable, "-c", START_AND_COMPUTE]
    result = subprocess.run(program, capture_output=True, text=True, check=False, env=talkative)
    assert (result.returncode, result.stderr) == (0, "stderr is back")
    assert result.stdout.startswith("CPU, ")
    assert len(result.stdout.splitlines()) == 1
