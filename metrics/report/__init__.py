"""One evaluation as one HTML page that needs nothing else. Imports nothing of this project outside this folder.

`page_data` says what is shown, `report.html.jinja` and `style.css` how; `page` renders them. The page holds no script,
asks nothing of any network, and says so to the browser (a content security policy).
"""

from imagenet_s.metrics.report.page import html_report
from imagenet_s.metrics.report.page_data import TITLES, percent, ties

__all__ = ["TITLES", "html_report", "percent", "ties"]
