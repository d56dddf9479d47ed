"""Acceptance: the whole package on the authors' own archives, what is seen beside what is believed, in one text.

Nobody has run this package on the official masks where it is made, so what it takes for granted of them is written down
here, line by line, next to what somebody's copy shows. `line` is a line of the text and how it is printed. Each of the
others looks at one thing: `files` at checksums, `splits` at counts, masks and sizes, `rows` at what is loaded and
converted. `acceptance` runs all of it.
"""

from .line import MARK, Line
from .run_acceptance import Acceptance, accept

__all__ = ["MARK", "Acceptance", "Line", "accept"]
