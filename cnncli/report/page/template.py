"""The frame that every page stands in: style, script, terms that are explained at the end, and a policy for browsers.

A page is a template beside this file that begins with `{% extends "base.html.j2" %}` and fills the blocks `title`,
`header` and `content`. Whatever it prints is escaped. `{{ word("recall") }}` makes a term of the glossary.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from cnncli.wording import counted, with_interval

if TYPE_CHECKING:
    import jinja2

Explain = Callable[[str], Sequence[str]]
"""Gives the paragraphs on a word of the glossary."""

FOLDER = Path(__file__).parent

_SCRIPT = "page.js"


class Terms:
    """Terms of a page, each of which leads to its explanation; `used` has these by their id, in order."""

    def __init__(self, explain: Explain) -> None:
        self._explain = explain
        self.used: dict[str, tuple[str, Sequence[str]]] = {}

    def __call__(self, text: str, key: str = "") -> Markup:
        """A term as a link to its page of the glossary, which is called the same unless a key is given."""
        key = key or text
        id_ = "word-" + re.sub(r"\W+", "-", key)
        if id_ not in self.used:
            self.used[id_] = key, self._explain(key)
        first = next(iter(self.used[id_][1]), "")
        return Markup('<a class="word" href="#{}" title="{}">{}</a>').format(id_, first, text)


def rendered(template: str, explain: Explain, scripts: Sequence[str] = (), **values: Any) -> str:
    """A page, to be written with `write`.

    Args:
        template: File name of its template in this folder.
        explain: Explains words of the glossary.
        scripts: File names of scripts in this folder, besides the one that every page has. Browsers run no others.
        values: What the template prints.
    """
    codes = [_file(name) for name in (_SCRIPT, *scripts)]
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'" for code in codes)
    return (
        _environment()
        .get_template(template)
        .render(
            word=Terms(explain),
            style=Markup(_file("style.css")),
            scripts=[Markup(code) for code in codes],
            script_hashes=Markup(hashes),
            **values,
        )
    )


def write(page: str, path: Path) -> None:
    """Writes a page; a file name that is not UTF-8 has lone surrogates, which become escapes."""
    path.write_text(page, encoding="utf-8", errors="backslashreplace", newline="\n")


@cache
def _environment() -> jinja2.Environment:
    import jinja2  # only here: a training has its pages written by another process

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"counted": counted, "with_interval": with_interval}
    environment.filters["grouped"] = "{:,}".format
    return environment


@cache
def _file(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
