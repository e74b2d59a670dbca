"""Pages of HTML, each one file that needs no other."""

from cnncli.report.page.data import Heat, RunFacts
from cnncli.report.page.template import rendered, write

__all__ = ["Heat", "RunFacts", "rendered", "write"]
