"""Acceptance: what this package assumes about the official archives, compared with a user's copy, in one text.

The package was developed without the official masks, so its assumptions about them are checked line by line on a copy.
Start with `run_acceptance`. `archives` compares checksums, `splits` counts, masks and sizes, `rows` what is loaded and
converted; `line` is a line of the text and how it is printed.
"""

from .line import FIRST_LINE, Line
from .run_acceptance import Acceptance, accept

__all__ = ["FIRST_LINE", "Acceptance", "Line", "accept"]
