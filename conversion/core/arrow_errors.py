"""What pyarrow raises."""

from __future__ import annotations

import pyarrow as pa

ARROW_ERRORS = (pa.ArrowException, OSError, UnicodeError, MemoryError, LookupError, TypeError, ValueError)
"""For a damaged file, Parquet or Arrow, and for one that lacks a column."""
