"""Files of masks, wherever they are stored: in a zip, in a folder, in a converted data set.

`mask_reader` is the common class `MaskReader`. Used for annotations and for submissions. May import `errors`, `facts`,
`cache`, `dataset_index`.
"""

from imagenet_s.conversion.annotations.mask_readers.converted import ConvertedReader
from imagenet_s.conversion.annotations.mask_readers.folder import FolderReader
from imagenet_s.conversion.annotations.mask_readers.mask_reader import MaskReader
from imagenet_s.conversion.annotations.mask_readers.zip import ZipReader

__all__ = ["FolderReader", "MaskReader", "ConvertedReader", "ZipReader"]
