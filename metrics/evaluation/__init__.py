"""Trees of masks on disk to counts: folders, zips and converted data sets, paired and counted by several processes.

mask_readers -> pairing -> scoring. Imports `metrics.matched_miou` and `conversion.core` only.
"""
