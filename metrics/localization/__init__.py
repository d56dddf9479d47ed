"""Localization: maps of saliency, attribution or attention scored against masks; an `evaluate` module folder.

`localization.py` is what `evaluate.load` reads; everything else works without evaluate. The folder must work alone,
copied to a Space: its files import only each other, relatively, and numpy, scipy and Pillow. That is why `read_mask.py`
and `atomic_write.py` are here as well as in `matched_miou`: the same bytes, which a test checks.

atomic_write, read_mask, read_map, options -> image_scores -> pooled, averages -> scores_file -> map_scores ->
localization: each imports only what stands before it.
"""
