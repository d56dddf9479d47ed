"""What `zipfile` raises. The folder `metrics/matched_miou`, which works alone, has its own."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib

ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError),
    *(ValueError, IndexError, struct.error, OverflowError, MemoryError),  # sizes, offsets and names that can't be
    RuntimeError,  # compressions and encryption that it does not know
)
"""For a damaged archive."""
