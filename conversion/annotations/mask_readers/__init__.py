"""Files of masks, wherever they are stored: in a zip, in a folder, in a converted data set.

`mask_reader` is the common class `MaskReader`. Used for annotations and for submissions. May import `errors`, `facts`,
`cache`, `dataset_index`.
"""

from .converted import ConvertedReader
from .folder import FolderReader
from .mask_reader import MaskReader
from .zip import ZipReader

__all__ = ["FolderReader", "MaskReader", "ConvertedReader", "ZipReader"]
