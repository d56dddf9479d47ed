"""Folders and zips of maps on disk to scores: found by image id and scored by several processes.

map_readers, arrow_masks -> scoring. Imports `metrics.localization`, `metrics.evaluation` (readers of masks) and
`metrics.process_pool` only.
"""
