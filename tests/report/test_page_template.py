"""The frame of every page: its policy, its terms, and that nothing it prints becomes HTML."""

import base64
import hashlib
import re

import jinja2
import pytest

from cnncli.report.page import rendered, template


@pytest.fixture
def page_of(tmp_path, monkeypatch):
    """A page with such a content, beside the templates of cnncli."""

    def make(content, **values):
        (tmp_path / "own.html.j2").write_text(
            '{% extends "base.html.j2" %}{% block title %}{{ title }}{% endblock %}'
            f"{{% block content %}}{content}{{% endblock %}}"
        )
        loader = jinja2.FileSystemLoader([template.FOLDER, tmp_path])
        monkeypatch.setattr(template._environment(), "loader", loader)
        return rendered("own.html.j2", lambda key: [f"What {key} is."], **({"title": "own"} | values))

    yield make
    template._environment().cache.clear()


def test_browsers_run_our_scripts_and_no_other(page_of):
    page = page_of("")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert len(scripts) == 1
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'\"" in page


def test_what_it_prints_is_text(page_of):
    page = page_of('<p title="{{ title }}">{{ title }}</p>', title='"><script>alert(1)</script>')
    assert "<script>alert" not in page
    assert page.count("&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;") == 3


def test_terms_are_explained_once_in_the_order_of_the_page(page_of):
    page = page_of('{{ word("recall") }} {{ word("F1", "f1") }} {{ word("recall") }}')
    assert page.count('<a class="word" href="#word-recall" title="What recall is.">recall</a>') == 2
    assert re.findall(r'<dt id="(.*?)">(.*?)</dt>', page) == [("word-recall", "recall"), ("word-f1", "f1")]
    assert "Words on this page" not in page_of("nothing")


def test_what_is_not_there_is_an_error(page_of):
    with pytest.raises(jinja2.UndefinedError):
        page_of("{{ nothing }}")
