"""Sound input for the targets, from the generated miniature: each made once a process, and small."""

import functools
import io
import json
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from imagenet_s.conversion.masks.codec import encode_official_png, encode_png16
from imagenet_s.conversion.synthetic import IMAGES, image_bytes, images_of
from imagenet_s.metrics import MatchedIoU

CLASSES = ("n01440764", "n01443537")
MASK_NAMES = [f"{wnid}/{wnid}_{number}.png" for wnid in CLASSES for number in (1, 2)]
METHOD_TEXT = "Method name: A\nTraining data: B\nTraining scheme: SSL\nNetworks: D\nPaper/Project link: E\n"
METHOD_TEXT += "Method description: F\n"
MATCH = {"1": 2, "2": 1, "3": 50, "0": 0}


@functools.cache
def ids(seed: int = 0, shape: tuple[int, int] = (9, 12)) -> np.ndarray:
    """H x W ids of ImageNet-S-50 in blocks, some pixels ignored."""
    rng = np.random.default_rng(seed)
    blocks = rng.choice([0, 1, 2, 7, 50, 1000], (3, 3))
    return np.kron(blocks, np.ones((4, 4), int))[: shape[0], : shape[1]]


@functools.cache
def masks() -> dict[str, bytes]:
    large = np.kron(ids(3), np.ones((12, 12), int))
    rgb, grey = encode_official_png(ids()), encode_png16(ids(1))
    return {"official": rgb, "ids": grey, "large": encode_official_png(large)}


@functools.cache
def images() -> dict[str, bytes]:
    """One image of each kind that the miniature has: rotated by EXIF or XMP, PNG, CMYK, and so on."""
    first: dict[str, str] = {}
    for image_id, image in sorted(IMAGES.items()):
        first.setdefault(image.kind, image_id)
    rotated = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (9, 7), (200, 10, 30)).save(rotated, "PNG", exif=exif)
    return {kind: image_bytes(image_id) for kind, image_id in first.items()} | {"rotated-png": rotated.getvalue()}


@functools.cache
def lists() -> dict[str, bytes]:
    rows = [(f"{w}/ILSVRC2012_val_{i:08d}.JPEG", w) for i, w in enumerate(CLASSES * 3, 1)]
    mapping = "\n".join(f"{name} {name}" for name, _ in rows)
    semi = "\n".join(f"{w}/{w}_{i}.JPEG {w}/{w}_{i}.png" for i in range(3) for w in CLASSES)
    return {"mapping": mapping.encode(), "semi": semi.encode()}


def zipped(files: dict[str, bytes], compression: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, compression)
    return buffer.getvalue()


