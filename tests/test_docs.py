"""The documents say what is true: keys, commands, examples, links."""

import re
from pathlib import Path

import pytest

from cnncli.cli import COMMANDS
from cnncli.spec import parse
from cnncli.spec.reader import read
from cnncli.spec.schema import sections

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def keys_of_the_schema():
    """The table of docs/spec.md, as the schema has it."""
    rows = ["| key | default | what it is |", "|---|---|---|"]
    for path, section in sections().items():
        for key, field in section.spec_keys().items():
            if field.section:
                continue
            takes = field.validator.description
            default = "required" if field.required else f"`{shown(field.default)}`"
            rows.append(f"| `{'.'.join([*path, key])}` | {default} | {field.description} ({takes}) |")
    return "\n".join(rows)


def shown(value):
    """A default as YAML has it."""
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    words = {"None": "null", "True": "true", "False": "false"}
    text = str(getattr(value, "name", value))
    return words.get(text, text)


def test_the_table_of_keys_is_that_of_the_schema():
    page = (ROOT / "docs" / "spec.md").read_text()
    table = page.partition("<!-- keys -->\n")[2].partition("\n<!-- /keys -->")[0]
    assert table == keys_of_the_schema(), f"docs/spec.md needs this table:\n{keys_of_the_schema()}"


def test_every_command_is_in_the_list_of_commands():
    page = (ROOT / "docs" / "commands.md").read_text()
    listed = re.findall(r"^\| `cnncli (\w+)", page, re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)


def whole_specs():
    for page in PAGES:
        for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)):
            if re.search(r"^data:", block, re.MULTILINE) and re.search(r"^model:", block, re.MULTILINE):
                yield pytest.param(block, id=f"{page.stem}-{number}")


@pytest.mark.parametrize("text", list(whole_specs()))
def test_an_example_that_is_a_whole_spec_has_no_problem(text):
    parse(read(text, "example.yaml"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        assert target.startswith("https://") or (page.parent / target).exists(), target
