#!/usr/bin/env bash
# While one thread loads TensorFlow's libraries without Python's lock, an import in a second thread stops a third one.
#
# One would expect: a library that is loaded through a call of `dlopen` by ctypes holds no lock of Python's, so that other
# threads read images or draw meanwhile; and an import of a small module in one of them holds up that one alone.
# What happens: loading takes the lock of the dynamic linker for as long as it lasts. The import of any module that is
# written in C waits for that lock, and it waits inside the interpreter with Python's lock in its hand: from then on no
# thread runs at all until the large library is there. Without the import the others never notice.
# Why it matters: a program that reads its images while TensorFlow starts gains little, because the first image imports
# numpy.random or a reader of Pillow's; the stop belongs to no function in a profile of Python code. What the threads
# import has to be imported before. (The ordinary import of TensorFlow keeps the lock anyway: then nothing runs either.)
# Versions: tensorflow-cpu 2.21.0, numpy 2.4.6, Python 3.11, glibc 2.36, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q tensorflow-cpu==2.21.0 numpy==2.4.6

cat > "$folder/threads.py" <<'PYTHON'
"""Prints the longest time for which a thread that only counts did not run, in seconds, and how long the loading took."""

import ctypes
import importlib.util
import os
import sys
import threading
import time
from pathlib import Path

import numpy  # noqa: F401  its own libraries are not at issue

package = Path(importlib.util.find_spec("tensorflow").origin).parent
load = ctypes.CDLL(None).dlopen
load.argtypes, load.restype = [ctypes.c_char_p, ctypes.c_int], ctypes.c_void_p
loading, done, gaps = threading.Event(), threading.Event(), [0.0]


def count():
    before = time.perf_counter()
    while not done.is_set():
        time.sleep(0.001)
        now = time.perf_counter()
        gaps.append(now - before)
        before = now


def import_something():
    loading.wait()
    time.sleep(0.05)
    import numpy.random  # noqa: F401


threads = [threading.Thread(target=count)]
if sys.argv[1] == "importing":
    threads.append(threading.Thread(target=import_something))
for thread in threads:
    thread.start()
began = time.perf_counter()
loading.set()
for name in ("libtensorflow_framework.so.2", "libtensorflow_cc.so.2"):
    assert load(os.fsencode(package / name), os.RTLD_NOW)
took = time.perf_counter() - began
done.set()
for thread in threads:
    thread.join()
print(max(gaps), took)
os._exit(0)
PYTHON

cat > "$folder/compare.py" <<'PYTHON'
import statistics
import subprocess
import sys

seen = {}
for kind in ("alone", "importing"):
    runs = [subprocess.run([sys.executable, sys.argv[1], kind], capture_output=True, text=True, check=True) for _ in range(5)]
    gaps, took = zip(*(map(float, run.stdout.split()) for run in runs))
    seen[kind] = statistics.median(gaps)
    print(f"{kind}: libraries loaded in {statistics.median(took):.2f} s, the third thread stood still for {seen[kind]:.3f} s")
sys.exit(0 if seen["importing"] > max(0.05, 3 * seen["alone"]) else 1)
PYTHON
"$folder/venv/bin/python" "$folder/compare.py" "$folder/threads.py" || { echo "changed"; exit 1; }
