"""Submissions to the official test server: predictions are written, checked, described, and packed reproducibly.

Start with `submission_zip`, which checks and packs a submission. `prediction_writer` writes predictions,
`open_predictions` reads them, `prediction_checks` checks them against the list and `image_sizes`, `method_file`
describes the method, and `protocols` has the rules of the four protocols.
"""
