"""`check_loader`: compares a user's own Dataset with the official masks and names the code that mends each fault.

Start with `run_check`. `sample` takes the items of a Dataset apart, `ground_truth` has the official masks and images.
`per_item` compares one item: `geometry` finds how its mask was turned, cut or resized, `id_readings` what became of the
ids. `over_dataset` looks at all items together, `fault_catalog` lists the faults and their messages.
"""

from .fault_catalog import FAULTS, Fault, Finding
from .run_check import LoaderReport, check_loader

__all__ = ["FAULTS", "Fault", "Finding", "LoaderReport", "check_loader"]
