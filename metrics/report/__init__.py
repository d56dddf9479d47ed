"""One evaluation as one HTML page that needs nothing else. Imports nothing of this project outside this folder.

elements -> headlines, classes, images -> page: each imports only what stands before it; `style.css` goes into the page.
The page holds no script, asks nothing of any network, and says so to the browser (a content security policy).
"""

from imagenet_s.metrics.report.elements import TITLES, percent
from imagenet_s.metrics.report.page import html_report

__all__ = ["TITLES", "html_report", "percent"]
