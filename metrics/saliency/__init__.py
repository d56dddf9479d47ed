"""Scores of saliency, attribution and attention maps: of one image, of many, and the files they are kept in.

`image_scores` are the formulas, `map_scores` has `Localization`, `map_readers` finds maps on disk, `map_scoring` scores
them with several processes.
"""
