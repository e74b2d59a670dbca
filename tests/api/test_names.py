"""Every public name is documented, typed, has an example, and needs nothing heavy to be imported."""

from __future__ import annotations

import doctest
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cases import each

import cnncli

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
HEAVY = {"tensorflow", "keras", "numpy", "matplotlib", "pydantic", "click", "rich"}
ERRORS = {
    name
    for name in cnncli.__all__
    if inspect.isclass(getattr(cnncli, name)) and issubclass(getattr(cnncli, name), Exception)
}


def run_python(program: str) -> str:
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def test_importing_starts_nothing_heavy():
    assert run_python(f"import sys, cnncli\nprint({HEAVY!r} & {{*sys.modules}})") == "set()\n"


def test_every_name_is_there_and_nothing_else_is_promised():
    assert sorted(cnncli.__all__) == cnncli.__all__
    assert all(hasattr(cnncli, name) for name in cnncli.__all__)
    assert {*cnncli.__all__} <= {*dir(cnncli)}
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(cnncli, "nothing")  # noqa: B009


def test_every_name_is_on_the_page():
    page = PAGE.read_text()
    assert [name for name in cnncli.__all__ if f"cnncli.{name}" not in page] == []


def test_the_type_checker_sees_what_is_imported_later():
    block = Path(cnncli.__file__).read_text().partition("if TYPE_CHECKING:\n")[2].partition("\n__version__")[0]
    listed = re.findall(r"\b([A-Za-z_]+)\b(?=,|\n|$)", re.sub(r"from \S+ import", "", block))
    assert {*cnncli.__all__} == {word for word in listed if word in cnncli.__all__}
    assert {name for names in cnncli._MODULES.values() for name in names} == {*cnncli.__all__}


def functions():
    for name in cnncli.__all__:
        value = getattr(cnncli, name)
        if inspect.isfunction(value):
            yield name, value
    for name in ("model", "evaluate", "predict", "resume", "reproduce"):
        yield f"Run.{name}", getattr(cnncli.Run, name)


@each("name, function", list(functions()))
def test_every_function_is_typed(name, function):
    signature = inspect.signature(function)
    parameters = [one for one in signature.parameters.values() if one.name != "self"]
    assert all(one.annotation is not inspect.Parameter.empty for one in parameters)
    assert signature.return_annotation is not inspect.Signature.empty
    assert "Raises:" in function.__doc__


@each("name", sorted({*cnncli.__all__} - ERRORS))
def test_every_name_has_a_docstring_with_an_example(name):
    assert ">>> " in inspect.getdoc(getattr(cnncli, name))


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_every_error_has_a_docstring(name):
    assert inspect.getdoc(getattr(cnncli, name))


@pytest.mark.exhaustive
@pytest.mark.slow
def test_every_example_of_a_docstring_works(trained_workplace, tmp_path, monkeypatch):
    finder, runner = doctest.DocTestFinder(recurse=True), doctest.DocTestRunner(verbose=False)
    shutil.copytree(trained_workplace, tmp_path, dirs_exist_ok=True)
    for name in cnncli.__all__:
        monkeypatch.chdir(tmp_path)
        for test in finder.find(getattr(cnncli, name), name, globs={}):
            if name == "train":  # the example makes the first run
                monkeypatch.chdir(trained_copy(trained_workplace, tmp_path / "first"))
            runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
    assert runner.tries > 20


def trained_copy(workplace: Path, folder: Path) -> Path:
    """The same folder without runs."""
    return shutil.copytree(workplace, folder, ignore=shutil.ignore_patterns("runs"))


@pytest.mark.exhaustive
@pytest.mark.slow
def test_every_example_of_the_page_works(workplace, capsys):
    page, names = PAGE.read_text(), {}
    for code, expected in re.findall(r"```python\n(.*?)```(?:\n\n```\n(.*?)```)?", page, re.DOTALL):
        exec(compile(code, str(PAGE), "exec"), names)
        assert capsys.readouterr().out == expected, code
