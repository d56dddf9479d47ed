"""The official annotations: which image belongs to which split and class, and the masks.

`open_annotations` finds them (a folder, the extracted trees, or a download) and answers two questions: `members` of a
split, and its `masks`, transcoded once to 16-bit grey and kept in an Arrow file.

`remote` knows the addresses, `lists` the text files, `zip_source`, `folder_source` and `dataset_source` where masks
lie, `finding` looks for all of these, `prepared` makes and opens the Arrow file. Imports `conversion.facts`, `.masks`,
`.download`.
"""

from imagenet_s.conversion.annotations.annotations import Annotations, open_annotations
from imagenet_s.conversion.annotations.lists import Member
from imagenet_s.conversion.annotations.mask_cache import open_masks

__all__ = ["Annotations", "Member", "open_annotations", "open_masks"]
