"""A run on one page of HTML, which needs no other file and no script."""

from cnncli.report.page.data import Mistake, PageData
from cnncli.report.page.template import rendered, write
from cnncli.report.page.writing import page_html

__all__ = ["Mistake", "PageData", "page_html", "rendered", "write"]
