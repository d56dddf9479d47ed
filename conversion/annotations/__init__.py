"""The official annotations: which image belongs to which split and class, and the masks.

`open_annotations` finds them (a folder, the extracted trees, or a download) and answers two questions: `members` of a
split, and its `masks`, transcoded once to 16-bit grey and kept in an Arrow file.

`official_files` has the addresses, the checks and the download, by `http`; `lists` reads the text files; `zip_source`,
`folder_source` and `dataset_source` read masks; `finding` looks for all of these; `prepared` makes and opens the Arrow
file. Imports `conversion.facts` and `.masks`.
"""

from imagenet_s.conversion.annotations.lists import Member
from imagenet_s.conversion.annotations.prepared import open_masks
from imagenet_s.conversion.annotations.store import Annotations, open_annotations

__all__ = ["Annotations", "Member", "open_annotations", "open_masks"]
