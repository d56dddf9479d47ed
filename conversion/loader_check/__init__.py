"""`check_loader`: compares a user's own Dataset with the official masks and names the code that mends each fault.

Start with `run_check`. `sample` and `pixels` take the items of a Dataset apart; `ground_truth` has the official masks
and images. `per_item` lays an item over them: `alignment` finds its place, a box of `geometry`, from the pixels. Over
all items `place_verdict` judges pairing and geometry, `id_verdict` what each id became, by the ways to read ids in
`id_readings`, and `members` which images there are, and their labels. `faults.csv` is the table of faults, which
`fault_catalog` reads.
"""

from .fault_catalog import FAULTS, Fault, Finding
from .run_check import LoaderReport, check_loader

__all__ = ["FAULTS", "Fault", "Finding", "LoaderReport", "check_loader"]
