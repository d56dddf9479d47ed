"""Distance matching: pixels get the class of the annotated segments whose features are nearest.

As PASS does it (Gao et al., TPAMI 2022). The functions exported here need no model: features of any backbone go in,
class ids come out. Each takes NumPy arrays or torch tensors and returns the same kind, on the device of the tensors.

Start with `segments` and `neighbours`, which hold these functions; `backend` chooses between `_numpy` and `_torch`,
which do the arithmetic. `embed_and_predict` runs the whole protocol from images to predictions, with a `backbone` and
`image_batches`; it needs torch.

    bank, bank_ids = [], []
    for image, mask in train_semi:                       # masks: H x W ids, 1000 ignored
        features = upsample(backbone(image), 4)          # D x h x w
        means, ids = segment_embeddings(features, mask)
        bank.append(means); bank_ids.append(ids)
    ids = label_pixels(upsample(backbone(target), 4), torch.cat(bank), torch.cat(bank_ids))
    ids = resize_nearest(ids, (height, width))           # the stored size of the target image
"""

from .neighbours import label_pixels
from .segments import resize_nearest, segment_embeddings, upsample

__all__ = ["label_pixels", "resize_nearest", "segment_embeddings", "upsample"]
