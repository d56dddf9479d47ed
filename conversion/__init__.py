"""ImageNet plus annotations -> rows -> shards, trees, Hub.

From the bottom up: `errors` and `facts` know the official numbers; `masks`, `headers` and `order` are pure functions;
`imagenet` recognises and reads somebody's ImageNet, `annotations` (with `download`, `locking`) the official lists and
masks; `sources` puts the two together, `plan` decides which images a split has, `rows` makes the finished tables, and
`tree` the official tree. `predictions` writes the masks of an inference loop, `submission` packs them for the server.
`stored_image` is the image feature, `teach` the hook into `datasets`, `miniature` the generator for demo and tests,
`overlays` draws. Imports nothing of the project from outside this folder: not the builder, not `metrics`, not `cli`.
"""

from imagenet_s.conversion.submission.writer import PredictionWriter

__all__ = ["PredictionWriter"]
