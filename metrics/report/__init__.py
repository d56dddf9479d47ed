"""One evaluation as one HTML page that needs nothing else. Imports nothing of this project outside this folder.

`page_data` and `page_tables` say what is shown, the templates, `style.css` and `report.js` how; `page` renders them.
The page asks nothing of any network and runs nothing but its own script, and says so to the browser (a content
security policy).
"""

from imagenet_s.metrics.report.page import html_report
from imagenet_s.metrics.report.page_data import TITLES, percent, ties
from imagenet_s.metrics.report.page_tables import Group, Picture, chosen_images

__all__ = ["TITLES", "Group", "Picture", "chosen_images", "html_report", "percent", "ties"]
