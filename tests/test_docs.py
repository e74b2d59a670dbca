"""The documents say what is true: keys, commands, examples, links."""

import re
from pathlib import Path

import pytest

from cnncli.catalog.backbones import BACKBONES
from cnncli.cli import COMMANDS
from cnncli.spec import parse
from cnncli.spec.reader import read
from cnncli.spec.schema import sections

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


REQUIRED = {
    "source": "{folder: {path: photographs}}  # required",
    "layers": "[Flatten, {Dense: {units: classes, activation: softmax}}]  # required",
}


def keys_of_the_schema():
    """A spec with every key at its default, as docs/spec.md has it."""
    lines = []
    for path, section in sections().items():
        lines += [f"{'  ' * (len(path) - 1)}{path[-1]}:"] if path else []
        for key, field in section.spec_keys().items():
            if not field.section:
                value = REQUIRED[key] if field.required else shown(field.default)
                lines.append(f"{'  ' * len(path)}{key}: {value}")
    return "\n".join(["```yaml", *lines, "```"])


def shown(value):
    """A default as YAML has it."""
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    words = {"None": "null", "True": "true", "False": "false"}
    text = str(getattr(value, "name", value))
    return words.get(text, text)


def test_the_keys_are_those_of_the_schema():
    page = (ROOT / "docs" / "spec.md").read_text()
    keys = page.partition("<!-- keys -->\n")[2].partition("\n<!-- /keys -->")[0]
    assert keys == keys_of_the_schema(), f"docs/spec.md needs these lines:\n{keys_of_the_schema()}"


def test_every_command_is_in_the_list_of_commands():
    page = (ROOT / "docs" / "commands.md").read_text()
    listed = re.findall(r"^\| `cnncli ([a-z]+(?: [a-z]+)?)", page, re.MULTILINE)
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
    for target, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page.read_text()):
        file = page.parent / target if target else page
        assert target.startswith("https://") or file.exists(), target
        assert not anchor or anchor in anchors(file), f"{target}#{anchor}"


def anchors(page):
    """Those of the headings of a page, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


def test_the_table_of_backbones_is_that_of_the_catalogue():
    table = (ROOT / "docs" / "transfer.md").read_text().partition("## All backbones")[2]
    listed = dict(re.findall(r"`(\w+)` ([\d.]+(?: \(\d+\))?)", table))
    assert listed == {
        name: f"{backbone.parameters / 1e6:.1f}" + (f" ({backbone.size})" if backbone.size != 224 else "")
        for name, backbone in BACKBONES.items()
    }
    assert {backbone.smallest for backbone in BACKBONES.values()} == {32, 71, 75}


def test_the_speed_of_the_server_is_that_of_its_page():
    measured = re.search(r"^\| JPEGs .*?\| \d+ \| ([\d.]+) \|", (ROOT / "docs" / "serve.md").read_text(), re.MULTILINE)
    assert f"answered at {measured[1]} of the speed" in (ROOT / "README.md").read_text()
