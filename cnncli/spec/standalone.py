"""A shipped spec as a file that needs no other."""

from __future__ import annotations

import re
import shlex

from cnncli.spec.overrides import read_file
from cnncli.spec.schema import sections
from cnncli.spec.shipped import Shipped
from cnncli.spec.writer import spec_text


def standalone(one: Shipped, file: str) -> str:
    """The text of a shipped spec as a file that needs no other: the specs it extends are written into it.

    `file` is the name of the copy, for the commands in its heading.
    """
    text = one.file.read_text("utf-8")
    heading = [f"# {line}".rstrip() for line in one.heading]
    body = text.split("\n")[len(heading) :]
    schema = sections()
    if any(line.startswith("extends:") for line in body):
        merged = read_file(one.file).value
        heading += ["#", "# A copy, with the specs it extends written into it."]
        body = ["", *spec_text({key: merged[key] for key in schema[()].spec_keys() if key in merged}).split("\n")]
    own = re.compile(rf"configs/{re.escape(one.name)}\.yaml")
    return "\n".join([*(own.sub(lambda _: shlex.quote(file), line) for line in heading), *body])
