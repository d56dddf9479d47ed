"""Matched mIoU: an `evaluate` module folder whose modules also work without evaluate.

Start with `metric` (`MatchedIoU`). It reads masks (`read_mask`), reduces each pair to count rows (`counts`, with the
bands of `boundary`), matches clusters to classes (`matching`, `one_to_one`, `assignment`) and computes the figures
(`scores`, `bootstrap`, `confusion`; `anatomy` and `cluster_scores`: where points
are lost) from a `count_table`. `matched_miou` is its form for `evaluate`, `app` for a Space.

The folder must work alone, copied to a Space: its files import only each other, relatively, and numpy, scipy and
Pillow. `evaluate` copies only the files that `matched_miou.py` imports by name.
"""
