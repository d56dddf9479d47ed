"""Readers of score maps and of saved localization scores."""

import functools
import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import samples
from judge import Target
from mutations import png_chunks
from PIL import Image

from imagenet_s.metrics.saliency.localization_metric import Localization
from imagenet_s.metrics.saliency.map_array import read_map
from imagenet_s.metrics.saliency.map_files import open_map_reader


@functools.cache
def _maps() -> dict[str, bytes]:
    values = np.linspace(-1, 1, 108, dtype=np.float32).reshape(9, 12)
    npy, npz, png = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.save(npy, values)
    np.savez_compressed(npz, values)
    Image.fromarray((values * 30_000 + 30_000).astype(np.uint16)).save(png, "PNG")
    return {"npy": npy.getvalue(), "npz": npz.getvalue(), "png": png.getvalue()}


@functools.cache
def _archives() -> dict[str, bytes]:
    several = io.BytesIO()
    np.savez_compressed(several, ILSVRC2012_val_00000001=np.eye(9, 12), ILSVRC2012_val_00000002=np.ones((9, 12)))
    files = {f"a/ILSVRC2012_val_0000000{i}.{kind}": data for i, (kind, data) in enumerate(_maps().items())}
    return {"npz": several.getvalue(), "zip": samples.zipped(files, 0)}


@functools.cache
def _scores() -> dict[str, bytes]:
    metric = Localization()
    mask = np.where(samples.ids() == 2, 2, 0)
    for number, values in enumerate((np.eye(9, 12), np.linspace(0, 1, 108).reshape(9, 12))):
        metric.update(values, mask, 2, f"image {number}")
    with tempfile.TemporaryDirectory() as folder:
        metric.save(Path(folder, "s.npz"))
        return {"scores": Path(folder, "s.npz").read_bytes()}


def _map(data: bytes, folder: Path) -> Any:
    """As each of the three kinds: what ends in .png may be an .npy."""
    kind = "png" if data[1:4] == b"PNG" else "npz" if data[:2] == b"PK" else "npy"
    for path in folder.iterdir():
        path.unlink()
    path = folder / f"ILSVRC2012_val_00000001.{kind}"
    path.write_bytes(data)
    return _all_of(folder)


def _archive(data: bytes, folder: Path) -> Any:
    (folder / "m.zip").write_bytes(data)
    return _all_of(folder / "m.zip")


def _all_of(path: Path) -> dict[str, np.ndarray]:
    reader = open_map_reader(path)
    return {item: read_map(reader.read(item), f"{path}: {item}") for item in reader.ids}


def _load(data: bytes, folder: Path) -> Any:
    (folder / "s.npz").write_bytes(data)
    metric = Localization.load(folder / "s.npz")
    return repr((metric.compute(), metric.per_image()))


def _equal(got: dict[str, np.ndarray], undamaged: dict[str, np.ndarray]) -> bool:
    """Names in a zip have no checksum: those that both know count."""
    return all(np.array_equal(values, undamaged[name]) for name, values in got.items() if name in undamaged)


MAP_TARGETS = (
    Target("map", _maps, _map, says="ILSVRC2012"),
    Target("map-png", lambda: {"png": _maps()["png"]}, _map, png_chunks, says="ILSVRC2012"),
    Target("map-archive", _archives, _archive, same=_equal, says="m.zip"),
    Target("saved-scores", _scores, _load, same=str.__eq__, says="s.npz"),
)
