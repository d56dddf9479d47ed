"""One evaluation as one HTML page that needs nothing else. Imports nothing of this project outside this folder.

Of masks: `page_data` says what is shown, `report.html.jinja` and `style.css` how; `page` renders them. Of maps:
`map_page_data`, `overlay`, `map_report.html.jinja`, `maps.css`, `map_page`. The page holds no script, asks
nothing of any network, and says so to the browser (a content security policy).
"""

from imagenet_s.metrics.report.map_page import html_map_report
from imagenet_s.metrics.report.overlay import overlay
from imagenet_s.metrics.report.page import html_report
from imagenet_s.metrics.report.page_data import TITLES, percent, ties

__all__ = ["TITLES", "html_map_report", "html_report", "overlay", "percent", "ties"]