@functools.cache
def annotation_zips() -> dict[str, bytes]:
    files = {
        f"ImageNetS50/{split}-segmentation/{name}": encode_official_png(ids(number))
        for split in ("train-semi", "validation")
        for number, name in enumerate(MASK_NAMES)
    }
    link = zipfile.ZipInfo("ImageNetS50/link", (2026, 1, 1, 0, 0, 0))
    link.create_system, link.external_attr = 3, 0o120777 << 16
    buffer = io.BytesIO(zipped(files, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(link, "validation-segmentation")
    kinds = {"stored": zipfile.ZIP_STORED, "deflated": zipfile.ZIP_DEFLATED, "lzma": zipfile.ZIP_LZMA}
    return {name: zipped(files, kind) for name, kind in kinds.items()} | {"link": buffer.getvalue()}


@functools.cache
def prediction_zips() -> dict[str, bytes]:
    files = {name: encode_official_png(ids(number)) for number, name in enumerate(MASK_NAMES)}
    kinds = {"stored": zipfile.ZIP_STORED, "deflated": zipfile.ZIP_DEFLATED, "bzip2": zipfile.ZIP_BZIP2}
    return {name: zipped(files, kind) for name, kind in kinds.items()}


@functools.cache
def submissions() -> dict[str, bytes]:
    wnids = {image.image_id: image.class_wnid for image in images_of("50", "validation")}
    mask = np.where(ids() == 1000, 0, ids())
    files = {f"{wnid}/{image_id}.png": encode_official_png(mask) for image_id, wnid in wnids.items()}
    classes = {"method.txt": METHOD_TEXT.encode(), **files}
    clusters = {**classes, "match.json": json.dumps({str(i): i for i in range(51)}).encode()}
    return {"classes": zipped(classes, zipfile.ZIP_STORED), "clusters": zipped(clusters, zipfile.ZIP_DEFLATED)}


def tarred(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@functools.cache
def tars() -> dict[str, bytes]:
    """Small: tarfile pads to 10 KB. What the images hold does not matter to a reader of tars."""
    inner = {w: tarred({f"{w}_{i}.JPEG": f"{w} {i}".encode() * 40 for i in range(2)}) for w in CLASSES}
    flat = {f"ILSVRC2012_val_{i:08d}.JPEG": b"pixels %d" % i * 90 for i in range(1, 4)}
    long_name = {"x" * 150 + "/ILSVRC2012_val_00000009.JPEG": b"pixels"}
    return {"train": tarred({f"{w}.tar": data for w, data in inner.items()}), "val": tarred({**flat, **long_name})}


@functools.cache
def compressed_tars() -> dict[str, bytes]:
    import gzip

    return {"val": gzip.compress(tarred({f"ILSVRC2012_val_{i:08d}_n01440764.JPEG": b"%d" % i * 99 for i in (1, 2)}))}


@functools.cache
def parquet_images() -> dict[str, bytes]:
    rows = [{"bytes": b"pixels %d" % i * 9, "path": f"ILSVRC2012_val_{i:08d}_n01440764.JPEG"} for i in range(1, 7)]
    table = pa.table({"image": rows, "label": pa.array(range(6), pa.int64())})
    plain, packed = io.BytesIO(), io.BytesIO()
    pq.write_table(table, plain, row_group_size=3, compression="none", use_dictionary=False)
    pq.write_table(table, packed, row_group_size=3)
    return {"plain": plain.getvalue(), "packed": packed.getvalue()}


@functools.cache
def shards() -> dict[str, bytes]:
    """Rows as `imagenet-s convert` writes them, without the columns that no reader of masks needs."""
    rows = [(name.split("/")[1][:-4], name.split("/")[0], ids(i)) for i, name in enumerate(MASK_NAMES)]
    table = pa.table(
        {
            "image_id": [row[0] for row in rows],
            "image": [{"bytes": masks()["official"], "path": None}] * 4,
            "annotation": [{"bytes": encode_png16(row[2]), "path": None} for row in rows],
            "category": pa.array([1, 1, 2, 2], pa.int64()),
            "wnid": [row[1] for row in rows],
            "imagenet_label": pa.array([0, 0, 1, 1], pa.int32()),
        }
    )
    parquet, arrow = io.BytesIO(), io.BytesIO()
    pq.write_table(table, parquet, row_group_size=2)
    with pa.ipc.new_stream(arrow, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    return {"parquet": parquet.getvalue(), "arrow": arrow.getvalue()}


@functools.cache
def counts() -> dict[str, bytes]:
    metric = MatchedIoU(50)
    for number, name in enumerate(MASK_NAMES):
        clusters = np.where(ids(number) == 1000, 3, ids(number))
        metric.update(clusters, ids(number), name)
    with tempfile.TemporaryDirectory() as folder:
        metric.save(Path(folder, "c.npz"))
        return {"counts": Path(folder, "c.npz").read_bytes()}


@functools.cache
def index() -> dict[str, bytes]:
    shard = {"file": "50/validation-00000-of-00001.parquet", "rows": 4, "bytes": 9, "sha256": "0" * 64, "num_bytes": 9}
    split = {"rows": 4, "bytes": 9, "order_seed": 1, "pyarrow": "20.0.0", "shards": [shard]}
    arrow = {**split, "shards": [{**shard, "file": "300/test/data-00000-of-00001.arrow"}]}
    configs = {
        "50": {"format": "parquet", "images": False, "splits": {"validation": split}},
        "300": {"format": "arrow", "images": True, "splits": {"test": arrow}},
    }
    return {"index": json.dumps({"version": 1, "configs": configs}, indent=1).encode()}
