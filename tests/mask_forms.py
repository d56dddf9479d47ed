"""The same ids in every form that a mask may have."""

import io

import numpy as np
from PIL import Image


def rgb(ids):
    ids = np.asarray(ids)
    return np.stack([ids % 256, ids // 256, np.zeros_like(ids)], axis=-1).astype(np.uint8)


def png(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def write_official(path, ids):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb(ids)).save(path)


def forms(ids, folder):
    """Form -> mask."""
    ids = np.asarray(ids)
    grey16 = Image.fromarray(ids.astype(np.uint16))
    (folder / "official.png").write_bytes(png(Image.fromarray(rgb(ids))))
    (folder / "grey.png").write_bytes(png(grey16))
    result = {
        "list": ids.tolist(),
        "int64": ids.astype(np.int64),
        "uint16": ids.astype(np.uint16),
        "big-endian": ids.astype(">u2"),
        "transposed memory": np.asfortranarray(ids),
        "rgb array": rgb(ids),
        "PIL RGB": Image.fromarray(rgb(ids)),
        "PIL I;16": grey16,
        "PIL I": Image.fromarray(ids.astype(np.int32)),
        "path": folder / "official.png",
        "path of grey": str(folder / "grey.png"),
        "bytes": png(Image.fromarray(rgb(ids))),
        "bytes of grey": png(grey16),
    }
    if ids.max() < 256:
        result["PIL L"] = Image.fromarray(ids.astype(np.uint8))
        result["uint8"] = ids.astype(np.uint8)
    return result
