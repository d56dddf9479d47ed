"""One evaluation as one HTML page that needs nothing else.

Of masks: `page_data` and `page_tables` say what is shown, `report.html.jinja` with its parts, `style.css`
and `report.js` how; `page` renders them. Of maps: `map_page_data`, `overlay`, `map_report.html.jinja`, `maps.css`,
`map_page`. Of two runs: `comparison_page`. Of pictures alone: `picture_page`. A page asks nothing of any network and
runs nothing but its own script, and says so to the browser (a content security policy).
"""

from .map_overlay import overlay
from .map_page import html_map_report
from .page import html_report
from .page_data import TITLES, percent, points, ties
from .page_tables import Group, Picture, chosen_images

__all__ = [
    "TITLES",
    "Group",
    "Picture",
    "chosen_images",
    "html_map_report",
    "html_report",
    "overlay",
    "percent",
    "points",
    "ties",
]
