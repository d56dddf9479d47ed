"""Readers of files that hold many: zips, tars, Parquet and Arrow."""

import contextlib
import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import samples
from judge import Target
from mutations import tar_headers

from imagenet_s.conversion.converted.dataset_index import Index, ShardInfo, SplitIndex, index_bytes
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.dataset.converted_rows import read_rows
from imagenet_s.conversion.imagenet.converted_images import ConvertedImages
from imagenet_s.conversion.imagenet.parquet import ParquetReader
from imagenet_s.conversion.imagenet.tar import CompressedTarReader, TarReader
from imagenet_s.conversion.masks.codec import decode_mask
from imagenet_s.conversion.masks.find_masks import find_masks
from imagenet_s.conversion.masks.mask_names import NoMasksError
from imagenet_s.conversion.masks.mask_zip import ZipReader
from imagenet_s.conversion.shards.verify import verify
from imagenet_s.conversion.submission.submission_zip import check_submission
from imagenet_s.conversion.synthetic import write_annotations
from imagenet_s.metrics.matched_miou.read_mask import read_mask

Masks = dict[str, np.ndarray]


def _annotation_zip(data: bytes, folder: Path) -> Masks:
    path = folder / "a.zip"
    path.write_bytes(data)
    with ZipReader(path) as reader:
        reader.check_members()
    decoded = {}
    for split in ("train_semi", "validation"):
        with contextlib.suppress(NoMasksError):
            masks = find_masks(path, "50", split)
            decoded |= {key: decode_mask(masks.read(key), "50", masks.describe(key)) for key in masks.keys}
    return decoded


def _prediction_zip(data: bytes, folder: Path) -> Masks:
    path = folder / "a.zip"
    path.write_bytes(data)
    reader = find_masks(path)
    return {key: read_mask(reader.read(key), f"{path}: {key}") for key in reader.keys}


def _submission(data: bytes, folder: Path) -> int:
    """Problems are what a check is for: they must be printable, like an error."""
    annotations = folder / "annotations"
    if not annotations.exists():
        write_annotations(annotations)
    path = folder / "a.zip"
    path.write_bytes(data)
    checked = check_submission(path, "50", "validation", annotations_dir=annotations, verify=False)
    for problem in checked.problems:
        assert 3 < len(problem.message) < 2000, problem
    return len(checked.problems)


def _tar(data: bytes, folder: Path) -> Any:
    path = folder / "tars" / "a.tar"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    part = "train" if b"n01440764.tar" in data[:100] else "validation"
    reader = TarReader(str(path.parent), part, "tars", [str(path)])
    return _read_all(reader, folder)


def _compressed_tar(data: bytes, folder: Path) -> Any:
    path = folder / "a.tar.gz"
    path.write_bytes(data)
    return _read_all(CompressedTarReader(str(folder), "validation", "tars", [str(path)]), folder)


def _parquet(data: bytes, folder: Path) -> Any:
    path = folder / "a.parquet"
    path.write_bytes(data)
    return _read_all(ParquetReader(str(folder), "validation", "Parquet files", [str(path)], 1), folder)


def _read_all(reader: Any, folder: Path) -> dict[str, bytes]:
    reader.cache_dir = str(folder / "cache")
    shutil.rmtree(folder / "cache", ignore_errors=True)
    rows = reader.index()
    reader.measure(rows)
    return {item["path"]: item["bytes"] for batch in reader.read(rows, 2) for item in batch.to_pylist()}


def _shard(data: bytes, folder: Path) -> Masks:
    path = _shard_file(data, folder)
    reader = find_masks(path)
    return {key: read_mask(reader.read(key), f"{path}: {key}") for key in reader.keys}


def _converted(data: bytes, folder: Path) -> Masks:
    """The same file as `annotations_dir`: a converted data set of one shard."""
    path = _shard_file(data, folder)
    form: Any = path.suffix[1:]
    shard = ShardInfo(f"50/{path.name}", 4, len(data), "0" * 64, 9)
    index = Index().with_split("50", "validation", form, False, SplitIndex(1, pa.__version__, (shard,)))
    (folder / "index.json").write_bytes(index_bytes(index))
    masks = find_masks(folder, "50", "validation")
    masks.reader.imagenet_wnids()
    return {key: decode_mask(masks.read(key), "50", masks.describe(key)) for key in masks.keys}


def _converted_images(data: bytes, folder: Path) -> Any:
    """The same file as a source of images, as rows to look at, and verified."""
    path = _shard_file(data, folder)
    form: Any = path.suffix[1:]
    shard = ShardInfo(f"50/{path.name}", 4, len(data), hashlib.sha256(data).hexdigest(), 9)
    index = Index().with_split("50", "validation", form, False, SplitIndex(1, pa.__version__, (shard,)))
    (folder / "index.json").write_bytes(index_bytes(index))
    with contextlib.suppress(ImageNetSError):
        verify(folder)
    rows = [row["image_id"] for row in read_rows(str(folder), index.configs["50"], "validation", range(4))]
    images = _read_all(ConvertedImages(str(folder), "validation", form, [str(path)]), folder)
    return rows, images


def _shard_file(data: bytes, folder: Path) -> Path:
    """By what the sample was: a damaged Arrow file keeps its name."""
    is_parquet = b"PAR1" in data[:600] or b"PAR1" in data[-600:]
    path = folder / "50" / f"validation-00000-of-00001.{'parquet' if is_parquet else 'arrow'}"
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)  # an earlier one may still be mapped into memory
    path.write_bytes(data)
    return path


def _equal(got: Masks, undamaged: Masks) -> bool:
    """Names in a zip have no checksum: those that both know count."""
    return all(np.array_equal(mask, undamaged[name]) for name, mask in got.items() if name in undamaged)


ARCHIVE_TARGETS = (
    Target("annotation-zip", samples.annotation_zips, _annotation_zip, same=_equal, says="a.zip"),
    Target("prediction-zip", samples.prediction_zips, _prediction_zip, same=_equal, says="a.zip"),
    Target("submission-zip", samples.submissions, _submission, says="a.zip"),
    Target("tar", samples.tars, _tar, tar_headers, says="tars"),
    Target("compressed-tar", samples.compressed_tars, _compressed_tar, says="a.tar.gz"),
    Target("parquet-images", samples.parquet_images, _parquet),
    Target("shards-metrics", samples.shards, _shard, says="validation-0"),
    Target("shards-annotations", samples.shards, _converted),
    Target("shards-images", samples.shards, _converted_images),
)
