"""A run on one page of HTML, which needs no other file and no script."""

from cnncli.report.page.data import Mistake, PageData
from cnncli.report.page.writing import WORDS, page_html

__all__ = ["WORDS", "Mistake", "PageData", "page_html"]
