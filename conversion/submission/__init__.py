"""Submissions to the official test server: predictions checked, described, and packed the same way every time.

`predictions` reads a folder or zip, `sizes` says how large each image is, `check` compares, `pack` writes the zip.
`protocols.json` holds what each of the four protocols asks and forbids. Imports `conversion.plan`, `.sources`,
`.annotations` and below.
"""

from imagenet_s.conversion.submission.checks import Problem
from imagenet_s.conversion.submission.image_sizes import image_sizes
from imagenet_s.conversion.submission.method_file import Method
from imagenet_s.conversion.submission.package import Checked, check_submission, write_submission
from imagenet_s.conversion.submission.protocols import PROTOCOLS, Protocol

__all__ = [
    "PROTOCOLS",
    "Checked",
    "Method",
    "Problem",
    "Protocol",
    "check_submission",
    "image_sizes",
    "write_submission",
]
