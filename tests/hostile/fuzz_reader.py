"""Mutates the shipped specs without end and holds the reader to its promise: a Spec, or problems with their places.

    python tests/hostile/fuzz_reader.py --seconds 60

What breaks the promise is written to a file, named with the seed that makes it again, and ends the search with 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

from cnncli.errors import SpecError
from cnncli.spec import parse
from cnncli.spec.overrides import apply_overrides
from cnncli.spec.reader import read

ROOT = Path(__file__).parents[2]

GRAPH = """\
data: {source: mnist}
model:
  blocks:
    residual:
      parameters: {filters: 8, strides: 1}
      layers:
        - Conv2D: {filters: $filters * 2, kernel_size: 3, strides: $strides, padding: same, name: main}
        - Conv2D: {filters: $filters * 2, kernel_size: 1, strides: $strides, inputs: input, name: shortcut}
        - Add: {inputs: [main, shortcut]}
  layers:
    - residual: {filters: 4, repeat: 2}
    - Concatenate: {inputs: [input, residual]}
    - Flatten
    - Dense: {units: classes, activation: softmax}
"""

TOKENS = [
    *"\n -:[]{},#&*!|>'\"%@`?~$\t\0\x1b\x85\ufeff\u2028\ud800é",
    "- ", ": ", "  ", "{}", "[]", "null", "true", "no", ".nan", "-.inf", "1e999", "-1", "0", "010", "0x1F", "9" * 50,
    "&a", "*a", "<<: *a", "!!python/name:os", "---\n", "...\n", "%YAML 1.2\n", "''", '"\\ud800"', "$filters", "$x/0",
    "name", "inputs", "input", "repeat", "classes", "residual", "Dense", "Conv2D", "Add", "extends: a.yaml\n", "²",
]  # fmt: skip


def seeds() -> list[str]:
    """The texts that mutations start from."""
    return [GRAPH, *(path.read_text(encoding="utf-8") for path in sorted((ROOT / "configs").rglob("*.yaml")))]


def mutated(text: str, chance: random.Random) -> str:
    """The text with a few changes, each of one place or of whole lines."""
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        lines = text.splitlines(keepends=True) or [""]
        at, place = chance.randrange(len(lines)), chance.randrange(len(text) + 1)
        other = chance.randrange(len(lines))
        end = place + chance.randrange(12)
        kind = chance.randrange(7)
        if kind == 0:
            text = text[:place] + chance.choice(TOKENS) + text[place:]
        elif kind == 1:
            text = text[:place] + chance.choice(TOKENS) + text[end:]
        elif kind == 2:
            text = text[:place] + text[end:]
        elif kind == 3:
            text = "".join(lines[:at] + lines[at + 1 :])
        elif kind == 4:
            text = "".join([*lines[:at], lines[other], *lines[at:]])
        elif kind == 5:
            text = "".join([*lines[:at], chance.choice((" ", "  ", "    ", "- ")) + lines[at], *lines[at + 1 :]])
        else:
            words = text.split(" ")
            words[chance.randrange(len(words))] = chance.choice(TOKENS)
            text = " ".join(words)
    return text


def judge(text: str, overrides: tuple[str, ...] = ()) -> bool:
    """Whether the text is a spec; anything but that or located problems in words is an error of ours."""
    problems = None
    try:
        document = read(text, "fuzz.yaml")
        parse(apply_overrides(document, overrides) if overrides else document)
    except SpecError as error:
        problems = error.problems
    if problems is None:
        return True
    assert problems
    for problem in problems:
        assert problem.message.strip()
        assert problem.place is not None
        assert min(problem.place.line, problem.place.column) >= 1
    return False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="how long to search")
    parser.add_argument("--seed", type=int, help="of the first text; each further one has the next")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**32)
    originals, tried, valid, end = seeds(), 0, 0, time.monotonic() + options.seconds
    while time.monotonic() < end:
        chance = random.Random(seed + tried)
        text = mutated(chance.choice(originals), chance)
        try:
            valid += judge(text)
        except Exception:
            traceback.print_exc()
            place = Path(tempfile.gettempdir()) / f"fuzz-{seed + tried}.yaml"
            place.write_text(text, encoding="utf-8", errors="surrogatepass")
            print(f"seed {seed + tried}: {place}")
            return 1
        tried += 1
    print(f"{tried:,} texts from seed {seed} on: {valid:,} are specs, {tried - valid:,} have located problems")
    return 0


if __name__ == "__main__":
    sys.exit(main())
