"""Evaluations as HTML pages that need nothing else, and the pictures in them.

A page for each kind of run: `masks_page`, `maps_page`, `reliance_page`, `comparison_page` (of two runs),
`pictures_page` (of none). What stands in it comes from the `..._tables` and `..._pictures` of the same name.
`which_images` chooses images, `overlays` draws them, `templates/` has the HTML. `contact_sheets` are pictures of many
images without a page. A page asks nothing of any network and runs nothing but its own script, and says so to the
browser (a content security policy).
"""

from .contact_sheets import contact_sheet
from .figures import TITLES, percent, points, ties
from .maps_page import html_map_report
from .mask_pictures import Picture
from .masks_page import html_report
from .masks_tables import Group
from .overlays import mask_difference, mask_overlay, overlay
from .reliance_page import html_reliance_report
from .reliance_pictures import flipped_images
from .which_images import chosen_images

__all__ = [
    "TITLES",
    "Group",
    "Picture",
    "chosen_images",
    "contact_sheet",
    "flipped_images",
    "html_map_report",
    "html_reliance_report",
    "html_report",
    "mask_difference",
    "mask_overlay",
    "overlay",
    "percent",
    "points",
    "ties",
]
