"""Scores of saliency, attribution and attention maps against masks: of one image, of many, and their files.

`score_formulas` has the formula of every score (pointing game, average precision, IoU at thresholds).
`localization_metric` has `Localization`, which keeps `scored_images`, and `pooled_pixels`. `map_array`
is one map, `map_files` finds maps on disk, `score_maps` scores them with several processes, `scores_file` keeps the
scores.
"""
