"""Submissions to the official test server: predictions written, checked, described, and packed reproducibly.

`writer` writes predictions, `image_sizes` says how large each image is, `checks` compares, `method_file` describes the
method, `package` writes the zip, `protocols` (with `protocols.json`) holds what each of the four protocols asks and
forbids. May import the layers up to `split_plan`, and `metrics.matched_miou.matching` (how a match.json is read).
"""
