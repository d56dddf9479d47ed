"""Matched mIoU: an `evaluate` module folder of plain modules.

`matched_miou.py` is what `evaluate.load` reads; everything else works without evaluate. The folder must work alone,
copied to a Space: its files import only each other, relatively, and numpy, scipy and Pillow. `evaluate` copies no file
that `matched_miou.py` does not name in an import of its own.

saving, read_mask -> boundary -> counts -> count_table -> assignment -> one_to_one -> matching -> scores ->
bootstrap -> counts_file -> matched_iou -> matched_miou: each imports only what stands before it.
"""
