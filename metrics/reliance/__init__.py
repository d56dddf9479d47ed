"""How much of a classifier's answers is the object, and how much its background.

- `object_reliance`: `ObjectReliance`, which counts answers to the pictures of `composite`; start here.
- `reliance_figures`: accuracies, their differences and intervals.
- `reliance_file`: what is saved.
"""
