"""The official annotations: which image belongs to which split and class, and the masks.

`open_annotations` finds them (in a folder, or by downloading them) and answers two questions: the `members` of a split,
and its `masks`, transcoded once to 16-bit grey and kept in an Arrow file.

`official_files` knows the addresses and `http` downloads, `lists` reads the text files, `locate` looks for these and
for the masks, `find_members` takes the images of a split from a list or from folders, `mask_cache` writes and opens the
Arrow file.
"""

from .annotations import Annotations, open_annotations
from .lists import Member
from .locate import resolve_annotations_dir
from .mask_cache import MaskNotes, cached_masks, read_notes, unusable_masks

__all__ = [
    "Annotations",
    "MaskNotes",
    "Member",
    "cached_masks",
    "open_annotations",
    "read_notes",
    "resolve_annotations_dir",
    "unusable_masks",
]
