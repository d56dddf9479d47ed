"""Distance matching: pixels get the class of the annotated segments whose features are nearest.

As PASS does it (Gao et al., TPAMI 2022). The functions exported here need no model: features of any backbone go in,
class ids come out, as tensors on one device. It needs torch.

Start with `segments` and `neighbours`, which hold these functions. `embed_and_predict` runs the whole protocol from
images to predictions, with a `backbone` and `image_batches`; `embeddings_file` reads what it keeps.

    bank, bank_ids = [], []
    for image, mask in train_semi:                       # masks: H x W ids, 1000 ignored
        features = upsample(backbone(image), 4)          # D x h x w
        means, ids = segment_embeddings(features, mask)
        bank.append(means); bank_ids.append(ids)
    ids = label_pixels(upsample(backbone(target), 4), torch.cat(bank), torch.cat(bank_ids))
    ids = resize_nearest(ids, (height, width))           # the stored size of the target image
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .neighbours import label_pixels
    from .segments import resize_nearest, segment_embeddings, upsample

__all__ = ["label_pixels", "resize_nearest", "segment_embeddings", "upsample"]


def __getattr__(name: str) -> Any:
    # Imported when used: kept embeddings are read without torch.
    if name in __all__:
        module = ".neighbours" if name == "label_pixels" else ".segments"
        return getattr(importlib.import_module(module, __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
