"""Localization as an `evaluate` module folder: `localization.py` is what `evaluate.load` reads, `app.py` its Space.

The scores are those of `imagenet_s.metrics.saliency`, which has to be installed.
"""
