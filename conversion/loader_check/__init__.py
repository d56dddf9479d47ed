"""Somebody's own Dataset beside the official masks: what it gets wrong, in how many images, and the line that mends it.

`items` reads what a Dataset gives, `truth` the official masks and images. An item is compared in two steps: `geometry`
finds how the mask was turned, cut or resized, `id_maps` what became of the ids; both know what loaders usually do.
`checks` looks at one item, `whole` at all of them together, `faults` has the words.
"""

from .faults import FAULTS, Fault, Finding
from .run_check import LoaderReport, check_loader

__all__ = ["FAULTS", "Fault", "Finding", "LoaderReport", "check_loader"]
